"""The committed state of one document, as bytes: snapshot and tail; a Y.Doc only where someone must read it.

Owns what the log has confirmed and nothing else. Invariant: memory is never ahead of the ledger (`commit` is called
after the log's append returned), and nothing is ever lost on the way: the tail keeps raw updates, folding merges bytes
and so keeps updates that wait for a missing dependency. Comes from `DocumentLog.load`, goes to joiners and readers.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Sequence, Set
from typing import Any

import pycrdt

from collab.close_codes import Unreadable
from collab.coverage import Coverage, RangeSet
from collab.limits import Limits
from collab.merging import merge
from collab.parents import Parents, refuse
from collab.placing import placeable
from collab.ports import Lineage, Loaded
from collab.updates import Header, read_header
from collab.wire import read_state_vector, state_vector

log = logging.getLogger(__name__)

EMPTY_UPDATE = b"\x00\x00"


class Document:
    """Positions ("marks") count committed updates since the room opened, and stay valid across compactions."""

    def __init__(self, loaded: Loaded, limits: Limits) -> None:
        self.seq, self.snapshot_seq = loaded.seq, loaded.snapshot_seq
        self.owners = dict(loaded.lineage.owners)  # client id → principal
        self.epoch, self.retired = loaded.lineage.epoch, loaded.lineage.retired
        self._limits = limits
        self._unbounded = dataclasses.replace(
            limits,
            structs_per_update_max=1 << 53,
            delete_ranges_per_update_max=1 << 53,
            state_vector_entries_max=1 << 53,
        )
        self._tail = list(loaded.tail)
        self._tail_start = 0  # mark of the first update of the tail
        self._tail_bytes = sum(map(len, self._tail))
        self._merged = loaded.snapshot or EMPTY_UPDATE
        self._merged_mark = 0
        self._unmerged_bytes = self._tail_bytes
        self._base_clocks: dict[int, int] | None = None  # of what is merged
        self._fold_clocks: dict[int, int] | None = None  # of what is being folded
        self._coverage: Coverage | None = None
        self._parents: Parents | None = None
        self._known_deletes = RangeSet()  # the committed ones and what follows from them, as of `_deepened_at`
        self._deepened_at = -1
        self._doc: pycrdt.Doc[Any] | None = None
        self._doc_mark = 0  # what the Y.Doc shows; it is brought up to date when somebody reads it

    @property
    def mark(self) -> int:
        """Position after the last committed update."""
        return self._tail_start + len(self._tail)

    @property
    def tail_updates(self) -> int:
        return len(self._tail)

    @property
    def tail_bytes(self) -> int:
        return self._tail_bytes

    @property
    def size_bytes(self) -> int:
        """An upper bound of the merged size; exact right after `merged()`."""
        return len(self._merged) + self._unmerged_bytes

    @property
    def coverage(self) -> Coverage:
        """What is committed, as ranges; built on first need without walking the whole document."""
        if self._coverage is None:
            self._coverage = self._build_coverage()
        return self._coverage

    def _build_coverage(self) -> Coverage:
        merged, mark = self.base()  # a cold open must not wait for the tail to be merged into a large snapshot
        encoded = pycrdt.get_state(merged)
        coverage = Coverage()
        for client, clock in read_state_vector(encoded, self._unbounded).items():
            if clock:
                coverage.structs.add(client, 0, clock)
        # What is left beyond the state vector: structs after a gap, and the delete set.
        coverage.add(read_header(pycrdt.get_update(merged, encoded), self._unbounded))
        self._base_clocks = _without_gaps(coverage)
        if (tail := self.since(mark)) is not None:
            coverage.add(read_header(tail, self._unbounded))
        return coverage

    def lineage(self) -> Lineage:
        """As it is now: a copy, to go with a snapshot of now."""
        return Lineage(dict(self.owners), self.epoch, self.retired)

    def commit(self, updates: Sequence[bytes], headers: Sequence[Header], seq: int) -> None:
        """Take in what the log has just committed under `seq`."""
        coverage = self.coverage if self._doc is not None else self._coverage
        if coverage is not None:
            for header in headers:
                coverage.add(header)
        if self._parents is not None:
            for header in headers:
                self._parents.add(header)
        self._tail.extend(updates)
        added = sum(map(len, updates))
        self._tail_bytes += added
        self._unmerged_bytes += added
        self.seq = max(self.seq, seq)

    def keep_up(self, doc: pycrdt.Doc[Any], mark: int) -> bool:
        """Bring a Y.Doc that shows what was committed up to `mark` up to date: all it missed as one update, when it is
        read and not at every commit. False: it does not show all of it, build a new one.

        Yrs sometimes leaves an update that waited for a dependency waiting after the dependency came; a document
        built from one merged update does not have that fault. And it shows what stands behind a gap, which its state
        vector does not tell: of a client with a gap nothing is given to it here.
        """
        missed = self.since(mark)
        if missed is None:
            return True
        structs = self.coverage.structs
        clocks = structs.clocks()
        if len(structs) > len(clocks) and self._names(missed, structs.gapped()):
            return False
        try:
            doc.apply_update(missed)
        except Exception:
            log.exception("committed update did not apply to a hydrated document")
            return False
        return read_state_vector(doc.get_state(), self._unbounded) == clocks

    def _names(self, update: bytes, clients: Set[int]) -> bool:
        return any(client in clients for client, _, _ in read_header(update, self._unbounded).structs)

    def merged(self) -> bytes:
        """Everything committed as one update; one cached object for all joiners."""
        fresh = self._tail[self._merged_mark - self._tail_start :]
        if fresh:
            parts = (
                fresh if self._merged == EMPTY_UPDATE else [self._merged, merge(fresh, self._limits.merge_updates_max)]
            )
            self._merged = merge(parts, self._limits.merge_updates_max)
            self._merged_mark, self._unmerged_bytes = self.mark, 0
            self._base_clocks = _without_gaps(self._coverage)
        return self._merged

    def base(self) -> tuple[bytes, int]:
        """Most of what is committed as one update, and the mark up to which it is. The rest is `since` that mark.

        It stays the same object while people type, so that all joiners of that time share it; merging the tail into a
        large document for each of them would cost the loop 3 ms a megabyte.
        """
        if self._unmerged_bytes > max(self._limits.join_tail_bytes_max, len(self._merged) // 8):
            self.merged()
        return self._merged, self._merged_mark

    @property
    def base_clocks(self) -> dict[int, int] | None:
        """The state vector of `base`, if it is known and says all: what stands behind a gap is in no state vector, and
        no longer in the tail when the gap is closed."""
        return self._base_clocks

    def since(self, mark: int) -> bytes | None:
        """One update with what was committed after `mark`; None if nothing was."""
        if mark >= self.mark:
            return None
        if mark < self._tail_start:
            return self.merged()
        return merge(self._tail[mark - self._tail_start :], self._limits.merge_updates_max)

    def diff(self, clocks: dict[int, int]) -> bytes:
        """What a peer with this state vector lacks."""
        merged = self.merged()
        return merged if not clocks else pycrdt.get_update(merged, state_vector(clocks))

    def state_vector(self) -> bytes:
        """Of what is committed and without gaps before it."""
        return state_vector(self.coverage.structs.clocks())

    def knows(self, header: Header) -> bool:
        """Whether the update says nothing new, deletions that follow from merging (map overwrites) included."""
        coverage = self.coverage
        if not coverage.has_structs(header):
            return False
        if not self.has_deletes(header) and self._deepened_at != self.mark:
            try:
                doc = self.hydrate() if self._doc is not None else self._build()
            except Unreadable:
                return True  # nothing new in structs; its deletions are dropped, not accepted
            full = doc.get_update()
            implied = read_header(pycrdt.get_update(full, doc.get_state()), self._unbounded)
            # Apart from the coverage: no update carries these, so a snapshot that lacks them lacks nothing.
            self._known_deletes = coverage.deletes.copy()
            self._known_deletes.add_all(implied.deletes)
            self._deepened_at = self.mark
        return self.has_deletes(header)

    def has_deletes(self, header: Header) -> bool:
        """Whether its deletions are committed, or follow from what is as far as `knows` has looked."""
        return self.coverage.has_deletes(header) or self._known_deletes.covers_all(header.deletes)

    def check_parents(self, header: Header, pending: Iterable[Header]) -> None:
        """Raises `CollabError` if the update gives children to what can have none, now or among `pending`.

        Walks the whole document the first time an update needs it.
        """
        unresolved = header.parents
        for each in pending:
            unresolved = unresolved - each.types
        if not unresolved:
            return
        if self._parents is None:
            self._parents = Parents()
            self._parents.add(read_header(self.merged(), self._unbounded))
        own = Parents()
        own.add(header)
        for found in unresolved:
            if not self._parents.has(found) and not own.has(found):
                raise refuse(found, self.coverage.structs)

    def _build(self) -> pycrdt.Doc[Any]:
        doc: pycrdt.Doc[Any] = pycrdt.Doc()
        self.load(doc)
        return doc

    def load(self, doc: pycrdt.Doc[Any]) -> None:
        """Bring everything committed into an empty Y.Doc. Raises `Unreadable`."""
        try:
            doc.apply_update(self.placed())
        except Exception as error:
            log.exception("document does not apply", extra={"seq": self.seq})
            raise Unreadable("document does not apply") from error

    def placed(self) -> bytes:
        """What of `merged` a Y.Doc may be given: see `collab.placing`."""
        merged = self.merged()
        known = self._coverage is not None and not self._coverage.structs.gapped()
        return merged if known else placeable(merged)

    def hydrate(self) -> pycrdt.Doc[Any]:
        """A Y.Doc of what is committed now; ask again for what is committed later. Read it; never write to it.

        Raises `Unreadable`.
        """
        if self._doc is None or not self.keep_up(self._doc, self._doc_mark):
            self._doc = None
            self._doc = self._build()
        self._doc_mark = self.mark
        return self._doc

    def drop(self) -> None:
        self._doc = None

    @property
    def hydrated(self) -> bool:
        return self._doc is not None

    def foldable(self) -> list[bytes]:
        """The parts of a snapshot up to now, for `Folder.fold`."""
        self._fold_clocks = _without_gaps(self._coverage)
        return [self._merged, *self._tail[self._merged_mark - self._tail_start :]]

    def compacted(self, snapshot: bytes, mark: int, seq: int) -> None:
        """Replace everything before `mark` by its fold, stored as the snapshot of `seq`."""
        cut = mark - self._tail_start
        if cut < 0:
            return
        self.snapshot_seq = seq
        del self._tail[:cut]
        self._tail_start = mark
        self._tail_bytes = sum(map(len, self._tail))
        if self._merged_mark <= mark:
            self._merged, self._merged_mark, self._unmerged_bytes = snapshot, mark, self._tail_bytes
            self._base_clocks = self._fold_clocks


def _without_gaps(coverage: Coverage | None) -> dict[int, int] | None:
    return coverage.structs.clocks() if coverage is not None and coverage.structs.gapless() else None
