"""Rule injury_break: a wound that changes sides within two days of the story, or a broken leg that runs on the same.

Lets pass: a new wound on the other side, anybody who heals, and whoever limps.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.continuity.findings import FindingDraft, Fix
from actors.continuity.rules.telling import Story, of_story, same_day, same_days, shown, slip
from actors.continuity.rules.view import SceneView
from actors.screenplay.happenings import Happening
from actors.screenplay.vocabulary import words

_LEGS = words("leg ankle foot knee")
_BREAKS = words("breaks fractures broken fractured shatters shattered snaps snapped")
_Here = tuple[SceneView, Happening]


def judge(story: Story) -> Iterator[FindingDraft]:
    hurt: dict[tuple[str, str, str], _Here] = {}
    lame: dict[str, _Here] = {}
    for view, told in of_story(story):
        said: set[str] = set()
        for each in told:
            if each.kind == "heals":
                lame.pop(each.who, None)
                for key in [key for key in hurt if key[0] == each.who]:
                    del hurt[key]
            elif each.kind in ("is_hurt", "shows_wound"):
                finding = _other_side(view, each, hurt)
                if finding is not None:
                    yield finding
                hurt.setdefault((each.who, each.what, each.value), (view, each))
                if each.what in _LEGS and _breaks(view, each):
                    lame.setdefault(each.who, (view, each))
            elif each.kind == "runs" and each.who in lame and each.who not in said:
                there = lame[each.who]
                if there[0].id != view.id and same_day(view, there[0]):
                    said.add(each.who)
                    yield _runs(view, each, there)


def _other_side(view: SceneView, each: Happening, hurt: dict[tuple[str, str, str], _Here]) -> FindingDraft | None:
    other = {"left": "right", "right": "left"}.get(each.value)
    there = hurt.get((each.who, each.what, other)) if other is not None else None
    if each.kind == "is_hurt" or there is None or (each.who, each.what, each.value) in hurt or other is None:
        return None
    if not same_days(view, there[0]) or each.mark is None:
        return None
    name = shown(view, each.who)
    right = other.upper() if view.script[each.mark.start : each.mark.end].isupper() else other
    return slip(
        "injury_break",
        (view, each),
        there,
        f"{name}'s {each.value} {each.what} is hurt here; it was the {other} one before.",
        f"Write {other}.",
        each.who,
        each.what,
        each.value,
        fix=Fix(view.id, each.mark.start, each.mark.end, right),
    )


def _breaks(view: SceneView, each: Happening) -> bool:
    return any(word in _BREAKS for word in view.script[each.span.start : each.span.end].casefold().split())


def _runs(view: SceneView, each: Happening, there: _Here) -> FindingDraft:
    name, part = shown(view, each.who), there[1].what
    return slip(
        "injury_break",
        (view, each),
        there,
        f"{name} moves freely here, but broke a {part} before.",
        f"Let {name} limp, or have somebody else do this.",
        each.who,
        part,
        "runs",
    )
