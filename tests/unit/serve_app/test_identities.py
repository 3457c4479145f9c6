"""By what characters are known: made after a picture is set, gone with it, whatever fails between (K-92)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.outbox.protocol import Confirmed, Entry, Failed, Hopeless
from actors.project.portraits import FORGET, IDENTITY, LEARN
from gpu.embed.image_descriptor import ImageDescriptor
from serve_app.identities import Identities, space_of
from storage.components.protocol import Kind
from storage.components.sqlite import SqliteCatalogue
from storage.objects.local import LocalObjects
from storage.vectors.protocol import VectorFault
from storage.vectors.sqlite import SqliteVectors
from tests.unit.gpu.embed.test_image_descriptor import file_of, picture
from tests.unit.serve_app.graphql.test_real_owner import CREATE, Api, served

pytestmark = pytest.mark.unit

HOME = "prj_1"


class Rig:
    def __init__(self, folder: Path) -> None:
        self.objects = LocalObjects(folder / "objects")
        self.vectors = SqliteVectors(folder / "vectors.db")
        self.catalogue = SqliteCatalogue(folder / "components.db")
        self.identities = Identities(self.objects, self.vectors, self.catalogue, ImageDescriptor())

    async def upload(self, n: int, data: bytes | None = None) -> str:
        key = f"assets/uploads/{n:032x}.png"
        await self.objects.put(key, data or file_of(picture(n)), content_type="image/png")
        return key

    async def tell(self, type: str, who: str, key: str = "", home: str = HOME) -> object:
        return await self.identities.deliver(Entry(f"msg_{type}{who}", home, IDENTITY, who, type, 1, 0, {"key": key}))

    async def known(self, home: str = HOME) -> int:
        return await self.vectors.count(space_of(home))


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    found = Rig(tmp_path)
    await found.vectors.open()
    yield found
    await found.identities.close()


async def test_a_character_is_known_by_its_picture_alone(rig: Rig) -> None:
    """K-92: 512 numbers, made by a named embedder, in the project's own namespace; told twice it is the same."""
    one, two = await rig.upload(1), await rig.upload(2)
    for _ in range(2):
        assert await rig.tell(LEARN, "cst_ada", one) == Confirmed()
    assert await rig.tell(LEARN, "cst_bo", two) == Confirmed()
    assert await rig.tell(LEARN, "cst_ada", one, "prj_2") == Confirmed()
    assert (await rig.known(), await rig.known("prj_2")) == (2, 1)
    asked = file_of(picture(1, 640, 480), ".jpg", quality=60)
    first, second = await rig.identities.like(HOME, asked)
    assert (first.character, second.character) == ("cst_ada", "cst_bo")
    assert first.score > 0.97 > second.score
    assert await rig.identities.like("prj_3", asked) == []
    (kept,) = await rig.catalogue.of(HOME, Kind.CHARACTER, "cst_ada")
    assert (kept.object_key, kept.told) == (one, {"embedder": "image-descriptor/1"})


async def test_what_goes_takes_its_numbers_along(rig: Rig) -> None:
    """K-92: another picture, none, the character, the project."""
    one, two = await rig.upload(1), await rig.upload(2)
    for who in ("cst_ada", "cst_bo"):
        await rig.tell(LEARN, who, one)
    await rig.tell(LEARN, "cst_ada", two)
    assert await rig.known() == 2
    found = {each.character: each.picture for each in await rig.identities.like(HOME, file_of(picture(2)))}
    assert found == {"cst_ada": two, "cst_bo": one}
    for _ in range(2):
        assert await rig.tell(FORGET, "cst_ada") == Confirmed()
    assert await rig.known() == 1
    assert await rig.catalogue.of(HOME, Kind.CHARACTER, "cst_ada") == []
    await rig.tell(LEARN, "cst_ada", one, "prj_2")
    await rig.identities.forget_project(HOME)
    assert (await rig.known(), await rig.known("prj_2")) == (0, 1)
    assert await rig.catalogue.of(HOME, Kind.CHARACTER, "cst_bo") == []


