"""Named points of a scene's text, and the way back to one.

Pure decisions of the scene actor. The invariant: nothing here rewrites the past. A version is a name for a sequence,
and to restore is one new edit by the person who asked, so that it can itself be undone, compared and restored from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.commands import CommandError, NameVersion, RestoreVersion
from actors.runtime.actor import Context, Decision, Draft, Needs, ViewDraft
from actors.runtime.edits import Edit, SetText
from actors.scene.status import refuse_locked
from actors.views import VersionView
from actors.workflow import exits

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor

VERSIONS_MAX = 1_000
"""Named versions of one scene. Over: refused. Points of work need no name to be found."""


def needs(doc: str, message: NameVersion | RestoreVersion) -> Needs:
    return Needs() if isinstance(message, NameVersion) else Needs(edits=(doc,))


def name(scene: SceneActor, command: NameVersion, ctx: Context) -> Decision:
    if scene.versions >= VERSIONS_MAX:
        raise CommandError("TOO_MANY_VERSIONS", f"a scene has at most {VERSIONS_MAX} named versions", ("input", "name"))
    id, title = ctx.new_id("ver"), " ".join(command.name.split())
    view = VersionView(
        id=id,
        scene=scene.id,
        project=scene.home,
        name=title,
        at=command.at or 0,
        author=ctx.principal,
        author_name=command.by,
        created_at_ms=ctx.now_ms,
    )
    fact = {"id": id, "doc": scene.doc, "at": command.at, "name": title, "by": ctx.principal}
    fact["shown_as"] = command.by
    return Decision(
        events=[Draft("version.named", fact, scene=scene.id)],
        views=[ViewDraft("version", id, scene.id, f"{scene.versions:08d}", view)],
        ids={"project": scene.home, "scene": scene.id, "version": id},
    )


def restore(scene: SceneActor, command: RestoreVersion, ctx: Context) -> Decision:
    """The text as it was, as a new edit by whoever asked; a text that reads so already is left alone."""
    refuse_locked(scene, ctx)
    fact = {"at": command.at, "by": ctx.principal}
    edit = Edit(scene.doc, (SetText("script", command.text),), author=ctx.principal, author_name=command.by)
    return Decision(
        events=[Draft("scene.restored", fact, scene=scene.id)],
        views=exits.pending(scene, ctx),
        edits=[edit] if ctx.text(scene.doc, "script") != command.text else [],
        ids={"project": scene.home, "scene": scene.id},
    )
