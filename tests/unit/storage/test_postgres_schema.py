"""Steps, months and replicas of PostgreSQL (S-80 … S-82, S-85, S-89, S-90), and the plans of its reads (S-58)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from storage.ledger import postgres_attempts, postgres_read
from storage.ledger.errors import SchemaMismatch
from storage.ledger.migrations import STEPS, Step
from storage.ledger.postgres import PostgresLedger
from storage.ledger.postgres_connect import Connection, connect, is_pooled
from storage.ledger.postgres_partitions import MONTHS_AHEAD, ensure_partitions, months
from storage.ledger.postgres_schema import ensure_schema
from storage.ledger.postgres_writer import Writer
from storage.ledger.protocol import Append, HostRow, Kind, NewEvent, View
from storage.ledger.verify import faults

pytestmark = pytest.mark.unit

HOST = HostRow("h", "i", 1, "")
LATEST = STEPS[-1].number
TABLES = ("hosts", "homes", "events", "snapshots", "responses", "views", "attempts")
EXPAND = Step(LATEST + 1, "a table", "expand", LATEST, postgres=("CREATE TABLE storyforge.extra (x int)",))
COLUMN = Step(
    LATEST + 2,
    "columns with defaults",
    "expand",
    LATEST,
    postgres=tuple(f"ALTER TABLE storyforge.{t} ADD COLUMN later text NOT NULL DEFAULT 'd'" for t in TABLES),
)
CONTRACT = Step(LATEST + 3, "no table", "contract", LATEST + 1, postgres=("DROP TABLE storyforge.extra",))
MORE = (*STEPS, EXPAND, COLUMN, CONTRACT)
MONTH_MS = int(datetime(2026, 12, 15, tzinfo=UTC).timestamp()) * 1000


def event() -> NewEvent:
    return NewEvent("d", Kind.EVENT, "t", b"x")


async def migrate(url: str, steps: tuple[Step, ...]) -> None:
    connection = await connect(url)
    try:
        await ensure_schema(connection, "here", steps)
    finally:
        await connection.close()


async def rows(url: str, query: str) -> list[Any]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        return await (await connection.execute(query)).fetchall()


async def test_hosts_that_start_at_once_migrate_once(postgres_fresh_url: str) -> None:
    """S-80, S-89: each step and each month is made by one of them, the others find the work done."""
    ledgers = [PostgresLedger(postgres_fresh_url, clock=lambda: MONTH_MS) for _ in range(5)]
    await asyncio.gather(*(ledger.open() for ledger in ledgers))
    found = await rows(postgres_fresh_url, "SELECT number FROM storyforge.schema_steps ORDER BY number")
    assert [row[0] for row in found] == [step.number for step in STEPS]
    parts = await rows(
        postgres_fresh_url,
        "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relname ~ '^(events|attempts)_20' ORDER BY 1",
    )
    names = ("2026_12", "2027_01", "2027_02", "2027_03")
    assert [row[0] for row in parts] == [f"{table}_{name}" for table in ("attempts", "events") for name in names]
    await asyncio.gather(*(ledger.close() for ledger in ledgers))


async def test_older_code_works_on_an_expanded_database_and_refuses_a_contracted_one(postgres_fresh_url: str) -> None:
    """S-81, S-82: a rolling deploy migrates under running hosts; the old version may even restart."""
    running = PostgresLedger(postgres_fresh_url)
    await running.open()
    await running.heartbeat(HOST, 60_000)
    claim = await running.claim("prj", HOST)
    await migrate(postgres_fresh_url, MORE[:-1])
    view = View("k", "i", "prj", "", "a", b"v")
    seq = (await running.append(Append("prj", claim.epoch, claim.seq, (event(),), views=(view,)))).last_seq
    restarted = PostgresLedger(postgres_fresh_url)
    await restarted.open()
    await restarted.heartbeat(HOST, 60_000)
    assert [host.id for host in await restarted.hosts()] == ["h"]
    assert await restarted.head("prj") == seq
    await restarted.close()
    await running.close()
    await migrate(postgres_fresh_url, MORE)
    with pytest.raises(SchemaMismatch):
        await PostgresLedger(postgres_fresh_url).open()


async def test_a_schema_of_others_is_left_alone(postgres_fresh_url: str) -> None:
    """S-53: tables of that name that are not ours are refused, and other schemas never looked at."""
    async with await psycopg.AsyncConnection.connect(postgres_fresh_url, autocommit=True) as connection:
        await connection.execute("CREATE TABLE public.homes (theirs int)")
        await migrate(postgres_fresh_url, STEPS)
        await connection.execute("DROP SCHEMA storyforge CASCADE")
        await connection.execute("CREATE SCHEMA storyforge CREATE TABLE theirs (x int)")
    with pytest.raises(SchemaMismatch):
        await migrate(postgres_fresh_url, STEPS)


async def test_a_failing_step_leaves_whole_steps(postgres_fresh_url: str) -> None:
    """S-80: nothing of it is kept."""
    bad = ("CREATE TABLE storyforge.half (x int)", "CREATE TABLE storyforge.homes (x int)")
    with pytest.raises(Exception, match="homes"):
        await migrate(postgres_fresh_url, (*STEPS, EXPAND, replace(COLUMN, postgres=bad)))
    assert await rows(postgres_fresh_url, "SELECT to_regclass('storyforge.half')") == [(None,)]
    assert await rows(postgres_fresh_url, "SELECT max(number) FROM storyforge.schema_steps") == [(LATEST + 1,)]


def test_months_turn_with_the_year() -> None:
    """S-89: in UTC, without a gap between them."""
    found = months(MONTH_MS)
    assert [name for name, _, _ in found] == ["2026_12", "2027_01", "2027_02", "2027_03"]
    assert len(found) == MONTHS_AHEAD + 1
    assert [end for _, _, end in found[:-1]] == [begin for _, begin, _ in found[1:]]


async def test_rows_go_to_their_month_and_are_read_across_months(postgres_fresh_url: str) -> None:
    """S-89: one home over a turn of the year, and beyond what was made ahead: every row is there, in order."""
    now = [MONTH_MS]
    ledger = PostgresLedger(postgres_fresh_url, clock=lambda: now[0])
    await ledger.open()
    await ledger.heartbeat(HOST, 10**12)
    claim = await ledger.claim("prj", HOST)
    seq = claim.seq
    for _ in range(12):
        seq = (await ledger.append(Append("prj", claim.epoch, seq, (event(), event())))).last_seq
        now[0] += 30 * 86_400_000
    counts = await rows(
        postgres_fresh_url, "SELECT tableoid::regclass::text, count(*) FROM storyforge.events GROUP BY 1 ORDER BY 1"
    )
    assert [name for name, _ in counts] == [
        f"storyforge.events_{name}" for name in ("2026_12", "2027_01", "2027_02", "2027_03", "default")
    ]
    assert dict(counts)["storyforge.events_default"] > 0
    assert [e.seq for e in await ledger.read("prj")] == list(range(1, seq + 1))
    assert [e.seq for e in await ledger.read_back("prj", before=None, scene=None, limit=5)] == list(
        range(seq, seq - 5, -1)
    )
    assert await faults(ledger, "prj") == []
    connection = await connect(postgres_fresh_url)
    assert await ensure_partitions(connection, now[0] - 200 * 86_400_000) < 2 * (MONTHS_AHEAD + 1)
    await connection.close()
    assert (await ledger.append(Append("prj", claim.epoch, seq, (event(),)))).last_seq == seq + 1
    await ledger.close()


async def test_a_pooler_is_noticed(postgres_url: str, pgbouncer_url: str) -> None:
    """S-85: statements stay prepared only where every transaction meets the same session."""
    for url, pooled in ((postgres_url, False), (pgbouncer_url, True)):
        connection = await connect(url)
        assert await is_pooled(connection) is pooled
        await connection.close()


async def test_two_hosts_write_through_a_pooler(postgres_url: str, pgbouncer_url: str) -> None:
    """S-85: many homes of two hosts share three server sessions; every home is gapless."""
    ledgers = [PostgresLedger(pgbouncer_url, direct_url=postgres_url) for _ in range(2)]
    for n, ledger in enumerate(ledgers):
        await ledger.open()
        host = await ledger.heartbeat(HostRow(f"h{n}", f"i{n}", 1, ""), 60_000)
        claims = [await ledger.claim(f"prj_{n}_{k}", host) for k in range(8)]
        appends = [Append(c.home, c.epoch, c.seq + k, (event(),)) for k in range(20) for c in claims]
        await asyncio.gather(*(ledger.append(append) for append in appends))
        assert isinstance(ledger._writer, Writer)
        assert not ledger._writer._prepare
    for n, ledger in enumerate(ledgers):
        for k in range(8):
            assert await ledger.head(f"prj_{n}_{k}") == 21
            assert await faults(ledger, f"prj_{n}_{k}") == []
        await ledger.close()


async def test_a_replica_that_is_behind_is_passed_over(postgres_url: str, postgres_fresh_url: str) -> None:
    """S-90: another database stands for a replica that replicates when the test says so."""
    other = PostgresLedger(postgres_fresh_url)
    await other.open()
    await other.heartbeat(HOST, 60_000)
    ledger = PostgresLedger(postgres_url, read_url=postgres_fresh_url)
    await ledger.open()
    await ledger.heartbeat(HOST, 60_000)
    new, old = View("k", "i", "prj", "", "a", b"new"), View("k", "i", "prj", "", "a", b"old")
    for each, view in ((ledger, new), (other, old)):
        await each.claim("prj", HOST)
        await each.append(Append("prj", 1, 1, (), views=(view,)))
    assert ledger._replica is not None
    assert (await ledger.views("k"))[0].body == b"old"
    seq = (await ledger.append(Append("prj", 1, 1, (event(),)))).last_seq
    ledger.saw("prj", seq)
    assert (await ledger.views("k"))[0].body == b"new", "told of a sequence the replica lacks"
    await other.append(Append("prj", 1, 1, (event(),)))
    assert (await ledger.views("k"))[0].body == b"old", "caught up"
    assert (ledger._replica.answered, ledger._replica.passed_on) == (2, 1)
    async with await psycopg.AsyncConnection.connect(postgres_fresh_url, autocommit=True) as connection:
        await connection.execute("DROP TABLE storyforge.views")
    assert (await ledger.views("k"))[0].body == b"new", "trouble with the replica is nobody else's"
    await ledger.close()
    await other.close()


READS: dict[str, tuple[Callable[[Connection], Awaitable[Any]], str]] = {
    "home": (
        lambda db: postgres_read.events(db, "h1", doc=None, after=5, upto=None, kinds=None, limit=5),
        "pkey",
    ),
    "document": (
        lambda db: postgres_read.events(db, "h1", doc="d1", after=5, upto=None, kinds=[Kind.UPDATES], limit=5),
        "home_doc_seq",
    ),
    "history": (lambda db: postgres_read.events_back(db, "h1", 900, None, 5), "pkey"),
    "history of a scene": (lambda db: postgres_read.events_back(db, "h1", 900, "s1", 5), "home_scene_seq"),
    "children": (
        lambda db: postgres_read.views(db, "k", home=None, parent="p1", after=("a", "b"), limit=5, newest_first=False),
        "views_parent",
    ),
    "views of a home": (
        lambda db: postgres_read.views(db, "k", home="h1", parent=None, after=None, limit=5, newest_first=True),
        "views_home",
    ),
    "views of a kind": (
        lambda db: postgres_read.views(db, "k", home=None, parent=None, after=None, limit=5, newest_first=True),
        "views_order",
    ),
    "attempts of a home": (lambda db: postgres_attempts.of_home(db, "h1", "j1", False), "home_job_step_number"),
    "claiming": (lambda db: postgres_attempts.claim(db, "w", ["st"], [], "", 1), "priority_num"),
}

FILL = (
    """INSERT INTO storyforge.homes (name, epoch, seq) SELECT 'h' || n, 1, 1000 FROM generate_series(1, 20) n""",
    """INSERT INTO storyforge.events (home, seq, epoch, at_ms, doc, kind, type, body, scene, turn, version, source,
    narrative_ts) SELECT h.num, n, 1, %(from)s + n * 5000000::bigint, 'd' || n %% 40, 2, 't', '', 's' || n %% 40, 0,
    1, '', 0 FROM generate_series(1, 1000) n, storyforge.homes h""",
    """INSERT INTO storyforge.views (kind, id, home, parent, order_key, body, seq) SELECT 'k', 'i' || n,
    'h' || n %% 50, 'p' || n %% 50, 'o' || n, '', 1 FROM generate_series(1, 5000) n""",
    """INSERT INTO storyforge.attempts (id, home, scene, job, step, number, state, request, timeout_ms, priority,
    created_at_ms, progress, message, cancel_requested, version) SELECT 'a' || n, 'h' || n %% 50, '', 'j' || n %% 7,
    'st', n, CASE WHEN n %% 50 = 0 THEN 'open' ELSE 'done' END, '', 1, 0, %(from)s + n * 1000000::bigint, 0, '', false,
    1 FROM generate_series(1, 5000) n""",
    "ANALYZE",
)


class Recorder:
    """Passes a read on to the real connection and keeps what it asked."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.asked: list[tuple[str, Any]] = []

    async def execute(self, query: str, values: Any = None, **more: Any) -> Any:
        self.asked.append((query, values))
        return await self.connection.execute(query, values, **more)


