"""The comments of a scene, as its `notes` document holds them.

Owns the shape of root `comments` (Map of Maps: a thread's first comment has an anchor, the words it spoke about and
perhaps `resolved`; an answer names its `parent`) and who opened each, which comes from the log and not from the
document: clients write the document, and may write any name. Invariant: whatever clients wrote there, reading gives
well-formed comments or leaves them out. Rows come from the ledger, values go to partners.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pycrdt

from collab.anchors import Position, read_position
from collab.history import Author, Row
from collab.merging import merge
from collab.placing import placeable
from collab.structs import read_structs

COMMENTS = "comments"
COMMENT_CHARS_MAX = 10_000
QUOTE_CHARS_MAX = 2_000
"""Longer words are shown shortened; the document keeps what was written."""
NAME_CHARS_MAX = 120
COMMENTS_MAX = 5_000
"""Comments of one scene that are read. Over: the newest are left out."""
MERGE_CHUNK = 64


@dataclass(frozen=True, slots=True)
class Comment:
    """`name`: how its author wished to be shown; `author`: who the log says it was. `resolved`: (name, ms) or None."""

    id: str
    text: str
    name: str
    at_ms: int
    author: Author
    parent: str | None = None
    quote: str = ""
    start: Position | None = None
    end: Position | None = None
    resolved: tuple[str, int] | None = None


class Notes:
    """Grows by `extend`; `comments` reads what is there now."""

    def __init__(self) -> None:
        self.seq = 0
        self._merged: bytes | None = None
        self._authors: dict[str, Author] = {}

    def extend(self, rows: Iterable[Row]) -> None:
        updates: list[bytes] = []
        for row in rows:
            for author, update in row.entries:
                updates.append(update)
                for struct in read_structs(update)[0]:
                    if struct.root == COMMENTS and struct.key is not None:
                        self._authors.setdefault(struct.key, author)
            self.seq = row.seq
        if updates:
            self._merged = merge([*([self._merged] if self._merged else ()), *updates], MERGE_CHUNK)

    def comments(self) -> list[Comment]:
        """Oldest first."""
        if self._merged is None:
            return []
        doc: pycrdt.Doc[Any] = pycrdt.Doc()
        doc.apply_update(placeable(self._merged))
        values = doc.get(COMMENTS, type=pycrdt.Map).to_py() or {}
        found = [each for id, value in values.items() if (each := self._read(id, value)) is not None]
        return sorted(found, key=lambda c: (c.at_ms, c.id))[:COMMENTS_MAX]

    def _read(self, id: str, value: Any) -> Comment | None:
        if not isinstance(value, Mapping) or not isinstance(value.get("text"), str):
            return None
        anchor = value.get("anchor")
        ends = anchor if isinstance(anchor, Mapping) else {}
        parent, resolved = value.get("parent"), value.get("resolved")
        return Comment(
            id=id,
            text=value["text"][:COMMENT_CHARS_MAX],
            name=_words(value.get("name"), NAME_CHARS_MAX),
            at_ms=_time(value.get("at")),
            author=self._authors.get(id, Author("")),
            parent=parent if isinstance(parent, str) else None,
            quote=_words(value.get("quote"), QUOTE_CHARS_MAX),
            start=read_position(ends.get("start")),
            end=read_position(ends.get("end")),
            resolved=(_words(resolved.get("name"), NAME_CHARS_MAX), _time(resolved.get("at")))
            if isinstance(resolved, Mapping)
            else None,
        )


def _words(value: Any, chars_max: int) -> str:
    return value[:chars_max] if isinstance(value, str) else ""


def _time(value: Any) -> int:
    """Milliseconds a date can hold; 0 for anything else."""
    return int(value) if isinstance(value, int | float) and 0 <= value < 253_402_300_799_000 else 0
