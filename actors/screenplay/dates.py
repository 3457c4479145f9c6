"""Ages, years, dates and spans of years that a scene states in figures or in plain number words.

Invariant: what is said of another time ("back in 1990", "when I was ten") or of another self (YOUNG MARA, "now 40") is
no age of today and is left out. Pure; feeds the rules `age_mismatch` and `date_mismatch`.
"""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Span
from actors.screenplay.names import NO_NAMES, name_key
from actors.screenplay.numbers import NUMBER, number
from actors.screenplay.said_words import said_words
from actors.screenplay.statements import Statement, action_statements, line_statements
from actors.screenplay.vocabulary import words

AGE_MAX = 110
TITLE_CHARS_MAX = 120

Kind = Literal[
    "age",  # who is low..high years old
    "born",  # who was born in the year `low`
    "lived",  # who lived from the year `low` to the year `high`
    "died_at",  # who died at the age `low`
    "year",  # the scene is in the year `low`, of the month `high` (0: unsaid): a title or the heading says so
    "now",  # somebody says that it is the year `low`
    "leap",  # `low` years have passed; -1: a time that nobody counts, or back in time
    "weekday",  # a full date, and a weekday that it was not; `low`, `high`: where in the script the date stands
    "married",  # who married in the year `low`
    "anniversary",  # of a marriage, the `low`-th
    "today",  # somebody says that it is the weekday `low`
    "happened",  # what `said` names was in the year `low`
    "appointed",  # what `said` names is to be on the day `high` of the month `low` (0: on the weekday `high`)
]


@dataclass(frozen=True, slots=True)
class DateTold:
    kind: Kind
    span: Span
    who: str = ""
    low: int = 0
    high: int = 0
    said: str = ""


_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_MONTH = rf"(?:{'|'.join(_MONTHS)})"
_YEAR = r"(?:1[5-9]|20)\d\d"
_DATE = re.compile(
    rf"\b(?P<day>{'|'.join(_DAYS)}),?\s+(?:the\s+)?(?:(?P<m1>{_MONTH})\s+(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m2>{_MONTH})),?\s+(?P<y>{_YEAR})\b",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"(?:SUPER(?:IMPOSED?)?|TITLE|CHYRON|CAPTION|LEGEND|CARD|ON[- ]SCREEN)\b[^:\n]{0,20}:", re.IGNORECASE
)
_TITLE_YEAR = re.compile(rf"(?<![\w$£€.,'’#-]){_YEAR}(?![\w%'’-]|[.,]\d)")
_MONTH_WORD = re.compile(rf"\b{_MONTH}\b", re.IGNORECASE)
_HEADING_YEAR = re.compile(rf"(?:[-–—(]\s*|{_MONTH}\s+(?:\d{{1,2}},?\s+)?)({_YEAR})\s*(?:\)|$|[-–—])", re.IGNORECASE)
_LATER = re.compile(rf"\b(?P<n>{NUMBER})\s+years?\s+later\b", re.IGNORECASE)
_UNCOUNTED = re.compile(
    r"\b(?:years?|decades?|months?|weeks?|days?|some time|time) (?:later|earlier|ago|before|pass(?:es|ed)?"
    r"|go(?:es)? by)\b|\bflash ?-?(?:back|forward)"
    r"|\b(?:earlier|the past|present day|the future|back to|childhood|grown up|all grown)\b|\bnext (?:year|month)\b"
    r"|\bmontage\b|\bnow\b[^.\n]{0,12}\bolder\b|\byears? (?:older|younger)\b|\b(?:older|younger) now\b"
    r"|\bepilogue\b|\bprologue\b",
    re.IGNORECASE,
)
_DECADES = {word: 10 * n for n, word in enumerate(("teens", "twenties", "thirties", "forties", "fifties", "sixties",
                                                   "seventies", "eighties", "nineties"), 1)}  # fmt: skip
