"""A backup goes from either database into the other (S-116): SQLite → PostgreSQL → SQLite, the same rows each time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from serve_app.row_stores import open_into, open_sink, open_source
from storage.backup import stream
from storage.backup.manifest import LEDGER_FILE, load
from storage.backup.restore import restore_ledger
from storage.backup.tables import EVENTS, LEFT_OUT, TABLES, Record
from storage.backup.take import Taking
from storage.backup.verify import verify_backup, verify_living
from storage.ledger.errors import Fenced
from storage.ledger.postgres import PostgresLedger
from storage.ledger.protocol import Append
from storage.objects.local import LocalObjects
from tests.postgres import Server
from tests.unit.storage.test_backup import HOST, fill, row, take

pytestmark = pytest.mark.unit


def data_of(folder: Path) -> list[Record]:
    """Everything but each home's last row and head, which say that it was restored."""
    found = []
    for record in stream.read(folder / LEDGER_FILE):
        if record.kind == EVENTS.name:
            rows = [each for each in record.rows if each[EVENTS.at("source")] != "@restore"]
            found.append(record._replace(rows=rows))
        elif record.kind != "home":
            found.append(record)
    return found


async def take_from(url: str, place: Path) -> Path:
    with Taking(place) as taking:
        source = open_source(place, url)
        taking.ledger(source)
        source.close()
        return taking.finish("test")[0]


async def opened(url: str) -> PostgresLedger:
    ledger = PostgresLedger(url)
    await ledger.open()
    return ledger


async def test_s116_a_backup_is_restored_into_the_other_database(tmp_path: Path, postgres_server: Server) -> None:
    """S-116: there and back, every table, and nothing of before writes."""
    data, back = tmp_path / "data", tmp_path / "back"
    claims = await fill(data)
    first, _ = await take(data, tmp_path / "one")
    with postgres_server.database() as url:
        ledger = await opened(url)
        restore_ledger(first, load(first), open_sink(tmp_path, url), 10_000)
        claim = claims["prj_0"]
        head = await ledger.head("prj_0")
        with pytest.raises(Fenced):
            await ledger.append(Append("prj_0", claim.epoch, head, (row(),)))
        second = await take_from(url, tmp_path / "two")
        with pytest.raises(Exception, match="name an empty database"):
            open_sink(tmp_path, url)
        source = open_source(tmp_path, url)
        living = await verify_living(source, LocalObjects(data / "objects"))
        source.close()
        assert living.faults == []
        await ledger.heartbeat(HOST, 60_000)
        again = await ledger.claim("prj_0", HOST)
        await ledger.append(Append("prj_0", again.epoch, again.seq, (row(),)))
        await ledger.close()
    assert verify_backup(first).faults == []
    assert [fault for fault in verify_backup(second).faults if "object" not in fault] == []
    assert data_of(second) == data_of(first)
    await asyncio.to_thread(back.mkdir)
    restore_ledger(second, load(second), open_sink(back, ""), 20_000)
    third, _ = await take(back, tmp_path / "three")
    assert data_of(third) == data_of(first)


async def test_s116_every_table_of_postgres_is_kept_or_named_as_left_out(postgres_server: Server) -> None:
    """S-116: the two schemas hold the same tables and columns."""
    with postgres_server.database() as url:
        await (await opened(url)).close()
        name = url.rpartition("/")[2]
        found = postgres_server.run(
            """SELECT table_name, column_name FROM information_schema.columns
            WHERE table_schema = 'storyforge' AND table_name !~ '_([0-9]{4}_[0-9]{2}|default)$'""",
            name,
        )
        columns: dict[str, set[str]] = {}
        for table, column in found:
            columns.setdefault(str(table), set()).add(str(column))
        assert set(columns) - set(LEFT_OUT) == {"homes", EVENTS.name, *(table.name for table in TABLES)}
        for table in (EVENTS, *TABLES):
            assert columns[table.name] - set(table.columns) <= {"num", "home"}, table.name


async def test_s116_a_postgres_backup_is_one_moment_and_a_home_is_written_beside_others(
    tmp_path: Path, postgres_server: Server
) -> None:
    """S-116: what is committed after the source was opened is not in it; one home more comes whole."""
    with postgres_server.database() as url:
        ledger = await opened(url)
        await ledger.heartbeat(HOST, 60_000)
        claim = await ledger.claim("prj_0", HOST)
        source = open_source(tmp_path, url)
        await ledger.append(Append("prj_0", claim.epoch, claim.seq, (row(),)))
        assert [head.seq for head in source.homes()] == [1]
        rows = list(source.events("prj_0"))
        source.close()
        into = open_into(tmp_path, url)
        assert into.begin("prj_1")
        into.rows("prj_1", rows)
        assert into.begin("prj_1"), "a home without its project is wiped and begun anew"
        view = ["project", "prj_1", "prj_1", "", "0", b"\xc1\x01\x80", 1]
        answer = ["prj_1", "owner", "key", b"h", b"\xc1\x01\x80", 1]
        into.end("prj_1", rows, [view], [answer])
        assert into.begin("prj_1") is False
        assert into.answer("prj_1", "owner", "key") == (b"h", b"\xc1\x01\x80", 1)
        into.close()
        assert await ledger.head("prj_1") == 1
        assert (await ledger.claim("prj_1", HOST)).epoch == 2
        await ledger.close()
