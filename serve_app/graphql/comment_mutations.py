"""Commenting by command: a partner's or an agent's remark, an answer, a thread settled.

The invariant is that of all mutations: what is answered is committed. Offsets become anchors here, from the log, so the
owner's loop does not walk a text for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import strawberry

from actors.commands import AddComment, Answer, ResolveComment
from collab.anchors import anchor, write_position
from collab.history import History
from collab.notes import QUOTE_CHARS_MAX
from serve_app.graphql.comment_nodes import Comment, comments_of
from serve_app.graphql.context import Context, Info
from serve_app.graphql.described import commanded
from serve_app.graphql.past_queries import upto
from serve_app.graphql.payloads import UserError, key_problem, missing, problem
from serve_app.graphql.sending import send

ROOT = "script"


@strawberry.input
class AddCommentInput:
    scene_id: strawberry.ID
    text: str
    idempotency_key: str
    start: int | None = strawberry.field(default=None, description="Code points; not needed for an answer.")
    end: int | None = None
    sequence: str | None = strawberry.field(
        default=None, description="The commit whose text `start` and `end` speak of (`sceneAsOf`); null: now."
    )
    in_reply_to: strawberry.ID | None = None
    display_name: str | None = None


@strawberry.input
class ResolveCommentInput:
    scene_id: strawberry.ID
    comment_id: strawberry.ID
    idempotency_key: str
    resolved: bool = True
    display_name: str | None = None


@strawberry.type
class CommentPayload:
    comment: Comment | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


def _anchored(start: int, end: int, at: int | None) -> Callable[[History], dict[str, Any] | None]:
    def look(past: History) -> dict[str, Any] | None:
        seq = past.seq if at is None else at
        ends = anchor(past, start, end, seq)
        if ends is None:
            return None
        quote = past.text(seq)[start:end][:QUOTE_CHARS_MAX]
        return {"quote": quote, "start": write_position(ends[0], ROOT), "end": write_position(ends[1], ROOT)}

    return look


@strawberry.type
class CommentMutations:
    @commanded("Say something about words of a scene, or answer a comment.")
    async def add_comment(self, info: Info, input: AddCommentInput) -> CommentPayload:
        context, scene = info.context, str(input.scene_id)
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return CommentPayload(user_errors=errors)
        found = await context.scene(scene)
        if found is None:
            return CommentPayload(user_errors=missing("scene", ("input", "sceneId")))
        home = found[0].home
        spoken: dict[str, Any] | None = None
        try:
            at = None if input.sequence is None else await upto(info, home, input.sequence, "sequence")
            if input.in_reply_to is None and input.start is not None and input.end is not None:
                spoken = await context.ports.pasts.ask(home, f"scene:{scene}", _anchored(input.start, input.end, at))
        except Exception as error:  # noqa: BLE001 - problem() re-raises whatever carries no code
            return CommentPayload(user_errors=problem(error))
        quote = spoken.pop("quote") if spoken is not None else ""
        command = AddComment(
            scene=scene,
            text=input.text,
            start=input.start,
            end=input.end,
            at=at,
            parent=input.in_reply_to,
            anchor=spoken,
            quote=quote,
            by=input.display_name or "",
        )
        return await _answer(context, home, scene, input.idempotency_key, command)

    @commanded("Settle a thread of comments, or open it again.")
    async def resolve_comment(self, info: Info, input: ResolveCommentInput) -> CommentPayload:
        context, scene = info.context, str(input.scene_id)
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return CommentPayload(user_errors=errors)
        found = await context.scene(scene)
        if found is None:
            return CommentPayload(user_errors=missing("scene", ("input", "sceneId")))
        command = ResolveComment(
            scene=scene, comment=input.comment_id, resolved=input.resolved, by=input.display_name or ""
        )
        return await _answer(context, found[0].home, scene, input.idempotency_key, command)


async def _answer(
    context: Context, home: str, scene: str, key: str, command: AddComment | ResolveComment
) -> CommentPayload:
    """The thread as it is committed: of an answer, the one it stands in."""
    sent = await send(context, home, scene, key, command)
    if not isinstance(sent, Answer):
        return CommentPayload(user_errors=sent)
    id = sent.ids["comment"]
    threads = await comments_of(context.ports.pasts, home, scene)
    thread = next((t for t in threads if t.id == id or any(r.id == id for r in t.replies)), None)
    return CommentPayload(comment=thread, sequence=str(sent.sequence))
