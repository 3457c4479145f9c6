"""Schema steps: what old and new code may do with one database (S-80 … S-82)."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import re
import sqlite3
import sys
from pathlib import Path

import pytest

from storage.ledger.clock import Clocks
from storage.ledger.errors import SchemaMismatch
from storage.ledger.migrations import STEPS, Found, Step, missing
from storage.ledger.protocol import Append, AttemptState, HostRow, Kind, NewEvent, Snapshot, StoredResponse, View
from storage.ledger.sqlite import SqliteLedger
from storage.ledger.sqlite_lock import FileLock
from storage.ledger.sqlite_schema import connect, ensure_schema
from storage.ledger.verify import faults

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests/data/golden/ledger-v1.db.gz"
LATEST = STEPS[-1].number

EXPAND = Step(LATEST + 1, "a table", "expand", LATEST, sqlite=("CREATE TABLE extra (x)",))
COLUMN = Step(
    LATEST + 2,
    "columns with defaults",
    "expand",
    LATEST,
    sqlite=tuple(
        f"ALTER TABLE {table} ADD COLUMN later TEXT NOT NULL DEFAULT 'd'"
        for table in ("hosts", "homes", "events", "snapshots", "responses", "views", "attempts")
    ),
)
CONTRACT = Step(LATEST + 3, "no table", "contract", LATEST + 1, sqlite=("DROP TABLE extra",))
MORE = (*STEPS, EXPAND, COLUMN, CONTRACT)


def migrate(path: Path, steps: tuple[Step, ...]) -> None:
    lock = FileLock(path)
    lock.acquire()
    connection = connect(path)
    try:
        ensure_schema(connection, path, steps)
    finally:
        connection.close()
        lock.release()
        lock.close()


def marks(path: Path) -> tuple[int, list[int]]:
    """The schema the file names, and the steps it lists."""
    with sqlite3.connect(path) as file:
        schema = int(file.execute("PRAGMA user_version").fetchone()[0])
        steps = [row[0] for row in file.execute("SELECT number FROM schema_steps ORDER BY number")]
    file.close()
    return schema, steps


def test_the_steps_keep_their_rules() -> None:
    """S-82: numbered without a gap; each tolerates the code before it; none tolerates less than an expand must."""
    assert [step.number for step in STEPS] == list(range(1, len(STEPS) + 1))
    for before, step in itertools.pairwise(STEPS):
        assert step.what
        assert before.beside <= step.beside < step.number
        if step.kind == "expand":
            assert step.beside == before.beside
            assert not re.search(r"\b(DROP|RENAME)\b", " ".join((*step.sqlite, *step.postgres)), re.I)


def test_the_sql_of_the_ledgers_names_its_columns() -> None:
    """S-82: an added column must not break the code that does not know it."""
    for path in (ROOT / "storage/ledger").glob("*.py"):
        text = path.read_text()
        assert not re.search(r"INSERT INTO \w+(\.\w+)? (VALUES|SELECT)", text), path
        assert not re.search(r"SELECT \*", text), path


@pytest.mark.parametrize(
    ("schema", "beside", "runs"),
    [
        (0, 0, [1, 2, 3]),
        (1, 0, [2, 3]),
        (3, 1, []),
        (9, 3, []),
        (9, 4, None),
    ],
)
def test_what_is_missing(schema: int, beside: int, runs: list[int] | None) -> None:
    """S-81: a newer database is refused, unless every newer step tolerates this code."""
    steps = [Step(n, "s", "expand", n - 1) for n in (1, 2, 3)]
    if runs is None:
        with pytest.raises(SchemaMismatch) as caught:
            missing(Found(schema, beside), steps, "here")
        assert (caught.value.found, caught.value.supported, caught.value.retryable) == (9, 3, False)
    else:
        assert [step.number for step in missing(Found(schema, beside), steps, "here")] == runs


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    path.write_bytes(gzip.decompress(GOLDEN.read_bytes()))
    return path


async def test_a_file_of_the_first_release_opens_without_loss(golden: Path) -> None:
    """S-80: every row of it is read as it was written, and it goes on from there."""
    clocks = Clocks(lambda: 1_700_000_013_000, lambda: 1_700_000_013_000, "golden-boot")
    ledger = SqliteLedger(golden, clocks=clocks)
    await ledger.open()
    assert [await ledger.head(home) for home in ("prj_one", "prj_two")] == [25, 3]
    assert await faults(ledger, "prj_one") == await faults(ledger, "prj_two") == []
    written = await ledger.read("prj_one", after=1)
    assert [event.body for event in written] == [b"body-%d\x00\xff" % k for k in range(24)]
    assert [event.at_ms for event in written[::2]] == [1_700_000_000_000 + 1000 * (k + 1) for k in range(12)]
    assert [e.seq for e in await ledger.read_back("prj_one", before=None, scene="scn_1", limit=2)] == [25, 23]
    assert await ledger.snapshot("prj_one", "scene:s0") == Snapshot("prj_one", "scene:s0", 9, 1, b"snap9")
    assert (await ledger.snapshot("prj_one", "scene:s0", before=9)) is not None
    assert await ledger.response("prj_one", "usr_1", "key-8") == StoredResponse(
        "usr_1", "key-8", b"hash", b"answer-8", 19
    )
    views = await ledger.views("scene", home="prj_one")
    assert views[0] == View("scene", "scn_0", "prj_one", "prj_one", "k08", b"view-8", 19)
    assert [view.id for view in views] == ["scn_0", "scn_1", "scn_2", "scn_3"]
    states = [attempt.state for attempt in await ledger.attempts("prj_one")]
    assert (states.count(AttemptState.DONE), states.count(AttemptState.CLAIMED)) == (1, 1)
    claim = await ledger.claim("prj_one", await ledger.heartbeat(HostRow("host_z", "inc_z", 1, ""), 5_000))
    assert (claim.epoch, claim.seq) == (2, 26)
    row = NewEvent("d", Kind.EVENT, "t", b"")
    assert (await ledger.append(Append("prj_one", 2, 26, (row,)))).last_seq == 27
    await ledger.close()


def test_an_old_file_gets_the_steps_it_lacks_and_a_new_one_all(golden: Path, tmp_path: Path) -> None:
    """S-80: both end at one schema."""
    fresh = tmp_path / "fresh.db"
    for path in (golden, fresh):
        migrate(path, MORE[:-1])
        migrate(path, MORE[:-1])

    def shape(path: Path) -> set[tuple[str, str]]:
        with sqlite3.connect(path) as file:
            found = {(row[0], row[1]) for row in file.execute("SELECT name, sql FROM sqlite_master")}
        file.close()
        return found

    assert shape(golden) == shape(fresh)
    assert marks(fresh) == (LATEST + 2, list(range(1, LATEST + 3)))
    assert marks(golden) == (LATEST + 2, list(range(2, LATEST + 3)))


async def test_older_code_works_on_an_expanded_file_and_refuses_a_contracted_one(tmp_path: Path) -> None:
    """S-81: a rolling deploy: the old version runs on, and may even restart, until a contract step ends it."""
    path = tmp_path / "ledger.db"
    running = SqliteLedger(path)
    await running.open()
    host = await running.heartbeat(HostRow("h", "i", 1, ""), 60_000)
    claim = await running.claim("prj", host)
    migrate(path, MORE[:-1])
    append = Append(
        "prj",
        claim.epoch,
        claim.seq,
        (NewEvent("d", Kind.EVENT, "t", b"x"),),
        views=(View("k", "i", "prj", "", "a", b"v"),),
        response=StoredResponse("u", "k", b"h", b"a"),
    )
    seq = (await running.append(append)).last_seq
    assert await running.put_snapshot(Snapshot("prj", "d", seq, 1, b"s"), epoch=claim.epoch)
    restarted = SqliteLedger(path)
    await restarted.open()
    await restarted.heartbeat(host, 60_000)
    assert [host.id for host in await restarted.hosts()] == ["h"]
    assert await restarted.snapshot("prj", "d") == Snapshot("prj", "d", seq, 1, b"s")
    assert await restarted.head("prj") == seq
    await restarted.close()
    await running.close()
    migrate(path, MORE)
    with pytest.raises(SchemaMismatch):
        await SqliteLedger(path).open()
    assert marks(path)[0] == LATEST + 3


def test_a_step_that_fails_leaves_whole_steps(tmp_path: Path) -> None:
    """S-80: the good step before it stays, nothing of the bad one does, and a mended one goes on from there."""
    path = tmp_path / "ledger.db"
    bad = Step(LATEST + 2, "bad", "expand", LATEST, sqlite=("CREATE TABLE half (x)", "CREATE TABLE extra (x)"))
    with pytest.raises(sqlite3.OperationalError):
        migrate(path, (*STEPS, EXPAND, bad))
    assert marks(path) == (LATEST + 1, list(range(1, LATEST + 2)))
    migrate(path, MORE[:-1])
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)
    file.close()


RACER = """
import sys
from pathlib import Path
from tests.unit.storage.test_migrations import MORE, migrate
sys.stdin.readline()
migrate(Path(sys.argv[1]), MORE[:-1])
"""


async def test_two_processes_that_start_at_once_migrate_once(golden: Path) -> None:
    """S-80: the second waits for the first and finds the work done."""
    racers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", RACER, str(golden), stdin=asyncio.subprocess.PIPE, cwd=ROOT
        )
        for _ in range(2)
    ]
    await asyncio.gather(*(asyncio.wait_for(racer.communicate(b"\n"), 30) for racer in racers))
    assert [racer.returncode for racer in racers] == [0, 0]
    assert marks(golden) == (LATEST + 2, list(range(2, LATEST + 3)))
