"""Scene headings: recognising one, and its slots (interior or exterior, place, time of day, number).

Invariant: a slot is either None or carries the exact span it was read from; reading never changes the text.
Times of day are the ones the renderer draws; words of other languages map onto them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from actors.screenplay.vocabulary import words

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

_TIMES: dict[str, TimeOfDay] = {}
_TIME_TABLES: dict[TimeOfDay, str] = {
    "day": "DAY DAYTIME AFTERNOON NOON MIDDAY JOUR TAG MITTAG NACHMITTAG DIA DÍA TARDE GIORNO ДЕНЬ نهار 日 昼 낮 白天",
    "night": "NIGHT MIDNIGHT NIGHTTIME NUIT NACHT MITTERNACHT NOCHE NOTTE NOITE НОЧЬ ليل 夜 밤 夜晚",
    "dawn": "DAWN SUNRISE DAYBREAK AUBE MORGENGRAUEN AMANECER ALBA РАССВЕТ فجر 黎明 새벽",
    "dusk": "DUSK SUNSET TWILIGHT GLOAMING CRÉPUSCULE DÄMMERUNG ANOCHECER TRAMONTO ЗАКАТ غروب 黄昏",
    "morning": "MORNING MATIN MORGEN MAÑANA MATTINA ΠΡΩΙ УТРО صباح 朝 早晨 아침",
    "evening": "EVENING SOIR ABEND SERA ВЕЧЕР مساء 夕 夕方 傍晚 저녁",
}
for _time, _table in _TIME_TABLES.items():
    _TIMES.update(dict.fromkeys(words(_table), _time))
_RELATIONS: tuple[tuple[re.Pattern[str], Relation], ...] = (
    (re.compile(r"\b(?:MOMENTS?|MINUTES?|SECONDS?) LATER\b", re.IGNORECASE), "moments_later"),
    (re.compile(r"\bNEXT\b|\b(?:DAYS?|WEEKS?|MONTHS?|YEARS?) LATER\b", re.IGNORECASE), "next_day"),
    (re.compile(r"\bCONTINUOUS\b|\bCONT['’]D\b|\bCONTINUED\b", re.IGNORECASE), "continuous"),
    (re.compile(r"\bSAME\b", re.IGNORECASE), "same"),
    (re.compile(r"\bLATER\b", re.IGNORECASE), "later"),
)
time_words_max = 4
_TIME_MODIFIERS = words(
    "EARLY LATE MID PRE THE NEXT SAME TIME THAT A FEW MOMENTS MOMENT MINUTES SECONDS HOURS HOUR DAYS WEEKS MONTHS YEARS"
    " AM PM LATER CONTINUOUS CONTINUED CONT D MAGIC GOLDEN BEFORE AFTER FOLLOWING STORMY RAINY BRIGHT CLOUDY"
)
# Scenes outside the running clock of the story.
ASIDE = words("FLASHBACK FLASHFORWARD DREAM NIGHTMARE MEMORY MONTAGE INTERCUT FANTASY VISION IMAGINED")
_SEPARATOR = re.compile(r"\s+[-–—]{1,2}\s+|\s*[–—]\s*")
# After the dot: an ellipsis, or punctuation, is a sentence and no heading.
_NOT_FORCED = frozenset("./\\,;:!?)]}*_~<>=#@^|`")
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
    """Whether a line opens a scene: after an empty line, beginning INT, EXT, EST or I/E, or forced by one dot.

    A prefix not in capitals also needs an empty line after it, or a sentence such as "Est pour nous" would be a scene.
    """
    if not after_blank:
        return False
    body = seen.lstrip()
    if body[:1] == ".":
        return len(body) > 1 and not body[1].isspace() and body[1] not in _NOT_FORCED
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
    time, time_span, relation = _read_clock(line, [] if clock is None else parts[clock:], offset)
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
    for begin, end in _between(line, at):
        text = line[begin:end]
        low, high = begin + len(text) - len(text.lstrip()), begin + len(text.rstrip())
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
    last = max(line.rfind(", ", at), line.rfind(". ", at))  # INT. HOUSE. DAY and EXT. PIER, NIGHT
    if last > at and _only_time(line[last + 2 :]):
        cuts.append((at, last))
        at = last + 2
    return [*cuts, (at, len(line))]


def _clock_part(parts: list[Span], line: str) -> int | None:
    """Index of the first part, after the place, that tells the time or is a bracketed remark."""
    later = range(1, len(parts))
    texts = [line[part.start : part.end] for part in parts]
    strict = next((i for i in later if texts[i].startswith("(") or _only_time(texts[i])), None)
    return strict if strict is not None else next((i for i in later if _mentions_time(texts[i])), None)


def _relation(text: str) -> Relation | None:
    return next((kind for phrase, kind in _RELATIONS if phrase.search(text)), None)


def _only_time(text: str) -> bool:
    said = _WORD.findall(text.upper())
    if not said or len(said) > time_words_max:
        return False
    return all(w in _TIMES or w in _TIME_MODIFIERS for w in said) or said[0] in ASIDE


def _mentions_time(text: str) -> bool:
    said = _WORD.findall(text.upper())
    return len(said) <= time_words_max and (any(w in _TIMES for w in said) or _relation(text) is not None)


def _read_clock(line: str, parts: list[Span], offset: int) -> tuple[TimeOfDay | None, Span | None, Relation | None]:
    time: TimeOfDay | None = None
    span: Span | None = None
    relation: Relation | None = None
    for part in parts:
        text = line[part.start : part.end]
        relation = relation or _relation(text)
        clock = _CLOCK.search(text) if time is None else None
        if clock is not None:
            time, span = _hour_of(clock), Span(offset + part.start + clock.start(), offset + part.start + clock.end())
        for word in _WORD.finditer(text):
            found = _TIMES.get(word.group().upper())
            if found is None or time is not None or _names_a_day(text, word.group()):
                continue
            time, span = found, Span(offset + part.start + word.start(), offset + part.start + word.end())
    return time, span, relation


_CLOCK = re.compile(r"\b(?P<hour>1[0-2]|0?[1-9])(?:[:.][0-5]\d)?\s?(?P<half>[AP])M\b", re.IGNORECASE)


def _hour_of(clock: re.Match[str]) -> TimeOfDay:
    """9 PM is night, 2 PM day, 7:30 AM morning."""
    hour = int(clock["hour"]) % 12 + (12 if clock["half"].upper() == "P" else 0)
    return "night" if hour >= 21 or hour < 5 else "morning" if hour < 12 else "day" if hour < 18 else "evening"


def _names_a_day(text: str, word: str) -> bool:
    """``NEXT DAY`` says which day, not that it is light outside."""
    upper = text.upper()
    return word.upper() == "DAY" and ("NEXT DAY" in upper or "SAME DAY" in upper)
