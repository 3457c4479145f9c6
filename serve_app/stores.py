"""Opens the durable parts an installation is configured for. The one place that maps settings to implementations."""

from __future__ import annotations

from serve_app.config import Settings
from storage.cache.exact import ExactCache
from storage.cache.sqlite import SqliteExactCache
from storage.ledger.protocol import Ledger
from storage.ledger.sqlite import SqliteLedger
from storage.objects.local import LocalObjects


def open_ledger(settings: Settings) -> Ledger:
    """Not yet opened: call `open()` on the loop that uses it."""
    return SqliteLedger(settings.data_dir / "ledger.db")


def open_objects(settings: Settings) -> LocalObjects:
    return LocalObjects(settings.data_dir / "objects")


def open_cache(settings: Settings) -> ExactCache:
    return SqliteExactCache(settings.data_dir / "cache.db")
