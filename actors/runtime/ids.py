"""Ids: typed, opaque, URL-safe (`prj_…`), random or derived.

The invariant: an id never carries meaning beyond its prefix. A derived id is the same for the same words, so that the
retry of a request that makes a project finds the home its first try made.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import Literal

Prefix = Literal[
    "prj",
    "scn",
    "job",
    "tak",
    "pnl",
    "att",
    "fnd",
    "cst",
    "plc",
    "ver",
    "cmt",
    "lnk",
    "chk",
    "wfl",
    "mnw",
    "whk",
    "msg",
    "cmd",
    "brn",
    "fmt",
    "seg",
    "bib",
    "fct",
    "obs",
    "lin",
    "prp",
]

ID_BYTES = 16
"""Randomness of an id. Fewer: two scenes of two projects may meet."""

_SHAPE = re.compile(r"([a-z]{3})_[a-z2-7]{26}")


def new_id(prefix: Prefix) -> str:
    return f"{prefix}_{_spell(secrets.token_bytes(ID_BYTES))}"


def derive_id(prefix: Prefix, *words: str) -> str:
    """The id of these words, for ever. Never derive one from words a stranger chooses alone."""
    digest = hashlib.sha256()
    digest.update(prefix.encode())
    for word in words:
        raw = word.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return f"{prefix}_{_spell(digest.digest()[:ID_BYTES])}"


def is_id(value: str, prefix: Prefix) -> bool:
    found = _SHAPE.fullmatch(value)
    return found is not None and found.group(1) == prefix


def _spell(raw: bytes) -> str:
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()
