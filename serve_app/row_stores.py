"""Which database a backup, a restore or a copy works on. The one place that chooses, by address or by folder.

Invariant: a missing client is a sentence with the extra's name, before anything is touched.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from serve_app.lifecycle.refusal import Refusal
from storage.backup.into_sqlite import SqliteInto
from storage.backup.sink_sqlite import SqliteSink
from storage.backup.source_sqlite import SqliteSource, Told
from storage.backup.tables import Into, Sink, Source

if TYPE_CHECKING:
    import types

LEDGER = "ledger.db"
EXTRA = "storyforge[postgres]"


def _quiet(_done: int, _all: int) -> None: ...


def open_source(data_dir: Path, database_url: str, *, scratch: Path | None = None, told: Told = _quiet) -> Source:
    """The ledger at this moment. Raises `Refusal`, `Unavailable`."""
    if database_url:
        source: Source = _postgres().PostgresSource(database_url)
        return source
    if not (data_dir / LEDGER).is_file():
        raise Refusal(f"There is no ledger in {data_dir}: is it the right data directory?")
    return SqliteSource(data_dir / LEDGER, scratch=scratch, told=told)


def open_sink(data_dir: Path, database_url: str) -> Sink:
    """An empty ledger. Raises `Refusal`, `Unavailable`."""
    if not database_url:
        return SqliteSink(data_dir / LEDGER)
    try:
        sink: Sink = _postgres().PostgresSink(database_url)
    except ValueError as error:
        raise Refusal(f"{error}: name an empty database.") from None
    return sink


def open_into(data_dir: Path, database_url: str) -> Into:
    """A ledger in use, for one home more. Raises `Refusal`, `Unavailable`."""
    if database_url:
        into: Into = _postgres().PostgresInto(database_url)
        return into
    if not (data_dir / LEDGER).is_file():
        raise Refusal(f"There is no ledger in {data_dir}: is it the right data directory?")
    return SqliteInto(data_dir / LEDGER)


def _postgres() -> types.ModuleType | Any:
    try:
        from storage.backup import rows_postgres
    except ModuleNotFoundError:
        raise Refusal(f"The PostgreSQL client is not installed: install {EXTRA}.") from None
    return rows_postgres
