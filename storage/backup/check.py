"""Whether a ledger, live or in a backup, is whole: the law of rows, looked at from outside.

Owns the checks over a stream of records: sequences gapless from 1 to the head, epochs that only grow and begin with
their ownership event, rolling hashes, projections and answers not ahead of the log, snapshots that decode, and which
objects projections name. One sentence per fault; memory grows with homes and named objects, not with rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from storage import codec
from storage.backup.stream import digest_of, row_bytes
from storage.backup.tables import ATTEMPTS, EVENTS, RESPONSES, SNAPSHOTS, VIEWS, Record, Row, Table
from storage.ledger.archive import ARCHIVE
from storage.ledger.protocol import AttemptState, Kind, Snapshot
from storage.ledger.purging import DELETED
from storage.ledger.seal import unseal
from storage.objects.protocol import store_of

FAULTS_MAX = 1000
"""Sentences kept. Beyond it the rest is only counted: whoever has a thousand needs a backup, not a longer list."""

KEY_FIELD = "key"
"""Fields of projections that name an object: `key` and everything that ends in `_key`."""

DecodesSnapshot = Callable[[Snapshot], None]
"""Raises whatever it raises if this, as it was stored, is no snapshot."""


class Check:
    """Give it every record of a stream, in order, then read `faults`, `named` and `counts`."""

    def __init__(self, decodes: DecodesSnapshot | None = None) -> None:
        self.faults: list[str] = []
        self.more = 0
        self.named: dict[str, str] = {}  # object key → the projection that names it
        self.heads: dict[str, tuple[int, int, str]] = {}  # home → epoch, head, digest
        self.counts: dict[str, int] = {}
        self._decodes = decodes or (lambda snapshot: _blob(unseal(snapshot).body))
        self._home, self._seq, self._epoch = "", 0, 0
        self._digest = digest_of("")
        self._gone: dict[str, int] = {}  # home → rows before its first one here: they must be in the archive's list
        self._listed: dict[str, int] = {}  # home → how far its list runs from 1 without a gap

    def fault(self, sentence: str) -> None:
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(sentence)
        else:
            self.more += 1

    def look(self, record: Record) -> None:
        self.counts[record.kind] = self.counts.get(record.kind, 0) + len(record.rows)
        match record.kind:
            case EVENTS.name:
                self._begin(record.home)
                for row in record.rows:
                    self._event(row)
            case "home":
                self._begin(record.home)
                self._head(record.rows[0])
            case SNAPSHOTS.name:
                for row in record.rows:
                    self._snapshot(row)
            case VIEWS.name:
                for row in record.rows:
                    self._view(row)
            case RESPONSES.name:
                for row in record.rows:
                    self._not_ahead(RESPONSES, row, f"the answer to {row[RESPONSES.at('key')]}")
            case ATTEMPTS.name:
                for row in record.rows:
                    self._attempt(row)

    def _begin(self, home: str) -> None:
        if home != self._home:
            self._home, self._seq, self._epoch, self._digest = home, 0, 0, digest_of(home)

    def _event(self, row: Row) -> None:
        seq, epoch, ownership = row[0], row[1], row[EVENTS.at("kind")] == Kind.OWNERSHIP
        if self._seq == 0 and seq > 1:
            self._gone[self._home] = seq - 1
            self._seq, self._epoch = seq - 1, epoch - ownership
        if seq != self._seq + 1:
            self.fault(f"{self._home}: sequence {seq} follows {self._seq}")
        if epoch < self._epoch:
            self.fault(f"{self._home}: epoch {epoch} follows {self._epoch} at sequence {seq}")
        elif (epoch > self._epoch) != ownership:
            self.fault(f"{self._home}: epoch {epoch} and its ownership event disagree at sequence {seq}")
        self._seq, self._epoch = seq, epoch
        self._digest.update(row_bytes(row))

    def _head(self, row: Row) -> None:
        epoch, seq, digest = row
        if seq != self._seq:
            self.fault(f"{self._home}: the head says {seq}, the last row is {self._seq}")
        if epoch != self._epoch:
            self.fault(f"{self._home}: the head says epoch {epoch}, the last row {self._epoch}")
        if digest != self._digest.hexdigest():
            self.fault(f"{self._home}: the hash of its rows does not match")
        self.heads[self._home] = epoch, seq, digest

    def _not_ahead(self, table: Table, row: Row, what: str) -> None:
        home, seq = row[table.at("home")], row[table.at("seq")]
        found = self.heads.get(home)
        if found is None:
            self.fault(f"{home}: {what} belongs to a home that is not there")
        elif seq > found[1]:
            self.fault(f"{home}: {what} says sequence {seq}, the head is {found[1]}")

    def _snapshot(self, row: Row) -> None:
        home, doc, seq, *_ = row
        self._not_ahead(SNAPSHOTS, row, f"the snapshot of {doc}")
        try:
            self._decodes(Snapshot(*row))
        except Exception as error:  # noqa: BLE001 - whatever a decoder raises, the snapshot is not one
            self.fault(f"{home}: the snapshot of {doc} at {seq} does not decode ({type(error).__name__})")

    def _view(self, row: Row) -> None:
        kind, id, home, body = row[0], row[1], row[2], row[VIEWS.at("body")]
        what = f"the projection {kind} {id}"
        self._not_ahead(VIEWS, row, what)
        try:
            value = codec.decode(body)
        except codec.CodecError:
            self.fault(f"{home}: {what} does not decode")
            return
        if kind == DELETED and value["upto"]:  # erased, or being erased: what is gone is gone on purpose
            self._listed[home] = max(self._listed.get(home, 0), value["upto"])
        if kind == ARCHIVE and value["first"] == self._listed.get(home, 0) + 1:
            self._listed[home] = value["last"]
        for key in named_objects(value):
            self.named.setdefault(key, f"{what} of {home}")

    def _attempt(self, row: Row) -> None:
        id, home, state = row[0], row[1], row[ATTEMPTS.at("state")]
        if home not in self.heads:
            self.fault(f"{home}: the attempt {id} belongs to a home that is not there")
        if state not in set(AttemptState):
            self.fault(f"{home}: the attempt {id} is in no known state")

    def finish(self) -> None:
        """After the last record: what is not in the ledger is in the archive."""
        for home, upto in self._gone.items():
            if self._listed.get(home, 0) < upto:
                self.fault(f"{home}: rows up to {upto} are neither in the ledger nor in the archive's list")


def check(records: Iterable[Record], decodes: DecodesSnapshot | None = None) -> Check:
    found = Check(decodes)
    for record in records:
        found.look(record)
    found.finish()
    return found


def named_objects(value: Any, field: str = "") -> Iterator[str]:
    """Object keys in a projection's body."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from named_objects(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from named_objects(inner, field)
    elif isinstance(value, str) and (field == KEY_FIELD or field.endswith(f"_{KEY_FIELD}")) and store_of(value):
        yield value


def _blob(body: bytes) -> None:
    codec.decode(body)
