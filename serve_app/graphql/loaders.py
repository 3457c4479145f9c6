"""Batches reads so that a list costs queries per project, not per scene or job.

The invariant: nothing is remembered between two moments of a request. Loaders batch what is asked in one tick and
keep no cache, so a mutation's answer and every event of a subscription read what is committed now.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import TypeVar

from strawberry.dataloader import DataLoader

from actors.views import SceneView
from serve_app.graphql.entrances import Entering, entrances
from serve_app.graphql.ports import Reader
from storage.ledger.protocol import Attempt, View

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

ROWS_PER_HOME_MAX = 2_000
"""Rows of one kind read for a whole project at once; a project with more is read parent by parent."""
SCENES_MAX = 2_000

Parent = tuple[str, str, str]  # kind, home, parent id
One = tuple[str, str, str]  # kind, home, id


class Loaders:
    """One per connection or request."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.children: DataLoader[Parent, list[View]] = _loader(self._children)
        self.newest: DataLoader[Parent, list[View]] = _loader(self._newest)
        self.one: DataLoader[One, View | None] = _loader(self._one)
        self.open_attempts: DataLoader[str, list[Attempt]] = _loader(self._open_attempts)
        self.count: DataLoader[Parent, int] = _loader(self._count)
        self.lengths: DataLoader[str, dict[str, int]] = _loader(self._lengths)
        self.entering: DataLoader[tuple[str, str], Entering | None] = _loader(self._entering)

    async def _children(self, keys: Iterable[Parent]) -> dict[Parent, list[View]]:
        return await self._by_parent(keys, newest_first=False)

    async def _newest(self, keys: Iterable[Parent]) -> dict[Parent, list[View]]:
        return await self._by_parent(keys, newest_first=True)

    async def _by_parent(self, keys: Iterable[Parent], *, newest_first: bool) -> dict[Parent, list[View]]:
        homes: dict[tuple[str, str], list[Parent]] = defaultdict(list)
        for key in keys:
            homes[key[:2]].append(key)
        parts = await asyncio.gather(*(self._of_home(h, ks, newest_first) for h, ks in homes.items()))
        return {key: rows for part in parts for key, rows in part.items()}

    async def _of_home(
        self, where: tuple[str, str], keys: list[Parent], newest_first: bool
    ) -> dict[Parent, list[View]]:
        kind, home = where
        found: dict[Parent, list[View]] = {key: [] for key in keys}
        if len(keys) > 1:
            rows = await self._reader.views(kind, home=home, limit=ROWS_PER_HOME_MAX, newest_first=newest_first)
            if len(rows) < ROWS_PER_HOME_MAX:
                for row in rows:
                    if (kind, home, row.parent) in found:
                        found[(kind, home, row.parent)].append(row)
                return found
        for key in keys:
            found[key] = await self._reader.views(
                kind, home=home, parent=key[2], limit=SCENES_MAX, newest_first=newest_first
            )
        return found

    async def _one(self, keys: Iterable[One]) -> dict[One, View | None]:
        homes: dict[tuple[str, str], list[One]] = defaultdict(list)
        for key in keys:
            homes[key[:2]].append(key)
        found: dict[One, View | None] = {}
        for (kind, home), wanted in homes.items():
            if len(wanted) > 1:
                rows = await self._reader.views(kind, home=home, limit=ROWS_PER_HOME_MAX)
                by_id = {row.id: row for row in rows}
                if len(rows) < ROWS_PER_HOME_MAX:
                    found |= {key: by_id.get(key[2]) for key in wanted}
                    continue
            for key in wanted:
                row = await self._reader.view(kind, key[2])
                found[key] = row if row is not None and row.home == home else None
        return found

    async def _open_attempts(self, homes: Iterable[str]) -> dict[str, list[Attempt]]:
        return {home: await self._reader.attempts(home, open_only=True) for home in homes}

    async def _lengths(self, homes: Iterable[str]) -> dict[str, dict[str, int]]:
        """Characters of every scene's text, in story order: once for all scenes that ask where they stand."""
        found: dict[str, dict[str, int]] = {}
        for home in homes:
            rows = await self._reader.views("scene", home=home, parent=home, limit=SCENES_MAX)
            found[home] = {row.id: len(SceneView.from_blob(row.body).script) for row in rows if row.body is not None}
        return found

    async def _entering(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Entering | None]:
        """(home, scene): what the scenes before give it; a home's story is read once for all that ask."""
        homes: dict[str, list[str]] = defaultdict(list)
        for home, scene in keys:
            homes[home].append(scene)
        found = {home: await entrances(self._reader, home, scenes) for home, scenes in homes.items()}
        return {(home, scene): found[home].get(scene) for home, scenes in homes.items() for scene in scenes}

    async def _count(self, keys: Iterable[Parent]) -> dict[Parent, int]:
        return {k: await self._reader.count_views(k[0], home=k[1], parent=k[2]) for k in keys}


def _loader(load: Callable[[Iterable[K]], Awaitable[dict[K, V]]]) -> DataLoader[K, V]:
    async def batch(keys: list[K]) -> list[V]:
        found = await load(dict.fromkeys(keys))
        return [found[key] for key in keys]

    return DataLoader(load_fn=batch, cache=False)
