"""From a decision to one append: rows, views, attempts and the stored answer, encoded.

The invariant: the order of rows is the order of the decision (events, then document updates), so a draft's place in
the sequence is known before the commit and can be written into the views that name it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import partial
from typing import Any

from pycrdt import Doc

from actors.commands import Envelope
from actors.runtime.actor import Actor, Decision, Draft, Fact, ViewDraft
from actors.runtime.edits import Op, fresh_update, perform
from actors.runtime.pipeline import Parts
from actors.runtime.rooms import updates_row
from collab.editing import PreparedEdit
from collab.ports import Entry
from collab.room import Room
from storage.codec import decode, encode
from storage.ledger.protocol import Kind, NewEvent, StoredResponse, View

SERVER = "@server"
"""The principal of edits the server makes."""


class Composed:
    """An append ready to go, and what to do once it is committed."""

    def __init__(self) -> None:
        self.parts = Parts(())
        self.drafts: list[tuple[Draft, bytes]] = []
        self.edited: list[tuple[Room, PreparedEdit]] = []

    def facts(self, first_seq: int, at_ms: int, source: str) -> list[Fact]:
        """The events as the log will give them back: decoded from their bytes, so replay and live never differ."""
        return [
            Fact(draft.type, decode(body), first_seq + index, at_ms, draft.source or source)
            for index, (draft, body) in enumerate(self.drafts)
        ]


async def prepare(decision: Decision, rooms: Mapping[str, Room]) -> dict[str, tuple[Room, PreparedEdit | None]]:
    """Compute the edits of open documents on private copies. Whoever calls this abandons them if no commit follows."""
    found: dict[str, tuple[Room, PreparedEdit | None]] = {}
    try:
        for edit in decision.edits:
            if edit.fresh:
                assert rooms.get(edit.doc) is None, "a new document that somebody opened before it was made"
            else:
                assert edit.doc not in found, "one edit per document and decision"
                room = rooms[edit.doc]
                work, author = partial(_perform, edit.ops), edit.author or SERVER
                found[edit.doc] = room, await room.prepare_edit(work, author, edit.author_name)
    except BaseException:
        abandon(found)
        raise
    return found


def abandon(prepared: Mapping[str, tuple[Room, PreparedEdit | None]]) -> None:
    for room, edit in prepared.values():
        if edit is not None:
            room.abandon(edit)


def compose(
    actor: Actor,
    decision: Decision,
    prepared: Mapping[str, tuple[Room, PreparedEdit | None]],
    *,
    next_seq: int,
    source: str,
    response: tuple[Envelope, bytes] | None,
) -> Composed:
    """`prepared` holds the edit of every document that is not fresh; None where nothing changed."""
    out = Composed()
    rows: list[NewEvent] = []
    for draft in decision.events:
        body = encode(dict(draft.data), version=draft.version)
        out.drafts.append((draft, body))
        rows.append(_row(actor, draft, body, source))
    for edit in decision.edits:
        if edit.fresh:
            rows.append(updates_row(edit.doc, (Entry(SERVER, *fresh_update(edit.ops)),)))
            continue
        room, change = prepared[edit.doc]
        if change is not None:
            out.edited.append((room, change))
            rows.append(updates_row(edit.doc, (change.entry,)))
    last_seq = next_seq + len(rows) - 1
    stored = None
    if response is not None:
        envelope, digest = response
        stored = StoredResponse(envelope.principal, envelope.key, digest, encode({"ids": decision.ids}))
    out.parts = Parts(
        tuple(rows),
        tuple(view_row(actor.home, view, last_seq) for view in decision.views),
        tuple(decision.attempts),
        tuple(decision.cancel_attempts),
        stored,
    )
    return out


def _row(actor: Actor, draft: Draft, body: bytes, source: str) -> NewEvent:
    return NewEvent(
        actor.stream,
        Kind.EVENT,
        draft.type,
        body,
        scene=draft.scene,
        turn=actor.seq,
        version=draft.version,
        source=draft.source or source,
        confidence=draft.confidence,
    )


def _perform(ops: tuple[Op, ...], doc: Doc[Any]) -> None:
    perform(doc, ops)


def view_row(home: str, draft: ViewDraft, seq: int) -> View:
    """A draft as the append of `seq` writes it."""
    body = draft.body
    if body is not None and any(f.name == "revision" for f in fields(body)):
        body = replace(body, revision=str(seq))  # type: ignore[call-arg]
    return View(draft.kind, draft.id, home, draft.parent, draft.order_key, None if body is None else body.blob())


def request_hash(envelope: Envelope) -> bytes:
    """What makes two requests the same request: everything but the key, who carries it, and what follows from it."""
    command = envelope.command
    asked = {name: value for name, value in command.to_dict().items() if name not in command.derived}
    body: dict[str, Any] = {"target": envelope.target, **asked}
    return hashlib.sha256(encode(body)).digest()
