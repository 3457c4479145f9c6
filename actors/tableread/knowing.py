"""What a role of a scene can know: its frame, folded from the scenes it was in.

The invariant: a pure function of what continuity has read up to this scene and of ties people keep; a character knows
what happened where they were, what is on them, and what the story says that they know, and nothing else. A dream, a
flashback, a montage teaches nobody. The narrator was everywhere. Each piece names the words it rests on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from actors.continuity.fold import CONFIDENCE
from actors.continuity.keeping import CHANGED, Kept
from actors.continuity.rules import SceneView
from actors.continuity.rules.given import with_given
from actors.continuity.rules.telling import shown
from actors.scene.injection import DESCRIBED_WITHIN_CHARS
from actors.scene.summary import SUMMARY_CHARS_MAX, summary_of
from actors.screenplay.dates import dates_in
from actors.screenplay.happenings import Happening
from actors.screenplay.heading import Span
from actors.screenplay.prose_things import things_put
from actors.screenplay.slots import described
from actors.tableread.limits import PIECES_MAX, PUT_SCENES_BACK_MAX, RECALLED_UNITS_MAX, REMEMBERED_SCENES_MAX

NARRATOR = ""
"""Role of who tells the scene."""

HERE, HOUR, DAY, WITH = "here", "hour", "day", "with"
HOLDS, WEARS, HURT, KNOWS, ALIVE = "holds", "wears", "hurt", "knows", "alive"
AGE, LOOKS, PUT, SEEN_AT = "age", "looks", "put", "seen_at"
SEEN_CONFIDENCE, PUT_CONFIDENCE, RECALLED_CONFIDENCE = 0.8, 0.5, 0.6

Heard = Sequence[tuple[SceneView, tuple[Happening, ...]]]
_AGED = re.compile(
    r"\byears?[ -]old\b|\bage[ds]?\b|[(,]\s?(?:\d|twent|thirt|fort|fift|sixt|sevent|eight)", re.IGNORECASE
)
_UNIT = re.compile(r"[^.!?…\n]+[.!?…]*")


@dataclass(frozen=True, slots=True)
class Piece:
    """`who`: a person's key, or a thing for PUT; `words`: the thing, place, wound or topic. `now`: it still holds."""

    about: str
    who: str
    words: str
    confidence: float
    scene: str
    start: int
    end: int
    quote: str
    now: bool = True


@dataclass(frozen=True, slots=True)
class Bond:
    """What a role feels for somebody, as people set it (−1…1; debt 0…1), and how often the story has them together."""

    to: str
    name: str
    trust_competence: float | None = None
    trust_benevolence: float | None = None
    debt: float | None = None
    strength: float | None = None


@dataclass(frozen=True, slots=True)
class Recalled:
    """One sentence of action or one speech that a role was there for. `speaker`: a key, "" for action."""

    scene: str
    start: int
    end: int
    text: str
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Remembered:
    scene: str
    heading: str
    words: str


@dataclass(frozen=True, slots=True)
class Frame:
    """`role`: a person's key, or NARRATOR; `recalls`: newest first; `looks`: as first described."""

    role: str
    name: str
    pieces: tuple[Piece, ...] = ()
    bonds: tuple[Bond, ...] = ()
    recalls: tuple[Recalled, ...] = ()
    remembers: tuple[Remembered, ...] = ()

    def about(self, *kinds: str) -> Iterator[Piece]:
        return (each for each in self.pieces if each.about in kinds)

    def told(self) -> dict[str, Any]:
        """As people see it."""
        return {
            "role": self.role,
            "name": self.name,
            "pieces": [
                [p.about, p.who, p.words, p.confidence, p.scene, p.start, p.end, p.quote, p.now] for p in self.pieces
            ],
            "bonds": [[b.to, b.name, b.trust_competence, b.trust_benevolence, b.debt, b.strength] for b in self.bonds],
            "remembers": [[r.scene, r.heading, r.words] for r in self.remembers],
        }


@dataclass(slots=True)
class Scene:
    """The scene as it is entered. `story`: it and all before it; `there`: who is in which of those, by scene;
    `people`: key → name of who is in this one, in order of their first word; `names`: of everybody met so far."""

    view: SceneView
    story: Heard
    there: list[frozenset[str]] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    kept: Kept = field(default_factory=Kept)
    puts: list[list[tuple[str, str, Span]]] = field(default_factory=list)
    ages: list[list[tuple[str, str, Span]]] = field(default_factory=list)


