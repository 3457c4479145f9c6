"""What an observer says that a film shows: facts of the layer *seen*, by a partner's command or in its own answer.

Pure decisions of the scene actor. The invariants: a fact names its observation, its observer and the seconds of the
film it is seen in; of one observer the last word on one thing counts; event, take and the row the graph takes in are
one append. What follows of them (findings against the script, the world, edges) is worked out from the take
(`actors.continuity.seen`, `actors.graphs`). A report changes no film and no script.

A fact: {"entity", "attribute", "value", "confidence", "from_s", "to_s", "observation", "observer"}; `entity` is a name
of the story as the observer knows it, "" for the scene itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from actors.commands import CommandError, ReportSeen
from actors.continuity.seen import TakeSeen
from actors.graphs.messages import GRAPH, LookAgain
from actors.graphs.views import seen_row
from actors.project.actor import CONTINUITY
from actors.runtime.actor import Context, Decision, Draft, Needs, ViewDraft, Wanted
from actors.runtime.ids import derive_id
from actors.screenplay.names import name_key
from actors.views import TakeView

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor

SEEN = "take.seen"

FACTS_MAX = 40
"""Of one report. Over: refused; a film shows so much in a minute, the rest is another report."""

TAKE_FACTS_MAX = 200
"""Of one take. Over: the oldest are forgotten."""

ENTITY_CHARS_MAX, VALUE_CHARS_MAX, OBSERVER_CHARS_MAX = 120, 200, 80
SECONDS_OVER = 1.0
"""How far behind a film's end a moment may lie: players and encoders round."""

_ATTRIBUTE = re.compile(r"[a-z][a-z_]{0,39}")


def needs(command: ReportSeen) -> Needs:
    return Needs(views=(Wanted("take", id=command.take),))


def report(scene: SceneActor, command: ReportSeen, ctx: Context) -> Decision:
    """Raises `CommandError` NOT_FOUND, BAD_FACTS."""
    row = next((row for row in ctx.views() if row.kind == "take" and row.id == command.take), None)
    if row is None or row.body is None or row.parent != scene.id:
        raise CommandError("NOT_FOUND", "this scene has no such take", ("input", "takeId"))
    take = TakeView.from_blob(row.body)
    observer = " ".join(command.observer.split())
    if not 0 < len(observer) <= OBSERVER_CHARS_MAX:
        raise _bad(f"an observer has a name of at most {OBSERVER_CHARS_MAX} characters", "observer")
    if not 0 < len(command.facts) <= FACTS_MAX:
        raise _bad(f"a report has 1 to {FACTS_MAX} facts")
    id = derive_id("obs", take.id, ctx.principal, ctx.key)
    facts = [
        {**checked(each, take.duration_s, number), "observation": id, "observer": observer}
        for number, each in enumerate(command.facts)
    ]
    fact = {"take": take.id, "job": take.job, "observation": id, "observer": observer, "facts": facts}
    said = {"id": id, "observer": observer, "facts": facts, "shows": _named(facts)}
    said["quality_score"] = max(each["confidence"] for each in facts)
    now_ms, after = ctx.now_ms, merged(take.shows, facts)
    return Decision(
        events=[Draft(SEEN, {**fact, "by": ctx.principal, "at_ms": now_ms}, scene=scene.id)],
        views=[
            ViewDraft("take", take.id, scene.id, row.order_key, replace(take, shows=after)),
            seen_row(scene.home, scene.id, take.id, take.video_key, said, now_ms, take.created_at_ms),
        ],
        notices=[(CONTINUITY, TakeSeen()), (GRAPH, LookAgain())],
        ids={**scene.ids(), "take": take.id, "observation": id},
    )


def checked(said: Mapping[str, Any], duration_s: float, number: int = 0) -> dict[str, Any]:
    """One fact within its limits. Raises `CommandError` BAD_FACTS."""
    where = f"fact {number + 1}"
    entity, value = (" ".join(str(said.get(name) or "").split()) for name in ("entity", "value"))
    attribute = str(said.get("attribute") or "")
    if not _ATTRIBUTE.fullmatch(attribute):
        raise _bad(f"{where}: an attribute is a word of a-z and _, at most 40")
    if len(entity) > ENTITY_CHARS_MAX or not 0 < len(value) <= VALUE_CHARS_MAX:
        raise _bad(f"{where}: at most {ENTITY_CHARS_MAX} characters of a name, 1 to {VALUE_CHARS_MAX} of a value")
    sure, begins, ends = (_number(said.get(name)) for name in ("confidence", "from_s", "to_s"))
    if not 0.0 <= sure <= 1.0:
        raise _bad(f"{where}: a confidence is 0 to 1")
    if not 0.0 <= begins <= ends <= duration_s + SECONDS_OVER:
        raise _bad(f"{where}: it is seen between two seconds of a film that lasts {duration_s:g}")
    told = {"entity": entity, "attribute": attribute, "value": value, "confidence": sure}
    return {**told, "from_s": round(begins, 3), "to_s": round(ends, 3)}


def of_observation(observation: Mapping[str, Any], duration_s: float) -> tuple[dict[str, Any], ...]:
    """What an observer's own answer says the film shows; what is no fact is left: a film is not lost for it."""
    found = []
    named = {"observation": str(observation.get("id", "")), "observer": str(observation.get("observer", ""))}
    said = observation.get("facts")
    for each in said[:FACTS_MAX] if isinstance(said, list | tuple) else ():
        try:
            found.append({**checked(each, duration_s), **named})
        except (CommandError, AttributeError, TypeError):
            continue
    return tuple(found)


def merged(before: Iterable[Mapping[str, Any]], facts: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Of one observer the last word on one thing."""
    kept = {_about(each): dict(each) for each in before}
    for each in facts:
        kept.pop(_about(each), None)
        kept[_about(each)] = dict(each)
    return tuple(kept.values())[-TAKE_FACTS_MAX:]


def seen_after(view: ViewDraft, data: Mapping[str, Any]) -> ViewDraft:
    """The take's row with a report of the log."""
    if view.id != data["take"] or not isinstance(view.body, TakeView):
        return view
    return replace(view, body=replace(view.body, shows=merged(view.body.shows, data["facts"])))


def _about(fact: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(fact["observer"]), name_key(str(fact["entity"])), str(fact["attribute"])


def _named(facts: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(str(each["entity"]) for each in facts if each["entity"]))


def _number(value: object) -> float:
    """-1 for what is none: it is out of every range."""
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else -1.0
    return float(number) if math.isfinite(number) else -1.0


def _bad(words: str, name: str = "facts") -> CommandError:
    return CommandError("BAD_FACTS", words, ("input", name))
