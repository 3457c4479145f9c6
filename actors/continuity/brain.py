"""The project's brain as continuity sees it: its content, whoever wrote it.

Invariant: None for a brain that nobody knows any more; two that are equal say the same. A scene with a brain of its own
is not asked: it was given it on purpose.
"""

from __future__ import annotations

from actors.commands import CommandError
from actors.project.actor import ProjectActor
from actors.project.styles import Chosen, choose_brain
from actors.runtime.actor import Context


def brain_of(project: ProjectActor, ctx: Context) -> Chosen | None:
    if project.facts is None:
        return None
    try:
        return choose_brain(project, project.facts.brain, ctx.catalogue)
    except CommandError:
        return None
