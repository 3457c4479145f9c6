"""What a deleted project has outside the ledger goes, and what others show stays (A-119)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from actors.views import TakeView
from serve_app.config import Settings
from serve_app.erasing import Erasing
from serve_app.film_cache_outbox import FilmCacheReceiver
from serve_app.identity_receiver import IdentityReceiver
from serve_app.stores import open_catalogue, open_objects
from storage.codec import encode
from storage.components.protocol import Component, Kind, key_of
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Append, HostRow, NewAttempt, NewEvent, View
from storage.ledger.protocol import Kind as RowKind
from storage.objects.protocol import ObjectStoreError
from tests.unit.serve_app.conftest import take_row

pytestmark = pytest.mark.unit
GONE, STAYS = "prj_gone", "prj_stays"
SCENE_PANEL = "assets/panels/att_own/0-0.jpg"
UPLOAD, SHARED_UPLOAD = "assets/uploads/own.png", "assets/uploads/copied.png"
RECORDING = "assets/uploads/own.wav"


def film(home: str, attempt: str) -> View:
    row = take_row(home, f"scn_{home}", f"job_{home}_{attempt}", f"tak_{home}_{attempt}")
    view = TakeView.from_blob(row.body or b"")
    keys = {name: f"videos/{attempt}/{name}" for name in ("playlist_key", "video_key", "thumbnail_key")}
    return replace(row, body=replace(view, **keys).blob())


def made(home: str, id: str) -> NewAttempt:
    return NewAttempt(id, home, f"scn_{home}", f"job_{id}", "video", 1, b"", 1_000)


async def filled(ledger: MemoryLedger) -> None:
    """Of the project that goes: a film of its own, and one that the other was given."""
    host = await ledger.heartbeat(HostRow("h", "i", 1, "127.0.0.1:1"), 60_000)
    for home, views, attempts in (
        (GONE, (film(GONE, "att_own"), film(GONE, "att_given")), (made(GONE, "att_own"), made(GONE, "att_given"))),
        (STAYS, (film(STAYS, "att_given"), film(STAYS, "att_theirs")), (made(STAYS, "att_theirs"),)),
    ):
        claim = await ledger.claim(home, host)
        set_ = NewEvent("@project", RowKind.EVENT, "cast.portrait_set", encode({"id": "cst", "key": UPLOAD}))
        heard = {"id": "cst", "voice": {"key": RECORDING}}
        sounds = NewEvent("@project", RowKind.EVENT, "cast.voice_set", encode(heard))
        owed = (set_, sounds) if home == GONE else ()
        await ledger.append(Append(home, claim.epoch, claim.seq, owed, views, attempts))


async def test_a119_what_nobody_else_shows_goes(tmp_path: Path) -> None:
    """A-119: films, frames, pictures, kept words and old rows of the project go; a film that another project was given
    stays whole; done again it does no harm, and a store that refuses is asked again."""
    given = {"data_dir": str(tmp_path), "owner_token": "owner", "cluster_secret": "cluster-secret-for-tests"}
    settings = Settings.from_args(given, {})
    ledger, objects, catalogue = MemoryLedger(), open_objects(settings), open_catalogue(settings)
    await filled(ledger)
    stay = ["videos/att_given/master.m3u8", "videos/att_given/v0/1.ts", "videos/att_theirs/master.m3u8"]
    go = ["videos/att_own/master.m3u8", "videos/att_own/v0/1.ts", SCENE_PANEL, UPLOAD, RECORDING]
    go += [f"internal/archive/{GONE}/1-2-x", f"internal/components/prompt/{GONE}/p.msgpack"]
    for key in (*stay, *go):
        await objects.put(key, b"bytes", content_type="application/octet-stream")
    for home in (GONE, STAYS):
        part = Component(home, Kind.PROMPT, key_of(home=home), "grammar", "internal/x", "0" * 64, 1)
        assert await catalogue.keep(part)
    films, identities = FilmCacheReceiver(settings), IdentityReceiver(settings)
    erasing = Erasing(ledger, objects, films, identities)
    for _ in range(2):
        assert await erasing.caches(GONE)
        assert await erasing.films(GONE)
    assert [key for key in (*stay, *go) if await objects.head(key) is not None] == stay
    left = {home: len(await catalogue.of(home, Kind.PROMPT, "grammar")) for home in (GONE, STAYS)}
    assert left == {GONE: 0, STAYS: 1}

    class Away:
        async def list(self, *_: object, **__: object) -> None:
            raise ObjectStoreError("THROTTLED", "later", True)

    assert not await Erasing(ledger, Away(), films, identities).films(GONE)  # type: ignore[arg-type]
    for each in (films, identities, catalogue):
        await each.close()
