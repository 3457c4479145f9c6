"""`cacheReport`: what the cache did for a project, how often people said it was wrong, and what that saved.

The invariant: every number is counted from committed takes, so that a restart loses none and two replicas say the same;
the newest `TAKES_MAX` at most, and the report says when there are more. A rate of nothing is null, never zero.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import strawberry

from actors.views import TakeView
from serve_app.graphql.cache_nodes import MADE_AHEAD, saved_usd
from serve_app.graphql.context import Context, Info, not_found
from serve_app.graphql.described import described
from storage.ledger.protocol import View

TAKES_MAX = 2_000
"""Takes counted for one report, newest first. Older ones are left out and the report is not `complete`."""
PAGE_ROWS = 200
Z_95 = 1.959963984540054
L1_TARGET, HITS_TARGET, SAVED_TARGET = 0.40, 0.60, 0.50
"""What was promised of the cache when it was planned: films by the same recipe, films in all, and money."""


@strawberry.type(description="One level of the cache.")
class CacheLevelReport:
    level: str = strawberry.field(
        description="L1, L2, L3 (words or frames taken over), L4, or warm (begun from another)."
    )
    asked: int
    hits: int
    hit_rate: float | None
    judged: int = strawberry.field(description="Hits of which somebody said *keep this* or *not this*.")
    wrong: int = strawberry.field(description="Of those, *not this*.")
    wrong_rate: float | None = strawberry.field(description="Of the judged: people speak sooner of what is wrong.")
    wrong_low: float | None = strawberry.field(description="Of Wilson's interval at 95 %.")
    wrong_high: float | None
    saved_usd: float = strawberry.field(description="Stated prices of what was not made.")


@strawberry.type(description="Shares of 1, as planned.")
class CacheTargets:
    l1_hit_rate: float
    hit_rate: float
    saved_share: float


@strawberry.type(description="The cache of one project, counted from its takes.")
class CacheReport:
    takes: int = strawberry.field(description="Counted; takes older than the cache say nothing of it.")
    complete: bool = strawberry.field(
        description="False: there are more takes than are counted; older ones are left out."
    )
    hits: int = strawberry.field(description="Takes that are films from the cache, at any level.")
    hit_rate: float | None
    saved_usd: float
    spent_usd: float = strawberry.field(
        description="Charged for the counted takes, made ahead or not; not what nobody asked for."
    )
    saved_share: float | None = strawberry.field(
        description="Saved of saved and spent; null where nothing had a price."
    )
    judged: int = strawberry.field(description="Films from the cache of which somebody spoke, at any level.")
    wrong: int
    wrong_rate: float | None
    wrong_low: float | None
    wrong_high: float | None
    levels: list[CacheLevelReport]
    targets: CacheTargets
    installed_bound_per10000: int = strawberry.field(
        description="Wrong films among 10,000 that a project allows which says nothing of its own."
    )


@dataclass(frozen=True, slots=True)
class Counted:
    """One take, as far as it is counted."""

    verdict: str
    level: str
    saved_usd: float
    judged: bool | None
    parts: bool
    parts_usd: float
    cost_usd: float
    job: str = ""
    instead_of: str = ""


def counted(row: View) -> Counted | None:
    """None: the take is older than what is counted."""
    take = TakeView.from_blob(row.body or b"")
    if take.cache is None:
        return None
    lineage = json.loads(take.recipe).get("lineage", {})
    parts = lineage.get("components") or {}
    cost = take.cost or {}
    spent = float(cost.get("amount") or 0.0) if str(cost.get("unit", "")).casefold() == "usd" else 0.0
    if take.cache.get("level") == MADE_AHEAD:
        spent += float(
            take.cache.get("saved_usd") or 0.0
        )  # charged before it was asked for: no take says it as its cost
    return Counted(
        verdict=take.cache_verdict,
        level=str(take.cache.get("level") or ""),
        saved_usd=saved_usd(take.cache),
        judged=take.judged,
        parts=bool(parts),
        parts_usd=float(parts.get("savedUsd") or 0.0),
        cost_usd=spent,
        job=take.job,
        instead_of=str(lineage.get("insteadOf") or ""),
    )


def wilson(wrong: int, judged: int) -> tuple[float, float] | None:
    """95 % interval of a share (E. B. Wilson, 1927); None where nobody spoke."""
    if not judged:
        return None
    share, z2 = wrong / judged, Z_95**2
    middle = (share + z2 / (2 * judged)) / (1 + z2 / judged)
    half = Z_95 / (1 + z2 / judged) * math.sqrt(share * (1 - share) / judged + z2 / (4 * judged * judged))
    return max(0.0, middle - half), min(1.0, middle + half)


def report(takes: Sequence[Counted], complete: bool, installed_bound: int) -> CacheReport:
    """Levels are asked one after the other: what one answers is not asked of the next. A film that was made all the
    same, of frames drawn instead of the cache's, saved nothing."""
    made_after = {each.instead_of for each in takes if each.instead_of and each.verdict != "hit"}
    takes = [replace(each, saved_usd=0.0) if each.job in made_after else each for each in takes]
    films = [each for each in takes if each.verdict == "hit"]
    after_l1 = [each for each in takes if not _at("L1")(each)]
    made = [each for each in takes if each.verdict != "hit"]
    levels = [
        _level("L1", takes, _at("L1")),
        _level("L2", after_l1, _at("L2")),
        _level("L3", made, lambda each: each.parts, lambda each: each.parts_usd),
        _level("L4", after_l1, _at("L4")),
        _level("warm", made, lambda each: each.verdict == "warm", lambda each: 0.0),
    ]
    saved, spent = sum(each.saved_usd for each in levels), sum(each.cost_usd for each in takes)
    judged, wrong, rate, low, high = _spoken(films)
    return CacheReport(
        takes=len(takes),
        complete=complete,
        hits=len(films),
        hit_rate=_share(len(films), len(takes)),
        saved_usd=round(saved, 6),
        spent_usd=round(spent, 6),
        saved_share=_share(saved, saved + spent),
        judged=judged,
        wrong=wrong,
        wrong_rate=rate,
        wrong_low=low,
        wrong_high=high,
        levels=levels,
        targets=CacheTargets(l1_hit_rate=L1_TARGET, hit_rate=HITS_TARGET, saved_share=SAVED_TARGET),
        installed_bound_per10000=installed_bound,
    )


