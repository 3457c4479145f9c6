"""Edits by agents and partners: a batch written for a text somebody has read, made where no person is in the way.

The invariant is that of all mutations: what is answered is committed. Places are carried from the text as it was read
to the text as it is here, from the log; whoever holds the project carries them over the last milliseconds and commits.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import strawberry

from actors.commands import Answer, EditScene
from actors.runtime.compose import SERVER
from collab.agents import EDITS_MAX, Plan, Reason, Wanted, plan
from collab.anchors import Position, read_position
from collab.history import Author, History
from serve_app.graphql.context import Context, Info
from serve_app.graphql.described import commanded
from serve_app.graphql.past_queries import upto
from serve_app.graphql.payloads import UserError, key_problem, missing, problem
from serve_app.graphql.project_nodes import Scene
from serve_app.graphql.sending import scene_payload, send

YieldReason = strawberry.enum(Reason, name="YieldReason")


@strawberry.input(description="A range of the text that was read (code points), or words that stand in it once.")
class SceneEdit:
    text: str
    start: int | None = None
    end: int | None = None
    quote: str | None = None


@strawberry.input
class EditSceneInput:
    scene_id: strawberry.ID
    task: str = strawberry.field(description='Shown to people meanwhile, e.g. "Agent · polishing dialogue".')
    edits: list[SceneEdit]
    idempotency_key: str
    base_sequence: str | None = strawberry.field(
        default=None, description="The commit whose text was read (`sceneAsOf`); null: now."
    )
    display_name: str | None = None


@strawberry.type(description="An edit that was not made. Read the scene and try again under a new key.")
class YieldedEdit:
    index: int
    start: int = strawberry.field(description="Where its words are now.")
    end: int
    text: str = strawberry.field(description="What they say now.")
    reason: YieldReason  # type: ignore[valid-type]
    retryable: bool = True


@strawberry.type
class EditScenePayload:
    scene: Scene | None = None
    applied: int = 0
    yielded: list[YieldedEdit] = strawberry.field(default_factory=list)
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


def _yielded(index: int, start: int, end: int, text: str, reason: str) -> YieldedEdit:
    return YieldedEdit(index=index, start=start, end=end, text=text, reason=Reason(reason))


class _BadEdit(Exception):
    def __init__(self, index: int, field: str, code: str, words: str) -> None:
        super().__init__(index, field, code, words)
        self.error = UserError(path=["input", "edits", str(index), field], code=code, message=words)


@strawberry.type
class AgentMutations:
    @commanded("A batch of edits of a scene by an agent: made at once where nobody is in the way, yielded elsewhere.")
    async def edit_scene(self, info: Info, input: EditSceneInput) -> EditScenePayload:
        context, scene = info.context, str(input.scene_id)
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return EditScenePayload(user_errors=errors)
        if not 1 <= len(input.edits) <= EDITS_MAX:
            words = f"a batch has 1 to {EDITS_MAX} edits"
            return EditScenePayload(user_errors=[UserError(path=["input", "edits"], code="BAD_EDITS", message=words)])
        found = await context.scene(scene)
        if found is None:
            return EditScenePayload(user_errors=missing("scene", ("input", "sceneId")))
        home = found[0].home
        try:
            base = None if input.base_sequence is None else await upto(info, home, input.base_sequence, "baseSequence")
            command = await _planned(context, home, scene, base, input)
        except _BadEdit as bad:
            return EditScenePayload(user_errors=[bad.error])
        except Exception as error:  # noqa: BLE001 - problem() re-raises whatever carries no code
            return EditScenePayload(user_errors=problem(error))
        sent = await send(context, home, scene, input.idempotency_key, command)
        if not isinstance(sent, Answer):
            return EditScenePayload(user_errors=sent)
        shown = await scene_payload(context, scene, sent)
        told = json.loads(sent.ids["edits"])
        yielded = [_yielded(*each) for each in told["yielded"]]
        return EditScenePayload(scene=shown.scene, applied=told["made"], yielded=yielded, sequence=str(sent.sequence))


async def _planned(context: Context, home: str, scene: str, base: int | None, input: EditSceneInput) -> EditScene:
    carets = await context.ports.text.carets(home, scene)
    by = input.display_name or ""
    link = await context.link()
    own = Author(context.who.id, (link.label if link is not None else by) or input.task)
    look = partial(_plan, base=base, edits=input.edits, carets=_pairs(carets), human=_human(own))
    wanted, planned = await context.ports.pasts.ask(home, f"scene:{scene}", look)
    return EditScene(
        scene=scene,
        task=input.task,
        asked=json.dumps([[each.start, each.end, each.quote, each.text] for each in input.edits]),
        edits=tuple((each.start, each.end, each.text) for each in wanted),
        base=base,
        then=planned.then,
        steps=tuple((each.index, each.start, each.end, each.text) for each in planned.steps),
        yielded=tuple((y.index, y.start, y.end, y.text, y.reason.value) for y in planned.yielded),
        by=by,
    )


def _plan(
    past: History,
    *,
    base: int | None,
    edits: Sequence[SceneEdit],
    carets: list[tuple[Position, Position]],
    human: Callable[[Author], bool],
) -> tuple[list[Wanted], Plan]:
    at = past.seq if base is None else base
    wanted = _wanted(past.text(at), edits)
    now_ms = int(time.time() * 1000)
    return wanted, plan(past, at, wanted, carets=carets, now_ms=now_ms, human=human)


def _wanted(text: str, edits: Sequence[SceneEdit]) -> list[Wanted]:
    """Disjoint ranges of the text that was read. Raises `_BadEdit`."""
    found = [_range(text, index, each) for index, each in enumerate(edits)]
    ranked = sorted(range(len(found)), key=lambda index: (found[index].start, found[index].end))
    for one, other in pairwise(ranked):
        if found[other].start < found[one].end or found[other].start == found[one].start:
            raise _BadEdit(other, "start", "BAD_RANGE", "this edit overlaps another one")
    return found


def _range(text: str, index: int, edit: SceneEdit) -> Wanted:
    if edit.quote is not None:
        at = text.find(edit.quote) if edit.quote else -1
        if at < 0:
            raise _BadEdit(index, "quote", "NOT_FOUND", "the text that was read does not have these words")
        if text.find(edit.quote, at + 1) >= 0:
            raise _BadEdit(index, "quote", "AMBIGUOUS", "these words stand in the text more than once")
        return Wanted(at, at + len(edit.quote), edit.text)
    if edit.start is None or edit.end is None or not 0 <= edit.start <= edit.end <= len(text):
        raise _BadEdit(index, "start", "BAD_RANGE", f"an edit is a range within 0..{len(text)}, or a quote")
    return Wanted(edit.start, edit.end, edit.text)


def _pairs(carets: list[Any]) -> list[tuple[Position, Position]]:
    found: list[tuple[Position, Position]] = []
    for each in carets:
        if isinstance(each, list) and len(each) == 2:
            ends = [read_position(end) for end in each]
            if ends[0] is not None and ends[1] is not None:
                found.append((ends[0], ends[1]))
    return found


def _human(own: Author) -> Callable[[Author], bool]:
    return lambda author: author.principal != SERVER and author != own
