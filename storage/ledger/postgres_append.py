"""Many appends as one statement: heads checked and moved, rows, projections, attempts and answers stored.

Owns the SQL of an append. The invariants: heads are locked in the order of their names, so two hosts never wait for
each other in a circle; whatever is stored joins the homes that moved, so an append that is refused leaves nothing and
harms no neighbour. One statement is one transaction and one round trip, and works behind any pooler.

Under READ COMMITTED a statement sees what was committed when it began, except for rows it locks, which it sees as they
are once it has the lock. So the heads are judged by their latest state. What may exist once (attempts, answers) is
looked up in the older snapshot: rows added since then moved the head, and the append is fenced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from storage.ledger import postgres_shares
from storage.ledger.errors import Conflict, Fenced, LedgerError
from storage.ledger.postgres_arrays import byteas, float8s, int8s, texts
from storage.ledger.postgres_connect import Connection
from storage.ledger.postgres_time import NOW
from storage.ledger.protocol import Append, Committed, NewAttempt, StoredResponse, View

_HEADS = f"""WITH clock AS MATERIALIZED (SELECT {NOW} AS now),
asked AS MATERIALIZED (
  SELECT a.name, a.epoch, a.seq, a.rows, a.at
  FROM unnest(%(homes)s::text[], %(epochs)s::bigint[], %(seqs)s::bigint[], %(counts)s::bigint[])
  WITH ORDINALITY AS a (name, epoch, seq, rows, at)),
held AS MATERIALIZED (
  SELECT h.num, h.name, h.epoch, h.seq, h.owner_id FROM storyforge.homes h WHERE h.name = ANY (%(homes)s::text[])
  ORDER BY h.name FOR NO KEY UPDATE),
"""
_CLASH = """clash AS MATERIALIZED (
  SELECT n.at, 'attempt' AS what
  FROM unnest(%(n_at)s::bigint[], %(n_id)s::text[], %(n_home)s::text[], %(n_job)s::text[], %(n_step)s::text[],
    %(n_number)s::bigint[]) AS n (at, id, home, job, step, number)
  WHERE EXISTS (SELECT 1 FROM storyforge.attempts t WHERE t.id = n.id) OR EXISTS (
    SELECT 1 FROM storyforge.attempts t
    WHERE t.home = n.home AND t.job = n.job AND t.step = n.step AND t.number = n.number)
  UNION ALL
  SELECT r.at, 'response' FROM unnest(%(r_at)s::bigint[], %(r_home)s::text[], %(r_principal)s::text[],
    %(r_key)s::text[]) AS r (at, home, principal, key)
  JOIN storyforge.responses t ON t.home = r.home AND t.principal = r.principal AND t.key = r.key),
