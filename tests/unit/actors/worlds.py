"""Waiting for facts that are read from a ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


async def until(true: Callable[[], Any], seconds: float = 10.0) -> None:
    """Wait for a fact, or for one that is read from the ledger."""
    async with asyncio.timeout(seconds):
        while not (await held if asyncio.iscoroutine(held := true()) else held):  # noqa: ASYNC110 - facts of rows
            await asyncio.sleep(0.001)
