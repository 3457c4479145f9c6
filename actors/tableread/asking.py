"""What is said to a scene, and how it comes to its answers: decisions of the scene actor.

The invariant: a line is committed before anybody thinks about it; whoever holds the project answers it, once, however
often the holder changes. Film grammar answers in the holder's own process, beside the loop; where models are
configured the line is opened as an attempt in the same append that says so, and one that is not answered in time, or
not as asked, is answered by film grammar, which names whom it stands in for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.commands import CommandError, SayLine, StopLine
from actors.continuity.actor import ContinuityActor, Watch
from actors.project.actor import CONTINUITY, ProjectActor
from actors.project.share import percent_of
from actors.runtime.actor import Beside, Context, Decision, Draft, Needs, Notice
from actors.runtime.edits import Edit
from actors.scene.reading import waived_in
from actors.screenplay.names import name_key
from actors.tableread import views
from actors.tableread.entry import Entry
from actors.tableread.grammar import GRAMMAR
from actors.tableread.knowing import NARRATOR
from actors.tableread.limits import (
    ADDRESSED_MAX,
    LINES_KEPT,
    LINES_OPEN_MAX,
    LINES_PER_MINUTE_MAX,
    LLM_SECONDS_MAX,
    PROPOSALS_OPEN_MAX,
)
from actors.tableread.table import Line, Table
from actors.tableread.triggers import touched
from actors.tableread.working import PERSON, Gathered, Read, gather, names_by_spelling, work
from gpu.steps import TALK, TALK_TIMEOUT_MS
from storage.codec import encode
from storage.ledger.protocol import Attempt, AttemptState, NewAttempt

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor

SOURCE = "table"
BEFORE_LINES = 3
"""Lines of the conversation that a model is told besides the one it answers."""

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class LookAtTable(Notice):
    """A line of this scene waits for its answer."""


# said
def say(scene: SceneActor, command: SayLine, ctx: Context) -> Decision:
    """Raises `CommandError` NOT_FOUND, NO_SUCH_ROLE, TOO_MANY, TABLE_BUSY, TOO_FAST."""
    scene.place(ctx)
    table, text = scene.table, " ".join(command.text.split())
    _refuse_crowd(table, ctx)
    if len(command.to) > ADDRESSED_MAX:
        raise CommandError("TOO_MANY", f"a line is said to at most {ADDRESSED_MAX} people", ("input", "to"))
    names = names_by_spelling(scene, ctx)
    speaks_as = _known(command.speaks_as, names, "as") if command.speaks_as.strip() else NARRATOR
    fact: dict[str, Any] = {
        "line": ctx.new_id("lin"),
        "number": table.said + 1,
        "text": text,
        "speaks_as": speaks_as,
        "to": [_known(each, names, "to") for each in command.to],
        "by": ctx.principal,
        "shown_as": command.by,
        "at_ms": ctx.now_ms,
        "dropped": [line.id for line in _dropped(table)],
    }
    decision = changed(scene, ("table.said", fact))
    decision.views += [views.gone_row(scene.id, line) for line in _dropped(table)]
    decision.notices.append((scene.id, LookAtTable()))
    decision.ids["line"] = fact["line"]
    return decision


def _refuse_crowd(table: Table, ctx: Context) -> None:
    if len(table.waiting()) >= LINES_OPEN_MAX:
        words = f"{LINES_OPEN_MAX} lines wait for their answers: wait for one, or stop it"
        raise CommandError("TABLE_BUSY", words, ("input", "sceneId"), True)
    lately = [line for line in table.lines.values() if line.at_ms > ctx.now_ms - MINUTE_MS and line.by == ctx.principal]
    if len(lately) >= LINES_PER_MINUTE_MAX:
        words = f"{LINES_PER_MINUTE_MAX} lines a minute are heard from one person: wait a moment"
        raise CommandError("TOO_FAST", words, ("input", "text"), True)


def _dropped(table: Table) -> list[Line]:
    """The oldest that are over; one that waits for its answer is not."""
    over = len(table.lines) + 1 - LINES_KEPT
    return [line for line in table.lines.values() if not line.open][: max(0, over)]


def _known(name: str, names: Mapping[str, str], field: str) -> str:
    found = names.get(name_key(name))
    if found is None:
        raise CommandError("NO_SUCH_ROLE", f"nobody of this story is called {name[:60]!r}", ("input", field))
    return found


def stop(scene: SceneActor, command: StopLine, ctx: Context) -> Decision:
    """Raises `CommandError` NOT_FOUND, ALREADY_DECIDED."""
    line = scene.table.lines.get(command.line)
    if line is None:
        raise CommandError("NOT_FOUND", "this scene has no such line", ("input", "lineId"))
    if not line.open:
        raise CommandError("ALREADY_DECIDED", "it is answered already, or was stopped", ("input", "lineId"))
    decision = changed(scene, ("table.stopped", {"line": line.id, "by": ctx.principal}))
    decision.cancel_attempts += [line.attempt] if line.attempt else []
    decision.ids["line"] = line.id
    return decision


# answered
def due_at_ms(table: Table, again_ms: int) -> list[int]:
    """When lines want to be looked at: at the end of their attempt, or after `again_ms` if nobody works on them."""
    return [line.until_ms if line.attempt else line.at_ms + again_ms for line in table.waiting()]


def open_attempts(table: Table) -> tuple[str, ...]:
    return tuple(line.attempt for line in table.waiting() if line.attempt)


def nudge(scene: SceneActor, decision: Decision) -> Decision:
    """After a look at jobs: a line that waits is looked at in a turn of its own."""
    if scene.table.waiting():
        decision.notices.append((scene.id, LookAtTable()))
    return decision


def needs(scene: SceneActor) -> Needs:
    line = _next(scene.table)
    if line is None:
        return Needs()
    attempts = open_attempts(scene.table)
    return Needs(docs=(scene.doc,), edits=("live",), attempts=attempts, beside=partial(_beside, scene))


def _next(table: Table) -> Line | None:
    """One at a time, in order: a later line may be about the answer to an earlier one."""
    return next(iter(table.waiting()), None)


def look(scene: SceneActor, ctx: Context) -> Decision:
    """Answer the line that is next, ask a model for it, or wait: for the story to be read, for a model."""
    line, found = _next(scene.table), ctx.computed
    if line is None:
        return Decision()
    if not isinstance(found, Read) or found.line != line.id:
        continuity = ctx.peer(ContinuityActor, CONTINUITY)
        read = continuity is not None and continuity.caught_up
        return Decision() if read else Decision(notices=[(CONTINUITY, Watch(scene.id))])
    if found.calls:
        return _ask_model(scene, line, found, ctx)
    return _answer(scene, line, found, ctx)


def _ask_model(scene: SceneActor, line: Line, found: Read, ctx: Context) -> Decision:
    attempt, until_ms = ctx.new_id("att"), ctx.now_ms + LLM_SECONDS_MAX * 1000
    roles = [each.role for each in found.answers]
    fact = {"line": line.id, "roles": roles, "attempt": attempt, "until_ms": until_ms}
    decision = changed(scene, ("table.asked", fact))
    request = encode({"calls": list(found.calls)})
    new = NewAttempt(attempt, scene.home, scene.id, line.id, TALK, 1, request, TALK_TIMEOUT_MS)
    weight = percent_of(ctx.peer(ProjectActor, scene.home))
    decision.attempts.append(replace(new, user=line.by, pool="quick", weight=weight, affinity=ctx.catalogue.words_by))
    return decision


def _answer(scene: SceneActor, line: Line, found: Read, ctx: Context) -> Decision:
    made = [{**each, "id": ctx.new_id("prp")} for each in found.proposals]
    over = len(scene.table.open_proposals()) + len(made) - PROPOSALS_OPEN_MAX
    lapsed = [each["id"] for _, each in scene.table.open_proposals()[: max(0, over)]]
    how = dict(found.how) if found.how is not None else None
    writers = [each["writer"] for each in made if each["writer"] != PERSON]
    fact = {
        "line": line.id,
        "at_ms": ctx.now_ms,
        "roles": [each.role for each in found.answers],
        "proposals": made,
        "touched": _touched(line, found.entry),
        "steps": [list(step) for step in found.entry.steps],
        "writer": next((each for each in writers if each != GRAMMAR), GRAMMAR),
        "model": str(how.get("model", "")) if how is not None else "",
        "instead_of": list(found.instead_of),
        "lapsed": lapsed,
        "how": how,
    }
    sure = min((each["confidence"] for each in made), default=None)
    decision = changed(scene, ("table.answered", fact), confidence=sure, source=SOURCE)
    decision.cancel_attempts += [line.attempt] if line.attempt and found.instead_of else []
    decision.views += views.spend_row(scene.home, scene.id, line.id, ctx.now_ms, how)
    if len(scene.table.waiting()) > 1:
        decision.notices.append((scene.id, LookAtTable()))
    return decision


def _touched(line: Line, entry: Entry) -> list[Any]:
    found = touched(line.text, entry.triggers)
    return [[word, t.kind, t.about, t.who, t.words, t.confidence] for word, t in found][:24]


def changed(
    scene: SceneActor,
    *events: tuple[str, Mapping[str, Any]],
    confidence: float | None = None,
    source: str = "",
) -> Decision:
    """These events with the rows of the lines they change and the value in `live`."""
    after = scene.table.then(*events)
    lines = dict.fromkeys(data["line"] for _, data in events)
    lapsed = {id for _, data in events for id in data.get("lapsed", ())}
    lines |= dict.fromkeys(line.id for line in after.lines.values() if any(p["id"] in lapsed for p in line.proposals))
    decision = Decision(ids=scene.ids())
    for type, data in events:
        decision.events.append(Draft(type, data, scene=scene.id, confidence=confidence, source=source))
    for line in (after.lines[id] for id in lines if id in after.lines):
        decision.views += [views.line_row(scene.home, scene.id, line), views.open_row(scene.id, line)]
    decision.edits.append(Edit("live", (views.live_value(scene.id, after),)))
    return decision


# beside the loop
def _beside(scene: SceneActor, ctx: Context) -> Beside:
    line, continuity = _next(scene.table), ctx.peer(ContinuityActor, CONTINUITY)
    if line is None or continuity is None or not continuity.caught_up:
        return _nothing
    attempt = ctx.attempt(line.attempt) if line.attempt else None
    late = bool(line.attempt) and (attempt is None or ctx.now_ms >= line.until_ms)
    if attempt is not None and not late and not attempt_ended(attempt):
        return _nothing
    gathered = gather(scene, ctx)
    if gathered is None:
        return _nothing
    before = [each for each in scene.table.lines.values() if each.number < line.number and not each.open]
    given, story, script = gathered
    waived = waived_in(ctx)
    talks = ctx.catalogue.talks_by
    return partial(
        work, Gathered(given, story, script, line, tuple(before[-BEFORE_LINES:]), attempt, talks, late, waived)
    )


def _nothing() -> None:
    return None


def attempt_ended(attempt: Attempt) -> bool:
    return attempt.state in (AttemptState.DONE, AttemptState.FAILED, AttemptState.CANCELLED)
