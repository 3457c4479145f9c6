"""Scene headings: recognising one, and its slots (interior or exterior, place, time of day, number).

Invariant: a slot is either None or carries the exact span it was read from; reading never changes the text.
Times of day are the ones the renderer draws; words of other languages map onto them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from actors.screenplay.names import name_key

Setting = Literal["interior", "exterior", "interior_exterior", "establishing"]
TimeOfDay = Literal["day", "night", "dawn", "dusk", "morning", "evening"]
Relation = Literal["continuous", "same", "moments_later", "later", "next_day"]

heading_chars_max = 400

_PREFIX = re.compile(
    r"(?P<both>INT\.?[ ]?/[ ]?EXT|EXT\.?[ ]?/[ ]?INT|I\.?/E|E\.?/I)(?=[.\s])|(?P<one>INT|EXT|EST)(?=[.\s])",
    re.IGNORECASE,
)
# Words that open a forced heading in scripts whose writers do not use INT./EXT.
_PREFIX_WORDS: dict[str, Setting] = {
    "داخلي": "interior",
    "خارجي": "exterior",
    "内景": "interior",
    "外景": "exterior",
    "実内": "interior",
    "ИНТ": "interior",
    "НАТ": "exterior",
    "ЭКСТ": "exterior",
    "INNEN": "interior",
    "AUSSEN": "exterior",
    "AUẞEN": "exterior",
}
_SETTING: dict[str, Setting] = {"INT": "interior", "EXT": "exterior", "EST": "establishing"}

_TIMES: dict[str, TimeOfDay] = {
    word: time
    for time, words in {
        "day": "DAY DAYTIME AFTERNOON NOON MIDDAY JOUR TAG MITTAG NACHMITTAG DIA DÍA TARDE GIORNO ДЕНЬ نهار يوم 日 昼 낮 白天",
        "night": "NIGHT MIDNIGHT NIGHTTIME NUIT NACHT MITTERNACHT NOCHE NOTTE NOITE НОЧЬ ليل 夜 밤 夜晚",
        "dawn": "DAWN SUNRISE DAYBREAK AUBE MORGENGRAUEN AMANECER ALBA РАССВЕТ فجر 黎明 새벽",
        "dusk": "DUSK SUNSET TWILIGHT GLOAMING CRÉPUSCULE DÄMMERUNG ANOCHECER TRAMONTO ЗАКАТ غروب 黄昏",
        "morning": "MORNING MATIN MORGEN MAÑANA MATTINA ΠΡΩΙ УТРО صباح 朝 早晨 아침",
        "evening": "EVENING SOIR ABEND SERA ВЕЧЕР مساء 夕 夕方 傍晚 저녁",
    }.items()
    for word in words.split()
}  # type: ignore[assignment]
_RELATIONS: tuple[tuple[str, Relation], ...] = (
    ("MOMENTS LATER", "moments_later"),
    ("MINUTES LATER", "moments_later"),
    ("SECONDS LATER", "moments_later"),
    ("NEXT DAY", "next_day"),
    ("NEXT MORNING", "next_day"),
    ("DAYS LATER", "next_day"),
    ("WEEKS LATER", "next_day"),
    ("MONTHS LATER", "next_day"),
    ("YEARS LATER", "next_day"),
    ("CONTINUOUS", "continuous"),
    ("CONT'D", "continuous"),
    ("SAME TIME", "same"),
    ("SAME", "same"),
    ("LATER", "later"),
)
# Scenes outside the running clock of the story.
ASIDE = frozenset("FLASHBACK FLASHFORWARD DREAM NIGHTMARE MEMORY MONTAGE INTERCUT FANTASY VISION IMAGINED".split())
_SEPARATOR = re.compile(r"\s+[-–—]{1,2}\s+|\s*[–—]\s*")
_WORD = re.compile(r"[^\W\d_]+")


class Span(NamedTuple):
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Heading:
    """One heading. Spans are code points of the text that was read; ``text`` has neither force dot nor number."""

    text: str
    span: Span
    setting: Setting | None
    place: str | None
    place_span: Span | None
    time_of_day: TimeOfDay | None
    time_span: Span | None
    relation: Relation | None
    extra: tuple[str, ...]
    scene_number: str | None
    forced: bool

    @property
    def aside(self) -> bool:
        """A flashback, dream, montage …: its clock is not the story's."""
        return any(word in ASIDE for word in _WORD.findall(self.text.upper()))


def is_heading(seen: str, after_blank: bool, before_blank: bool) -> bool:
    """Whether a line opens a scene: it stands after an empty line and begins INT, EXT, EST, I/E, or is forced by one dot.

    A prefix not in capitals also needs an empty line after it, or a sentence such as "Est pour nous" would be a scene.
    """
    if not after_blank:
        return False
    body = seen.lstrip()
    if body[:1] == ".":
        return len(body) > 1 and body[1] != "." and (body[1].isalnum() or body[1].isspace() and bool(body[1:].strip()))
    prefix = _PREFIX.match(body)
    return prefix is not None and (prefix.group().isupper() or before_blank)


