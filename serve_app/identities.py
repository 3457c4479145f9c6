"""By what characters are known: 512 numbers each, in the vector store, made of their reference pictures.

Owns a namespace a project. Invariants: the numbers of a character go when the picture, the character or the project
goes; they are found by nobody of another project; which embedder made them stands beside them, since no face model is
shipped: the embedded one is an image descriptor, and is called so. Fed by what commits owe (see
`actors.project.portraits`), at least once and in order, so doing it again does no harm. A picture is decoded and
described in a thread (some 10 ms, most of it outside the interpreter), never on the host's loop.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.outbox.protocol import Confirmed, Entry, Failed, Hopeless, Outcome
from actors.project.portraits import LEARN
from gpu.embed.protocol import EmbedError, ImageEmbedder
from serve_app.stores import open_catalogue, open_objects, open_vectors
from storage.components.protocol import Catalogue, Component, Kind
from storage.objects.protocol import ObjectStore, ObjectStoreError
from storage.vectors.protocol import Vector, VectorFault, VectorStore

if TYPE_CHECKING:
    from serve_app.config import Settings

TRY_S_MAX = 30.0
"""Of one entry: fetching a picture, describing and storing it."""

LIKE_MAX = 20


@dataclass(frozen=True, slots=True)
class Likeness:
    character: str
    score: float
    """The cosine of what the embedder sees in two pictures: 1 is the same picture, never *the same person*."""
    picture: str


class Identities:
    """On the loop that owns the stores. Raises `ObjectStoreError`, `EmbedError`, `VectorFault`."""

    def __init__(
        self, objects: ObjectStore, vectors: VectorStore, catalogue: Catalogue, embedder: ImageEmbedder
    ) -> None:
        self._objects, self._vectors, self._catalogue, self._embedder = objects, vectors, catalogue, embedder
        self._turn = asyncio.Semaphore(1)  # a project imported with its pictures must not take every thread

    async def learn(self, home: str, character: str, key: str) -> None:
        """Of this picture from now on, and of no other."""
        picture = await self._objects.get(key)
        async with self._turn:
            values = await asyncio.to_thread(self._embedder.embed_picture, picture)
        digest, space = hashlib.sha256(picture).hexdigest(), space_of(home)
        metadata = {"character": character, "embedder": self._embedder.name, "picture": key, "sha256": digest}
        await self.forget(home, character)
        await self._vectors.upsert(space, [Vector(f"{character}.{digest[:16]}", values, metadata)])
        told = {"embedder": self._embedder.name}
        component = Component(home, Kind.CHARACTER, f"{digest[:24]}.{character}"[:64], character, key, digest,
                              len(picture), told)  # fmt: skip
        await self._catalogue.keep(component)

    async def forget(self, home: str, character: str) -> None:
        await self._vectors.delete_where(space_of(home), {"character": character})
        await self._catalogue.forget(home, kind=Kind.CHARACTER, subject=character)

    async def forget_project(self, home: str) -> bool:
        """Everybody of it, and its parts. False: the catalogue could not be told."""
        await self._vectors.drop(space_of(home))
        faults = self._catalogue.counts.faults
        await self._catalogue.forget(home)
        return self._catalogue.counts.faults == faults

    async def deliver(self, entry: Entry) -> Outcome:
        """What a commit owes. Raises nothing of the stores."""
        try:
            async with asyncio.timeout(TRY_S_MAX):
                if entry.type == LEARN:
                    await self.learn(entry.home, entry.target, str(entry.body["key"]))
                else:
                    await self.forget(entry.home, entry.target)
        except TimeoutError:
            return Failed("TIMEOUT")
        except (VectorFault, EmbedError) as error:
            after_ms = int((error.retry_after_s or 0) * 1000)
            return Failed(error.code, after_ms=after_ms) if error.retryable else Hopeless(error.code)
        except ObjectStoreError as error:
            return Failed(error.code) if error.retryable else Hopeless(error.code)
        return Confirmed()

    async def close(self) -> None:
        await self._vectors.close()
        await self._catalogue.close()

    async def like(self, home: str, picture: bytes, *, most: int = 3) -> list[Likeness]:
        """Whose reference pictures are most like this one, the most like first."""
        async with self._turn:
            values = await asyncio.to_thread(self._embedder.embed_picture, picture)
        where = {"embedder": self._embedder.name}
        found = await self._vectors.query(space_of(home), values, top_k=min(most, LIKE_MAX), where=where)
        return [Likeness(str(m.metadata["character"]), m.score, str(m.metadata["picture"])) for m in found]


async def open_identities(settings: Settings) -> Identities:
    """Raises `VectorFault`, or what settings can be wrong in."""
    from gpu.embed.image_descriptor import ImageDescriptor

    vectors = open_vectors(settings)
    await vectors.open()
    return Identities(open_objects(settings), vectors, open_catalogue(settings), ImageDescriptor())


def space_of(home: str) -> str:
    return f"identity:{home}"
