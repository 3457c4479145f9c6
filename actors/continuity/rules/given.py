"""What people said by hand, as happenings among those that were read: a person's word is judged like the story's.

Invariant: a fact by hand comes after whatever the scene tells at the same place, so that it wins.
"""

from __future__ import annotations

from actors.continuity.facts import Fact
from actors.continuity.rules.telling import Story
from actors.screenplay.happenings import Happening, Kind
from actors.screenplay.heading import Span

_KINDS: dict[str, Kind] = {
    "holds": "gains",
    "lacks": "loses",
    "wears": "dons",
    "hurt": "is_hurt",
    "well": "heals",
    "knows": "learns",
}


def with_given(story: Story) -> Story:
    """The story with the facts of its premise; the same where there are none."""
    facts = [fact for fact in (story[0][0].premise.facts if story else ()) if fact.layer == "told"]
    if not facts:
        return story
    by_scene: dict[str, list[Happening]] = {}
    for fact in facts:
        happened = _happening(fact)
        if happened is not None and fact.valid_from is not None:
            by_scene.setdefault(fact.valid_from.scene_id, []).append(happened)
    return [
        (view, tuple(sorted((*told, *by_scene[view.id]), key=lambda each: each.span.start)))
        if view.id in by_scene
        else (view, told)
        for view, told in story
    ]


def _happening(fact: Fact) -> Happening | None:
    span = Span(fact.evidence.start, fact.evidence.end)
    if fact.attribute == "alive":
        return Happening("dies" if fact.value.casefold() in ("no", "dead", "false") else "lives", fact.entity, span)
    kind = _KINDS.get(fact.attribute)
    if kind is None:
        return None
    words = fact.value.casefold().split()
    what = words[-1] if words else ""
    if fact.attribute == "knows":
        return Happening(kind, fact.entity, span, " ".join(words))
    return Happening(kind, fact.entity, span, what, words[-2] if len(words) > 1 else "")