def read_heading(seen: str, offset: int) -> Heading:
    """The slots of a heading line that begins at ``offset``; whatever is missing is None."""
    line = seen[:heading_chars_max].rstrip()
    low = len(line) - len(line.lstrip())
    forced = line[low : low + 1] == "."
    low += forced
    line, number = _cut_number(line)
    body_start = low + (len(line[low:]) - len(line[low:].lstrip()))
    setting, at = _read_setting(line, body_start)
    parts = _parts(line, at)
    clock = _clock_part(parts, line)
    place_parts = parts if clock is None else parts[:clock]
    place = place_span = None
    if place_parts:
        low_at, high_at = place_parts[0].start, place_parts[-1].end
        place = " ".join(line[low_at:high_at].split())
        place_span = Span(offset + low_at, offset + high_at)
    time, time_span, relation = _read_clock(line, parts if clock is None else parts[clock:], offset)
    extra = () if clock is None else tuple(line[p.start : p.end] for p in parts[clock + 1 :])
    end = len(seen.rstrip())
    return Heading(
        " ".join(line[body_start:].split()),
        Span(offset + min(low - forced, end), offset + end),
        setting,
        place or None,
        place_span if place else None,
        time,
        time_span,
        relation,
        extra,
        number,
        forced,
    )


def _cut_number(line: str) -> tuple[str, str | None]:
    if not line.endswith("#"):
        return line, None
    opening = line.rfind("#", 0, len(line) - 1)
    number = line[opening + 1 : -1].strip() if opening >= 0 else ""
    if not number or opening == 0:
        return line, None
    return line[:opening].rstrip(), number


def _read_setting(line: str, at: int) -> tuple[Setting | None, int]:
    prefix = _PREFIX.match(line, at)
    if prefix is not None:
        word = prefix.group("one")
        setting: Setting = _SETTING[word.upper()] if word else "interior_exterior"
        end = prefix.end()
    else:
        first = _WORD.match(line, at)
        known = _PREFIX_WORDS.get(first.group().upper()) if first else None
        if first is None or known is None:
            return None, at
        setting, end = known, first.end()
    while end < len(line) and (line[end] in ".-–—:،" or line[end].isspace()):
        end += 1
    return setting, end


def _parts(line: str, at: int) -> list[Span]:
    parts: list[Span] = []
    for low, high in _between(line, at):
        while low < high and line[low].isspace():
            low += 1
        while high > low and line[high - 1].isspace():
            high -= 1
        bracket = line.find("(", low, high)
        if bracket > low and line[high - 1] == ")":
            parts.append(Span(low, low + len(line[low:bracket].rstrip())))
            low = bracket
        if high > low:
            parts.append(Span(low, high))
    return parts


def _between(line: str, at: int) -> list[tuple[int, int]]:
    cuts: list[tuple[int, int]] = []
    for separator in _SEPARATOR.finditer(line, at):
        cuts.append((at, separator.start()))
        at = separator.end()
    return [*cuts, (at, len(line))]


def _clock_part(parts: list[Span], line: str) -> int | None:
    """Index of the first part, after the place, that tells the time or is a bracketed remark."""
    for index, part in enumerate(parts):
        text = line[part.start : part.end]
        if index > 0 and (text.startswith("(") or _tells_time(text)):
            return index
    return None


def _tells_time(text: str) -> bool:
    upper = text.upper()
    if any(phrase in upper for phrase, _ in _RELATIONS):
        return True
    words = _WORD.findall(upper)
    return len(words) <= 4 and any(word in _TIMES or word in ASIDE for word in words)


def _read_clock(line: str, parts: list[Span], offset: int) -> tuple[TimeOfDay | None, Span | None, Relation | None]:
    time: TimeOfDay | None = None
    span: Span | None = None
    relation: Relation | None = None
    for index, part in enumerate(parts):
        text = line[part.start : part.end].upper()
        if not (_tells_time(text) and (index > 0 or len(parts) == 1 or parts[0].start > 0)):
            continue
        if relation is None:
            relation = next((kind for phrase, kind in _RELATIONS if phrase in text), None)
        for word in _WORD.finditer(text):
            found = _TIMES.get(word.group())
            if found is not None and time is None and not _is_phrase_word(text, word.group()):
                time, span = found, Span(offset + part.start + word.start(), offset + part.start + word.end())
    return time, span, relation


def _is_phrase_word(text: str, word: str) -> bool:
    """``NEXT DAY`` says which day, not that it is light outside."""
    return word == "DAY" and ("NEXT DAY" in text or "SAME DAY" in text)


def place_key(place: str) -> str:
    return name_key(place)
