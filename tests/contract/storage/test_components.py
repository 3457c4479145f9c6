"""Catalogues of components: the first stays, by project, bounded, and never an exception to the job (K-88)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from storage.components.postgres import PostgresCatalogue
from storage.components.protocol import BODY_BYTES_MAX, Catalogue, Component, Kind, key_of
from storage.components.sqlite import SqliteCatalogue

pytestmark = pytest.mark.contract

Given = Callable[[str], Any]
MAKERS: dict[str, Callable[[Given], Catalogue]] = {
    "sqlite": lambda given: SqliteCatalogue(given("tmp_path") / "components.db", home_max=5),
    "postgres": lambda given: PostgresCatalogue(given("postgres_fresh_url"), home_max=5),
}
FRAMES = (Kind.PANEL, Kind.BACKGROUND)


@pytest.fixture(params=sorted(MAKERS))
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Callable[[], Catalogue]]:
    made: list[Catalogue] = []

    def another() -> Catalogue:
        made.append(MAKERS[request.param](request.getfixturevalue))
        return made[-1]

    yield another
    for each in made:
        await each.close()
        await each.close()


@pytest.fixture
def catalogue(make: Callable[[], Catalogue]) -> Catalogue:
    return make()


def component(key: str = "k", home: str = "prj_1", **more: Any) -> Component:
    asked: dict[str, Any] = {"home": home, "kind": Kind.PANEL, "key": key, "subject": "PIER/exterior/dawn/clear"}
    asked |= {
        "object_key": f"assets/panels/{key}.jpg",
        "sha256": "ab" * 32,
        "size": 10,
        "told": {"job": "job_1", "ms": 7},
    }
    return Component(**{**asked, "made_at_s": 1.5, **more})


async def test_what_was_kept_is_found(catalogue: Catalogue) -> None:
    """K-88: whole, by its key, its kind and its project; the first under a key stays."""
    assert await catalogue.get("prj_1", FRAMES, "k") is None
    assert await catalogue.keep(component())
    assert await catalogue.keep(component(object_key="assets/panels/second.jpg"))
    assert await catalogue.get("prj_1", FRAMES, "k") == component()
    assert await catalogue.get("prj_1", (Kind.PROMPT,), "k") is None
    assert await catalogue.get("prj_2", FRAMES, "k") is None
    assert (catalogue.counts.hits, catalogue.counts.misses, catalogue.counts.kept) == (1, 3, 1)


async def test_it_is_there_for_the_next_process(make: Callable[[], Catalogue]) -> None:
    """K-88: for good: nothing expires, and another process finds it, also one that began at the same moment."""
    one, other = make(), make()
    first = component(made_at_s=1.0)
    assert await asyncio.gather(one.keep(first), other.keep(component("k2"))) == [True, True]
    assert await other.get("prj_1", FRAMES, "k") == first
    await one.close()
    assert await make().get("prj_1", FRAMES, "k") == first


async def test_a_subject_s_components_are_listed_and_forgotten(catalogue: Catalogue) -> None:
    """K-88: the newest first; by key, by subject, by project."""
    anna = {"kind": Kind.CHARACTER, "subject": "cst_anna"}
    for n, more in enumerate((anna, anna, {**anna, "subject": "cst_bo"}, {})):
        await catalogue.keep(component(f"k{n}", made_at_s=1.0 + n, **more))
    await catalogue.keep(component("k0", "prj_2", **anna))
    assert [each.key for each in await catalogue.of("prj_1", Kind.CHARACTER, "cst_anna")] == ["k1", "k0"]
    assert await catalogue.forget("prj_1", key="k1") == 1
    assert await catalogue.forget("prj_1", kind=Kind.CHARACTER, subject="cst_anna") == 1
    assert await catalogue.of("prj_1", Kind.CHARACTER, "cst_anna") == []
    assert len(await catalogue.of("prj_1", Kind.CHARACTER, "cst_bo")) == 1
    assert await catalogue.forget("prj_1") == 2
    assert [each.home for each in await catalogue.of("prj_2", Kind.CHARACTER, "cst_anna")] == ["prj_2"]


async def test_a_project_has_a_bound(catalogue: Catalogue) -> None:
    """K-88: over it nothing new is kept, what is there stays in use, and other projects have their own."""
    kept = [await catalogue.keep(component(f"k{n}")) for n in range(7)]
    assert kept == [True] * 5 + [False] * 2
    assert await catalogue.keep(component("k0"))
    assert catalogue.counts.full == 3
    assert await catalogue.keep(component("k0", "prj_2"))
    assert await catalogue.get("prj_1", FRAMES, "k4") is not None


async def test_what_no_row_can_hold_is_the_caller_s_error(catalogue: Catalogue) -> None:
    """K-88"""
    wrong = [replace(component(), key=""), replace(component(), key="x" * 65), replace(component(), subject="x" * 201)]
    for each in (*wrong, replace(component(), told={"text": "x" * BODY_BYTES_MAX})):
        with pytest.raises(ValueError):
            await catalogue.keep(each)


def test_a_key_is_of_everything_and_in_no_order() -> None:
    """K-88: any difference is another key; what JSON cannot say exactly is refused."""
    assert key_of(a=1, b=[1, "é"]) == key_of(b=[1, "é"], a=1)
    keys = {key_of(a=1), key_of(a="1"), key_of(a=1.5), key_of(a=True), key_of(a=None), key_of(b=1), key_of(a=[1])}
    assert len(keys) == 7
    for bad in (float("nan"), b"bytes", {1, 2}):
        with pytest.raises((TypeError, ValueError)):
            key_of(a=bad)
