"""The vector store of the running stack (K-37, K-38)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Stack, wait_until

pytestmark = pytest.mark.serve


def test_health_names_it_and_metrics_count_its_sweep(stack: Stack) -> None:
    """K-37, K-38: the generation worker opened it, swept it at its start, and Studio shows both."""

    def vectors() -> Any:
        return stack.request("/healthz")[1]["parts"].get("vectors")

    assert wait_until(vectors, 30, "the generation worker says how its vector store is") == "ok"

    def swept() -> bool:
        return 'operation="sweep"' in str(stack.request("/metrics")[1])

    wait_until(swept, 10, "the sweep of the start is in the metrics")
    assert (stack.data_dir / "vectors.db").exists()
