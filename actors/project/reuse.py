"""How often this project accepts another film than the one it asked for: the bound that the cache learns to.

Pure decisions of the project actor. The invariant: a bound is asked with from the next question on, and is never more
than one answer in five; what was learned of earlier answers stays (`storage.cache.threshold`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.commands import CommandError, SetCacheBound
from actors.runtime.actor import Context, Decision, Draft

if TYPE_CHECKING:
    from actors.project.actor import ProjectActor

AS_INSTALLED = 0
BOUND_MIN, BOUND_MAX = 1, 2_000
"""Wrong answers among 10,000. Lower than the least: nothing could ever be shown to be right often enough."""


def decide(project: ProjectActor, command: SetCacheBound, ctx: Context) -> Decision:
    """Raises `CommandError` BAD_BOUND."""
    bound = AS_INSTALLED if command.per_10000 is None else command.per_10000
    if command.per_10000 is not None and not BOUND_MIN <= bound <= BOUND_MAX:
        words = f"{BOUND_MIN} to {BOUND_MAX} wrong answers among 10,000, or none given: as the installation has it"
        raise CommandError("BAD_BOUND", words, ("input", "per10000"))
    return Decision(
        events=[Draft("project.cache_bound_set", {"per_10000": bound, "by": ctx.principal})],
        views=[project.changed(cache_bound=bound)],
        ids={"project": project.home},
    )


def bound_of(project: ProjectActor | None) -> int:
    """`AS_INSTALLED`: the project says nothing of its own."""
    facts = project.facts if project is not None else None
    return facts.cache_bound if facts is not None else AS_INSTALLED
