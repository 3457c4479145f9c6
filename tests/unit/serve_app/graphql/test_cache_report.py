"""What a project's cache did, as one report."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from actors.views import TakeView
from serve_app.graphql import cache_report
from serve_app.graphql.cache_report import wilson
from storage.ledger.protocol import View
from tests.unit.serve_app.conftest import World, project_row, take_row

pytestmark = pytest.mark.unit

LEVEL = "level asked hits hitRate judged wrong wrongRate wrongLow wrongHigh savedUsd"
REPORT = f"""query($p: ID!, $s: DateTime) {{ cacheReport(projectId: $p, since: $s) {{
  takes complete hits hitRate savedUsd spentUsd savedShare judged wrong wrongRate wrongLow wrongHigh
  installedBoundPer10000 levels {{ {LEVEL} }}
  targets {{ l1HitRate hitRate savedShare }} }} }}"""
HOME = "prj_report"
FIRST_MS = 1_700_000_000_000


def take(number: int, verdict: str, level: str, saved: float = 0.0, **more: Any) -> View:
    row = take_row(HOME, "scn_1", f"job_{number}", f"tak_{number:04d}")
    view = TakeView.from_blob(row.body or b"")
    cache = {"level": level, "saved_usd": saved}
    view = replace(view, cache=cache, cache_verdict=verdict, created_at_ms=FIRST_MS + number * 1000, **more)
    return replace(row, order_key=f"{number:020d}", body=view.blob())


async def shown(world: World, rows: list[View], since: str | None = None) -> dict[str, Any]:
    await world.scribe.append(HOME, [], [project_row(HOME, "T"), *rows], (), None)
    found: dict[str, Any] = (await world.ask(REPORT, p=HOME, s=since))["cacheReport"]
    return found


async def test_a_film_whose_frames_were_drawn_instead_saved_nothing(world: World) -> None:
    """K-108: it is counted as a film of the cache, and its price as saved only till the other one is made."""
    price = {"amount": 0.5, "unit": "usd", "seconds": 5.0}
    instead = json.dumps({"lineage": {"insteadOf": "job_1"}})
    rows = [take(1, "hit", "L2", 0.5), take(2, "hit", "L2", 0.5), take(3, "miss", "", cost=price, recipe=instead)]
    report = await shown(world, rows)
    assert (report["hits"], report["savedUsd"], report["spentUsd"], report["savedShare"]) == (2, 0.5, 0.5, 0.5)


async def test_q112_the_report_counts_committed_takes(world: World) -> None:
    """Q-112: per level what was asked, hits, what people said with its interval, and money, beside the targets; levels
    are asked one after the other; nothing counted is null, not zero."""
    parts = json.dumps({"lineage": {"components": {"savedUsd": 0.002}}})
    price = {"amount": 0.5, "unit": "usd", "seconds": 5.0}
    rows = [
        take(1, "hit", "L1", 0.5),
        take(2, "hit", "L2", 0.5, judged=True),
        take(3, "hit", "L2", 0.5, judged=False),
        take(4, "warm", "L2", cost=price),
        take(5, "miss", "", cost=price, recipe=parts),
        replace(take_row(HOME, "scn_1", "job_0", "tak_old"), order_key="0"),
    ]
    report = await shown(world, rows)
    assert (report["takes"], report["complete"], report["hits"], report["hitRate"]) == (5, True, 3, 0.6)
    assert (report["savedUsd"], report["spentUsd"]) == (1.502, 1.0)
    assert report["savedShare"] == pytest.approx(1.502 / 2.502)
    spoken = [report[name] for name in ("judged", "wrong", "wrongRate")]
    assert (spoken, report["wrongLow"] < 0.5 < report["wrongHigh"]) == ([2, 1, 0.5], True)
    assert report["targets"] == {"l1HitRate": 0.4, "hitRate": 0.6, "savedShare": 0.5}
    levels = {each["level"]: each for each in report["levels"]}
    assert {name: (each["asked"], each["hits"]) for name, each in levels.items()} == {
        "L1": (5, 1), "L2": (4, 2), "L3": (2, 1), "L4": (4, 0), "warm": (2, 1),
    }  # fmt: skip
    two = levels["L2"]
    assert (two["judged"], two["wrong"], two["wrongRate"], two["savedUsd"]) == (2, 1, 0.5, 1.0)
    assert (two["wrongLow"], two["wrongHigh"]) == pytest.approx((0.0945, 0.9055), abs=1e-4)
    assert (levels["L1"]["wrongRate"], levels["L1"]["wrongLow"]) == (None, None)
    assert (levels["L3"]["savedUsd"], levels["warm"]["savedUsd"]) == (0.002, 0.0)


async def test_q112_what_was_made_ahead_was_paid_for(world: World) -> None:
    """Q-112: a film that was made ahead is a hit of L4 that saved time and no money."""
    report = await shown(world, [take(1, "hit", "L4", 0.5)])
    assert (report["hits"], report["savedUsd"], report["spentUsd"], report["savedShare"]) == (1, 0.0, 0.5, 0.0)
    four = next(each for each in report["levels"] if each["level"] == "L4")
    assert (four["asked"], four["hits"], four["savedUsd"]) == (1, 1, 0.0)


async def test_q112_a_report_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Q-112: takes since then, the newest of them up to a bound, and it says where older ones are left out."""
    monkeypatch.setattr(cache_report, "TAKES_MAX", 5)
    monkeypatch.setattr(cache_report, "PAGE_ROWS", 2)
    report = await shown(world, [take(number, "miss", "") for number in range(8)])
    assert (report["takes"], report["complete"], report["hitRate"]) == (5, False, 0.0)
    late = (await world.ask(REPORT, p=HOME, s="2023-11-14T22:13:25Z"))["cacheReport"]  # FIRST_MS is 22:13:20
    assert (late["takes"], late["complete"]) == (3, True)


async def test_q112_whose_project_it_is(world: World) -> None:
    """Q-112: of a project that is not there, or not one's own, nothing is counted."""
    answer = (await world.post(REPORT, p="prj_no")).json()
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"


def test_the_interval_is_wilsons() -> None:
    """Q-112: the interval that the textbook has (10 of 100: 5.5 % to 17.4 %), and inside of 0 and 1 at the ends."""
    assert wilson(10, 100) == pytest.approx((0.0552, 0.1744), abs=1e-4)
    assert wilson(0, 3) == pytest.approx((0.0, 0.5615), abs=1e-4)
    assert wilson(0, 0) is None
