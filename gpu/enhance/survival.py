"""Whether a shot's slots survive in somebody's words for it: the one check of every writer that is a model.

Invariant: words that pass name everybody in the shot and nobody else of the scene, every prop, the place, and the hour
and no other hour. Pure, and deaf to case, white space and the kind of dash or apostrophe.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from gpu.video.protocol import TIMES_OF_DAY, Shot

_SAME = str.maketrans({"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‐": "-", "‑": "-"})
CIRCLES = 3
"""Times that three words in a row may not come again."""

_CLAIMS_AN_HOUR = frozenset(TIMES_OF_DAY) - {"day"}
""""one day" and "day after day" tell no hour."""


def lost(shot: Shot, words: str, cast: Iterable[str] = ()) -> tuple[str, ...]:
    """What of the shot is missing from the words, or contradicted there; empty if all survives.

    `cast`: names of everybody in the scene; one who is not in the shot is answered as "+NAME", an hour as "+night".
    "~": the words run in circles.
    """
    said = _folded(words)
    names = [figure.name for figure in shot.cast]
    wanted = [*names, *shot.props, shot.place, shot.time_of_day]
    gone = [slot for slot in dict.fromkeys(wanted) if slot and not _stands(slot, said)]
    known = {_folded(name) for name in names}
    strangers = [n for n in dict.fromkeys(cast) if _folded(n) not in known and _stands(n, _without(said, names))]
    told = _without(said, [*names, *shot.props, shot.place])
    hours = [hour for hour in TIMES_OF_DAY if hour in _CLAIMS_AN_HOUR - {shot.time_of_day} and _stands(hour, told)]
    circles = ("~",) if _runs_in_circles(said) else ()
    return (*gone, *(f"+{each}" for each in (*strangers, *hours)), *circles)


def _runs_in_circles(said: str) -> bool:
    """Small models do, until their tokens end."""
    words = said.split()
    runs = Counter(zip(words, words[1:], words[2:], strict=False))
    return any(count >= CIRCLES for count in runs.values())


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).translate(_SAME).casefold().split())


def _pattern(slot: str) -> re.Pattern[str]:
    """The slot as whole words; a plural or possessive `s` after it is still it."""
    return re.compile(rf"(?<!\w){re.escape(_folded(slot))}(?:'s|s|es)?(?!\w)")


def _stands(slot: str, said: str) -> bool:
    return _pattern(slot).search(said) is not None


def _without(said: str, slots: Iterable[str]) -> str:
    """So that ANN in "ANN LEE", or the night in "NIGHT CLUB", is not taken for a claim of its own."""
    for slot in sorted(slots, key=len, reverse=True):
        if slot:
            said = _pattern(slot).sub(" ", said)
    return said
