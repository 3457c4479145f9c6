"""The pack of happenings: read once a scene, judged by every rule about what people do, have, wear, suffer and know."""

from __future__ import annotations

from collections.abc import Iterator

from actors.continuity.findings import FindingDraft
from actors.continuity.rules import alive, custody, injuries, knowledge, places, shown, wardrobe
from actors.continuity.rules.given import with_given
from actors.continuity.rules.telling import Story, Told
from actors.continuity.rules.view import SceneView
from actors.screenplay.reading import happenings_of

_RULES = (alive.judge, places.judge, custody.judge, wardrobe.judge, injuries.judge, knowledge.judge, shown.judge)


def read(view: SceneView, /) -> Told:
    return happenings_of(view.script, view.breakdown, view.premise.cast.person_key)


def judge(story: Story, /) -> Iterator[FindingDraft]:
    whole = with_given(story)
    for rule in _RULES:
        yield from rule(whole)
