"""Rule screen_direction: neighbouring shots that disagree on left and right, in the script's own camera words.

Four forms: who leaves the frame on one side enters the next on the same side; who travels one way travels the other;
two people look at each other, both to the same side; who stands on one side stands on the other. Lets pass: anything
with a turn, a move or a crossing of the line between, scenes that are not unbroken, a re-entry in the same scene.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actors.continuity.clock import UNBROKEN
from actors.continuity.facts import quote
from actors.continuity.findings import FindingDraft, finding_id
from actors.continuity.rules.view import SceneView
from actors.screenplay.framing import FramedTold, framed_in

Told = tuple[FramedTold, ...]
_Before = tuple[SceneView, FramedTold]


class Direction:
    def read(self, view: SceneView) -> Told:
        return tuple(framed_in(view.script, view.breakdown, view.premise.cast.person_key))

    def judge(self, story: Sequence[tuple[SceneView, Told]]) -> Iterator[FindingDraft]:
        seen: dict[str, _Before] = {}
        for view, records in story:
            if not records or view.aside or view.breakdown.relation not in UNBROKEN:
                seen = {}
            if not records or view.aside:
                continue
            for told in records:
                if told.kind == "turn":
                    seen = {}
                    continue
                yield from _against(view, told, seen)
                seen[told.who] = (view, told)


def _against(view: SceneView, told: FramedTold, seen: dict[str, _Before]) -> Iterator[FindingDraft]:
    looker = told.kind == "looks"
    before = seen.get(told.other if looker else told.who)
    if before is None:
        return
    there, was = before
    match (was.kind, told.kind):
        case ("exits", "enters") if was.side == told.side and there.id != view.id:
            other = "right" if told.side == "left" else "left"
            message = f"{_name(told)} leaves the frame {was.side} and enters the next {told.side}, as if coming back."
            yield _finding(view, told, there, was, message, f"Let {_name(told)} enter frame {other}, or show the turn.")
        case ("travels", "travels") if was.side != told.side:
            message = f"{_name(told)} goes to the {was.side} and then to the {told.side}, with no turn between."
            yield _finding(view, told, there, was, message, "Keep the direction, or show the turn.")
        case ("looks", "looks") if was.side == told.side and was.other == told.who and told.other == was.who:
            message = f"{_name(told)} and {_name(was)} look at each other, both to the {told.side}."
            yield _finding(view, told, there, was, message, "Turn one look, or say that the line is crossed.")
        case ("stands", "stands") if was.side != told.side:
            message = f"{_name(told)} was frame {was.side} and is frame {told.side}, without a move."
            yield _finding(view, told, there, was, message, "Keep the sides, or show the move.")


def _finding(
    view: SceneView, told: FramedTold, there: SceneView, was: FramedTold, message: str, suggestion: str
) -> FindingDraft:
    here, before = quote(view.id, view.script, told.span), quote(there.id, there.script, was.span)
    about = (told.kind, told.who, told.side, there.id, was.who)
    return FindingDraft(
        finding_id("screen_direction", view.id, *about),
        "screen_direction",
        "WARNING",
        view.id,
        message,
        (here, before),
        suggestion,
    )


def _name(told: FramedTold) -> str:
    return told.who.capitalize() if told.who.startswith("the ") else told.who.title()
