"""Comments that come by command: a partner's or an agent's words in the `notes` of a scene.

Pure decisions of the scene actor. The invariant: they end in the same Map of Maps that browsers write
(`collab.notes`), so a thread never shows where its comments came from; the event says who commented, never what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.commands import AddComment, CommandError, ResolveComment
from actors.runtime.actor import Context, Decision, Draft, Needs
from actors.runtime.edits import Edit, Op, SetField, SetMap

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor

ROOT = "comments"
COMMENTS_MAX = 5_000
"""Comments of one scene, answers included. Over: refused to commands; what is read is bounded as well."""


def notes_of(scene: str) -> str:
    return f"notes:{scene}"


def needs(scene: str) -> Needs:
    return Needs(edits=(notes_of(scene),))


def add(scene: SceneActor, command: AddComment, ctx: Context) -> Decision:
    there = ctx.map(notes_of(scene.id), ROOT)
    if len(there) >= COMMENTS_MAX:
        raise CommandError("TOO_MANY_COMMENTS", f"a scene has at most {COMMENTS_MAX} comments", ("input", "sceneId"))
    fields: dict[str, Any] = {"text": command.text, "name": command.by, "at": ctx.now_ms}
    if command.parent is not None:
        if not _opens_thread(there.get(command.parent)):
            raise CommandError("NOT_FOUND", "there is no such comment to answer", ("input", "inReplyTo"))
        fields["parent"] = command.parent
    elif command.anchor is None:
        raise CommandError("BAD_RANGE", "a comment speaks of words of the scene: start < end", ("input", "end"))
    else:
        fields |= {"anchor": dict(command.anchor), "quote": command.quote}
    id = ctx.new_id("cmt")
    return _decision(scene, ctx, "comment.added", id, SetMap(ROOT, id, fields), command.by)


def resolve(scene: SceneActor, command: ResolveComment, ctx: Context) -> Decision:
    if not _opens_thread(ctx.map(notes_of(scene.id), ROOT).get(command.comment)):
        raise CommandError("NOT_FOUND", "there is no such comment", ("input", "commentId"))
    value = {"name": command.by, "at": ctx.now_ms} if command.resolved else None
    op = SetField(ROOT, command.comment, "resolved", value)
    return _decision(scene, ctx, "comment.resolved", command.comment, op, command.by)


def _opens_thread(value: Any) -> bool:
    return isinstance(value, dict) and value.get("parent") is None


def _decision(scene: SceneActor, ctx: Context, type: str, id: str, op: Op, by: str) -> Decision:
    edit = Edit(notes_of(scene.id), (op,), author=ctx.principal, author_name=by)
    return Decision(
        events=[Draft(type, {"comment": id, "by": ctx.principal}, scene=scene.id)],
        edits=[edit],
        ids={"project": scene.home, "scene": scene.id, "comment": id},
    )
