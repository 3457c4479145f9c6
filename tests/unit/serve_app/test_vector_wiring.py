"""Which vector store there is, how it is watched, and who sweeps it (K-36 … K-38)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from serve_app.config import Settings, SettingsError
from serve_app.stores import open_vectors
from serve_app.studio import StudioCore
from serve_app.sweeping import Sweeper
from serve_app.telemetry.families import render
from serve_app.telemetry.vectors import families
from storage.cache.sqlite import SqliteExactCache
from storage.vectors.memory import MemoryVectors
from storage.vectors.pgvector import PgVectors
from storage.vectors.pinecone_index import PineconeVectors
from storage.vectors.protocol import EXPIRES_AT, Vector, VectorFault
from storage.vectors.sqlite import SqliteVectors
from storage.vectors.watched import REOPEN_S, STATE_S, WatchedVectors

pytestmark = pytest.mark.unit

KEY = "pcsk_the-key-of-pinecone"
PINECONE = {"PINECONE_API_KEY": KEY, "PINECONE_INDEX": "scenes", "STORYFORGE_VECTOR_STORE": "pinecone"}


def settings(folder: Path, env: dict[str, str], **args: Any) -> Settings:
    return Settings.from_args({"data_dir": str(folder), **args}, env)


def test_a_name_chooses_the_store(tmp_path: Path) -> None:
    """K-36: a file without a name; Pinecone's own names in the environment are read; no secret is shown."""
    made = [
        open_vectors(settings(tmp_path, env))
        for env in ({}, PINECONE, {"STORYFORGE_VECTOR_STORE": "pgvector", "DATABASE_URL": "postgresql://u:secret@h/d"})
    ]
    assert [type(one._store) for one in made] == [SqliteVectors, PineconeVectors, PgVectors]
    assert [one.kind for one in made] == ["embedded", "pinecone", "pgvector"]
    pinecone = made[1]._store
    assert isinstance(pinecone, PineconeVectors)
    assert (pinecone.place.index, pinecone.place.api_key) == ("scenes", KEY)
    assert KEY not in repr(settings(tmp_path, PINECONE)) + repr(pinecone.place)
    assert isinstance(open_vectors(settings(tmp_path, {"PINECONE_API_KEY": KEY}))._store, SqliteVectors)


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"STORYFORGE_VECTOR_STORE": "chroma"}, "embedded, pgvector, pinecone"),
        ({"STORYFORGE_VECTOR_STORE": "pgvector"}, "vector_database_url"),
        ({"STORYFORGE_VECTOR_STORE": "pinecone", "PINECONE_INDEX": "x"}, "pinecone_api_key"),
        ({"STORYFORGE_VECTOR_STORE": "pinecone", "PINECONE_API_KEY": KEY}, "pinecone_index"),
    ],
)
def test_half_a_setting_fails_with_its_name(tmp_path: Path, env: dict[str, str], words: str) -> None:
    """K-36: the start fails, not the first lookup."""
    with pytest.raises(SettingsError, match=words):
        settings(tmp_path, env)


def test_an_address_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """K-36"""
    wrong = settings(tmp_path, {}, vector_store="pgvector", vector_database_url="postgresql://%%%secret")
    with pytest.raises(SettingsError) as caught:
        open_vectors(wrong)
    assert caught.value.setting == "vector_database_url"
    assert "secret" not in str(caught.value)


