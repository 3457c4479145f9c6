"""What every step has at hand: the object store, the caches and parts of earlier films, from a worker's thread.

Invariant: the stores are used on the loop they belong to, and a step's thread waits for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from serve_app.steps.parts import Parts
from storage.cache.exact import ExactCache
from storage.components.protocol import Catalogue
from storage.objects.protocol import ObjectStore

if TYPE_CHECKING:
    from serve_app.film_cache import FilmCache

IMMUTABLE = "max-age=604800, immutable"
"""Objects under an attempt's prefix never change: caches may keep them for a week."""

T = TypeVar("T")


class StepStores:
    """Made on `loop`; `wait` is called from the threads of steps, never from the loop itself. `films`: None where no
    film may stand for another. Without a catalogue there are no `parts`: everything is made."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        objects: ObjectStore,
        cache: ExactCache,
        films: FilmCache | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        self._loop, self.objects, self.cache, self.films = loop, objects, cache, films
        self.parts = None if catalogue is None else Parts(objects, catalogue)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