def scanned(plan: dict[str, Any]) -> set[str]:
    return {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


@pytest.fixture
async def filled(postgres_url: str) -> AsyncIterator[Connection]:
    connection = await connect(postgres_url)
    row = await (await connection.execute("SELECT extract(epoch FROM clock_timestamp())::bigint * 1000")).fetchone()
    assert row is not None
    for statement in FILL:
        await connection.execute(statement, {"from": row[0]})
    yield connection
    await connection.close()


async def test_reads_walk_their_indexes(filled: Connection) -> None:
    """S-58: an index range in every month, no scan of a table, no sort of what a page leaves out."""
    counts = await (await filled.execute("SELECT relname::text FROM pg_class WHERE reltuples > 500")).fetchall()
    large = {row[0] for row in counts}
    assert "views" in large
    assert sum(name.startswith("events_2") for name in large) >= 2
    for name, (read, index) in READS.items():
        recorder = Recorder(filled)
        await read(recorder)  # type: ignore[arg-type]
        query, values = recorder.asked[0]
        found = await (await filled.execute(f"EXPLAIN (FORMAT JSON) {query}", values)).fetchone()
        assert found is not None
        plan = found[0][0]["Plan"]
        assert index in json.dumps(plan), (name, plan)
        assert not scanned(plan) & large, (name, plan)
        if name not in ("attempts of a home", "claiming"):  # a claim sorts what waits: whose turn it is, changes
            sorted_rows = [
                scan["Relation Name"]
                for node in nodes(plan)
                if node["Node Type"] == "Sort"
                for scan in nodes(node)
                if "Relation Name" in scan
            ]
            assert not set(sorted_rows) & large, (name, plan)
