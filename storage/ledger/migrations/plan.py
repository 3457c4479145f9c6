"""Which steps a database lacks, and whether this code may run on it. Pure: the databases run what comes out of it.

The one invariant: code never runs on a schema that a step declared unfit for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from storage.ledger.errors import SchemaMismatch


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered change, in both dialects; see the package's docstring for the rules."""

    number: int
    what: str  # a sentence; kept in the database
    kind: Literal["expand", "contract"]
    beside: int  # the oldest schema whose code may run beside this step
    sqlite: tuple[str, ...] = ()
    postgres: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a database says of itself: its schema (0: none yet) and the oldest schema whose code may use it."""

    schema: int
    beside: int


def missing(found: Found, steps: Sequence[Step], where: str) -> Sequence[Step]:
    """The steps to run, in order. Raises `SchemaMismatch` for a database that newer code has made unfit for ours."""
    ours = steps[-1].number
    if found.schema <= ours:
        return steps[found.schema :]
    if found.beside <= ours:
        return ()
    raise SchemaMismatch(where, found.schema, ours)


def statements(script: str) -> tuple[str, ...]:
    """The statements of a script in which each ends with ";" at the end of a line."""
    return tuple(text.strip() for text in script.split(";\n") if text.strip())
