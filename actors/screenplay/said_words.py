"""The words of a scene, once for all who look whether there is anything for them to read.

Invariant: a pure function of the text; the few last scenes are kept because every reader asks about the same one.
"""

from __future__ import annotations

import functools
import re

SCENES_KEPT = 4
"""All packs read one scene before the next is read."""

PATTERNS_KEPT = 512
"""Sets of words looked for; scenes of one story ask for much the same ones."""

_WORD = re.compile(r"[a-z]+")


@functools.lru_cache(maxsize=SCENES_KEPT)
def said_words(script: str) -> frozenset[str]:
    """Runs of the letters a to z, lower case: *don't* is *don* and *t*."""
    return frozenset(_WORD.findall(script.lower()))


@functools.lru_cache(maxsize=PATTERNS_KEPT)
def any_of(found: frozenset[str]) -> re.Pattern[str]:
    """Finds one of these words, whole: what a scene is looked through for, once it is known to have them."""
    return re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, found)))})\b", re.IGNORECASE)
