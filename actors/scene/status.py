"""A scene's status, and what a lock says to those it keeps out.

The invariants: the status is never stored as a fact; it is this function of the fold, wherever it is shown. A lock wins
over everything, work under way over what is done. Whoever is refused by a lock is told who set it and when.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from actors.commands import CommandError
from actors.project.access import INSTALLATION_OWNER
from actors.project.actor import ProjectActor
from actors.runtime.actor import Context
from actors.views import SceneStatus

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor

LOCKED_CODE = "SCENE_LOCKED"


def status_of(*, locked: bool, working: bool, takes: int) -> SceneStatus:
    """`working`: whether a job of the scene has not ended."""
    if locked:
        return SceneStatus.LOCKED
    if working:
        return SceneStatus.GENERATING
    return SceneStatus.COMPLETE if takes else SceneStatus.PENDING


def refuse_locked(scene: SceneActor, ctx: Context) -> None:
    """Raises `CommandError` SCENE_LOCKED while the script is nobody's to change."""
    if scene.locked:
        project = ctx.peer(ProjectActor, scene.home)
        words = f"{locked_words(scene, project)}: unlock it to change its text"
        raise CommandError(LOCKED_CODE, words, ("input", "sceneId"))


def locked_words(scene: SceneActor, project: ProjectActor | None) -> str:
    """Who locked it and when, as far as the log says: locks older than this have neither."""
    who = f" by {_shown(scene.locked_by, project)}" if scene.locked_by else ""
    at = datetime.fromtimestamp(scene.locked_at_ms / 1000, UTC)
    when = f" at {at:%Y-%m-%d %H:%M:%S} UTC" if scene.locked_at_ms else ""
    return f"the scene was locked{who}{when}"


def _shown(principal: str, project: ProjectActor | None) -> str:
    if project is None:
        return principal
    link = project.links.get(principal)
    if link is not None:
        return link.label
    owner = project.facts is not None and principal in (project.facts.owner, INSTALLATION_OWNER)
    return "the project's owner" if owner else principal
