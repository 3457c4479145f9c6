"""The breakdown of one scene: who is in it, what is said and done, where and when, with which things.

Invariant: a pure function of the scene's text (and the names already known); every entry carries the span it was read
from. Feeds continuity (facts and rules) and generation (the slots of a prompt).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from actors.screenplay.elements import Element, elements
from actors.screenplay.heading import Heading, Relation, Setting, Span, TimeOfDay, read_heading
from actors.screenplay.lines import NEWLINE
from actors.screenplay.names import bare_name, name_key, people_of, plausible_name
from actors.screenplay.props import props_in

# NAME (60s) · NAME, 34, … · NAME, a tired captain: capitals followed by a description introduce somebody.
_UPPER = "A-ZÀ-ÖØ-ÞŁŚŠŽĞİА-ЯΑ-Ω"
_CAPITAL_WORD = rf"[{_UPPER}](?:[{_UPPER}'’.-]{{0,30}}[{_UPPER}])"
_INTRODUCTION = re.compile(
    rf"(?<![\w'’])((?:[{_UPPER}]{{2,4}}\.[ ])?{_CAPITAL_WORD}(?:[ ](?:{_CAPITAL_WORD}|\d{{1,2}})){{0,3}})"
    r"(?=\s?\(|,\s(?:\d|an?\s|the\s|age|early|mid|late|in\s(?:his|her|their)\s|twent|thirt|fort|fift|sixt|sevent|eight))"
)


@dataclass(frozen=True, slots=True)
class Appearance:
    """One person in this scene, by the spelling used first. Spans are bare names."""

    name: str
    key: str
    cues: tuple[Span, ...]
    introductions: tuple[Span, ...]
    mentions: tuple[Span, ...]

    @property
    def speaks(self) -> bool:
        return bool(self.cues)

    @property
    def spans(self) -> tuple[Span, ...]:
        return tuple(sorted((*self.cues, *self.introductions, *self.mentions)))


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """One speech up to the next cue or parenthetical. ``dual`` says it is spoken at the same time as the one before."""

    speaker: str
    text: str
    span: Span
    parenthetical: str | None
    extensions: tuple[str, ...]
    dual: bool


@dataclass(frozen=True, slots=True)
class ActionParagraph:
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Prop:
    name: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Breakdown:
    heading: Heading | None
    cast: tuple[Appearance, ...]
    lines: tuple[SpokenLine, ...]
    actions: tuple[ActionParagraph, ...]
    transitions: tuple[ActionParagraph, ...]
    props: tuple[Prop, ...]

    @property
    def place(self) -> str | None:
        return self.heading.place if self.heading else None

    @property
    def setting(self) -> Setting | None:
        return self.heading.setting if self.heading else None

    @property
    def time_of_day(self) -> TimeOfDay | None:
        return self.heading.time_of_day if self.heading else None

    @property
    def relation(self) -> Relation | None:
        return self.heading.relation if self.heading else None

    @property
    def ends_in_transition(self) -> bool:
        """The scene's last shown word is a transition, so time may pass before the next."""
        last = max((span.end for span in self._ends()), default=0)
        return any(transition.span.end == last for transition in self.transitions)

    def _ends(self) -> Iterable[Span]:
        yield from (line.span for line in self.lines)
        yield from (action.span for action in self.actions)
        yield from (transition.span for transition in self.transitions)


def breakdown(scene_raw: str, known: Iterable[str] = ()) -> Breakdown:
    """Break a scene down. ``known`` are names of the cast to look for in action text as well."""
    found = elements(scene_raw)
    heading = next((_heading(scene_raw, e) for e in found if e.kind == "heading"), None)
    actions = tuple(_paragraph(e) for e in found if e.kind == "action" and e.text)
    transitions = tuple(_paragraph(e) for e in found if e.kind == "transition")
    people = _People(scene_raw)
    lines = _speeches(found, people)
    shown = _masked(scene_raw, found)
    for action in actions:
        people.introduce(shown[action.span.start : action.span.end], action.span.start)
    people.mention_known(known, shown, actions)
    keys = frozenset(word for key in people.keys for word in (key, *key.split()))
    props = _props(shown, actions, keys)
    return Breakdown(heading, people.cast(), lines, actions, transitions, props)


