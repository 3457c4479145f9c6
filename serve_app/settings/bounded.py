"""How a setting says its default and its bounds."""

from __future__ import annotations

from dataclasses import field


def bounded(default: int, low: int, high: int, why: str) -> int:
    """A whole number with inclusive bounds; `why` says what breaks outside them."""
    return field(default=default, metadata={"low": low, "high": high, "why": why})


def also(*names: str, secret: bool = False) -> str:
    """Words, empty by default, that the environment may also give under names without our prefix: what other programs
    know them by. A secret is not shown."""
    return field(default="", metadata={"env": names}, repr=not secret)