_DECADE_AGE = re.compile(
    rf"\s*(?:\(|,)\s*(?:in (?:his|her|their) )?(?P<part>early|mid"
    rf"|late)?[- ]?(?P<decade>{'|'.join(_DECADES)})\s*(?:\)|[,.;])",
    re.IGNORECASE,
)
_BRACKET_AGE = re.compile(r"\s*\(\s*(?:aged?\s+)?(?:(?:early|mid|late)[- ])?(\d{1,3})(['’]?s)?\s*\)", re.IGNORECASE)
_COMMA_AGE = re.compile(
    r",\s*(?:aged?\s+|in (?:his|her) )?(?:(?:early|mid|late)[- ])?(\d{1,3})(['’]?s)?(?:,|\s*[.;)])", re.IGNORECASE
)
_OLD = r"(?:\s+years\s+old\b|\s+years\s+of\s+age\b|(?:\s+(?:today|now|next\s+\w+|in\s+(?:a\s+)?\w+))?\s*[.!]$)"
_IS_AGE = re.compile(
    rf"(?:\s+is|['’]s)\s+(?:only\s+|just\s+|barely\s+)?(?P<a>{NUMBER}){_OLD}"
    rf"|\s+(?:turned|turns)\s+(?P<b>{NUMBER})(?:\s+(?:today|yesterday|last\s+\w+|this\s+\w+|on\s+\w+))?\s*[.,!]",
    re.IGNORECASE,
)
_I_AM_AGE = re.compile(
    rf"(?:\w+[,.!]\s+)?I(?:['’]m| am)\s+(?:only\s+|just\s+|barely\s+|already\s+)?({NUMBER}){_OLD}", re.IGNORECASE
)
_I_TURNED = re.compile(rf"I\s+(?:just\s+)?turned\s+({NUMBER})\b(?!\s+\w*(?:around|back|corner))", re.IGNORECASE)
_AT_AGE = re.compile(rf"At\s+({NUMBER}),\s+(?P<who>[A-Z][\w'’-]+)\b")
_ASKS_AGE = re.compile(r"\b(?:how old are you|your age|^age)\b[^?]*\?\s*$", re.IGNORECASE)
_ANSWER = re.compile(rf"^({NUMBER})(?:\s+(?:next|in|last|today|now)\b[^.!]*)?[.!]", re.IGNORECASE)
AGE_MIN_SAID = 3
"""A bare "I'm two." is a size, a seat, a joke."""
_I_BORN = re.compile(rf"I\s+was\s+born\s+(?:\w+\s+){{0,4}}?in\s+(?:{_MONTH}\s+)?({_YEAR})\b", re.IGNORECASE)
_WHO_BORN = re.compile(rf"\s+was\s+born\s+(?:in\s+\w+\s+)?in\s+({_YEAR})\b", re.IGNORECASE)
_IT_IS = re.compile(rf"(?:\w+,\s+)?It(?:['’]s| is)\s+(?:the year\s+)?({_YEAR})\b(?!\s*\w*['’]?s\b)", re.IGNORECASE)
_LIVED = re.compile(rf"\b({_YEAR})\s*[-–—]\s*({_YEAR})\b")
_GRAVE = re.compile(r"\b(?:grave(?:stone)?|tombstone|headstone|epitaph)\b", re.IGNORECASE)
_DIED_AT = re.compile(rf"\s+died\s+at\s+(?:the\s+)?age\s+(?:of\s+)?({NUMBER})\b", re.IGNORECASE)
_MARRIED = re.compile(rf"We\s+(?:got\s+|were\s+)?married\s+in\s+({_YEAR})\b", re.IGNORECASE)
_ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
_ORDINAL = {word: n for n, word in enumerate(_ORDINALS, 1)} | {
    "fifteenth": 15, "twentieth": 20, "twenty-fifth": 25, "thirtieth": 30, "fortieth": 40, "fiftieth": 50,
}  # fmt: skip
_ANNIVERSARY = re.compile(
    rf"\b(?:(?P<w>{'|'.join(_ORDINAL)})|(?P<n>\d{{1,2}})(?:st|nd|rd|th))\s+(?:wedding\s+)?anniversary\b", re.IGNORECASE
)
# Another self of the same name, or nobody in particular.
_OTHER_SELF = words(
    "young younger old older little teen teenage adult baby child kid boy girl middle-aged elderly future past"
)
_NOBODY = words(
    """
    a an another man woman boy girl guard cop officer nurse doctor waiter waitress driver soldier student clerk guy lady
    kid child bartender teacher agent detective reporter guest host customer secretary assistant priest pilot old young
    teen mother father son daughter uncle aunt grandmother grandfather thug goon worker manager receptionist stranger
    neighbor neighbour father's passenger tourist cashier lawyer judge bailiff sergeant captain lieutenant deputy
    sheriff
    mom dad husband wife brother sister twin bouncer hostess butler maid servant villager farmer sailor hunter thief
    """
)
_ON_A_PICTURE = re.compile(
    r"\b(?:photo\w*|picture|portrait|video|film|footage|screen|tv|television|tape|recording|memory|remember\w*"
    r"|imagines?|dreams?"
    r"|ghost|vision|painting|drawing|looks|no longer|as a|age[sd]?\s+\w+\s+to|disguise\w*|costume|feels|claims?)\b",
    re.IGNORECASE,
)


