"""The identity of each person of a story: looks, voice, age and expression, as its words tell them scene by scene.

Owns nothing; a pure fold over what was read of the scenes in story order. Invariants: everything known quotes its
words; an age is counted on only over years that the story counts; a dream tells nothing of who somebody is. What
people set by hand (a portrait, a voice) is laid over it where it is shown. Feeds `storyIdentity` and prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from actors.continuity.facts import Beat, Evidence, Fact, quote
from actors.continuity.reads import SceneRead
from actors.continuity.rules.view import Names
from actors.screenplay.breakdown import Appearance
from actors.screenplay.dates import DateTold, dates_in
from actors.screenplay.expressions import expressions_in
from actors.screenplay.heading import Span
from actors.screenplay.slots import described
from actors.screenplay.voices import voices_in

T = TypeVar("T")

LOOKS_MAX, VOICE_MAX, EXPRESSIONS_MAX = 8, 8, 8
"""Of one person; expressions of one person in one scene. Over: the first."""

DESCRIBED_WITHIN_CHARS = 160


@dataclass(frozen=True, slots=True)
class Age:
    """``low`` = ``high`` but for a decade; ``counted``: years added since the words were said."""

    low: int
    high: int
    evidence: Evidence
    counted: int = 0


@dataclass(frozen=True, slots=True)
class PersonScene:
    """``voice``: how lines of this scene are said."""

    scene: str
    number: str
    age: Age | None
    expressions: tuple[Fact, ...]
    voice: tuple[Fact, ...]


@dataclass(slots=True)
class Person:
    """``looks``: facts `looks`; ``voice``: facts `accent`, `timbre`, `pace` that last."""

    key: str
    name: str
    looks: dict[str, Fact] = field(default_factory=dict)
    voice: dict[tuple[str, str], Fact] = field(default_factory=dict)
    scenes: list[PersonScene] = field(default_factory=list)


def people_of_story(reads: Iterable[SceneRead], names: Names) -> tuple[Person, ...]:
    """By first entrance. For a thread: about 1 ms a page."""
    people: dict[str, Person] = {}
    ages = Ages()
    for read in reads:
        here: dict[str, list[Appearance]] = {}
        for appearance in read.found.cast:
            here.setdefault(names.person_key(appearance.name), []).append(appearance)
        told = tuple(dates_in(read.script, read.found, names.person_key)) if read.day is not None else ()
        ages.enter(read.scene, read.script, told)
        faces = _by_person(_expressions(read, names))
        voices = _by_person(_voices(read, names))
        for key, appearances in here.items():
            shown = names.find_person(appearances[0].key) or appearances[0].name
            person = people.setdefault(key, Person(key, shown))
            if read.day is not None:
                _look(person, read, appearances)
                _sound(person, voices.get(key, ()))
            of_line = tuple(fact for lasting, fact in voices.get(key, ()) if not lasting)[:VOICE_MAX]
            seen = tuple(faces.get(key, ()))[:EXPRESSIONS_MAX]
            age = ages.of(key) if read.day is not None else None
            person.scenes.append(PersonScene(read.scene, read.number, age, seen, of_line))
    return tuple(people.values())


def _look(person: Person, read: SceneRead, appearances: Iterable[Appearance]) -> None:
    for appearance in appearances:
        for span in appearance.introductions:
            after = read.script[span.end : span.end + DESCRIBED_WITHIN_CHARS]
            for words in described(after):
                at = span.end + after.find(words)
                evidence = quote(read.scene, read.script, Span(at, at + len(words)))
                if len(person.looks) < LOOKS_MAX:
                    begins = Beat(read.scene, at)
                    person.looks.setdefault(
                        words.casefold(), Fact(person.key, "looks", words, evidence, 0.9, valid_from=begins)
                    )


def _sound(person: Person, told: Iterable[tuple[bool, Fact]]) -> None:
    for lasting, fact in told:
        if lasting and len(person.voice) < VOICE_MAX:
            person.voice.setdefault((fact.attribute, fact.value.casefold()), fact)


def _voices(read: SceneRead, names: Names) -> Iterator[tuple[str, tuple[bool, Fact]]]:
    for told in voices_in(read.script, read.found, names.person_key):
        evidence = quote(read.scene, read.script, told.span)
        begins = Beat(read.scene, told.span.start)
        yield told.who, (told.lasting, Fact(told.who, told.kind, told.value, evidence, 0.9, valid_from=begins))


def _expressions(read: SceneRead, names: Names) -> Iterator[tuple[str, Fact]]:
    for told in expressions_in(read.script, read.found, names.person_key):
        evidence = quote(read.scene, read.script, told.span)
        begins, ends = Beat(read.scene, told.span.start), Beat(read.scene, len(read.script))
        yield told.who, Fact(told.who, "expression", told.value, evidence, 0.8, valid_from=begins, valid_to=ends)


def _by_person(found: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    people: dict[str, list[T]] = {}
    for who, each in found:
        people.setdefault(who, []).append(each)
    return people


class Ages:
    """How old everybody is, as far as it is told and the years since are counted."""

    def __init__(self) -> None:
        self._passed = 0  # years, since the last time that nobody counted
        self._stated: tuple[int, int] | None = None  # the last year told, and how many had passed
        self._known: dict[str, tuple[Age, int]] = {}
        self._born: dict[str, tuple[int, Evidence]] = {}

    def enter(self, scene: str, script: str, told: Iterable[DateTold], key: Callable[[str], str] = str) -> None:
        """``key`` tells whose a name is, where what was told does not."""
        for each in told:
            match each.kind:
                case "leap":
                    self._leap(each.low)
                case "year":
                    self._year(each.low)
                case "age" if each.low > 0:
                    age = Age(each.low, each.high, quote(scene, script, each.span))
                    self._known[key(each.who)] = (age, self._passed)
                case "born":
                    self._born[key(each.who)] = (each.low, quote(scene, script, each.span))

    def _leap(self, years: int) -> None:
        if years < 0:
            self._known.clear()
            self._stated = None
        self._passed += max(0, years)

    def _year(self, year: int) -> None:
        if self._stated is not None and year >= self._stated[0]:
            self._passed = max(self._passed, self._stated[1] + year - self._stated[0])
        else:
            self._known.clear()
        self._stated = (year, self._passed)

    def of(self, who: str) -> Age | None:
        known = self._known.get(who)
        if known is not None:
            age, then = known
            since = self._passed - then
            return age if not since else Age(age.low + since, age.high + since, age.evidence, since)
        born = self._born.get(who)
        if born is None or self._stated is None:
            return None
        years = self._stated[0] + self._passed - self._stated[1] - born[0]
        return Age(years - 1, years, born[1], years) if years > 0 else None
