"""Opens the durable parts an installation is configured for. The one place that maps settings to implementations."""

from __future__ import annotations

import hashlib

from serve_app.config import Settings, SettingsError
from storage.bus.protocol import Bus
from storage.bus.sqlite import SqliteBus
from storage.cache.exact import ExactCache
from storage.cache.sqlite import SqliteExactCache
from storage.ledger.archived import with_archive
from storage.ledger.protocol import Ledger
from storage.ledger.sqlite import SqliteLedger
from storage.objects.local import LocalObjects


def open_ledger(settings: Settings) -> Ledger:
    """Not yet opened: call `open()` on the loop that uses it. Raises `SettingsError` for a database nobody can use."""
    return with_archive(open_database(settings), open_objects(settings))


def open_database(settings: Settings) -> Ledger:
    """The database alone, without the rows that have gone to the archive. Raises as `open_ledger`."""
    if not settings.database_url:
        return SqliteLedger(settings.data_dir / "ledger.db")
    try:
        from storage.ledger.postgres import PostgresLedger  # the client is an extra: only who names a server needs it
    except ModuleNotFoundError as error:
        fix = "install storyforge[postgres]"
        raise SettingsError("database_url", "the PostgreSQL client is not installed", fix) from error
    try:
        return PostgresLedger(
            settings.database_url, direct_url=settings.database_direct_url, read_url=settings.database_read_url
        )
    except ValueError as error:
        raise SettingsError("database_url", str(error), "use postgresql://user:password@host:5432/name") from None


def open_objects(settings: Settings) -> LocalObjects:
    return LocalObjects(settings.data_dir / "objects")


def open_cache(settings: Settings) -> ExactCache:
    return SqliteExactCache(settings.data_dir / "cache.db")


def open_bus(settings: Settings) -> Bus:
    """Not yet opened: call `open()` on the loop that uses it. Raises `SettingsError` for a Redis nobody can use."""
    if not settings.redis_url:
        return SqliteBus(settings.data_dir / "bus.db")
    try:
        from storage.bus.redis import RedisBus  # the client is an extra: only who names a server needs it
    except ModuleNotFoundError as error:
        raise SettingsError("redis_url", "the Redis client is not installed", "install storyforge[redis]") from error
    namespace = hashlib.sha256(b"bus:" + settings.cluster_secret.encode()).hexdigest()[:16]
    try:
        return RedisBus(settings.redis_url, namespace)
    except ValueError as error:
        raise SettingsError("redis_url", str(error), "use redis://host:port/0, or rediss:// for TLS") from error
