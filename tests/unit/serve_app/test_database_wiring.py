"""Which database the ledger is in, and that its password stays secret (S-83, S-84)."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from serve_app.config import Settings, SettingsError
from serve_app.stores import open_database, open_ledger
from storage.ledger.errors import Unavailable
from storage.ledger.postgres import PostgresLedger
from storage.ledger.postgres_connect import where
from storage.ledger.sqlite import SqliteLedger

pytestmark = pytest.mark.unit

SECRET = "pa55-of-the-database"
NOWHERE = f"postgresql://somebody:{SECRET}@127.0.0.1:1/stories"


def test_the_database_address_chooses(tmp_path: Path) -> None:
    """S-83: arguments, then STORYFORGE_DATABASE_URL, then DATABASE_URL; else a file."""
    given = {"data_dir": str(tmp_path)}
    assert isinstance(open_database(Settings.from_args(given, {})), SqliteLedger)
    known = {"DATABASE_URL": "postgresql://a/x", "DATABASE_DIRECT_URL": "postgresql://d/x"}
    assert isinstance(open_database(Settings.from_args(given, known)), PostgresLedger)
    assert Settings.from_args(given, known).database_direct_url == "postgresql://d/x"
    ours = {"STORYFORGE_DATABASE_URL": "postgresql://b/x", "DATABASE_READ_URL": "postgresql://r/x"}
    settings = Settings.from_args(given, {**known, **ours})
    assert (settings.database_url, settings.database_read_url) == ("postgresql://b/x", "postgresql://r/x")
    assert Settings.from_args({**given, "database_url": "postgresql://c/x"}, ours).database_url == "postgresql://c/x"


async def test_a_password_is_never_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """S-84: not in a repr, an error or a log; the place is named instead."""
    caplog.set_level(logging.DEBUG)
    settings = Settings.from_args(
        {"data_dir": str(tmp_path), "database_url": NOWHERE, "database_read_url": NOWHERE}, {}
    )
    ledger = open_ledger(settings)
    with pytest.raises(Unavailable) as caught:
        await ledger.open()
    with pytest.raises(SettingsError) as unreadable:
        open_ledger(Settings.from_args({"data_dir": str(tmp_path), "database_url": f"postgres//{SECRET}@h"}, {}))
    told = [repr(settings), repr(ledger), str(caught.value), repr(caught.value), str(unreadable.value), where(SECRET)]
    assert not any(SECRET in text for text in [*told, caplog.text])
    assert "127.0.0.1:1/stories" in str(caught.value)
    assert "127.0.0.1:1/stories" in repr(ledger)


def test_without_the_client_the_extra_is_named(tmp_path: Path) -> None:
    """S-83: a base installation imports without it, and says what to install once it is asked for."""
    program = f"""
import sys
sys.modules["psycopg"] = sys.modules["psycopg_pool"] = None
from serve_app.config import Settings, SettingsError
from serve_app.stores import open_ledger
import serve_app.app, serve_app.story_host, serve_app.studio
open_ledger(Settings.from_args({{"data_dir": {str(tmp_path)!r}}}, {{}}))
try:
    open_ledger(Settings.from_args({{"data_dir": {str(tmp_path)!r}, "database_url": "postgresql://a/b"}}, {{}}))
except SettingsError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True,
        cwd=Path(__file__).resolve().parents[3],
    )  # fmt: skip
    assert "storyforge[postgres]" in done.stdout
