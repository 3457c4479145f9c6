"""The semantic cache as one process has it: its stores, its embedder, its settings, put together.

Owns what settings mean to it. Invariants: what cannot be opened is no cache, said in the log and in `/healthz`, and
never an error of a job; an embedder's name is part of every question, so that a changed one finds nothing of the old.
Steps ask in their threads (`serve_app/steps/cache.py`); owners tell by what their commits owe (`tell`, `forget`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Literal

from gpu.embed.protocol import Embedder, EmbedError
from serve_app.config import Settings
from serve_app.embedding import open_embedder
from storage.cache.answer import Answer
from storage.cache.asked import Question, Scope, question_of, space_of
from storage.cache.exact import ExactCache
from storage.cache.semantic import SemanticCache
from storage.objects.protocol import ObjectStore
from storage.vectors.protocol import VectorFault, VectorStore

logger = logging.getLogger("storyforge.cache")

BAD_ASKS = (EmbedError, KeyError, TypeError, ValueError, AttributeError)
"""What an ask from another release, or an embedder that is away, raises: a miss."""


class FilmCache:
    """`question` blocks (slots, embedding); all else runs on the loop that owns the stores."""

    def __init__(self, cache: SemanticCache, embedder: Embedder, *, scope: Scope, lends: bool) -> None:
        self.cache, self.scope = cache, scope
        self._embedder, self._lends = embedder, lends

    def question(self, ask: Mapping[str, Any] | None) -> Question | None:
        """None: it cannot be put; what it was is logged and counted."""
        if not ask:
            return None
        try:
            return question_of(ask, self.scope, self._embedder.name, self._embedder.embed, lends=self._lends)
        except BAD_ASKS as error:
            self.cache.counts.faults += 1
            logger.warning("a question to the cache could not be put", extra={"error": type(error).__name__})
            return None

    async def lookup(self, question: Question) -> Answer:
        return await self.cache.lookup(question, delta=question.delta)

    async def remember(self, question: Question, told: Mapping[str, Any]) -> str | None:
        return await self.cache.remember(question, told)

    def space(self, project: str) -> str:
        """Where the films lie that a project is answered with."""
        return space_of(project, self.scope)


async def open_film_cache(
    settings: Settings, objects: ObjectStore, exact: ExactCache, vectors: VectorStore
) -> FilmCache | None:
    """`vectors` stay their owner's, who closes them. None where it is switched off, or its index cannot be opened: then
    only the exact cache answers."""
    if settings.cache_semantic == "off":
        return None
    try:
        await vectors.open()
    except (VectorFault, OSError) as error:
        logger.warning("there is no semantic cache", extra={"code": getattr(error, "code", type(error).__name__)})
        return None
    embedder = await asyncio.to_thread(open_embedder, settings)
    cache = SemanticCache(vectors, objects, exact, delta=settings.cache_delta, ttl_s=settings.cache_days * 24 * 3600.0)
    scope: Literal["project", "installation"] = "project" if settings.cache_scope == "project" else "installation"
    return FilmCache(cache, embedder, scope=scope, lends=bool(settings.cache_warm))
