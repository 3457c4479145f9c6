"""What people bring into a scene from those before it, put before whoever writes its prompt.

The invariant: a pure fold over what continuity has read of the earlier scenes, so every note stands on words somebody
wrote; what is put in has a budget, the body before the clothes before what else is carried (`actors.workflow.carry`:
hands, hearsay, ties), and each note is listed with the prompt, for review. A dream brings and is brought nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from actors.continuity.keeping import CHANGED, Kept
from actors.continuity.rules import SceneView
from actors.screenplay.breakdown import Appearance
from actors.screenplay.happenings import Happening
from actors.screenplay.slots import described
from actors.workflow.carry import Given

NOTES_CHARS_MAX = 1_200
"""Of all notes of one prompt: about 300 tokens. Over: the least important are left off."""

LOOKS_MAX = 4
"""Words of one person's first description, in parts."""

DESCRIBED_WITHIN_CHARS = 160
_CLOTHES = frozenset(("wears", "dons", "sheds", "changes"))

Heard = Sequence[tuple[SceneView, tuple[Happening, ...]]]
Looks = Mapping[str, tuple[str, ...]]


def brought_into(scene: str, story: Heard) -> tuple[Looks, tuple[str, ...]]:
    """Looks by the scene's own name keys of whom it does not introduce, and notes of what lasts, surest first."""
    looks: dict[str, tuple[str, ...]] = {}
    kept = Kept()
    for view, told in story:
        if view.day is not None:
            kept.enter(view.day)
        if view.id == scene:
            return _looks(view, looks), tuple(_notes(view, told, kept)) if view.day is not None else ()
        for person in view.breakdown.cast:
            if words := _introduced(view, person):
                looks.setdefault(view.premise.cast.person_key(person.name), words)
        if view.day is not None:
            kept.hear(told, view.id)
    return {}, ()


def merged(given: Given) -> tuple[str, ...]:
    """What lasts and what else is carried, each once, within the budget."""
    found: list[str] = []
    room = NOTES_CHARS_MAX
    for note in dict.fromkeys((*given.lasting, *given.notes)):
        room -= len(note) + 2
        if room < 0:
            break
        found.append(note)
    return tuple(found)


def _looks(view: SceneView, known: Mapping[str, tuple[str, ...]]) -> Looks:
    people = {p.key: view.premise.cast.person_key(p.name) for p in view.breakdown.cast if not _introduced(view, p)}
    return {key: known[who] for key, who in people.items() if who in known}


def _introduced(view: SceneView, person: Appearance) -> tuple[str, ...]:
    said = (t for s in person.introductions for t in described(view.script[s.end : s.end + DESCRIBED_WITHIN_CHARS]))
    return tuple(dict.fromkeys(said))[:LOOKS_MAX]


def _notes(view: SceneView, told: Sequence[Happening], kept: Kept) -> Iterator[str]:
    people = {view.premise.cast.person_key(p.name): p.name for p in view.breakdown.cast}
    dressed = {event.who for event in told if event.kind in _CLOTHES}
    for who, name in people.items():
        for wound in kept.hurt.get(who, {}).values():
            yield f"{name} is still hurt: {wound.words}"
    for who, name in people.items():
        worn = [each.words for thing, each in kept.wears.get(who, {}).items() if thing != CHANGED]
        if worn and who not in dressed:
            yield f"{name} still wears: {', '.join(worn)}"