def _heading(scene_raw: str, element: Element) -> Heading:
    line_end = NEWLINE.search(scene_raw, element.start)
    end = min(element.end, line_end.start() if line_end else element.end)
    return read_heading(scene_raw[element.start : end], element.start)


def _paragraph(element: Element) -> ActionParagraph:
    return ActionParagraph(element.text, Span(element.start, element.end))


def _masked(scene_raw: str, found: tuple[Element, ...]) -> str:
    """The text with notes and boneyards overwritten by spaces, same length."""
    pieces: list[str] = []
    at = 0
    for element in found:
        if element.kind in {"note", "boneyard"}:
            pieces.append(scene_raw[at : element.start])
            pieces.append(" " * (element.end - element.start))
            at = element.end
    return "".join([*pieces, scene_raw[at:]])


def _speeches(found: tuple[Element, ...], people: _People) -> tuple[SpokenLine, ...]:
    lines: list[SpokenLine] = []
    speaker: Element | None = None
    parenthetical: str | None = None
    for element in found:
        if element.kind == "character" and element.cue is not None:
            speaker, parenthetical = element, None
            if element.forced or plausible_name(element.cue.name):
                people.speak(element.cue.name, element.cue.start)
        elif element.kind == "parenthetical":
            parenthetical = element.text
        elif element.kind in {"dialogue", "lyric"} and speaker is not None and speaker.cue is not None:
            cue = speaker.cue
            span = Span(element.start, element.end)
            lines.append(SpokenLine(cue.name, element.text, span, parenthetical, cue.extensions, cue.dual))
            parenthetical = None
        elif element.kind not in {"note", "boneyard"}:
            speaker = None
    return tuple(lines)


class _People:
    """Collects appearances by name key. A name that a note or boneyard cuts in two is nobody's: no span holds it."""

    def __init__(self, scene_raw: str) -> None:
        self._raw = scene_raw
        self._names: dict[str, str] = {}
        self._spans: dict[str, tuple[list[Span], list[Span], list[Span]]] = {}

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self._names)

    def _add(self, name: str, start: int, which: int) -> None:
        bare, key = bare_name(name), name_key(name)
        start += name.index(bare)
        if not key or name_key(self._raw[start : start + len(bare)]) != key:
            return
        self._names.setdefault(key, bare)
        self._spans.setdefault(key, ([], [], []))[which].append(Span(start, start + len(bare)))

    def speak(self, cue_name: str, start: int) -> None:
        at = 0
        for person in people_of(cue_name):
            at = cue_name.index(person, at)
            self._add(person, start + at, 0)
            at += len(person)

    def introduce(self, text: str, offset: int) -> None:
        for match in _INTRODUCTION.finditer(text):
            if plausible_name(match.group(1)):
                self._add(match.group(1), offset + match.start(1), 1)

    def mention_known(self, known: Iterable[str], shown: str, actions: tuple[ActionParagraph, ...]) -> None:
        names = {name.strip() for name in known if name.strip()} | set(self._names.values())
        if not names or not actions:
            return
        # Longest first, so that MARGARET BELL is not found as MARGARET.
        alternatives = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        pattern = re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE)
        taken = {span.start for spans in self._spans.values() for span in spans[1]}
        by_key = {name_key(name): name for name in names}
        for action in actions:
            for match in pattern.finditer(shown, action.span.start, action.span.end):
                # "will" is a verb and Will a man: a name begins with a capital where its script has capitals.
                if match.start() in taken or match.group()[0].islower():
                    continue
                key = name_key(match.group())
                self._names.setdefault(key, by_key.get(key, match.group()))
                self._spans.setdefault(key, ([], [], []))[2].append(Span(match.start(), match.end()))

    def cast(self) -> tuple[Appearance, ...]:
        found = [
            Appearance(name, key, tuple(self._spans[key][0]), tuple(self._spans[key][1]), tuple(self._spans[key][2]))
            for key, name in self._names.items()
        ]
        return tuple(sorted(found, key=lambda person: person.spans[0]))


def _props(shown: str, actions: tuple[ActionParagraph, ...], people: frozenset[str]) -> tuple[Prop, ...]:
    spans: dict[str, list[Span]] = {}
    for action in actions:
        for name, span in props_in(shown[action.span.start : action.span.end], action.span.start, people):
            spans.setdefault(name, []).append(span)
    return tuple(Prop(name, tuple(found)) for name, found in spans.items())