class Ill(SqliteVectors):
    fault: VectorFault | None = None

    async def upsert(self, namespace: str, vectors: Any) -> None:
        if self.fault is not None:
            raise self.fault
        await super().upsert(namespace, vectors)


async def test_a_fault_says_whether_trying_again_can_help(rig: Rig, tmp_path: Path) -> None:
    """K-92: a picture that is gone or none is hopeless; a store that is away is asked again when it said."""
    assert await rig.tell(LEARN, "cst_ada", f"assets/uploads/{9:032x}.png") == Hopeless("NOT_FOUND")
    assert await rig.tell(LEARN, "cst_ada", await rig.upload(3, b"no picture")) == Hopeless("REFUSED")
    ill = Ill(tmp_path / "ill.db")
    await ill.open()
    rig.identities = Identities(rig.objects, ill, rig.catalogue, ImageDescriptor())
    key = await rig.upload(1)
    ill.fault = VectorFault("THROTTLED", "slow down", True, 7.0)
    assert await rig.tell(LEARN, "cst_ada", key) == Failed("THROTTLED", after_ms=7_000)
    ill.fault = VectorFault("REFUSED", "no such index", False)
    assert await rig.tell(LEARN, "cst_ada", key) == Hopeless("REFUSED")
    ill.fault = None
    assert await rig.tell(LEARN, "cst_ada", key) == Confirmed()
    await rig.vectors.close()


async def test_from_an_upload_to_the_numbers_and_back(tmp_path: Path) -> None:
    """K-92: by GraphQL over a real owner: the commit owes it, the host pays, and the picture is shown."""
    async with served(tmp_path) as (api, _):
        project, ada = await _cast(api)
        answer = await api._client.post("/uploads", files={"file": ("ada.png", file_of(picture(1)), "image/png")})
        key = answer.json()["key"]
        fields = {"p: ID!": project, "c: ID!": ada}
        call = "setPortrait(input: {projectId: $p, castId: $c, key: $k, idempotencyKey: $key})"
        made = await api.act(call, "project { cast { name portraitUrl } }", **fields, **{"k: String": key})
        assert made["userErrors"] == []
        assert key in made["project"]["cast"][0]["portraitUrl"]
        vectors = SqliteVectors(tmp_path / "vectors.db")
        await vectors.open()
        await _until(vectors, project, 1)
        call = "removeCast(input: {projectId: $p, castId: $c, idempotencyKey: $key})"
        made = await api.act(call, "project { cast { name } }", **fields)
        assert (made["userErrors"], made["project"]["cast"]) == ([], [])
        await _until(vectors, project, 0)
        await vectors.close()


async def _cast(api: Api) -> tuple[str, str]:
    project = (await api.act(CREATE, "project { id }"))["project"]["id"]
    fields = {"p: ID!": project, "n: String!": "ADA"}
    call = "addCast(projectId: $p, name: $n, idempotencyKey: $key)"
    made = await api.act(call, "project { cast { id } }", **fields)
    return project, made["project"]["cast"][0]["id"]


async def _until(vectors: SqliteVectors, project: str, count: int) -> None:
    async with asyncio.timeout(20):
        while True:
            if await vectors.count(space_of(project)) == count:
                return
            await asyncio.sleep(0.02)  # the host delivers by itself; its store is looked at from outside


def test_the_numbers_are_of_the_picture_not_of_the_person() -> None:
    """K-91: the name says so, and so does the cosine of one face in two lights."""
    embed = ImageDescriptor()
    assert embed.name == "image-descriptor/1"
    lit = picture(5)
    dark = np.asarray(lit * 0.25, np.uint8)
    assert float(embed.embed_picture(file_of(lit)) @ embed.embed_picture(file_of(dark))) < 0.97