def definition(scene: str, story: Heard) -> Scene | None:
    """The scene and what lies before it; None: nobody has read it."""
    at = next((index for index, (view, _) in enumerate(story) if view.id == scene), None)
    if at is None:
        return None
    upto = with_given(story)[: at + 1]
    return Scene(story[at][0], upto)


def entities(found: Scene) -> None:
    """Who was where, who has what on them now, and what scenes say of things and ages."""
    back = len(found.story) - PUT_SCENES_BACK_MAX
    for at, (view, told) in enumerate(found.story):
        key = view.premise.cast.person_key
        present = {key(person.name): person.name for person in view.breakdown.cast}
        for who, name in present.items():
            found.names.setdefault(who, shown(view, key(name)))
        found.there.append(frozenset(() if view.aside else present) | ({each.who for each in told} & present.keys()))
        found.puts.append(list(things_put(view.script, view.breakdown)) if at >= back and not view.aside else [])
        found.ages.append(list(_ages(view)) if not view.aside and _AGED.search(view.script) else [])
        if view.day is not None:
            found.kept.enter(view.day)
        for number, event in enumerate(told if not view.aside else ()):
            found.kept.hear((event,), f"{at}/{number}")
    view = found.view
    cast = sorted(view.breakdown.cast, key=lambda each: each.spans[0] if each.spans else Span(0, 0))
    for person in cast:
        who = view.premise.cast.person_key(person.name)
        found.people.setdefault(who, found.names.get(who, person.name))
    if view.aside:
        found.there[-1] = frozenset(found.people)


def _ages(view: SceneView) -> Iterator[tuple[str, str, Span]]:
    for told in dates_in(view.script, view.breakdown, view.premise.cast.person_key):
        if told.kind == "age" and told.who:
            yield told.who, str(told.low) if told.low == told.high else f"{told.low} to {told.high}", told.span


def frame_of(role: str, found: Scene, bonds: Sequence[Bond] = ()) -> Frame:
    """What one role knows; NARRATOR: everything told so far."""
    was = [at for at, who in enumerate(found.there) if role == NARRATOR or role in who]
    pieces = _distinct([*_here(role, found), *_on_them(role, found), *_seen(role, found, was)])
    name = found.people.get(role) or found.names.get(role) or role.title() or "Narrator"
    return Frame(
        role,
        name,
        tuple(pieces[:PIECES_MAX]),
        tuple(bonds),
        tuple(_recalls(found, was)),
        tuple(_remembers(found, was)),
    )


def _piece(about: str, who: str, words: str, sure: float, view: SceneView, span: Span, *, now: bool = True) -> Piece:
    quoted = " ".join(view.script[span.start : span.end].split())[:160]
    return Piece(about, who, words, sure, view.id, span.start, span.end, quoted, now)


def _here(role: str, found: Scene) -> Iterator[Piece]:
    """What anybody in the scene sees around them."""
    view, heading = found.view, found.view.breakdown.heading
    if heading is not None and heading.place:
        yield _piece(HERE, role, heading.place, 1.0, view, heading.place_span or heading.span)
    hour = heading.time_of_day if heading is not None else None
    if heading is not None and (hour or view.before):
        yield _piece(HOUR, role, str(hour or view.before), 1.0 if hour else 0.7, view, heading.span)
    if heading is not None and view.day is not None:
        yield _piece(DAY, role, view.day.label, 0.8, view, heading.span)
    for person in view.breakdown.cast:
        who = view.premise.cast.person_key(person.name)
        if who != role and person.spans:
            yield _piece(WITH, who, found.people.get(who, person.name), 0.9, view, person.spans[0])


def _on_them(role: str, found: Scene) -> Iterator[Piece]:
    """What they have on them as the scene stands: of everybody in it for the narrator."""
    for about, kept in ((HOLDS, found.kept.holds), (WEARS, found.kept.wears), (HURT, found.kept.hurt)):
        for who in found.people if role == NARRATOR else (role,):
            for thing, lasting in kept.get(who, {}).items():
                if thing != CHANGED:
                    view, event = _event(found, lasting.since)
                    yield _piece(about, who, lasting.words, CONFIDENCE[about], view, event.span)


def _event(found: Scene, since: str) -> tuple[SceneView, Happening]:
    at, number = (int(part) for part in since.split("/"))
    view, told = found.story[at]
    return view, told[number]


