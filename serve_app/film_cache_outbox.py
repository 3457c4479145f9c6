"""Tells the cache of films what commits owe it: people's words on its answers, and films nobody may be shown any more.

Owns this process's opening of the cache, made at the first entry. The invariant: an entry is confirmed only when the
cache has taken it, or can never: told twice it is the same (`actors/scene/teaching.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from actors.outbox.protocol import Confirmed, Entry, Failed, Hopeless, Outcome

if TYPE_CHECKING:
    from serve_app.config import Settings
    from serve_app.film_cache import FilmCache
    from storage.cache.exact import ExactCache
    from storage.cache.semantic import SemanticCounts
    from storage.vectors.watched import WatchedVectors


def _named(said: Mapping[str, Any]) -> dict[str, str]:
    """Of which films an entry speaks."""
    (name,) = {"job", "person"} & set(said)
    return {name: str(said[name])}


class FilmCacheReceiver:
    """See `actors.outbox.protocol.OutboxReceiver`. Where the cache is switched off nothing is owed to it."""

    ordered: ClassVar[bool] = True  # of two words on one answer the last one counts

    def __init__(self, settings: Settings, films: FilmCache | None = None) -> None:
        self._settings, self._films = settings, films
        self._exact: ExactCache | None = None
        self._vectors: WatchedVectors | None = None
        self._opening = asyncio.Lock()

    @property
    def counts(self) -> SemanticCounts | None:
        """Of what was told here; None before the first word."""
        return self._films.cache.counts if self._films is not None else None

    async def deliver(self, entry: Entry) -> Outcome:
        if self._settings.cache_semantic == "off":
            return Confirmed()
        films = await self._opened()
        if films is None:
            return Failed("UNAVAILABLE")
        said = entry.body
        try:
            if said["do"] == "forget":
                gone = await films.cache.forget_where(films.space(entry.home), **_named(said))
                return Failed("LATER") if gone is None else Confirmed()
            kept = await films.cache.tell(
                str(said["space"]),
                str(said["entry"]),
                ask=str(said["ask"]),
                similarity=float(said["similarity"]),
                right=bool(said["right"]),
            )
        except (KeyError, TypeError, ValueError):
            return Hopeless("UNREADABLE")
        if kept or await films.cache.is_gone(str(said["space"]), str(said["entry"])):
            return Confirmed()
        return Failed("LATER")

    async def erase(self, project: str) -> bool:
        """Nobody is given a film of a project that was deleted. False: the cache could not be told."""
        if self._settings.cache_semantic == "off":
            return True
        films = await self._opened()
        if films is None:
            return False
        if films.scope == "project":
            return await films.cache.drop(films.space(project))
        return await films.cache.forget_where(films.space(project), project=project) is not None

    async def _opened(self) -> FilmCache | None:
        async with self._opening:
            if self._films is None:
                from serve_app.film_cache import open_film_cache  # here: a host that tells nothing need not carry it
                from serve_app.stores import open_cache, open_objects, open_vectors

                self._exact = self._exact or open_cache(self._settings)
                self._vectors = self._vectors or open_vectors(self._settings)
                stores = open_objects(self._settings), self._exact, self._vectors
                self._films = await open_film_cache(self._settings, *stores)
            return self._films

    async def close(self) -> None:
        if self._exact is not None:  # it was opened here
            await self._exact.close()
        if self._vectors is not None:
            await self._vectors.close()