"""
_MOVED = """moved AS (
  UPDATE storyforge.homes h SET seq = h.seq + a.rows FROM held JOIN asked a ON a.name = held.name
  WHERE h.num = held.num AND h.epoch = a.epoch AND h.seq = a.seq AND h.owner_id IS NOT NULL{unless}
  RETURNING h.num, a.at, h.epoch)"""
_UNLESS = " AND NOT EXISTS (SELECT 1 FROM clash WHERE clash.at = a.at)"
_EVENTS = """,
stored AS (
  INSERT INTO storyforge.events (home, seq, epoch, at_ms, doc, kind, type, body, scene, turn, version, source,
    confidence, narrative_ts)
  SELECT m.num, e.seq, m.epoch, clock.now, e.doc, e.kind, e.type, e.body, e.scene, e.turn, e.version, e.source,
    e.confidence, e.narrative_ts
  FROM unnest(%(e_at)s::bigint[], %(e_seq)s::bigint[], %(e_doc)s::text[], %(e_kind)s::bigint[], %(e_type)s::text[],
    %(e_body)s::bytea[], %(e_scene)s::text[], %(e_turn)s::bigint[], %(e_version)s::bigint[], %(e_source)s::text[],
    %(e_confidence)s::float8[], %(e_narrative)s::bigint[])
    AS e (at, seq, doc, kind, type, body, scene, turn, version, source, confidence, narrative_ts)
  JOIN moved m ON m.at = e.at CROSS JOIN clock)"""
_VIEWS = """,
shown AS (
  INSERT INTO storyforge.views (kind, id, home, parent, order_key, body, seq)
  SELECT v.kind, v.id, v.home, v.parent, v.order_key, v.body, v.seq
  FROM unnest(%(v_at)s::bigint[], %(v_kind)s::text[], %(v_id)s::text[], %(v_home)s::text[], %(v_parent)s::text[],
    %(v_order)s::text[], %(v_body)s::bytea[], %(v_seq)s::bigint[])
    AS v (at, kind, id, home, parent, order_key, body, seq)
  JOIN moved m ON m.at = v.at
  ON CONFLICT (kind, id) DO UPDATE SET home = excluded.home, parent = excluded.parent,
  order_key = excluded.order_key, body = excluded.body, seq = excluded.seq)"""
_GONE = """,
gone AS (
  DELETE FROM storyforge.views t
  USING unnest(%(g_at)s::bigint[], %(g_kind)s::text[], %(g_id)s::text[]) AS g (at, kind, id)
  JOIN moved m ON m.at = g.at WHERE t.kind = g.kind AND t.id = g.id)"""
_ATTEMPTS = """,
posted AS (
  INSERT INTO storyforge.attempts (id, home, scene, job, step, number, state, request, timeout_ms, priority,
    created_at_ms, progress, message, cancel_requested, version, principal, needs, affinity, not_before_ms, pool,
    weight, worker, deadline_at_ms, heartbeat_at_ms, claims, charge_ms, flight)
  SELECT p.id, p.home, p.scene, p.job, p.step, p.number,
    CASE WHEN {taken} THEN 'claimed' WHEN p.cancelled = 0 THEN 'open' ELSE 'cancelled' END,
    p.request, p.timeout_ms, p.priority, clock.now, 0.0, '', p.cancelled <> 0,
    1 + p.cancelled + CASE WHEN {taken} THEN 1 ELSE 0 END,
    p.principal, p.needs, p.affinity, p.not_before, p.pool, p.weight,
    CASE WHEN {taken} THEN {worker} END, CASE WHEN {taken} THEN clock.now + p.timeout_ms END,
    CASE WHEN {taken} THEN clock.now END, CASE WHEN {taken} THEN 1 ELSE 0 END, {charge}, p.flight
  FROM unnest(%(n_at)s::bigint[], %(n_id)s::text[], %(n_home)s::text[], %(n_scene)s::text[], %(n_job)s::text[],
    %(n_step)s::text[], %(n_number)s::bigint[], %(n_request)s::bytea[], %(n_timeout)s::bigint[],
    %(n_priority)s::bigint[], %(n_cancelled)s::bigint[], %(n_user)s::text[], %(n_needs)s::text[],
    %(n_affinity)s::text[], %(n_before)s::bigint[], %(n_pool)s::text[], %(n_weight)s::bigint[], %(n_flight)s::text[])
    WITH ORDINALITY AS p (at, id, home, scene, job, step, number, request, timeout_ms, priority, cancelled, principal,
      needs, affinity, not_before, pool, weight, flight, place)
  JOIN moved m ON m.at = p.at CROSS JOIN clock{best} ORDER BY p.place)"""
_TO_NOBODY = {"taken": "false", "worker": "NULL::text", "charge": "0", "best": ""}
_TO_A_WORKER = {
    "taken": "best.id IS NOT NULL",
    "worker": "%(h_worker)s::text",
    "charge": "coalesce(best.cost_ms, 0)",
    "best": " LEFT JOIN best ON best.id = p.id",
}
_HAND = f""",
best AS MATERIALIZED (
  SELECT a.id, a.pool, a.principal, a.home, {postgres_shares.TAGS}
  FROM (VALUES (%(h_at)s::bigint, %(h_id)s::text, %(h_home)s::text, %(h_pool)s::text, %(h_user)s::text,
    %(h_step)s::text, %(h_needs)s::text, %(h_weight)s::bigint, 0, 0::bigint))
    AS a (at, id, home, pool, principal, step, needs, weight, claims, charge_ms)
  JOIN moved m ON m.at = a.at {postgres_shares.JOINS}
  WHERE NOT EXISTS (SELECT 1 FROM storyforge.attempts t WHERE t.state = 'claimed' AND t.worker = %(h_worker)s)),
