"""The embedder without a model."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gpu.embed.lexical import LexicalEmbedder

pytestmark = pytest.mark.unit

TEXT = "The ferry leaves at dusk"


def test_words_decide_and_nothing_else() -> None:
    """K-16: case and punctuation do not count, inflections are near, synonyms are not."""
    rows = LexicalEmbedder().embed([TEXT, "the FERRY leaves, at dusk!", "The ferries leave at dusk", "A boat departs"])
    assert rows[0] @ rows[1] == pytest.approx(1.0, abs=1e-6)
    assert 0.4 < rows[0] @ rows[2] < 0.95
    assert abs(rows[0] @ rows[3]) < 0.3


def test_a_row_is_the_same_in_every_process() -> None:
    """K-16: an index outlives the process that filled it."""
    code = f"from gpu.embed.lexical import LexicalEmbedder as L; print(L().embed([{TEXT!r}]).tobytes().hex())"
    said = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, text=True, timeout=60, check=True,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert said[0] == said[1] == LexicalEmbedder().embed([TEXT]).tobytes().hex() + "\n"