def dates_in(script: str, scene: Breakdown, key: Callable[[str], str]) -> Iterator[DateTold]:
    """All of a scene, by position."""
    said = said_words(script)
    figures = _FIGURES.search(script) is not None
    found = [*_of_heading(scene)]
    if figures or not said.isdisjoint(_TIME_WORDS):
        found += _of_titles(scene)
    if not figures and not said.isdisjoint(_DECADES):
        found += _ages(script, scene, key)
    if figures:
        found += [*_weekdays(script, said), *_ages(script, scene, key)]
    if figures or not said.isdisjoint(_STATED_WORDS):
        found += [told for each in action_statements(script, scene, key, _STATED) for told in _of_action(each)]
    wanted = _looked_for(
        figures or not said.isdisjoint(_AGE_WORDS),
        not said.isdisjoint(_NUMBERS),
        not said.isdisjoint(_CALENDAR | _ALSO_WORDS if figures else _CALENDAR),
    )
    if wanted is not None:
        found += [told for each in line_statements(script, scene, key, wanted) for told in _of_line(each, key)]
    if not said.isdisjoint(_NUMBERS) or figures:
        found += _answers(scene, key)
    return iter(sorted(found, key=lambda told: (told.span.start, told.kind != "leap", told.kind)))


_FIGURES = re.compile(r"\d")
_STATED = re.compile(rf"\d\d|years old|was born|died at|\bturn(?:s|ed)\b|\bis (?:only )?{NUMBER}\b", re.IGNORECASE)
_STATED_WORDS = words("old born died turned turns")
_SAID = (
    r"years old|born|died at|anniversary|married in|\bit['’]?(?:s| is) (?:the year )?\d{4}|\bin [12]\d{3}\b|\d\d",
    rf"(?:I['’]m|I am|['’]s|\bis|\bturn(?:s|ed)|^at) (?:only |just |barely |already )?{NUMBER}\b",
    rf"\b(?:{'|'.join(_DAYS)})\b|\b(?:{'|'.join(_MONTHS)}) \d|\d\w* (?:of )?(?:{'|'.join(_MONTHS)})\b",
)
"""Of the words below; of numbers in words; of the calendar."""


@functools.cache
def _looked_for(ages: bool, numbers: bool, calendar: bool) -> re.Pattern[str] | None:
    """What a line must have to be read: only of the kinds of words that its scene has."""
    wanted = [pattern for pattern, has in zip(_SAID, (ages, numbers, calendar), strict=True) if has]
    return re.compile("|".join(wanted), re.IGNORECASE | re.MULTILINE) if wanted else None


_AGE_WORDS = words("old born died anniversary married turned turns drowned disappeared vanished killed murdered")
_NUMBERS = words(
    """
    three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
    twenty thirty forty fifty sixty seventy eighty ninety
    """
)
_ALSO_WORDS = words("may march")
_CALENDAR = frozenset((*_DAYS, *_MONTHS)) - _ALSO_WORDS
_TIME_WORDS = words(
    """
    year years decade decades month months week weeks day days time later earlier ago flashback flashforward flash past
    present future back childhood grown next montage now older younger epilogue prologue passes goes go
    """
)


def _of_heading(scene: Breakdown) -> Iterator[DateTold]:
    heading = scene.heading
    if heading is None:
        return
    yield from _times(heading.text, heading.span, heading=True)


def _of_titles(scene: Breakdown) -> Iterator[DateTold]:
    """Titles on the screen, and lines in capitals that stand for one."""
    for action in (*scene.actions, *scene.transitions):
        title = _TITLE.search(action.text)
        text = action.text[:TITLE_CHARS_MAX]
        if title is not None or (text.upper() == text and len(text.split()) <= 6):
            yield from _times(text, action.span, heading=False)
        elif _UNCOUNTED.search(action.text) is not None or _LATER.search(action.text) is not None:
            yield DateTold("leap", action.span, low=-1)


