"""Step 1: what a scene's words tell, settled as facts: who was there, holding what, telling whom, where, when, in what
weather; each with the span it was read from and a confidence.

The invariant: a pure function of the script as it was at the exit and the project's names. It begins with the facts of
continuity (`actors.continuity.facts`) and adds what only matters once a scene is over: hands, absent people, weather.
Guesses say so by their confidence; nothing here is ever certain about hands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from actors.continuity.facts import facts_of
from actors.continuity.rules import Known, Names
from actors.screenplay.breakdown import Breakdown, SpokenLine, breakdown
from actors.screenplay.heading import Span
from actors.screenplay.names import name_key, people_of
from actors.screenplay.vocabulary import words
from actors.workflow.rows import RowKind, Rows
from actors.workflow.weather import weather_in

FACTS_MAX = 400
"""Facts kept of one scene; the first by position, the rest is counted. A feature's longest scene tells about 150."""

QUOTE_CHARS_MAX = 200
"""Of a fact's quotation. The span says where the rest is."""

SCRIPT_CHARS_READ_MAX = 30_000
"""A longer scene is judged by its beginning, as continuity does: 30 pages, about 40 ms beside the loop."""

_TAKES = words(
    "takes take grabs grab holds hold carries carry pockets pocket clutches steals lifts keeps grips hides picks pick"
)
_GIVES = words("gives give hands hand passes tosses throws slides")
_LEAVES = words("drops drop leaves lays puts sets abandons discards forgets loses")
_HANDS = _TAKES | _GIVES | _LEAVES
_SENTENCE = re.compile(r"[^.!?\n]+")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_OFF = re.compile(r"^(?:V\.?\s?O|O\.?\s?S|O\.?\s?C)\b", re.IGNORECASE)


def run(rows: Rows) -> float:
    left, project = rows.own(RowKind.EXIT), rows.own(RowKind.PROJECT)
    script: str = left["script"][:SCRIPT_CHARS_READ_MAX]
    cast = [Known(each["name"], tuple(each["aliases"])) for each in project["cast"]]
    names = Names(cast)
    scene = breakdown(script, (spelling for each in cast for spelling in (each.name, *each.aliases)))
    reader = _Reader(rows.scene, script, scene, names, [each.name for each in cast])
    facts = reader.read()
    kept = facts[:FACTS_MAX]
    rows.write(
        RowKind.FACTS,
        {
            "facts": kept,
            "names": reader.shown,
            "heading": left["heading"],
            "omitted": len(facts) - len(kept),
        },
    )
    return round(sum(f["confidence"] for f in kept) / len(kept), 3) if kept else 1.0


