"""What the maker of films ahead is told, and where it lives.

The invariant: a lost notice costs a film that is not made ahead, or one that is kept a little longer; nothing that
anybody asked for depends on one.
"""

from __future__ import annotations

from dataclasses import dataclass

from actors.runtime.actor import Notice

AHEAD = "@ahead"
"""Id of a project's one maker of films ahead, and the principal its jobs are of."""


@dataclass(frozen=True, slots=True)
class LookAhead(Notice):
    """This scene comes after one that has just got its film: it may be wanted next."""

    scene: str


@dataclass(frozen=True, slots=True)
class AskedFor(Notice):
    """Somebody asked for a film of this scene: whatever is being made ahead of it, or was, is of no use any more."""

    scene: str
