"""Numbers as a screenplay writes them: in figures, or in words up to ninety-nine."""

from __future__ import annotations

import re

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_VALUES = {word: n for n, word in enumerate(_ONES)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_VALUES |= {"dozen": 12, "a dozen": 12, "hundred": 100, "a hundred": 100, "one hundred": 100}

NUMBER = (
    rf"(?:\d{{1,4}}|(?:{'|'.join(_TENS)})(?:[ -](?:{'|'.join(_ONES[1:10])}))?|{'|'.join(reversed(_ONES[1:]))}"
    r"|a dozen|(?:a|one) hundred)"
)
"""A pattern for one number, to be used without regard to case."""

_SPLIT = re.compile(r"[ -]+")


def number(text: str) -> int | None:
    """The number that ``text`` is; None if it is none."""
    folded = text.casefold().strip()
    if folded.isdecimal():
        return int(folded) if len(folded) <= 9 else None
    if folded in _VALUES:
        return _VALUES[folded]
    parts = _SPLIT.split(folded)
    if len(parts) == 2 and parts[0] in _TENS and parts[1] in _ONES[1:10]:
        return _VALUES[parts[0]] + _VALUES[parts[1]]
    return None