charged AS ({postgres_shares.CHARGE})"""
_CANCEL = """,
cancelled AS (
  UPDATE storyforge.attempts t SET cancel_requested = true, version = t.version + 1,
  state = CASE t.state WHEN 'open' THEN 'cancelled' ELSE t.state END
  FROM unnest(%(c_at)s::bigint[], %(c_home)s::text[], %(c_id)s::text[]) AS c (at, home, id)
  JOIN moved m ON m.at = c.at WHERE t.id = c.id AND t.home = c.home AND t.state IN ('open', 'claimed'))"""
_ANSWERS = """,
answered AS (
  INSERT INTO storyforge.responses (home, principal, key, request_hash, body, seq)
  SELECT r.home, r.principal, r.key, r.hash, r.body, r.seq
  FROM unnest(%(r_at)s::bigint[], %(r_home)s::text[], %(r_principal)s::text[], %(r_key)s::text[],
    %(r_hash)s::bytea[], %(r_body)s::bytea[], %(r_seq)s::bigint[]) AS r (at, home, principal, key, hash, body, seq)
  JOIN moved m ON m.at = r.at)"""
_RESULT = """
SELECT a.at, held.epoch, held.seq, held.owner_id IS NOT NULL, m.at IS NOT NULL, clock.now, {clash}
FROM asked a CROSS JOIN clock LEFT JOIN held ON held.name = a.name LEFT JOIN moved m ON m.at = a.at"""


@dataclass(slots=True)
class _Chain:
    """The appends of one home in a batch, each expecting what its predecessor leaves."""

    at: int
    appends: list[Append]
    next_seq: int


@dataclass(slots=True)
class Batch:
    """Appends that can go in one statement. `add` says no to one that needs another statement after this one."""

    _chains: dict[str, _Chain] = field(default_factory=dict)
    _views: dict[tuple[str, str], tuple[int, int, View]] = field(default_factory=dict)  # → chain, sequence, view
    _attempts: list[tuple[int, NewAttempt, bool]] = field(default_factory=list)
    _once: set[tuple[str, ...]] = field(default_factory=set)  # what may exist once, of this batch
    _cancels: dict[str, tuple[int, str]] = field(default_factory=dict)  # id → chain, home
    _answers: list[tuple[int, str, StoredResponse, int]] = field(default_factory=list)

    def add(self, new: Append) -> bool:
        chain = self._chains.get(new.home)
        if chain is not None and (chain.appends[0].epoch, chain.next_seq) != (new.epoch, new.expected_seq):
            return False
        at = len(self._chains) + 1 if chain is None else chain.at
        once = _once(new)
        if not once.isdisjoint(self._once) or any(("id", id) in self._once for id in new.cancel_attempts):
            return False  # the statement cannot see what it stores itself
        if any(self._views.get((v.kind, v.id), (at,))[0] != at for v in new.views):
            return False
        if any(self._cancels.get(id, (at,))[0] != at for id in new.cancel_attempts):
            return False
        if chain is None:
            chain = self._chains[new.home] = _Chain(at, [], new.expected_seq)
        chain.appends.append(new)
        chain.next_seq += len(new.events)
        self._once |= once
        self._attempts.extend((at, attempt, attempt.id in new.cancel_attempts) for attempt in new.attempts)
        self._views.update({(v.kind, v.id): (at, chain.next_seq, v) for v in new.views})
        created = {attempt.id for attempt in new.attempts}
        self._cancels.update({id: (at, new.home) for id in new.cancel_attempts if id not in created})
        if new.response is not None:
            self._answers.append((at, new.home, new.response, chain.next_seq))
        return True

    def appends(self) -> list[Append]:
        """Home by home."""
        return [append for chain in self._chains.values() for append in chain.appends]

    def statement(self, now: int | None) -> tuple[str, dict[str, Any]]:
        """SQL and parameters. Raises `ValueError` for a value the database cannot hold."""
        chains = list(self._chains.values())
        once = bool(self._attempts or self._answers)
        text = _HEADS + (_CLASH if once else "") + _MOVED.format(unless=_UNLESS if once else "")
        values: dict[str, Any] = {
            "now": now,
            "homes": texts([chain.appends[0].home for chain in chains]),
            "epochs": int8s([chain.appends[0].epoch for chain in chains]),
            "seqs": int8s([chain.appends[0].expected_seq for chain in chains]),
            "counts": int8s([chain.next_seq - chain.appends[0].expected_seq for chain in chains]),
        }
        for part in (self._put_events, self._put_views, self._put_cancels):
            text += part(values)
        if once:
            text += self._put_attempts(values) + self._put_answers(values)
        clash = "(SELECT min(clash.what) FROM clash WHERE clash.at = a.at)" if once else "NULL"
        return text + _RESULT.format(clash=clash), values

    def _put_events(self, values: dict[str, Any]) -> str:
        rows = [
            (chain.at, seq, e)
            for chain in self._chains.values()
            for append in chain.appends
            for seq, e in enumerate(append.events, append.expected_seq + 1)
        ]
        if not rows:
            return ""
        events = [row[2] for row in rows]
        values["e_at"] = int8s([row[0] for row in rows])
        values["e_seq"] = int8s([row[1] for row in rows])
        values["e_doc"] = texts([e.doc for e in events])
        values["e_kind"] = int8s([int(e.kind) for e in events])
        values["e_type"] = texts([e.type for e in events])
        values["e_body"] = byteas([e.body for e in events])
        values["e_scene"] = texts([e.scene for e in events])
        values["e_turn"] = int8s([e.turn for e in events])
        values["e_version"] = int8s([e.version for e in events])
        values["e_source"] = texts([e.source for e in events])
        values["e_confidence"] = float8s([e.confidence for e in events])
        values["e_narrative"] = int8s([e.narrative_ts for e in events])
        return _EVENTS

    def _put_views(self, values: dict[str, Any]) -> str:
        text = ""
        rows = [row for row in self._views.values() if row[2].body is not None]
        if rows:
            views = [row[2] for row in rows]
            values["v_at"] = int8s([row[0] for row in rows])
            values["v_seq"] = int8s([row[1] for row in rows])
            values["v_kind"] = texts([v.kind for v in views])
            values["v_id"] = texts([v.id for v in views])
            values["v_home"] = texts([v.home for v in views])
            values["v_parent"] = texts([v.parent for v in views])
            values["v_order"] = texts([v.order_key for v in views])
            values["v_body"] = byteas([v.body for v in views if v.body is not None])
            text += _VIEWS
        gone = [row for row in self._views.values() if row[2].body is None]
        if gone:
            values["g_at"] = int8s([row[0] for row in gone])
            values["g_kind"] = texts([row[2].kind for row in gone])
            values["g_id"] = texts([row[2].id for row in gone])
            text += _GONE
        return text

    def _put_cancels(self, values: dict[str, Any]) -> str:
        if not self._cancels:
            return ""
        values["c_at"] = int8s([at for at, _ in self._cancels.values()])
        values["c_home"] = texts([home for _, home in self._cancels.values()])
        values["c_id"] = texts(list(self._cancels))
        return _CANCEL

    def _put_attempts(self, values: dict[str, Any]) -> str:
        new = [row[1] for row in self._attempts]
        values["n_at"] = int8s([row[0] for row in self._attempts])
        values["n_cancelled"] = int8s([int(row[2]) for row in self._attempts])
        values["n_id"] = texts([a.id for a in new])
        values["n_home"] = texts([a.home for a in new])
        values["n_scene"] = texts([a.scene for a in new])
        values["n_job"] = texts([a.job for a in new])
        values["n_step"] = texts([a.step for a in new])
        values["n_number"] = int8s([a.number for a in new])
        values["n_request"] = byteas([a.request for a in new])
        values["n_timeout"] = int8s([a.timeout_ms for a in new])
        values["n_priority"] = int8s([a.priority for a in new])
        values["n_user"] = texts([a.user for a in new])
        values["n_needs"] = texts([a.needs for a in new])
        values["n_affinity"] = texts([a.affinity for a in new])
        values["n_before"] = int8s([a.not_before_ms for a in new])
        values["n_pool"] = texts([a.pool for a in new])
        values["n_weight"] = int8s([a.weight for a in new])
        values["n_flight"] = texts([a.flight for a in new])
        hand = self._handed()
        if hand is None:
            return _ATTEMPTS.format(**_TO_NOBODY) if new else ""
        at, one = hand
        values |= {"h_at": at, "h_id": one.id, "h_home": one.home, "h_pool": one.pool, "h_user": one.user}
        values |= {"h_step": one.step, "h_needs": one.needs, "h_weight": one.weight, "h_worker": one.hand_to}
        return _HAND + _ATTEMPTS.format(**_TO_A_WORKER)

    def _handed(self) -> tuple[int, NewAttempt] | None:
        """The one attempt of this statement that goes straight to a worker: one, since two could be charged to the
        same share; none beside a cancel, which waits for rows that an end holds while it waits for shares; none of a
        flight, whose others a statement cannot see while they are being added."""
        asked = ((at, new) for at, new, cancelled in self._attempts if new.hand_to and not cancelled and not new.flight)
        return next(asked, None) if not self._cancels else None

    def _put_answers(self, values: dict[str, Any]) -> str:
        rows = self._answers
        values["r_at"] = int8s([row[0] for row in rows])
        values["r_home"] = texts([row[1] for row in rows])
        values["r_principal"] = texts([row[2].principal for row in rows])
        values["r_key"] = texts([row[2].key for row in rows])
        values["r_hash"] = byteas([row[2].request_hash for row in rows])
        values["r_body"] = byteas([row[2].body for row in rows])
        values["r_seq"] = int8s([row[3] for row in rows])
        return _ANSWERS if rows else ""

    def outcomes(self, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Append, Committed | LedgerError | None]]:
        """What came of each append; None: try it by itself, only so can be told how far its home's chain goes."""
        by_place = {row[0]: row[1:] for row in rows}
        found: list[tuple[Append, Committed | LedgerError | None]] = []
        for chain in self._chains.values():
            epoch, seq, owned, moved, now, clash = by_place[chain.at]
            for append in chain.appends:
                found.append((append, _outcome(append, len(chain.appends), epoch, seq, owned, moved, now, clash)))
        return found