def _seen(role: str, found: Scene, was: Sequence[int]) -> Iterator[Piece]:
    """What they were there for: last things first."""
    kept, last = Kept(), len(found.story) - 1
    met: dict[str, int] = {}
    more: list[Piece] = []
    for at in was:
        view, told = found.story[at]
        for number, event in enumerate(told if not view.aside else ()):
            kept.hear((event,), f"{at}/{number}")
            more += _told(event, view)
        more += [
            _piece(PUT, thing, where, PUT_CONFIDENCE, view, span, now=at == last)
            for thing, where, span in found.puts[at]
        ]
        more += [_piece(AGE, who, age, 0.9, view, span) for who, age, span in found.ages[at]]
        more += _looks(view)
        met |= dict.fromkeys(found.there[at] - {role}, at)
    yield from _of_others(role, found, kept, last)
    for who, at in met.items():
        view = found.story[at][0]
        if at != last and view.breakdown.place and view.breakdown.heading is not None:
            yield _piece(
                SEEN_AT, who, view.breakdown.place, SEEN_CONFIDENCE, view, view.breakdown.heading.span, now=False
            )
    yield from reversed(more)


def _told(event: Happening, view: SceneView) -> Iterator[Piece]:
    if event.kind in ("knows", "learns") and event.what:
        yield _piece(KNOWS, event.who, event.what, CONFIDENCE[KNOWS], view, event.span)
    if event.kind in ("dies", "lives"):
        yield _piece(ALIVE, event.who, "dead" if event.kind == "dies" else "alive", CONFIDENCE[ALIVE], view, event.span)


def _looks(view: SceneView) -> Iterator[Piece]:
    for person in view.breakdown.cast:
        for span in person.introductions[:1]:
            words = ", ".join(described(view.script[span.end : span.end + DESCRIBED_WITHIN_CHARS]))
            if words and not words.isdigit():  # that is an age
                yield _piece(LOOKS, view.premise.cast.person_key(person.name), words, 0.9, view, span)


def _of_others(role: str, found: Scene, kept: Kept, last: int) -> Iterator[Piece]:
    """What they saw others have, as far as they saw it: it may have changed hands since."""
    for about, known in ((HOLDS, kept.holds), (WEARS, kept.wears), (HURT, kept.hurt)):
        for who, things in known.items():
            if who == role or (role == NARRATOR and who in found.people):
                continue
            for thing, lasting in things.items():
                if thing != CHANGED:
                    view, event = _event(found, lasting.since)
                    now = view.id == found.view.id
                    sure = CONFIDENCE[about] * (1.0 if now else 0.8)
                    yield _piece(about, who, lasting.words, round(sure, 2), view, event.span, now=now)


def _recalls(found: Scene, was: Sequence[int]) -> Iterator[Recalled]:
    """Sentences and speeches, newest first."""
    left = RECALLED_UNITS_MAX
    for at in reversed(was):
        view = found.story[at][0]
        units = [
            Recalled(view.id, a.span.start + m.start(), a.span.start + m.end(), " ".join(m.group(0).split()))
            for a in view.breakdown.actions
            for m in _UNIT.finditer(view.script[a.span.start : a.span.end])
        ]
        key = view.premise.cast.person_key
        units += [Recalled(view.id, *e.span, " ".join(e.text.split()), key(e.speaker)) for e in view.breakdown.lines]
        for unit in sorted(units, key=lambda each: -each.start):
            if unit.text and left > 0:
                left -= 1
                yield unit
        if left <= 0:
            return


def _remembers(found: Scene, was: Sequence[int]) -> Iterator[Remembered]:
    before = [at for at in was if at != len(found.story) - 1]
    for at in reversed(before[-REMEMBERED_SCENES_MAX:]):
        view = found.story[at][0]
        words = summary_of(view.breakdown, SUMMARY_CHARS_MAX)
        if words:
            yield Remembered(view.id, view.breakdown.heading.text if view.breakdown.heading else "", words)


def _distinct(pieces: Sequence[Piece]) -> list[Piece]:
    """One piece of a kind about somebody; what is said first here is the newest."""
    once: dict[tuple[str, str, str], Piece] = {}
    for each in pieces:
        words = "" if each.about in (ALIVE, SEEN_AT, AGE, LOOKS, PUT, HERE, HOUR, DAY) else each.words
        once.setdefault((each.about, each.who, words), each)
    return list(once.values())


def bonds_of(role: str, ties: Sequence[Any], names: Mapping[str, str]) -> tuple[Bond, ...]:
    """The outgoing ties of a role among `storage.graphs.calls.Tie`s; a narrator has none."""
    mine = [tie for tie in ties if tie.source == f"character:{role}"]
    return tuple(
        Bond(
            to := tie.target.removeprefix("character:"),
            names.get(to, to.title()),
            tie.trust_competence,
            tie.trust_benevolence,
            tie.debt,
            tie.strength,
        )
        for tie in mine
    )
