"""When a room writes a snapshot of its document, and how: fold, keep, forget what it holds.

Owns the one compaction of a room that may be under way. Invariant: a snapshot of sequence N holds every update up to
N (it starts only while no append is under way, and what comes out is compared with what is committed), and only once
the log has kept it is anything dropped from memory.
Bytes come from `collab.document`, are folded wherever the `Folder` works, and go to `DocumentLog.put_snapshot`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from collab.clock import Clock
from collab.document import Document
from collab.folding import Folder
from collab.limits import Limits
from collab.ports import DocumentLog, Refused
from collab.verifying import missing

log = logging.getLogger(__name__)


class BadFold(Exception):
    """A fold lacks what is committed. It is thrown away; everything stays as it was."""

    code = "BAD_FOLD"
    retryable = True

    def __init__(self, ranges: int) -> None:
        super().__init__(ranges)
        self.ranges = ranges

    def __str__(self) -> str:
        return f"the fold lacks {self.ranges} ranges of what is committed"


class Compaction:
    """`safe`: whether no append is under way. `on_fenced`: the log says this host has lost the document.

    `collect_garbage`: snapshots are made from a garbage-collected document.
    """

    def __init__(
        self,
        doc_name: str,
        doc_log: DocumentLog,
        limits: Limits,
        clock: Clock,
        folder: Folder,
        *,
        collect_garbage: bool,
        safe: Callable[[], bool],
        on_fenced: Callable[[], None],
    ) -> None:
        self._doc_name, self._log = doc_name, doc_log
        self._limits, self._clock, self._folder = limits, clock, folder
        self._collect_garbage, self._safe, self._on_fenced = collect_garbage, safe, on_fenced
        self._task: asyncio.Task[None] | None = None
        self._not_before = 0.0

    @property
    def running(self) -> bool:
        return self._task is not None

    def if_due(self, document: Document) -> None:
        limits, size = self._limits, document.size_bytes
        many = document.tail_updates >= max(limits.compact_updates, size // limits.compact_bytes_per_update)
        large = document.tail_bytes >= max(limits.compact_bytes, size * limits.compact_share)
        if (many or large) and self._clock.now() >= self._not_before:
            self.start(document)

    def start(self, document: Document) -> asyncio.Task[None] | None:
        """Start writing a snapshot of everything committed so far, unless that is unsafe now or under way.

        Safe means: no append is under way, so no row up to the snapshot's sequence can be missing from it.
        """
        if self._task is not None or not self._safe():
            return None
        self._task = asyncio.ensure_future(self._run(document))
        return self._task

    async def finished(self) -> None:
        """Wait for the one that is under way."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self, document: Document) -> None:
        self._not_before = self._clock.now() + self._limits.compact_retry_s
        committed = document.coverage.copy()
        mark, seq, parts, lineage = document.mark, document.seq, document.foldable(), document.lineage()
        try:
            snapshot = await self._folder.fold(parts)
            if self._collect_garbage:
                snapshot = await self._folder.collect(snapshot)
            if lost := missing(committed, await self._folder.held(snapshot)):
                raise BadFold(len(lost))
            await self._log.put_snapshot(snapshot, seq, lineage)
            document.compacted(snapshot, mark, seq)
            self._not_before = 0.0
        except Refused as refused:
            log.warning("snapshot refused", extra={"doc": self._doc_name, "code": refused.code})
            if refused.fenced:
                self._on_fenced()
        except Exception:
            log.exception("snapshot failed", extra={"doc": self._doc_name})
        finally:
            self._task = None