class _Reader:
    """Reads one scene; `shown` is how each person is written, by key."""

    def __init__(self, scene: str, script: str, found: Breakdown, names: Names, cast: list[str]) -> None:
        self.shown: dict[str, str] = {}
        self._scene, self._script, self._found, self._names, self._cast = scene, script, found, names, cast
        self._facts: list[dict[str, Any]] = []

    def read(self) -> list[dict[str, Any]]:
        heard = {name_key(p) for line in self._found.lines if _off(line) for p in people_of(line.speaker)}
        seen = {name_key(p) for line in self._found.lines if not _off(line) for p in people_of(line.speaker)}
        shown = {person.key for person in self._found.cast if person.mentions}
        away = heard - seen - shown  # a voice on the radio is not in the room
        told: set[tuple[str, str]] = set()
        for fact in facts_of(self._scene, self._script, self._found):
            about = fact.attribute in ("present", "speaks")
            if about and fact.entity in away and fact.attribute == "present":
                continue
            who = self._who(fact.entity) if about else fact.entity
            if about and (who, fact.attribute) in told:
                continue  # two names of one person
            told.add((who, fact.attribute))
            span = Span(fact.evidence.start, fact.evidence.end)
            self._add(who, fact.attribute, "" if about else fact.value, span, fact.confidence)
        self._hands()
        self._talk()
        self._weather()
        self._facts.sort(key=lambda fact: (fact["at"][0], fact["attribute"], fact["entity"]))
        return self._facts

    def _who(self, name: str) -> str:
        """One key for all names of one person: the cast's, where it knows them."""
        key = name_key(name)
        known = self._names.find_person(key)
        if known is None:
            self.shown.setdefault(key, next((p.name for p in self._found.cast if p.key == key), name))
            return key
        self.shown.setdefault(name_key(known), known)
        return name_key(known)

    def _add(self, entity: str, attribute: str, value: str, span: Span, confidence: float) -> None:
        quote = self._script[span.start : span.end][:QUOTE_CHARS_MAX]
        fact = {"entity": entity, "attribute": attribute, "value": value, "confidence": confidence, "layer": "told"}
        self._facts.append({**fact, "at": [span.start, span.end], "text": quote})

    def _present(self) -> dict[str, None]:
        return {f["entity"]: None for f in self._facts if f["attribute"] == "present"}

    # hands
    def _hands(self) -> None:
        """Who ends up with what: sentence by sentence, somebody named (or the one before) and a verb of holding."""
        for action in self._found.actions:
            last = ""
            for match in _SENTENCE.finditer(self._script, action.span.start, action.span.end):
                span = Span(match.start(), match.end())
                people = list(self._named(span))
                subject = people[0] if people else last
                last = subject or last
                if subject:
                    self._hand(span, subject, people)

    def _hand(self, span: Span, subject: str, people: list[str]) -> None:
        """The thing right after the verb: who grabs a lantern from a hook has no hook."""
        text = self._script[span.start : span.end]
        verb = next((word for word in _WORD.finditer(text) if word.group().casefold() in _HANDS), None)
        if verb is None:
            return
        word, after = verb.group().casefold(), span.start + verb.end()
        spans = ((s.start, prop.name) for prop in self._found.props for s in prop.spans)
        thing = next((name for at, name in sorted(spans) if after <= at < span.end), None)
        if thing is None:
            return
        if word in _GIVES and len(people) > 1:
            self._add(people[1], "holds", thing, span, 0.6)
        elif word in _LEAVES:
            self._add(subject, "leaves", thing, span, 0.5)
        elif word in _TAKES:
            self._add(subject, "holds", thing, span, 0.6)

    def _named(self, span: Span) -> Iterator[str]:
        found = sorted(
            (s.start, person.key)
            for person in self._found.cast
            for s in person.spans
            if span.start <= s.start < span.end
        )
        yield from dict.fromkeys(self._who(key) for _, key in found)

    # talk
    def _talk(self) -> None:
        """Who speaks to whom, and who is spoken of without being there."""
        here = self._present()
        before = ""
        for line in self._found.lines:
            people = people_of(line.speaker)
            speaker = self._who(people[0]) if people else ""
            if not speaker:
                continue
            named = list(self._spoken_of(line))
            for who in named:
                if who in here and who != speaker:
                    self._add(speaker, "addresses", who, line.span, 0.9)
                elif who != speaker:
                    self._add(who, "spoken_of", speaker, line.span, 0.8)
            if before and before != speaker and before not in named and not _off(line):
                self._add(speaker, "addresses", before, line.span, 0.6)
            before = speaker

    def _spoken_of(self, line: SpokenLine) -> Iterable[str]:
        """Members of the cast whose name is said. A name begins with a capital where its script has capitals."""
        said = [word for word in _WORD.findall(line.text) if not word[0].islower()]
        keys = {name_key(word) for word in said}
        text = name_key(line.text)
        for name in self._cast:
            key = name_key(name)
            parts = [part for part in key.split() if len(part) > 2]
            if any(part in keys and self._names.find(part) == name for part in parts) or (" " in key and key in text):
                yield self._who(name)

    def _weather(self) -> None:
        if found := weather_in(self._script, self._found.actions):
            self._add(self._scene, "weather", found[0], found[1], 0.8)


def _off(line: SpokenLine) -> bool:
    return any(_OFF.match(extension) for extension in line.extensions)