def _times(text: str, span: Span, *, heading: bool) -> Iterator[DateTold]:
    years = (
        [int(m.group(1)) for m in _HEADING_YEAR.finditer(text)]
        if heading
        else [int(m.group()) for m in _TITLE_YEAR.finditer(text)]
    )
    later = _LATER.search(text)
    if later is not None:
        passed = number(later.group("n"))
        yield DateTold("leap", span, low=-1 if passed is None else passed, said=later.group())
    elif _UNCOUNTED.search(text) is not None:
        yield DateTold("leap", span, low=-1)
    if len(years) == 1:
        month = _MONTH_WORD.search(text)
        value = _MONTHS.index(month.group().casefold()) + 1 if month else 0
        yield DateTold("year", span, low=years[0], high=value)
    elif years:
        yield DateTold("leap", span, low=-1)


def _weekdays(script: str, said: frozenset[str]) -> Iterator[DateTold]:
    if said.isdisjoint(_DAYS):
        return
    for match in _DATE.finditer(script):
        month = _MONTHS.index((match.group("m1") or match.group("m2")).casefold()) + 1
        try:
            date = datetime.date(int(match.group("y")), month, int(match.group("d1") or match.group("d2")))
        except ValueError:
            continue
        right = _DAYS[date.weekday()]
        if date.year >= 1753 and right != match.group("day").casefold():
            after = match.start("m1") if match.group("m1") else match.start("d2")
            yield DateTold("weekday", Span(*match.span("day")), low=after, high=match.end(), said=right)


def _ages(script: str, scene: Breakdown, key: Callable[[str], str]) -> Iterator[DateTold]:
    for person in scene.cast:
        if not _somebody(person.key):
            continue
        for span in (*person.introductions, *person.mentions):
            line = script.rfind("\n", 0, span.start) + 1
            before = script[max(line, span.start - 40) : span.start]
            last = name_key(before.split()[-1]) if before.split() else ""
            if last in _OTHER_SELF or last in _NOBODY or _ON_A_PICTURE.search(before):
                continue
            yield from _introduced(script, span, key(person.key))


def _introduced(script: str, span: Span, who: str) -> Iterator[DateTold]:
    decade_age = _DECADE_AGE.match(script, span.end)
    if decade_age is not None:
        first = _DECADES[decade_age.group("decade").casefold()]
        low, high = {"early": (0, 4), "mid": (3, 7), "late": (6, 9)}.get(
            (decade_age.group("part") or "").casefold(), (0, 9)
        )
        yield DateTold("age", Span(span.start, decade_age.end("decade")), who, first + low, first + high)
        return
    for pattern in (_BRACKET_AGE, _COMMA_AGE):
        match = pattern.match(script, span.end)
        if match is None:
            continue
        low = int(match.group(1))
        decade = match.group(2) is not None
        if 0 < low <= AGE_MAX:
            bracket = int(pattern is _BRACKET_AGE)
            yield DateTold("age", Span(span.start, match.end(1 + decade) + bracket), who, low, low + 9 * decade)
        return


def _somebody(name: str) -> bool:
    return not any(word in _OTHER_SELF or word in _NOBODY or word.isdigit() or word[0] == "#" for word in name.split())


def _of_action(statement: Statement) -> Iterator[DateTold]:
    if not statement.who or statement.asks or not _somebody(statement.who):
        return
    if not _ON_A_PICTURE.search(statement.text):
        yield from _stated(statement, statement.rest, statement.who)
    lived = _LIVED.search(statement.text) if _GRAVE.search(statement.text) else None
    if lived is not None:
        yield DateTold("lived", statement.span, statement.who, int(lived.group(1)), int(lived.group(2)))


def _of_line(statement: Statement, key: Callable[[str], str]) -> Iterator[DateTold]:
    text = statement.text
    if statement.asks or statement.elsewhere:
        return
    if match := _I_AM_AGE.match(text) or _I_TURNED.match(text):
        years = number(match.group(1))
        if years is not None and AGE_MIN_SAID <= years <= AGE_MAX:
            yield DateTold("age", statement.span, statement.speaker, years, years, "own")
    if match := _AT_AGE.match(text):
        years = number(match.group(1))
        if years is not None and AGE_MIN_SAID <= years <= AGE_MAX:
            yield DateTold("age", statement.span, key(match.group("who")), years, years)
    yield from _said_dates(statement, text)
    if match := _I_BORN.match(text):
        yield DateTold("born", statement.span, statement.speaker, int(match.group(1)))
    if match := _IT_IS.match(text):
        yield DateTold("now", statement.span, statement.speaker, int(match.group(1)))
    if match := _MARRIED.match(text):
        yield DateTold("married", statement.span, statement.speaker, int(match.group(1)))
    if match := _ANNIVERSARY.search(text):
        nth = _ORDINAL.get((match.group("w") or "").casefold()) or int(match.group("n") or 0)
        yield DateTold("anniversary", statement.span, statement.speaker, nth)
    for name in _HEADS.finditer(text):
        if name.group().split()[0].casefold() in NO_NAMES:
            continue
        yield from _stated(statement, text[name.end() :], key(name.group()))


