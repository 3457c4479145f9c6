"""Opens the durable parts an installation is configured for. The one place that maps settings to implementations."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from serve_app.config import Settings, SettingsError, read_fields
from serve_app.settings.objects import ObjectSettings
from storage.bus.protocol import Bus
from storage.bus.sqlite import SqliteBus
from storage.cache.exact import ExactCache
from storage.cache.sqlite import SqliteExactCache
from storage.components.protocol import Catalogue
from storage.components.sqlite import SqliteCatalogue
from storage.ledger.archived import with_archive
from storage.ledger.protocol import Ledger
from storage.ledger.sqlite import SqliteLedger
from storage.objects.local import LocalObjects
from storage.objects.metered import MeteredObjects, ObjectCounts
from storage.objects.protocol import ObjectStore

if TYPE_CHECKING:
    from storage.objects.s3 import S3Objects
    from storage.vectors.protocol import VectorStore
    from storage.vectors.watched import WatchedVectors


def open_ledger(settings: Settings) -> Ledger:
    """Not yet opened: call `open()` on the loop that uses it. Raises `SettingsError` for a database nobody can use."""
    return with_archive(open_database(settings), metered(open_objects(settings), settings))


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


OBJECT_COUNTS = ObjectCounts()
"""What this process has asked of its object stores, however often they were opened."""


def metered(objects: ObjectStore, settings: ObjectSettings) -> ObjectStore:
    """The same store, counted for `/metrics`."""
    return MeteredObjects(objects, "s3" if settings.s3_bucket else "local", OBJECT_COUNTS)


def open_objects(settings: Settings) -> ObjectStore:
    """A folder, or buckets where `s3_bucket` names them. Asks nobody yet. Raises `SettingsError`."""
    return objects_at(settings, settings.data_dir)


def objects_from_environment(data_dir: Path, env: Mapping[str, str]) -> ObjectStore:
    """For commands that are no server: nothing is made in the data directory. Raises as `open_objects`."""
    known = {item.name: item for item in fields(ObjectSettings)}
    return objects_at(ObjectSettings(**read_fields(known, {}, env)), data_dir)


def objects_at(settings: ObjectSettings, data_dir: Path) -> ObjectStore:
    if not settings.s3_bucket:
        for name in ("s3_endpoint", "s3_bucket_each", "s3_direct"):
            if getattr(settings, name):
                raise SettingsError(name, "there is no bucket to use it with", "set s3_bucket too")
        return LocalObjects(data_dir / "objects")
    return open_buckets(settings)


def open_buckets(settings: ObjectSettings) -> S3Objects:
    """Raises `SettingsError` for what boto3 cannot use, or where it is not installed."""
    try:
        from storage.objects.s3 import Buckets, S3Objects, S3Place  # the client is an extra, and slow to import
    except ModuleNotFoundError as error:
        raise SettingsError("s3_bucket", "the S3 client is not installed", "install storyforge[s3]") from error
    region = settings.s3_region or ("auto" if settings.s3_endpoint else "us-east-1")
    buckets = Buckets(settings.s3_bucket, bool(settings.s3_bucket_each))
    keys = settings.s3_access_key_id, settings.s3_secret_access_key
    if bool(keys[0]) != bool(keys[1]):
        raise SettingsError("s3_access_key_id", "an id and a secret go together", "set both, or neither")
    try:
        return S3Objects(S3Place(buckets, settings.s3_endpoint, region, *keys))
    except ValueError as error:
        raise SettingsError("s3_endpoint", str(error), "use https://host") from None


def open_cache(settings: Settings) -> ExactCache:
    """A file, or `redis_url` where processes of several machines are to find each other's work. Asks nobody yet. Raises
    `SettingsError` for a Redis nobody can use."""
    if not settings.redis_url:
        return SqliteExactCache(settings.data_dir / "cache.db")
    try:
        from storage.cache.redis import RedisExactCache
    except ModuleNotFoundError as error:
        raise _no_client() from error
    try:
        return RedisExactCache(settings.redis_url, _namespace(settings, b"cache:"))
    except ValueError as error:
        raise _no_address(error) from None


def open_catalogue(settings: Settings) -> Catalogue:
    """Of components: a file, or a table beside the ledger's. Asks nobody yet. Raises as `open_ledger`."""
    if not settings.database_url:
        return SqliteCatalogue(settings.data_dir / "components.db")
    try:
        from storage.components.postgres import PostgresCatalogue
    except ModuleNotFoundError as error:
        fix = "install storyforge[postgres]"
        raise SettingsError("database_url", "the PostgreSQL client is not installed", fix) from error
    try:
        return PostgresCatalogue(settings.database_url)
    except ValueError as error:
        raise SettingsError("database_url", str(error), "use postgresql://user:password@host:5432/name") from None


def open_vectors(settings: Settings) -> WatchedVectors:
    """Opens itself at first use. Raises `SettingsError` for a store whose client is not installed."""
    from storage.vectors.watched import WatchedVectors  # NumPy: hosts and Studio need not carry it

    return WatchedVectors(settings.vector_store, _vectors(settings))


def _vectors(settings: Settings) -> VectorStore:
    if settings.vector_store == "pinecone":
        return _pinecone(settings)
    if settings.vector_store == "pgvector":
        return _pgvector(settings)
    from storage.vectors.sqlite import SqliteVectors

    return SqliteVectors(settings.data_dir / "vectors.db", entries_max=settings.vector_entries_max)


def _pinecone(settings: Settings) -> VectorStore:
    try:
        from storage.vectors.pinecone_index import PineconePlace, PineconeVectors
    except ModuleNotFoundError as error:
        fix = "install storyforge[pinecone]"
        raise SettingsError("vector_store", "Pinecone's client is not installed", fix) from error
    return PineconeVectors(
        PineconePlace(
            settings.pinecone_api_key, settings.pinecone_index, settings.pinecone_host, settings.pinecone_control
        )
    )


def _pgvector(settings: Settings) -> VectorStore:
    try:
        from storage.vectors.pgvector import PgVectors
    except ModuleNotFoundError as error:
        fix = "install storyforge[postgres]"
        raise SettingsError("vector_store", "the PostgreSQL client is not installed", fix) from error
    own = settings.vector_database_url
    try:
        return PgVectors(own or settings.database_url, direct_url="" if own else settings.database_direct_url)
    except ValueError as error:
        fix = "use postgresql://user:password@host:5432/name"
        raise SettingsError("vector_database_url", str(error), fix) from None


def open_bus(settings: Settings) -> Bus:
    """Not yet opened: call `open()` on the loop that uses it. Raises `SettingsError` for a Redis nobody can use."""
    if not settings.redis_url:
        return SqliteBus(settings.data_dir / "bus.db")
    try:
        from storage.bus.redis import RedisBus  # the client is an extra: only who names a server needs it
    except ModuleNotFoundError as error:
        raise _no_client() from error
    try:
        return RedisBus(settings.redis_url, _namespace(settings, b"bus:"))
    except ValueError as error:
        raise _no_address(error) from None


def _namespace(settings: Settings, what: bytes) -> str:
    """Keeps installations on one server apart."""
    return hashlib.sha256(what + settings.cluster_secret.encode()).hexdigest()[:16]


def _no_client() -> SettingsError:
    return SettingsError("redis_url", "the Redis client is not installed", "install storyforge[redis]")


def _no_address(error: ValueError) -> SettingsError:
    return SettingsError("redis_url", str(error), "use redis://host:port/0, or rediss:// for TLS")
