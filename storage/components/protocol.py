"""The catalogue of components (level three): parts of films that were made once and may be used again, for good.

Owns the vocabulary; no I/O. Invariants: a component is found by all that decided it, so what is found is what would be
made; the first that was kept under a key stays; no fault raises to the job that asked: it is a miss, logged, counted.
The parts themselves lie in the object store under keys of the attempts that made them; here is what each is and where.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

KEY_CHARS_MAX = 64
SUBJECT_CHARS_MAX = 200
BODY_BYTES_MAX = 16 * 1024
"""Of what is told beside a component; more belongs into its object."""

HOME_COMPONENTS_MAX = 200_000
"""Of one project. Over: nothing new is kept, and what is there goes on being used."""

LISTED_MAX = 200


class Kind(enum.StrEnum):
    CHARACTER = "character"  # a reference picture of somebody; subject: their id
    BACKGROUND = "background"  # a frame with nobody in it; subject: its place, hour and weather
    PANEL = "panel"  # any other frame of a board; subject: its place, hour and weather
    PROMPT = "prompt"  # an enhanced scene; subject: its writer


@dataclass(frozen=True, slots=True)
class Component:
    """`key`: hash of all that decided it, see `key_of`; `told`: what is known of its making (JSON-able)."""

    home: str
    kind: Kind
    key: str
    subject: str
    object_key: str
    sha256: str
    size: int
    told: Mapping[str, Any] = field(default_factory=dict)
    made_at_s: float = 0.0


@dataclass(slots=True)
class CatalogueCounts:
    hits: int = 0
    misses: int = 0
    kept: int = 0
    full: int = 0
    faults: int = 0


class Catalogue(Protocol):
    """Opens itself at first use; `close` is safe at any time. `ValueError` for what is outside the limits here."""

    counts: CatalogueCounts

    async def get(self, home: str, kinds: tuple[Kind, ...], key: str) -> Component | None: ...

    async def keep(self, component: Component) -> bool:
        """Whether it is in, by this call or one before; one that is there already stays as it is."""
        ...

    async def of(self, home: str, kind: Kind, subject: str) -> list[Component]:
        """The newest first, `LISTED_MAX` at the most."""
        ...

    async def forget(self, home: str, *, kind: Kind | None = None, subject: str = "", key: str = "") -> int:
        """How many. Without more than a home: all of a project, as when it is deleted."""
        ...

    async def close(self) -> None: ...


def key_of(**decided: Any) -> str:
    """The hash of everything that decided a component, as canonical JSON. Anything left out would call two different
    things one. Raises `TypeError` or `ValueError` for what JSON cannot say exactly."""
    text = json.dumps(decided, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def check(component: Component) -> None:
    """Raises `ValueError`."""
    if not 0 < len(component.key) <= KEY_CHARS_MAX or len(component.subject) > SUBJECT_CHARS_MAX or not component.home:
        raise ValueError("a component has a home, a key and a subject within their limits")