def _at(level: str) -> Callable[[Counted], bool]:
    return lambda each: each.verdict == "hit" and each.level == level


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _level(
    level: str,
    asked: Iterable[Counted],
    is_hit: Callable[[Counted], bool],
    saved: Callable[[Counted], float] = lambda each: each.saved_usd,
) -> CacheLevelReport:
    asked = list(asked)
    hits = [each for each in asked if is_hit(each)]
    judged, wrong, rate, low, high = _spoken(hits)
    return CacheLevelReport(
        level=level,
        asked=len(asked),
        hits=len(hits),
        hit_rate=_share(len(hits), len(asked)),
        judged=judged,
        wrong=wrong,
        wrong_rate=rate,
        wrong_low=low,
        wrong_high=high,
        saved_usd=round(sum(map(saved, hits)), 6),
    )


def _spoken(hits: Iterable[Counted]) -> tuple[int, int, float | None, float | None, float | None]:
    """(judged, wrong, rate of wrong, its interval): films of the cache alone; a beginning is not judged."""
    spoken = [each for each in hits if each.judged is not None and each.verdict == "hit"]
    wrong = sum(each.judged is False for each in spoken)
    low, high = wilson(wrong, len(spoken)) or (None, None)
    return len(spoken), wrong, _share(wrong, len(spoken)), low, high


async def counted_takes(context: Context, home: str, since_ms: int | None) -> tuple[list[Counted], bool]:
    """Newest first, and whether these are all since then."""
    found: list[Counted] = []
    after: tuple[str, str] | None = None
    seen = 0
    while True:
        rows = await context.ports.reader.views("take", home=home, after=after, limit=PAGE_ROWS, newest_first=True)
        fresh = [row for row in rows if since_ms is None or _at_ms(row) >= since_ms]
        within = fresh[: TAKES_MAX - seen]
        found += await asyncio.to_thread(lambda rows: [one for row in rows if (one := counted(row))], within)
        seen += len(within)
        if len(within) < len(fresh):
            return found, False
        if len(rows) < PAGE_ROWS or len(fresh) < len(rows):
            return found, True
        after = (rows[-1].order_key, rows[-1].id)


def _at_ms(row: View) -> int:
    return TakeView.from_blob(row.body or b"").created_at_ms


@strawberry.type
class CacheQueries:
    @described("What the cache of films did for a project since then; without `since`: as far back as is counted.")
    async def cache_report(self, info: Info, project_id: strawberry.ID, since: datetime | None = None) -> CacheReport:
        context, home = info.context, str(project_id)
        if await context.project(home) is None:
            raise not_found("project", home)
        at: Any = None if since is None else (since if since.tzinfo else since.replace(tzinfo=UTC))
        since_ms = None if at is None else int(at.timestamp() * 1000)
        return report(*await counted_takes(context, home, since_ms), context.ports.cache_bound)