def _outcome(
    append: Append,
    appends: int,
    epoch: int | None,
    seq: int | None,
    owned: bool,
    moved: bool,
    now: int,
    clash: str | None,
) -> Committed | LedgerError | None:
    if moved:
        return Committed(append.expected_seq + 1, append.expected_seq + len(append.events), now)
    if epoch is None or seq is None or not owned or epoch != append.epoch:
        return Fenced(append.home, append.epoch, append.expected_seq, epoch or 0, seq or 0)
    if appends > 1:
        return None
    if clash is not None and seq == append.expected_seq:
        return Conflict(append.home, clash)
    return Fenced(append.home, append.epoch, append.expected_seq, epoch, seq)


def _once(new: Append) -> set[tuple[str, ...]]:
    names: set[tuple[str, ...]] = {("id", a.id) for a in new.attempts}
    names |= {("number", a.home, a.job, a.step, str(a.number)) for a in new.attempts}
    if new.response is not None:
        names.add(("key", new.home, new.response.principal, new.response.key))
    return names


async def commit(connection: Connection, batch: Batch, now: int | None, *, prepare: bool) -> list[tuple[Any, ...]]:
    """Run the statement; its rows are for `Batch.outcomes`."""
    text, values = batch.statement(now)
    cursor = await connection.execute(text, values, prepare=prepare, binary=True)
    return await cursor.fetchall()
