"""A project's part of the workers: how much of an ordinary share its work counts for in the fair queue.

Pure decisions of the project actor. The invariant: only the owner of the installation gives parts, since one project's
more is every other's less; what is queued already keeps the part it was queued with (`storage.ledger.fairness`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.commands import CommandError, SetAhead, SetShare
from actors.project.access import INSTALLATION_OWNER
from actors.runtime.actor import Context, Decision, Draft

if TYPE_CHECKING:
    from actors.project.actor import ProjectActor

ORDINARY_PERCENT = 100
PERCENT_MIN, PERCENT_MAX = 10, 1_000
"""Lower: its work all but stands still beside others'; higher: others' does."""

AHEAD_RENDERS_MAX = 1_000
"""Films a day that may be made before anybody asks, of one project."""

PRIORITY_MAX = 9
"""Of a job, over every share; one claim in a few does not look at it."""


def refuse_others(ctx: Context, what: str, path: tuple[str, ...]) -> None:
    """Raises `CommandError` FORBIDDEN for everybody but the owner of the installation."""
    if ctx.principal != INSTALLATION_OWNER:
        raise CommandError("FORBIDDEN", f"only the owner of the studio gives {what}", path)


def decide(project: ProjectActor, command: SetShare, ctx: Context) -> Decision:
    refuse_others(ctx, "a part of the workers", ("input", "percent"))
    if not PERCENT_MIN <= command.percent <= PERCENT_MAX:
        words = f"a part is {PERCENT_MIN} to {PERCENT_MAX} percent of an ordinary one"
        raise CommandError("BAD_SHARE", words, ("input", "percent"))
    return Decision(
        events=[Draft("project.share_set", {"percent": command.percent, "by": ctx.principal})],
        views=[project.changed(share_percent=command.percent)],
        ids={"project": project.home},
    )


def decide_ahead(project: ProjectActor, command: SetAhead, ctx: Context) -> Decision:
    """A budget is money: the owner of the installation gives it too."""
    refuse_others(ctx, "a budget for films nobody asked for", ("input", "rendersPerDay"))
    if not 0 <= command.renders_a_day <= AHEAD_RENDERS_MAX:
        words = f"0 to {AHEAD_RENDERS_MAX} films a day may be made ahead"
        raise CommandError("BAD_BUDGET", words, ("input", "rendersPerDay"))
    return Decision(
        events=[Draft("project.ahead_set", {"renders_a_day": command.renders_a_day, "by": ctx.principal})],
        views=[project.changed(ahead_renders=command.renders_a_day)],
        ids={"project": project.home},
    )


def percent_of(project: ProjectActor | None) -> int:
    facts = project.facts if project is not None else None
    return facts.share_percent if facts is not None else ORDINARY_PERCENT