def test_without_a_client_the_extra_is_named(tmp_path: Path) -> None:
    """K-36: an installation without the clients runs, and says which extra a store needs; hosts load no NumPy."""
    program = f"""
import sys
sys.modules["pinecone"] = sys.modules["psycopg"] = None
from serve_app.config import Settings, SettingsError
import serve_app.stores
assert "numpy" not in sys.modules
for more in ({{}}, {{"vector_store": "pinecone", "pinecone_api_key": "k", "pinecone_index": "i"}},
             {{"vector_store": "pgvector", "vector_database_url": "postgresql://h/d"}}):
    try:
        print(serve_app.stores.open_vectors(Settings.from_args({{"data_dir": {str(tmp_path)!r}, **more}}, {{}})).kind)
    except SettingsError as error:
        print(error)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    embedded, pinecone, pgvector = ran.stdout.splitlines()
    assert embedded == "embedded"
    assert "storyforge[pinecone]" in pinecone
    assert "storyforge[postgres]" in pgvector


class Sick(MemoryVectors):
    """A store that cannot be opened while `ill`."""

    def __init__(self) -> None:
        super().__init__()
        self.ill, self.tries = True, 0

    async def open(self) -> None:
        self.tries += 1
        if self.ill:
            raise VectorFault("UNAVAILABLE", "the database is away", True)


async def test_a_store_that_is_away_costs_nothing(tmp_path: Path) -> None:
    """K-37: it opens at first use; one that cannot be opened is tried again after a while, and between every call is
    its fault at once; when it is back it works by itself, and `state` says so in words."""
    now, sick = [0.0], Sick()
    store = WatchedVectors("embedded", sick, clock=lambda: now[0])
    assert sick.tries == 0
    for _ in range(3):
        with pytest.raises(VectorFault, match="the database is away"):
            await store.count("s")
    assert sick.tries == 1
    assert await store.state() == "UNAVAILABLE: the database is away"
    sick.ill = False
    now[0] += max(REOPEN_S, STATE_S)
    assert await store.count("s") == 0
    assert sick.tries == 2
    assert await store.state() == "ok"


async def test_what_is_asked_is_counted(tmp_path: Path) -> None:
    """K-37: operations, seconds and faults by code, as metrics."""
    store = WatchedVectors("embedded", MemoryVectors())
    await store.upsert("s", [Vector("a", np.ones(3, np.float32), {})])
    await store.query("s", np.ones(3, np.float32))
    with pytest.raises(VectorFault):
        await store.query("s", np.ones(4, np.float32))
    text = render(families(store))
    assert 'storyforge_vectors_seconds_count{store="embedded",operation="query"} 2' in text
    assert 'storyforge_vectors_seconds_bucket{store="embedded",operation="query",le="+Inf"} 2' in text
    assert 'storyforge_vectors_faults{store="embedded",operation="query",code="WRONG_DIMENSION"} 1' in text
    assert 'storyforge_vectors_seconds_count{store="embedded",operation="upsert"} 1' in text


async def test_health_and_metrics_show_what_a_worker_says(tmp_path: Path) -> None:
    """K-37: a vector store that fails degrades and is named; nothing else is red for it."""
    store = WatchedVectors("embedded", Sick())

    async def runs() -> bool:
        return True

    async def told() -> dict[str, Any]:
        return {
            "worker": "gen-1",
            "parts": {"vectors": await store.state()},
            "families": [family.plain() for family in families(store)],
        }

    core = StudioCore(settings(tmp_path, {}), runs, told)
    await core.start()
    try:
        transport = httpx.ASGITransport(core.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://studio.test") as client:
            parts = (await client.get("/healthz")).json()["parts"]
            token = {"authorization": f"Bearer {core._settings.owner_token}"}
            metrics = (await client.get("/metrics", headers=token)).text
    finally:
        await core.stop()
    assert parts["vectors"] == "UNAVAILABLE: the database is away"
    assert (
        'storyforge_vectors_faults{store="embedded",operation="check",code="UNAVAILABLE",worker="gen-1"} 1' in metrics
    )


async def test_a_sweep_takes_what_expired_and_survives_a_sick_store(tmp_path: Path) -> None:
    """K-38: of the exact cache and of the vectors; a store that is away fails nobody."""
    cache, vectors = SqliteExactCache(tmp_path / "cache.db"), MemoryVectors()
    await cache.put(b"old", b"x", ttl_s=-1)
    await vectors.upsert(
        "s", [Vector("old", np.ones(3, np.float32), {EXPIRES_AT: 1.0}), Vector("new", np.ones(3, np.float32), {})]
    )
    sweeper = Sweeper(cache, vectors, 3600)
    assert await sweeper.look() == 2
    assert await sweeper.look() == 0
    assert await vectors.count("s") == 1
    assert await Sweeper(cache, WatchedVectors("embedded", Sick()), 3600).look() == 0
    sweeper.start()
    sweeper.check()
    await sweeper.stop()
    with pytest.raises(RuntimeError, match="ended"):
        sweeper.check()
    await cache.close()
