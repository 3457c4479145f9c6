"""A document rewritten with fresh ids and the same content: what starts a new epoch.

Owns the copy of content from one Y.Doc into an empty one. Invariants: the copy reads as the original does, and holds
nothing of its history; what cannot be copied faithfully (XML types) is refused before anything is written. Bytes come
from `collab.document`, or straight from the log where the document does not read any more; go to `Room.renew`.
"""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pycrdt

from collab.close_codes import CloseCode, CollabError, Unreadable
from collab.cutting import UNBOUNDED, cut
from collab.document import Document
from collab.editing import fresh_client_id
from collab.merging import merge
from collab.placing import placeable
from collab.ports import RenewalLog
from collab.updates import (
    _DELETED,
    _EMBED,
    _FORMAT,
    _HAS_LEFT,
    _HAS_PARENT_SUB,
    _HAS_RIGHT,
    _STRING,
    _TYPE,
    Id,
    Range,
    _Walk,
    read_header,
)

log = logging.getLogger(__name__)

_XML_REFS = (3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class Renewed:
    """A new epoch and what it cost. `left_out`: updates that apply to no document and are in old rows only."""

    seq: int
    epoch: int
    bytes_before: int
    bytes_after: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Rewritten:
    """`base`: the content under one fresh client id; `update`: the same with the burial of everything before it."""

    client: int
    base: bytes
    update: bytes
    left_out: int = 0


async def rewrite(document: Document, doc_log: RenewalLog) -> Rewritten:
    """The document with fresh ids; from the log's rows, as far as they apply, if it does not read.

    What waits for a missing dependency is not shown and not carried over; it stays in the old rows. Raises
    `CollabError` for XML, `Refused`.
    """
    old = document.coverage.structs.ranges()
    try:
        client, base = await asyncio.to_thread(_rewritten, document.placed())
        left_out = 0
    except Unreadable:
        updates = list(await doc_log.updates())
        client, base, left_out = await asyncio.to_thread(_rescued, updates)
    return Rewritten(client, base, with_burial(base, old), left_out)


def _rewritten(update: bytes) -> tuple[int, bytes]:
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    try:
        doc.apply_update(update)
    except Exception as error:
        raise Unreadable("document does not apply") from error
    return flattened(doc)


def _rescued(updates: Iterable[bytes]) -> tuple[int, bytes, int]:
    doc, lost = salvaged(updates)
    return (*flattened(doc), lost)


class _Roots(_Walk):
    """What the root types of a document are: the bytes name them, and say what is in them, but not what they are."""

    __slots__ = ("_at", "_starts", "_unplaced", "kinds")

    def __init__(self, update: bytes) -> None:
        super().__init__(update, UNBOUNDED)
        self.kinds: dict[str, type] = {}
        self._at: dict[int, list[str | None]] = {}  # the root of each struct, in the order of their clocks
        self._starts: dict[int, list[int]] = {}
        self._unplaced: list[tuple[int, int, Id, int, int]] = []

    def _item(self, info: int, client: int, clock: int) -> int:
        reader = self.reader
        beside: Id | None = None
        root: str | None = None
        keyed = False
        if info & _HAS_LEFT:
            beside = self._reference(client, clock)
        if info & _HAS_RIGHT:
            right = self._reference(client, clock)
            beside = beside or right
        if beside is None:
            if reader.varuint() == 1:
                root = reader.var_string()
            else:
                self._reference(client, clock)
            if info & _HAS_PARENT_SUB:
                keyed = True
                self._string()
        kind = info & 0x1F
        ref = reader.data[reader.at] if kind == _TYPE else -1
        length = self._content(kind)
        self._starts.setdefault(client, []).append(clock)
        self._at.setdefault(client, []).append(root)
        if root is not None:
            self._see(root, pycrdt.Map if keyed else _list_kind(kind, ref))
        elif beside is not None:
            self._unplaced.append((client, len(self._at[client]) - 1, beside, kind, ref))
        return length

    def _see(self, root: str, kind: type | None) -> None:
        if kind is not None and self.kinds.get(root) not in (pycrdt.Map, pycrdt.Text):
            self.kinds[root] = kind

    def resolve(self) -> Mapping[str, type]:
        """Also by what only stands beside something: a text whose first character was deleted."""
        moved = True
        while moved:
            moved, left = False, self._unplaced
            self._unplaced = []
            for client, index, beside, kind, ref in left:
                starts = self._starts.get(beside[0], [])
                at = bisect_right(starts, beside[1]) - 1
                root = self._at[beside[0]][at] if at >= 0 else None
                if root is None:
                    self._unplaced.append((client, index, beside, kind, ref))
                    continue
                self._at[client][index], moved = root, True
                self._see(root, _list_kind(kind, ref))
        return self.kinds


def _list_kind(kind: int, ref: int) -> type | None:
    if kind in (_STRING, _FORMAT, _EMBED):
        return pycrdt.Text
    if kind == _TYPE and ref in _XML_REFS:
        return pycrdt.XmlFragment
    return None if kind == _DELETED else pycrdt.Array


def roots_of(update: bytes) -> Mapping[str, type]:
    """Name → type of every root that shows something."""
    walk = _Roots(update)
    walk.structs()
    return walk.resolve()


def flattened(doc: pycrdt.Doc[Any]) -> tuple[int, bytes]:
    """(client id, update) of a new document that reads as this one does. Raises `CollabError` REFUSED for XML."""
    copy: pycrdt.Doc[Any] = pycrdt.Doc(client_id=fresh_client_id())
    roots = roots_of(doc.get_update())
    with copy.transaction():
        for name, kind in sorted(roots.items()):
            if kind is pycrdt.XmlFragment:
                raise CollabError(CloseCode.REFUSED, "XML types cannot be renewed")
            _fill(copy.get(name, type=kind), doc.get(name, type=kind))
    return copy.client_id, copy.get_update()


def _fill(into: Any, source: Any) -> None:
    """Copy the content of a shared type into an empty one of its kind that belongs to a document."""
    if isinstance(source, pycrdt.Text):
        at = 0  # writes count UTF-8 bytes
        for content, attributes in source.diff():
            if isinstance(content, str):
                into.insert(at, content, attributes or {})  # None would go on with what stands before
                at += len(content.encode())
            else:
                into.insert_embed(at, content, attributes)
                at += 1
    elif isinstance(source, pycrdt.Map):
        for key in sorted(source.keys()):  # in one order, so that a document has one copy
            value = source[key]
            into[key] = _empty(value)
            if isinstance(value, _SHARED):
                _fill(into[key], value)
    else:
        for index in range(len(source)):
            value = source[index]
            into.append(_empty(value))
            if isinstance(value, _SHARED):
                _fill(into[index], value)


_SHARED = (pycrdt.Map, pycrdt.Array, pycrdt.Text)


def _empty(value: Any) -> Any:
    """What is put in place of a value: itself if it is plain, else an empty type of its kind."""
    if isinstance(value, _SHARED):
        return type(value)()
    if isinstance(value, pycrdt.XmlFragment | pycrdt.XmlElement | pycrdt.XmlText | pycrdt.Doc):
        raise CollabError(CloseCode.REFUSED, "XML types cannot be renewed")
    return _plain(value)


def _plain(value: Any) -> Any:
    """Values are read with byte arrays in them and written with bytes."""
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value


def salvaged(updates: Iterable[bytes]) -> tuple[pycrdt.Doc[Any], int]:
    """A document of all updates that apply, in order, and how many did not: the way out of an unreadable one."""
    good: list[bytes] = []
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    lost = 0
    for update in updates:
        try:
            doc.apply_update(update)
        except Exception:  # noqa: BLE001 (Yrs names no class for it, and what it had begun stays half done)
            lost += 1
            doc = pycrdt.Doc()
            if good:
                doc.apply_update(merge(good, 64))
        else:
            good.append(update)
    whole = merge(good, 64) if good else b""
    if whole and (placed := placeable(whole)) is not whole:
        doc = pycrdt.Doc()
        doc.apply_update(placed)
    if lost:
        log.error("updates that do not apply were left out", extra={"lost": lost, "kept": len(good)})
    return doc, lost


def with_burial(base: bytes, old: Iterable[Range]) -> bytes:
    """The base of an epoch with a deletion of everything before it, for whoever folds the rows of all epochs."""
    return cut(base, read_header(base, UNBOUNDED).structs, tuple(old), UNBOUNDED)


def without_burial(update: bytes) -> bytes:
    """The base of an epoch alone."""
    return cut(update, read_header(update, UNBOUNDED).structs, (), UNBOUNDED)
