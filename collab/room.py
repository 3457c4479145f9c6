"""A room: one document, its sockets, and the order in which everything happens to it.

Owns the lifecycle and the order: *commit, then everything else*. An update is checked, committed, and only then applied
to a hydrated Y.Doc, added to the tail, sent to all sockets (its sender included: that echo is the durable
acknowledgement of y-websocket; who counts receipts gets one as well) and told to listeners. Invariants: nobody, joiners
included, sees what the log has not confirmed; a fault of one socket or one flush ends at its senders. Bytes come from
sessions and server edits, go to `DocumentLog` and back out through `fanout`. All methods belong to one event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

import pycrdt

from collab import wire
from collab.admission import Admission, read_update
from collab.claims import bind
from collab.clock import Clock, LoopClock, Timer
from collab.close_codes import CloseCode, CollabError, RoomClosed
from collab.commits import Batch, Commits, failure
from collab.compaction import Compaction
from collab.document import Document
from collab.editing import EditFn, PreparedEdit, Scratch, fresh_client_id
from collab.fanout import Fanout
from collab.folding import Folder, LocalFolder
from collab.framing import Y_WEBSOCKET, Framing
from collab.guests import Guest
from collab.join_gate import JoinGate
from collab.joins import Joins
from collab.limits import Limits
from collab.merging import merge
from collab.ports import DocumentLog, Entry, Offer, Proposal, ProposalLog, Refused, RenewalLog, RequestKey
from collab.presence import HEARTBEAT, Presence, User
from collab.proposals import FOREIGN_ID, Proposals
from collab.renewal import Renewed, rewrite
from collab.session import Access, Joining, Live, Pause, Session
from collab.transport import Transport
from collab.updates import Header, read_header

log = logging.getLogger(__name__)

CommitListener = Callable[[int], None]
"""Called with the sequence just committed, synchronously, after memory shows it. Must not block."""


class Room:
    """`write_access`: the least access that may change this document (comments: COMMENT).

    `collect_garbage`: snapshots are made from a garbage-collected document (for documents nobody wants history of).
    `shelf`: where offers under ids of others are parked; without one they are refused.
    `held`: whether this document is still ours to show; asked for every message in and out, so it must cost nothing.
    Once it is False the room was `shut`.
    """

    def __init__(
        self,
        doc_name: str,
        doc_log: DocumentLog,
        limits: Limits | None = None,
        clock: Clock | None = None,
        *,
        write_access: Access = Access.WRITE,
        folder: Folder | None = None,
        collect_garbage: bool = False,
        gate: JoinGate | None = None,
        shelf: ProposalLog | None = None,
        held: Callable[[], bool] = lambda: True,
    ) -> None:
        self.doc_name, self._log, self.held = doc_name, doc_log, held
        self.limits, self.clock = limits or Limits(), clock or LoopClock()
        self.write_access = write_access
        self._document: Document | None = None
        self._opening: asyncio.Future[None] | None = None
        self._closing = False
        self._closes_with = CloseCode.GOING_AWAY
        self.closed = False
        self._fanout = Fanout(self.limits.outbox_bytes_max, held)
        self.presence = Presence(self.limits)
        self._server_presence_id = 0
        self._ordinal = 0
        self._commits = Commits(
            doc_log,
            self.limits,
            self.clock,
            sessions=self._fanout.__len__,
            on_committed=self._flushed,
            on_failed=self._flush_failed,
        )
        self._proposals = None if shelf is None else Proposals(shelf, self.limits, self._moved)
        self._listeners: list[CommitListener] = []
        self._edit_lock = asyncio.Lock()
        self._prepared: PreparedEdit | None = None
        self._scratch: Scratch | None = None
        folder = folder or LocalFolder(self.limits.merge_updates_max)
        gate = gate or JoinGate(self.limits, self.clock)
        self._joins = Joins(
            doc_name, lambda: self.document, self._fanout, self.limits, self.clock, gate, folder, self.show_everyone
        )
        self._compaction = Compaction(
            doc_name,
            doc_log,
            self.limits,
            self.clock,
            folder,
            collect_garbage=collect_garbage,
            safe=lambda: not self._commits.in_flight and self._prepared is None,
            on_fenced=self._moved,
        )
        self._presence_timer: Timer | None = None
        self._presence_at = 0.0
        self._heartbeat: Timer | None = None
        self._spoke_at = self._read_at = 0.0
        self._idle_since: float | None = None

    # lifecycle

    async def open(self) -> None:
        """Load the document once, however many call. A failed load raises (`Refused`) and leaves the room unopened."""
        if self._document is not None:
            return
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._load())
        try:
            await asyncio.shield(self._opening)
        finally:
            if self._opening is not None and self._opening.done():
                self._opening = None

    async def _load(self) -> None:
        self._document = Document(await self._log.load(), self.limits)
        self._admission = Admission(
            self._document,
            self._commits,
            self.limits,
            announced=self.presence.principal_of,
            park=self._park,
        )
        self._idle_since = self.clock.now()

    @property
    def document(self) -> Document:
        if self._document is None:
            raise RoomClosed(self.doc_name)
        return self._document

    @property
    def sessions(self) -> int:
        return len(self._fanout)

    @property
    def seq(self) -> int:
        """The last committed sequence this room knows of."""
        return self.document.seq

    @property
    def _parking(self) -> bool:
        return self._proposals is not None and self._proposals.busy

    @property
    def idle_since(self) -> float | None:
        """Clock reading since when nobody is here and nothing is in the works; None while busy."""
        busy = self._commits.busy or self._parking or self._edit_lock.locked() or self._compaction.running
        return None if busy or len(self._fanout) else self._idle_since

    async def close(self, code: CloseCode = CloseCode.GOING_AWAY, reason: str = "") -> None:
        """Commit and acknowledge what was received, then close every socket with `code`. Idempotent."""
        self._closing, self._closes_with = True, code
        if not self.closed and self._document is not None:
            try:
                async with asyncio.timeout(self.limits.close_drain_s_max):
                    await self._commits.drain()
                    if self._proposals is not None:
                        await self._proposals.drain()
                    async with self._edit_lock:
                        pass
            except TimeoutError:
                log.warning("room closed with commits under way", extra={"doc": self.doc_name})
        self.shut(code, reason)
        self._compaction.cancel()

    def _moved(self) -> None:
        self.shut(CloseCode.MOVED, "")

    def shut(self, code: CloseCode, reason: str) -> None:
        """Close every socket now, and wait for nothing: what is in flight lands unseen. Idempotent."""
        self._closing = self.closed = True
        self._commits.stop()
        for session in self._fanout.all():
            session.close(code, reason)
        for timer in (self._heartbeat, self._presence_timer):
            if timer is not None:
                timer.cancel()
        self._joins.stop()
        self._heartbeat = self._presence_timer = None
        self._scratch = None

    # sockets

    def join(
        self, transport: Transport, principal: str, access: Access, user: User, framing: Framing = Y_WEBSOCKET
    ) -> Session:
        """Take in an authenticated socket and listen to it. Over `sessions_per_room_max` it is closed 4508 at once.

        Raises `RoomClosed`.
        """
        if self._document is None or self._closing or not self.held():
            raise RoomClosed(self.doc_name)
        self._ordinal += 1
        session = Session(self, transport, principal, access, user=user, ordinal=self._ordinal, framing=framing)
        if len(self._fanout) >= self.limits.sessions_per_room_max:
            session.close(CloseCode.OVERLOADED, "sessions_per_room_max")
            return session
        session.state = Joining(self._document.mark, self.clock.now())
        self._fanout.add(session)
        self.presence.joined(self._ordinal)
        if not framing.receipts:
            session.write(wire.sync_step1(self._document.state_vector()))
        if self._heartbeat is None:
            self._heartbeat = self.clock.call_later(self.limits.heartbeat_s, self._beat)
        session.attach()
        return session

    def leave(self, session: Session) -> None:
        """A session has ended (called by the session itself)."""
        if not self._fanout.remove(session):
            return
        self._joins.left(session)
        self.presence.forget(session)
        self._presence_changed()
        if not len(self._fanout):
            self._idle_since = self.clock.now()

    def answer(self, session: Session, clocks: dict[int, int]) -> None:
        if not self.document.retired.isdisjoint(clocks):
            raise CollabError(CloseCode.STALE_DOCUMENT)
        self._joins.answer(session, clocks)

    def catch_up(self, session: Session) -> None:
        self._joins.catch_up(session)

    # updates

    def accept(self, session: Session, update: bytes, *, live: bool) -> None:
        """Check an update and put it on its way to the log. Raises `CollabError` for what closes the session."""
        if self._closing:
            raise CollabError(self._closes_with)
        header = read_update(update, self.limits)
        if isinstance(session.state, Joining) and live:
            self._joins.go_live(session)
        self._admission.admit(session, update, header, live=live)

    def _flushed(self, batch: Batch, seq: int) -> None:
        self._commit([each.entry for each in batch], [each.header for each in batch], seq)
        for each in batch:
            if each.receipt:
                each.session.acknowledge(each.receipt)
            if each.whole is not None and each.session.receipts is None:
                # Also to a slow reader: the diff it gets later does not hold what was committed before it came, and
                # what it may owe for this is what it sent itself, bounded by `pending_bytes_max`.
                each.session.write(wire.sync_update(each.whole))

    def _commit(self, entries: Sequence[Entry], headers: Sequence[Header], seq: int) -> None:
        document, updates = self.document, [each.update for each in entries]
        mark = document.mark
        for entry, header in zip(entries, headers, strict=True):
            bind(document.owners, entry.principal, header)
        document.commit(updates, headers, seq)
        self._spoke_at = self.clock.now()
        merged = merge(updates, self.limits.merge_updates_max)
        self._fanout.send(wire.sync_update(merged), mark)
        self._tell(seq)
        if not self.closed:
            self._compaction.if_due(document)

    def _tell(self, seq: int) -> None:
        for listener in list(self._listeners):
            try:
                listener(seq)
            except Exception:
                log.exception("commit listener failed", extra={"doc": self.doc_name})

    def _flush_failed(self, batch: Batch, refused: Refused) -> None:
        log.warning(
            "flush refused",
            extra={"doc": self.doc_name, "code": refused.code, "updates": len(batch), "fenced": refused.fenced},
        )
        if refused.fenced:
            self.shut(CloseCode.MOVED, "")
            return
        code = CloseCode.LEDGER_UNAVAILABLE if refused.retryable else CloseCode.REFUSED
        failed = [*(each.session for each in batch), *self._commits.leaning()]
        self._admission.release()
        for session in dict.fromkeys(failed):
            self._commits.forget(session)
            session.close(code, refused.code)

    def on_committed(self, listener: CommitListener) -> Callable[[], None]:
        """Hear of every commit; returns the way to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    # presence

    def present(self, session: Session, payload: bytes) -> None:
        back = self.presence.receive(session, payload, self.clock.now())
        if back and isinstance(session.state, Live):  # else it is told when it goes live
            self.show_everyone(session)
        self._presence_changed()

    def show_everyone(self, session: Session) -> None:
        payload = self.presence.everyone()
        if payload is not None and not session.full():
            session.write(wire.awareness(payload))

    def set_server_presence(self, state: dict[str, Any] | None) -> None:
        """Show the server as a peer with this state; None (as at first) shows nothing."""
        if not self._server_presence_id:
            self._server_presence_id = fresh_client_id()
        self.presence.set_server_state(state, self._server_presence_id, self.clock.now())
        self._presence_changed()

    def show_guest(self, guest: Guest) -> None:
        """Show a peer without a socket, until `hide_guest`."""
        self._ordinal += 1
        guest.ordinal = self._ordinal
        self.presence.receive(guest, guest.state(), self.clock.now())
        self._presence_changed()

    def hide_guest(self, guest: Guest) -> None:
        self.presence.forget(guest)
        self._presence_changed()

    def _presence_changed(self) -> None:
        if not self.presence.changed or self._presence_timer is not None or self.closed:
            return
        wait = max(0.0, self._presence_at - self.clock.now())
        self._presence_timer = self.clock.call_later(wait, self._send_presence)

    def _send_presence(self) -> None:
        self._presence_timer = None
        now = self.clock.now()
        self._presence_at = now + self.limits.presence_tick_s(len(self._fanout))
        payload = self.presence.take_changes()
        if payload is not None:
            self._spoke_at = now
            self._fanout.send(wire.awareness(payload), self.document.mark)

    def _beat(self) -> None:
        self._heartbeat = None
        if not len(self._fanout) or self.closed:
            return
        now = self.clock.now()
        self._part_with_silent(now)
        self.presence.expire(now)
        self._presence_changed()
        if now - self._spoke_at >= self.limits.heartbeat_s:
            self._fanout.send(wire.awareness(HEARTBEAT), self.document.mark)
        self._heartbeat = self.clock.call_later(self.limits.heartbeat_s, self._beat)

    def _part_with_silent(self, now: float) -> None:
        """Sockets that hold a place and never asked for anything: stock clients ask at once."""
        for session in self._fanout.joining():
            if isinstance(session.state, Joining) and now - session.state.since > self.limits.silent_s_max:
                session.close(CloseCode.RESYNC, "silent_s_max")

    # edits by the server

    async def edit(self, edit: EditFn, principal: str) -> int:
        """Run `edit` on a private copy, commit its one update, show it. Returns the committed sequence.

        An edit that changes nothing commits nothing. Raises `Refused`, `TooLarge`, `Unreadable`, `RoomClosed`, and what
        `edit` raises.
        """
        prepared = await self.prepare_edit(edit, principal)
        if prepared is None:
            return self.seq
        try:
            appended = asyncio.ensure_future(self._log.append([prepared.entry]))
        except Refused:
            self.abandon(prepared)
            raise
        landed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        appended.add_done_callback(lambda done: self._edit_landed(prepared, done, landed))
        return await landed  # a caller that is cancelled does not stop the edit from landing

    def _edit_landed(
        self, prepared: PreparedEdit | None, appended: asyncio.Future[int], landed: asyncio.Future[int]
    ) -> None:
        refused = failure(appended)
        if refused is None:
            if prepared is not None:
                self.committed(prepared, appended.result())
        else:
            if prepared is not None:
                self.abandon(prepared)
            if refused.fenced:
                self.shut(CloseCode.MOVED, "")
        if landed.done():
            return
        if refused is None:
            landed.set_result(appended.result())
        else:
            landed.set_exception(refused)

    async def prepare_edit(self, edit: EditFn, principal: str, name: str = "") -> PreparedEdit | None:
        """Compute an edit for a composite append; None if it changes nothing.

        The caller commits `entry` in its own append and then calls `committed`, or `abandon`: until one of the two,
        later edits of this room wait. Raises `TooLarge`, `RoomClosed`, and what `edit` raises.
        """
        await self._edit_lock.acquire()
        try:
            if self._document is None or self._closing:
                raise RoomClosed(self.doc_name)
            self._prepared = self._compute(edit, principal, name)
            return self._prepared
        except BaseException:
            self._scratch = None
            raise
        finally:
            if self._prepared is None:
                self._edit_lock.release()

    def _compute(self, edit: EditFn, principal: str, name: str) -> PreparedEdit | None:
        document = self.document
        while True:
            scratch = self._scratch
            stays = scratch is not None and scratch.principal == principal
            if scratch is None or not stays or not document.keep_up(scratch.doc, scratch.mark):
                scratch = self._scratch = Scratch(document.load, document.mark, principal)
            scratch.mark = document.mark
            update = scratch.run(edit)
            if update is None:
                return None
            header = read_header(update, self.limits)
            self._admission.check_size(update)
            if self._admission.reserve(principal, header):
                break
            self._scratch = None  # somebody used its client id
        client = scratch.client_id if header.structs else 0
        return PreparedEdit(Entry(principal, client, update, name), header)

    def committed(self, prepared: PreparedEdit, seq: int) -> None:
        """The owner's append with `prepared.entry` committed as `seq`: apply it and show it."""
        if self._prepared is not prepared:
            return
        self._prepared = None
        self._edit_lock.release()
        if not self.closed:
            self._commit([prepared.entry], [prepared.header], seq)

    def abandon(self, prepared: PreparedEdit) -> None:
        """The owner's append did not happen: forget the edit, and the client id it was made with."""
        if self._prepared is not prepared:
            return
        self._prepared = self._scratch = None
        self._edit_lock.release()

    # proposals

    def _park(self, session: Session, offer: Offer) -> None:
        if self._proposals is None:
            session.refuse(FOREIGN_ID)
        else:
            self._proposals.take(session, offer)

    async def proposals(self) -> list[Proposal]:
        """Offers under client ids of others that nobody has decided on. Raises `Refused`."""
        return [] if self._proposals is None else await self._proposals.open()

    async def decide_proposal(self, id: str, by: str, *, accept: bool, key: RequestKey | None = None) -> int:
        """Merge a proposal as an edit that keeps its author, or dismiss it. Returns the committed sequence.

        Raises `CollabError` (NOT_FOUND: decided already), `Refused`, `RoomClosed`.
        """
        if self._proposals is None:
            raise CollabError(CloseCode.NOT_FOUND, "no such proposal is open")
        await self._edit_lock.acquire()
        try:
            proposal = await self._proposals.get(id)
            if self._closing:
                raise RoomClosed(self.doc_name)
            self._prepared = prepared = self._admission.adopt(proposal.offer) if accept else None
            entry = None if prepared is None else prepared.entry
            decided = self._proposals.decide(proposal, by, accepted=accept, entry=entry, key=key)
            appended = asyncio.ensure_future(decided)
        except BaseException:
            self._prepared = None
            self._edit_lock.release()
            raise
        landed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        appended.add_done_callback(lambda done: self._decided(proposal, prepared, done, landed))
        return await landed

    def _decided(
        self,
        proposal: Proposal,
        prepared: PreparedEdit | None,
        appended: asyncio.Future[int],
        landed: asyncio.Future[int],
    ) -> None:
        if self._proposals is not None and failure(appended) is None:
            self._proposals.decided(proposal)
        if prepared is None:
            self._edit_lock.release()
        self._edit_landed(prepared, appended, landed)

    # epochs

    @property
    def epoch(self) -> int:
        return self.document.epoch

    async def renew(self, by: str, author: str, key: RequestKey | None = None) -> Renewed:
        """Rewrite the document with fresh ids, as an edit of `author` that `by` asked for, and close this room.

        Words on their way are committed first; then everybody is sent away with 4409. Raises `Refused`, `RoomClosed`,
        and `CollabError` for content that cannot be rewritten; then everything is as it was.
        """
        if not isinstance(self._log, RenewalLog):
            raise CollabError(CloseCode.REFUSED, "this log starts no epochs")
        async with self._edit_lock:
            if self._document is None or self._closing:
                raise RoomClosed(self.doc_name)
            self._closing = True  # nobody joins and nothing is taken in meanwhile
            for session in self._fanout.all():
                session.pause(Pause.RENEWAL)
            try:
                await self._commits.drain()
                await self._compaction.finished()
                rewritten = await rewrite(self._document, self._log)
                entry = Entry(author, rewritten.client, rewritten.update)
                seq = await self._log.renew(self._document.epoch + 1, entry, by, key)
            except BaseException as error:
                self._closing = self.closed
                for session in self._fanout.all():
                    session.resume(Pause.RENEWAL)
                if isinstance(error, Refused) and error.fenced:
                    self._moved()
                raise
        self._tell(seq)
        renewed = Renewed(
            seq, self._document.epoch + 1, self._document.size_bytes, len(rewritten.base), rewritten.left_out
        )
        self.shut(CloseCode.STALE_DOCUMENT, "")
        return renewed

    # reads

    def hydrate(self) -> pycrdt.Doc[Any]:
        """A Y.Doc of the committed state, kept up to date until `drop`. For reading only."""
        self._read_at = self.clock.now()
        return self.document.hydrate()

    @property
    def doc(self) -> pycrdt.Doc[Any]:
        return self.hydrate()

    @property
    def hydrated(self) -> bool:
        """Whether a Y.Doc is kept for readers."""
        return self._document is not None and self._document.hydrated

    def drop_unread(self, seconds: float) -> bool:
        """`drop` if nobody has read the Y.Doc for so long; whether it did."""
        if not self.hydrated or self.clock.now() - self._read_at < seconds:
            return False
        self.drop()
        return True

    def drop_frames(self) -> None:
        """Let go of what is kept for joiners; the next one has it made again."""
        self._joins.drop()

    def drop(self) -> None:
        """Let go of every Y.Doc this room keeps; bytes stay."""
        if self._document is not None:
            self._document.drop()
        if self._prepared is None:
            self._scratch = None

    def text(self, root: str) -> str:
        """A root Text as it is committed; empty if it was never written. Raises `Unreadable`."""
        return str(self.hydrate().get(root, type=pycrdt.Text))

    def map(self, root: str) -> dict[str, Any]:
        """A root Map as plain values (nested types included); empty if it was never written."""
        value: dict[str, Any] = self.hydrate().get(root, type=pycrdt.Map).to_py() or {}
        return value

    def compact(self) -> asyncio.Task[None] | None:
        """Start writing a snapshot now; None if that is unsafe at the moment or one is under way."""
        return self._compaction.start(self.document)
