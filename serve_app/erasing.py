"""What a deleted project has outside the ledger, and how it goes: entries of the caches, then objects.

The invariant: an object goes only if no other project shows it. Objects lie under the attempt that made them, so what
may go is what attempts of the project made, and what stays is what projections of others name: a copy of the project,
or a project that was given the film. The caches forget first, so nobody is given it afterwards. Pictures of
`assets/references/` are named by their content and belong to nobody: they stay.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

from actors.views import ProjectView
from serve_app.film_cache_outbox import FilmCacheReceiver
from serve_app.identity_receiver import IdentityReceiver
from storage.backup.check import named_objects
from storage.codec import decode
from storage.components.protocol import Kind
from storage.ledger.protocol import Ledger, View
from storage.objects.protocol import ObjectStore, ObjectStoreError

logger = logging.getLogger("storyforge.host")

SHOWING = ("take", "job", "scene", "segment", "video", "project")
"""Kinds of projections that name objects an attempt made."""

MADE = ("videos/{}/", "assets/panels/{}/", "assets/previews/{}/", "internal/remote/{}/")
"""Where the objects of an attempt lie."""

OWN = ("internal/archive/{}/", *(f"internal/components/{kind.value}/{{}}/" for kind in Kind))
"""Where objects lie that only the project itself reads."""

PAGE_ROWS = 500
PAGE_OBJECTS = 1_000


class Erasing:
    """`actors.project.erasing.Erase`."""

    def __init__(
        self, ledger: Ledger, objects: ObjectStore, films: FilmCacheReceiver, identities: IdentityReceiver
    ) -> None:
        self._ledger, self._objects, self._films, self._identities = ledger, objects, films, identities

    async def caches(self, home: str) -> bool:
        return await self._films.erase(home) and await self._identities.erase(home)

    async def films(self, home: str) -> bool:
        made = {attempt.id for attempt in await self._ledger.attempts(home)}
        uploads = await self._uploads(home)
        async for row in self._rows(*SHOWING):
            if row.home != home and row.body is not None:
                keys = _keys(row)
                made -= {part for key in keys for part in key.split("/")[1:3]}
                uploads -= keys
        try:
            for prefix in (*(form.format(id) for id in sorted(made) for form in MADE), *(f.format(home) for f in OWN)):
                await self._empty(prefix)
            for key in sorted(uploads):
                await self._objects.delete(key)
        except ObjectStoreError as error:
            logger.warning("objects of a deleted project stay for now", extra={"home": home, "code": error.code})
            return False
        return True

    async def _empty(self, prefix: str) -> None:
        while page := await self._objects.list(prefix, limit=PAGE_OBJECTS):
            for each in page:
                await self._objects.delete(each.key)

    async def _uploads(self, home: str) -> set[str]:
        """Pictures and recordings of its characters: in events alone, since its projection went when it was deleted."""
        found: set[str] = set()
        after = 0
        while rows := await self._ledger.read(home, doc="@project", after=after, limit=PAGE_ROWS):
            for row in rows:
                if row.type in ("cast.portrait_set", "cast.voice_set"):
                    told = decode(row.body)
                    found.add(str(told.get("voice", told).get("key") or ""))
            after = rows[-1].seq
        return {key for key in found if key.startswith("assets/uploads/")}

    async def _rows(self, *kinds: str) -> AsyncIterator[View]:
        for kind in kinds:
            after: tuple[str, str] | None = None
            while rows := await self._ledger.views(kind, after=after, limit=PAGE_ROWS):
                for row in rows:
                    yield row
                after = rows[-1].order_key, rows[-1].id


def _keys(row: View) -> set[str]:
    body = row.body or b""
    if row.kind == "project":
        project = ProjectView.from_blob(body)
        return {*project.portraits.values(), *(each["key"] for each in project.voices.values() if "key" in each)}
    return set(named_objects(decode(body)))
