"""The words of a scene, once for all who look whether there is anything for them to read.

Invariant: a pure function of the text; the few last scenes are kept because every reader asks about the same one.
"""

from __future__ import annotations

import functools
import re

SCENES_KEPT = 4
"""All packs read one scene before the next is read."""

_WORD = re.compile(r"[a-z]+")


@functools.lru_cache(maxsize=SCENES_KEPT)
def said_words(script: str) -> frozenset[str]:
    """Runs of the letters a to z, lower case: *don't* is *don* and *t*."""
    return frozenset(_WORD.findall(script.lower()))
