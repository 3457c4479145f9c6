"""Rules age_mismatch and date_mismatch: ages, years and weekdays that do not add up.

An age is compared with an earlier one only across time that is counted: the same stretch of the story, or leaps of a
stated number of years. Lets pass: a year of difference to either side; decades ("40s") that touch; any time that nobody
counts (a flashback, "years later", an unnamed year) and any story that jumps between years on purpose; people without
a name of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actors.continuity.clock import UNBROKEN
from actors.continuity.facts import Evidence, quote
from actors.continuity.findings import FindingDraft, finding_id
from actors.continuity.rules.telling import same_run
from actors.continuity.rules.view import SceneView
from actors.screenplay.dates import DateTold, dates_in
from actors.screenplay.heading import Span

Told = tuple[DateTold, ...]

OWN_AGE_YEARS = 1
"""A birthday may fall between two ages."""

UNTOLD_YEARS = 15
"""Ages further apart with no word of time between are of two times of a life, and meant."""


@dataclass(frozen=True, slots=True)
class _At:
    """Something told, in its scene, so many counted years after the last time that nobody counted."""

    view: SceneView
    told: DateTold
    passed: int


class Dates:
    def read(self, view: SceneView) -> Told:
        return tuple(dates_in(view.script, view.breakdown, view.premise.cast.person_key))

    def judge(self, story: Sequence[tuple[SceneView, Told]]) -> Iterator[FindingDraft]:
        calendar = _Calendar()
        for view, records in story:
            if not view.aside:
                calendar.enter(view, records)
                for told in records:
                    yield from calendar.take(_At(view, told, calendar.passed), records)


class _Calendar:
    """What the story has told so far. ``here``: the year of this stretch; ``stated``: the last one anywhere."""

    def __init__(self) -> None:
        self.passed = 0
        self._here: _At | None = None
        self._stated: _At | None = None
        self._known: dict[tuple[str, str], _At] = {}

    def enter(self, view: SceneView, records: Told) -> None:
        if not records or view.breakdown.relation not in UNBROKEN:
            self._here = None

    def take(self, at: _At, records: Told) -> Iterator[FindingDraft]:
        told = at.told
        match told.kind:
            case "leap":
                self._leap(told)
            case "year":
                yield from self._year(at, records)
            case "weekday":
                yield _weekday(at)
            case _:
                yield from self._said(at)
                self._known[told.kind, told.who] = at

    def _leap(self, told: DateTold) -> None:
        self._here = None
        if told.low < 0:
            self._forget()
            self._stated = None
        self.passed += max(0, told.low)

    def _married(self, who: str) -> _At | None:
        """Of whoever speaks, or of the only couple that is told of: either may say "we"."""
        found = [at for (kind, _), at in self._known.items() if kind == "married"]
        return self._known.get(("married", who)) or (found[0] if len(found) == 1 else None)

    def _forget(self) -> None:
        self._known = {about: at for about, at in self._known.items() if about[0] != "age"}

    def _year(self, at: _At, records: Told) -> Iterator[FindingDraft]:
        last, here, told = self._stated, self._here, at.told
        leap = next((r for r in records if r.kind == "leap" and r.span == told.span and r.low > 0), None)
        if leap is not None and last is not None:
            due = last.told.low + self.passed - last.passed
            if due != told.low:
                message = (
                    f"{last.told.low} was the last year told and {leap.said} makes {due}, but this says {told.low}."
                )
                yield _mismatch("date_mismatch", at, last, message, f"Write {due}, or correct {leap.said}.")
        elif here is not None and here.told.low == told.low and 0 < told.high < here.told.high:
            message = "This scene goes on where the last one ends, in an earlier month of the same year."
            yield _mismatch("date_mismatch", at, here, message, "Correct one of the two dates.")
        gone = None if last is None else told.low - last.told.low
        if gone is not None and gone >= 0 and last is not None:
            self.passed = max(self.passed, last.passed + gone)
        else:
            self._forget()
        self._here = self._stated = _At(at.view, told, self.passed)

    def _said(self, at: _At) -> Iterator[FindingDraft]:
        told, here = at.told, self._here
        match told.kind:
            case "age":
                yield from _age_after(at, self._known.get(("age", told.who)))
                yield from _age_born(at, self._known.get(("born", told.who)), here)
            case "born" if here is not None and told.low > here.told.low:
                message = f"It is {here.told.low} here, and {_name(told)} says to have been born in {told.low}."
                yield _mismatch(
                    "date_mismatch", at, here, message, "Correct the year of birth or the year of the scene."
                )
            case "now" if here is not None and told.low != here.told.low:
                message = f"The scene is in {here.told.low}, and {_name(told)} says that it is {told.low}."
                yield _mismatch("date_mismatch", at, here, message, f"Say {here.told.low}, or correct the title.")
            case "today":
                yield from _weekday_said(at, self._known.get(("today", "")))
            case "happened" | "appointed":
                yield from _said_twice(at, self._known.get((told.kind, f"{told.who} {told.said}")))
                self._known[told.kind, f"{told.who} {told.said}"] = at
            case "died_at":
                yield from _lived(at, self._known.get(("lived", told.who)))
            case "anniversary":
                yield from _anniversary(at, self._married(told.who), here)


def _weekday_said(at: _At, before: _At | None) -> Iterator[FindingDraft]:
    """Two weekdays within one unbroken stretch of a day."""
    if before is None or before.told.low == at.told.low or not same_run(at.view, before.view):
        return
    message = "Somebody said another day of the week, and no day has passed."
    yield _mismatch("date_mismatch", at, before, message, "Correct one of the two days.")


def _said_twice(at: _At, before: _At | None) -> Iterator[FindingDraft]:
    """One thing, told by the same words, in two years or for two days."""
    if before is None or (before.told.low, before.told.high) == (at.told.low, at.told.high):
        return
    if at.told.kind == "appointed" and (before.told.low == 0) != (at.told.low == 0):
        return
    message = "This was told before with another date."
    yield _mismatch("date_mismatch", at, before, message, "Correct one of the two dates, or say that it was moved.")


def _age_after(at: _At, before: _At | None) -> Iterator[FindingDraft]:
    if before is None:
        return
    told, was, passed = at.told, before.told, at.passed - before.passed
    low, high = was.low + passed - OWN_AGE_YEARS, was.high + passed + OWN_AGE_YEARS
    apart = max(told.low - high, low - told.high)
    if apart <= 0 or (passed == 0 and apart > UNTOLD_YEARS):
        return
    since = f" {passed} years later" if passed else ""
    message = f"{_name(told)} was {_age(was)} before and is {_age(told)} here{since}: that does not add up."
    yield _mismatch(
        "age_mismatch", at, before, message, "Correct one of the two ages, or say how much time has passed."
    )


def _age_born(at: _At, born: _At | None, here: _At | None) -> Iterator[FindingDraft]:
    if born is None or here is None or at.told.said != "own":
        return
    due = here.told.low - born.told.low
    if at.told.low not in (due, due - 1) and due > 0:
        message = (
            f"Born in {born.told.low}, {_name(at.told)} is {due - 1} or {due} in {here.told.low}, not {at.told.low}."
        )
        yield _mismatch("age_mismatch", at, here, message, f"Say {due}, or correct the year.", born)


def _lived(at: _At, lived: _At | None) -> Iterator[FindingDraft]:
    if lived is None:
        return
    years = lived.told.high - lived.told.low
    if at.told.low not in (years, years - 1):
        message = f"{_name(at.told)} lived from {lived.told.low} to {lived.told.high}: not {at.told.low} years."
        yield _mismatch("age_mismatch", at, lived, message, f"Say {years}, or correct the years.")


def _anniversary(at: _At, married: _At | None, here: _At | None) -> Iterator[FindingDraft]:
    if married is None or here is None:
        return
    years = here.told.low - married.told.low
    if years > 0 and at.told.low != years:
        message = f"Married in {married.told.low}, in {here.told.low} it is anniversary {years}, not {at.told.low}."
        yield _mismatch("date_mismatch", at, married, message, "Correct the anniversary or the year.")


def _weekday(at: _At) -> FindingDraft:
    told, script = at.told, at.view.script
    day, date = quote(at.view.id, script, told.span), quote(at.view.id, script, Span(told.low, told.high))
    right = told.said.capitalize()
    return FindingDraft(
        finding_id("date_mismatch", at.view.id, day.text.casefold(), date.text.casefold()),
        "date_mismatch",
        "WARNING",
        at.view.id,
        f"{date.text} was a {right}, not a {day.text.capitalize()}.",
        (day, date),
        f"Write {right}, or correct the date.",
    )


def _mismatch(code: str, at: _At, before: _At, message: str, suggestion: str, *others: _At) -> FindingDraft:
    told, was = at.told, before.told
    evidence: tuple[Evidence, ...] = tuple(
        quote(each.view.id, each.view.script, each.told.span) for each in (at, before, *others)
    )
    about = (told.kind, told.who, str(told.low), was.kind, str(was.low), before.view.id)
    return FindingDraft(
        finding_id(code, at.view.id, *about), code, "WARNING", at.view.id, message, evidence, suggestion
    )


def _name(told: DateTold) -> str:
    return told.who.title() or "somebody"


def _age(told: DateTold) -> str:
    return str(told.low) if told.low == told.high else f"{told.low} to {told.high}"
