"""What rules over happenings share: the story as they see it, whose name is how, and a finding of two quotations.

Invariant: a finding made here quotes the slip first and what it contradicts second, and is about people, things and
the scene of the earlier words, never about positions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actors.continuity.codes import CODES
from actors.continuity.facts import quote
from actors.continuity.findings import FindingDraft, Fix, finding_id
from actors.continuity.rules.view import SceneView
from actors.screenplay.happenings import Happening
from actors.screenplay.heading import Relation

Told = tuple[Happening, ...]
Story = Sequence[tuple[SceneView, Told]]

UNBROKEN: frozenset[Relation] = frozenset(("continuous", "same", "moments_later"))


def of_story(story: Story) -> Iterator[tuple[SceneView, Told]]:
    """Scenes inside the story's clock that tell something."""
    return ((view, told) for view, told in story if told and not view.aside)


def shown(view: SceneView, who: str) -> str:
    """How somebody is written to people."""
    name = view.premise.cast.find_person(who) or next(
        (person.name for person in view.breakdown.cast if person.key == who), who
    )
    return name.title() if name.isupper() or name.islower() else name


def same_run(one: SceneView, other: SceneView) -> bool:
    """Whether words tie two scenes to one unbroken stretch of a day."""
    return one.day is not None and other.day is not None and one.day.run == other.day.run


def same_day(one: SceneView, other: SceneView) -> bool:
    """One day of the story, as far as it tells: what lasts for a while lasts through a bare cut in it."""
    return one.day is not None and other.day is not None and one.day.number == other.day.number


def same_days(one: SceneView, other: SceneView) -> bool:
    """One day or the next, with nothing leapt over: wounds last that long."""
    if one.day is None or other.day is None:
        return False
    return abs(one.day.number - other.day.number) <= 1 and one.day.leapt <= 1


def slip(
    code: str,
    here: tuple[SceneView, Happening],
    there: tuple[SceneView, Happening],
    message: str,
    suggestion: str,
    *about: str,
    fix: Fix | None = None,
) -> FindingDraft:
    """``here`` is to be repaired, ``there`` is what it contradicts."""
    (view, slipped), (before, told) = here, there
    return FindingDraft(
        finding_id(code, view.id, before.id, *about),
        code,
        CODES[code].severity,
        view.id,
        message,
        (quote(view.id, view.script, slipped.span), quote(before.id, before.script, told.span)),
        suggestion,
        fix,
    )
