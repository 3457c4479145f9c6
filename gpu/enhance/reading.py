"""Reading a scene's moments: who does what to which thing, sentence by sentence, and where the scene turns.

Invariant: nothing is invented; a `Reading` only names cast and props of the request, with words of its own text.
Reads `EnhanceRequest`, feeds `coverage`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gpu.enhance.protocol import CastSlot, EnhanceRequest, Moment
from gpu.enhance.words import HE_SHE, HOLDING, POSTURES, SENTENCE, STRONG, VERBS, WEATHER, WORD, spoken_words
from gpu.video.protocol import Weather

words_per_second = 2.5  # 150 words a minute, an unhurried film reading
line_pause_s = 0.45
line_chars_max = 220
action_words_per_second = 3.2
clause_chars_max = 60
readings_max = 1200

_CLAUSE_END = re.compile(r"[,.;:!?()—–\n]|\s(?:and|but|while|as|until|then|who|which)\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """One sentence of action, or one breath of speech. `natural_s` is what it takes to see or say it."""

    kind: str
    text: str
    moment: int
    natural_s: float
    subjects: tuple[int, ...] = ()
    doing: tuple[str, ...] = ()
    props: tuple[str, ...] = ()
    weight: float = 0.0
    parenthetical: str = ""
    off_screen: bool = False
    speaker: str = ""


def weather_of(request: EnhanceRequest) -> Weather:
    """The weather asked for, else what the action tells, else clear."""
    if request.weather is not None:
        return request.weather
    told = "\n".join(moment.text for moment in request.moments if moment.kind == "action")
    return next((kind for kind, pattern in WEATHER if pattern.search(told)), "clear")


def read_scene(request: EnhanceRequest) -> tuple[tuple[Reading, ...], int]:
    """The scene's readings in order, and how many moments at the end were beyond `readings_max`."""
    reader = _Reader(request)
    readings: list[Reading] = []
    for index, moment in enumerate(request.moments):
        if len(readings) >= readings_max:
            return tuple(readings[:readings_max]), len(request.moments) - index
        readings.extend(reader.line(index, moment) if moment.kind == "line" else reader.action(index, moment))
    return tuple(readings[:readings_max]), 0


def turn_of(readings: tuple[Reading, ...]) -> int | None:
    """Where the scene turns: its weightiest speech in the latter part, later ones winning ties."""
    spoken = [i for i, reading in enumerate(readings) if reading.kind == "line"]
    late = spoken[len(spoken) * 2 // 5 :]
    return max(late, key=lambda i: (readings[i].weight, i), default=None)


class _Reader:
    """Keeps what a pronoun needs: whom the last sentence was about."""

    def __init__(self, request: EnhanceRequest) -> None:
        self._cast = request.cast
        self._props = request.props
        self._last: tuple[int, ...] = ()
        self._named = _pattern(request.cast)
        self._index = {name: i for i, slot in reversed(list(enumerate(request.cast))) for name in _names(slot)}

    def line(self, index: int, moment: Moment) -> Iterator[Reading]:
        who = self._index.get(moment.speaker.casefold())
        subjects = () if who is None else (who,)
        parts = list(_breaths(moment.text))
        for place, part in enumerate(parts):
            took = spoken_words(part) / words_per_second + line_pause_s
            marks = len(STRONG.findall(part))
            yield Reading(
                "line",
                part,
                index,
                max(1.0, took),
                subjects,
                (_manner(part, moment.parenthetical),) if subjects else (),
                weight=marks + bool(moment.parenthetical) + min(1.0, 6 / max(1.0, spoken_words(part))),
                parenthetical=moment.parenthetical if place == 0 else "",
                off_screen=moment.off_screen,
                speaker=moment.speaker,
            )
        self._last = subjects or self._last

    def action(self, index: int, moment: Moment) -> Iterator[Reading]:
        for sentence in _sentences(moment.text):
            found = [(m.start(), m.end(), self._index[m.group().casefold()]) for m in self._named.finditer(sentence)]
            subjects = tuple(dict.fromkeys(who for _, _, who in found))
            if not subjects and HE_SHE.match(sentence):
                subjects = self._last[:1]
                doing: tuple[str, ...] = (_clause(sentence, 0),) if subjects else ()
            else:
                ends = {who: end for _, end, who in reversed(found)}
                doing = tuple(_clause(sentence, ends[who]) for who in subjects)
                if len(subjects) == 1 and not doing[0]:  # "Down the ramp walks ELIAS": the verb stands before the name
                    doing = (_clause(sentence, 0),)
            self._last = subjects or self._last
            took = len(WORD.findall(sentence)) / action_words_per_second
            yield Reading("action", sentence, index, max(1.2, took), subjects, doing, self._things(sentence))

    def _things(self, sentence: str) -> tuple[str, ...]:
        folded = sentence.casefold()
        return tuple(prop for prop in self._props if prop and prop.casefold() in folded)


def held_prop(doing: str) -> str:
    """What a clause such as "holds a brass lantern" holds; empty if nothing."""
    verb, _, rest = doing.partition(" ")
    return rest if verb.casefold() in HOLDING else ""


def posture(doing: str) -> str:
    """The posture a clause leaves somebody in; empty if it says none."""
    return next((POSTURES[word] for word in doing.casefold().split() if word in POSTURES), "")


def _names(slot: CastSlot) -> Iterator[str]:
    yield slot.name.casefold()
    yield slot.entity_id.casefold()
    first, *more = slot.name.casefold().split()[:1] + slot.name.casefold().split()[1:]
    if more and len(first) > 2 and first not in {"the", "mrs.", "mr.", "captain", "doctor", "old", "young"}:
        yield first


def _pattern(cast: tuple[CastSlot, ...]) -> re.Pattern[str]:
    names = sorted({name for slot in cast for name in _names(slot)}, key=lambda name: (-len(name), name))
    if not names:
        return re.compile(r"(?!)")
    return re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(name) for name in names)})(?!\w)", re.IGNORECASE)


def _clause(sentence: str, start: int) -> str:
    """The verb after `start` with what belongs to it, up to the next comma or conjunction."""
    for word in WORD.finditer(sentence, start):
        if word.group().casefold() not in VERBS:
            continue
        rest = sentence[word.start() : word.start() + clause_chars_max * 2]
        end = _CLAUSE_END.search(rest)
        clause = rest[: end.start()] if end else rest
        return " ".join(clause.split())[:clause_chars_max].rstrip().lower()
    return ""


def _manner(text: str, parenthetical: str) -> str:
    how = (
        "shouts"
        if "!" in text or "！" in text
        else "asks"
        if text.rstrip("\"'”’").endswith(("?", "؟", "？"))
        else "talks"
    )
    said = " ".join(parenthetical.split())[:clause_chars_max]
    return f"{how}, {said}" if said else how


def _sentences(text: str) -> Iterator[str]:
    for match in SENTENCE.finditer(text):
        sentence = " ".join(match.group().split())
        if WORD.search(sentence):
            yield sentence[:600]


def _breaths(text: str) -> Iterator[str]:
    """Speech in parts short enough for one caption, broken at sentences, then at spaces."""
    part = ""
    for match in SENTENCE.finditer(text):
        sentence = " ".join(match.group().split())
        while sentence:
            room = line_chars_max - len(part) - 1
            if len(sentence) <= room:
                part, sentence = f"{part} {sentence}".strip(), ""
            elif part:
                yield part
                part = ""
            else:
                cut = sentence.rfind(" ", 1, line_chars_max)
                cut = cut if cut > 0 else line_chars_max
                yield sentence[:cut]
                sentence = sentence[cut:].lstrip()
    if part:
        yield part
