"""Connections to PostgreSQL: how they are opened, what their faults mean to a caller, and what may be said of them.

Owns the connection settings and the mapping of errors. The invariants: no password reaches a log, a repr or an error;
nothing depends on the state of a session, because a pooler in transaction mode gives every transaction another one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from storage.ledger.errors import Conflict, LedgerError, Unavailable
from storage.ledger.postgres_arrays import teach

log = logging.getLogger(__name__)

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[Connection]
T = TypeVar("T")

CONNECT_S_MAX = 5
"""Lower: a slow network cannot connect at all; higher: callers hang while a database is away."""

ANSWER_S_MAX = 10.0
"""How long a statement may take. Lower: spurious refusals behind a slow disk; higher: callers hang."""

POOL_CONNECTIONS_MAX = 4
"""Connections of one process beside its writer. They bound the reads that run at once; others wait."""

POOL_WAITING_MAX = 2048
"""Reads in flight. Above it the newest is refused with `Unavailable`."""

RETRIES_MAX = 6
"""Deadlocks and serialization failures are tried again this often."""

KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A host that vanished without closing is noticed after about ten seconds instead of hours."""

AGAIN = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable)
_CALLER = (errors.DataError, errors.ProgramLimitExceeded)


def where(url: str) -> str:
    """The database's address, fit for logs and errors."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return "postgresql://(not a valid address)"
    host = f"{parts.get('host') or 'localhost'}:{parts.get('port') or 5432}"
    return f"postgresql://{host}/{parts.get('dbname') or parts.get('user') or ''}"


def check_address(url: str) -> None:
    """Raises `ValueError`, which does not repeat the address."""
    try:
        conninfo_to_dict(url)
    except psycopg.Error:
        raise ValueError("a database address cannot be read") from None


def _settings(url: str) -> dict[str, Any]:
    """What we add to an address that does not say otherwise."""
    given = conninfo_to_dict(url)
    ours: dict[str, Any] = {"connect_timeout": CONNECT_S_MAX, "application_name": "storyforge", **KEEPALIVE}
    return {name: value for name, value in ours.items() if name not in given}


async def connect(url: str) -> Connection:
    """In autocommit mode (transactions are spelled out), nothing prepared. Raises `Unavailable`."""
    try:
        connection: Connection = await psycopg.AsyncConnection.connect(
            url, autocommit=True, prepare_threshold=None, **_settings(url)
        )
    except psycopg.Error as error:
        raise Unavailable(f"{where(url)}: {told(error)}") from error
    teach(connection)
    return connection


async def is_pooled(connection: Connection) -> bool:
    """Whether a pooler stands between: the server process is then another one than the greeting named."""
    row = await (await connection.execute("SELECT pg_backend_pid()")).fetchone()
    return row is None or int(row[0]) != connection.info.backend_pid


async def open_pool(url: str) -> Pool:
    """Raises `Unavailable` when the database cannot be reached."""
    pool: Pool = AsyncConnectionPool(
        url,
        connection_class=psycopg.AsyncConnection[tuple[Any, ...]],
        kwargs={"autocommit": True, "prepare_threshold": None, **_settings(url)},
        min_size=1,
        max_size=POOL_CONNECTIONS_MAX,
        max_waiting=POOL_WAITING_MAX,
        timeout=CONNECT_S_MAX,
        reconnect_timeout=CONNECT_S_MAX,
        name="ledger",
        open=False,
    )
    try:
        await pool.open(wait=True, timeout=CONNECT_S_MAX)
    except BaseException as error:
        await pool.close()
        if isinstance(error, psycopg.Error | PoolTimeout):
            raise Unavailable(f"{where(url)}: {told(error)}") from error
        raise
    return pool


async def run(pool: Pool, work: Callable[[Connection], Awaitable[T]], *, repeat: bool = False) -> T:
    """Do one statement's work on a connection of the pool.

    `repeat`: the work may be done twice, so a connection found dead is no fault while another one can be had. Work
    that the database itself undid (deadlock) is always done again.
    """
    deaths = 0
    for attempt in range(RETRIES_MAX + POOL_CONNECTIONS_MAX):
        try:
            async with pool.connection() as connection, asyncio.timeout(ANSWER_S_MAX):
                return await work(connection)
        except AGAIN:
            await asyncio.sleep(0.002 * attempt)
        except TimeoutError as error:
            raise Unavailable("the database did not answer in time") from error
        except psycopg.Error as error:
            deaths += 1
            if not (repeat and is_loss(error) and deaths <= POOL_CONNECTIONS_MAX):
                raise as_ledger_error(error, "") from error
    raise Unavailable("the database kept undoing the statement")


def is_loss(error: BaseException) -> bool:
    """Whether the connection is gone: of a statement under way nobody knows then whether it was done."""
    lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return lost and not isinstance(error, PoolTimeout) and getattr(error, "sqlstate", None) in _GONE


_GONE = (None, "57P01", "57P02", "57P03", "57P05", "08000", "08003", "08006", "08P01", "25006")
"""No code: the socket closed. 25006: read only, so this is no longer the primary and another connection may find it."""


def told(error: BaseException) -> str:
    """The error in a line. The server's and the client's texts hold host and user names, never the password."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"


def as_ledger_error(error: BaseException, home: str) -> LedgerError | ValueError:
    """What a caller sees of a database fault: `Conflict` for a repeated key, `ValueError` for what it cannot hold."""
    if isinstance(error, LedgerError | ValueError):
        return error
    if isinstance(error, errors.UniqueViolation):
        return Conflict(home, "response" if "responses" in str(error) else "attempt")
    if isinstance(error, _CALLER):
        return ValueError(told(error))
    log.error("ledger statement failed", extra={"error": type(error).__name__, "detail": told(error)})
    return Unavailable(told(error))
