"""Summaries of a text that only quote it: what a continuation is told of what came before.

The invariant: deterministic, bounded, and every word of a summary stands in the text (names of speakers included), so
nothing is claimed that nobody wrote. Long texts keep their beginning and end, and even steps between.
"""

from __future__ import annotations

import re

from actors.screenplay.breakdown import Breakdown

SUMMARY_CHARS_MAX = 300
"""Of one segment."""

LONG_CHARS_MAX = 1_500
"""Of a whole scene."""

SENTENCE_CHARS_MAX = 160
_SENTENCE = re.compile(r".+?(?:[.!?…。！？؟]+[\"'”’)]*(?=\s|$)|$)", re.S)


def summary_of(found: Breakdown, chars_max: int) -> str:
    """Action by its first sentences, speech by who says what first."""
    units = [(action.span.start, _first(action.text)) for action in found.actions]
    units += [(line.span.start, f"{line.speaker}: “{_first(line.text)}”") for line in found.lines]
    told = [words for _, words in sorted(units, key=lambda unit: unit[0]) if words]
    return " ".join(thinned(told, chars_max))[:chars_max].rstrip()


def _first(text: str) -> str:
    flat = " ".join(text.split())
    match = _SENTENCE.match(flat)
    found = match.group(0).strip() if match else flat
    return found if len(found) <= SENTENCE_CHARS_MAX else found[: SENTENCE_CHARS_MAX - 1].rstrip() + "…"


def thinned(units: list[str], chars_max: int) -> list[str]:
    """As many as fit, evenly spread, the first and the last among them."""
    for count in range(len(units), 1, -1):
        step = (len(units) - 1) / (count - 1)
        kept = [units[round(at * step)] for at in range(count)]
        if sum(len(unit) + 1 for unit in kept) <= chars_max + 1:
            return kept
    return units[-1:]