_WEEKDAY = "|".join(_DAYS)
_TODAY = re.compile(
    rf"(?:\w+,\s+)?(?:Today is|Today['’]s|It is|It['’]s)\s+(?:a\s+|only\s+|already\s+)?(?P<day>{_WEEKDAY})"
    r"(?:\s+(?:today|already))?\s*(?:[.!,]|$)",
    re.IGNORECASE,
)
_HAPPENED = re.compile(
    r"\b(?P<whose>my|our|his|her|their|the|your)\s+(?P<what>[a-z]+)\s+(?:was\s+|were\s+)?"
    r"(?P<did>died|drowned|killed|murdered|born|married|disappeared|vanished|built|opened|closed|sank|burned\s+down|left)\s+"
    rf"(?:\w+\s+){{0,2}}?in\s+(?:{_MONTH}\s+)?(?P<year>{_YEAR})\b",
    re.IGNORECASE,
)
_APPOINTED = re.compile(
    r"\b[Tt]he\s+(?P<what>[a-z]+)\s+is\s+(?:still\s+)?(?:on\s+)?(?:the\s+)?(?:"
    rf"(?P<m1>{_MONTH})\s+(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?|(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m2>{_MONTH})"
    rf"|(?P<day>{_WEEKDAY}))\b",
    re.IGNORECASE,
)


def _said_dates(statement: Statement, text: str) -> Iterator[DateTold]:
    """The weekday that it is, the year in which something was, the day on which something is to be."""
    if match := _TODAY.match(text):
        yield DateTold("today", statement.span, "", _DAYS.index(match.group("day").casefold()))
    if match := _HAPPENED.search(text):
        whose = match.group("whose").casefold()
        if whose != "your":
            who = statement.speaker if whose in ("my", "our") else ""
            what = f"{match.group('what')} {match.group('did')}".casefold()
            yield DateTold("happened", statement.span, who, int(match.group("year")), said=f"{whose} {what}")
    if match := _APPOINTED.search(text):
        if match.group("day"):
            low, high = 0, _DAYS.index(match.group("day").casefold())
        else:
            low = _MONTHS.index((match.group("m1") or match.group("m2")).casefold()) + 1
            high = int(match.group("d1") or match.group("d2"))
        yield DateTold("appointed", statement.span, "", low, high, match.group("what").casefold())


_HEADS = re.compile(r"^(?:(?:Old|Young|Little|Mr\.|Mrs\.|Ms\.|Miss|Dr\.|[A-Z][a-z]+)\s){0,2}[A-Z][\w-]*[a-z]")


def _answers(scene: Breakdown, key: Callable[[str], str]) -> Iterator[DateTold]:
    """A number by which somebody answers when asked for their age."""
    for asked, answer in zip(scene.lines, scene.lines[1:], strict=False):
        match = _ANSWER.match(answer.text) if _ASKS_AGE.search(asked.text) else None
        years = number(match.group(1)) if match is not None else None
        if (
            match is not None
            and years is not None
            and AGE_MIN_SAID <= years <= AGE_MAX
            and asked.speaker != answer.speaker
        ):
            span = Span(answer.span.start, answer.span.start + match.end())
            yield DateTold("age", span, key(answer.speaker), years, years, "own")


def _stated(statement: Statement, rest: str, who: str) -> Iterator[DateTold]:
    if match := _IS_AGE.match(rest):
        years = number(match.group("a") or match.group("b"))
        if years is not None and AGE_MIN_SAID <= years <= AGE_MAX:
            yield DateTold("age", statement.span, who, years, years)
    if match := _WHO_BORN.match(rest):
        yield DateTold("born", statement.span, who, int(match.group(1)))
    if match := _DIED_AT.match(rest):
        years = number(match.group(1))
        if years is not None:
            yield DateTold("died_at", statement.span, who, years)
