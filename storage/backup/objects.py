"""Objects in a backup: each content once, under its hash, shared by all backups of a folder.

Owns the object files and the list `objects.sfb` of what a backup holds: [key, sha256, size, content type, cache
control]. The invariant: a file under a hash has that hash when it appears (it is copied, hashed, synced, renamed). It
is a copy and no link: what shares its blocks with the original is lost with it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from storage.backup import stream
from storage.backup.manifest import OBJECTS_DIR, object_path
from storage.backup.tables import Record, Row
from storage.objects.protocol import ObjectInfo, ObjectStore, StoreName

PAGE = 20_000
"""Objects a list call asks for. A folder is walked once a call; S3 answers with fewer, which is no end."""
HEADS_AT_ONCE = 16
"""Descriptions asked for together; more wait for a connection all the same."""
KEY, SHA256, SIZE, CONTENT_TYPE, CACHE_CONTROL = range(5)


class Listed(Protocol):
    def __call__(self, done: int, copied_bytes: int) -> None: ...


async def every(store: ObjectStore) -> AsyncIterator[ObjectInfo]:
    """Every object of the four stores, by key."""
    for name in sorted(StoreName):
        after = ""
        while page := await store.list(f"{name}/", after=after, limit=PAGE):
            for at in range(0, len(page), HEADS_AT_ONCE):
                for info in await asyncio.gather(*(store.head(each.key) for each in page[at : at + HEADS_AT_ONCE])):
                    if info is not None:  # else deleted since
                        yield info
            after = page[-1].key


async def take(store: ObjectStore, folder: Path, told: Listed) -> tuple[list[Row], list[str]]:
    """Copy what the backups of this folder do not have yet; returns the list of all, and what could not be copied.

    Call it after the ledger was copied: an object is stored before a row names it, so all that are named are found.
    """
    rows: list[Row] = []
    faults: list[str] = []
    copied = 0
    async for info in every(store):
        sha256 = info.sha256
        if not sha256 or not object_path(folder, sha256).exists():
            sha256 = await _copy(store, info.key, folder)
            copied += info.size
            if info.sha256 and sha256 != info.sha256:
                faults.append(f"object {info.key}: its content is not what was stored")
        rows.append([info.key, sha256, info.size, info.content_type, info.cache_control])
        told(len(rows), copied)
    return rows, faults


async def _copy(store: ObjectStore, key: str, folder: Path) -> str:
    digest = hashlib.sha256()
    temp = folder.parent / OBJECTS_DIR / f"tmp-{secrets.token_hex(8)}"
    temp.parent.mkdir(exist_ok=True)
    try:
        with temp.open("xb") as out:
            async for chunk in store.open(key):
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        target = object_path(folder, digest.hexdigest())
        target.parent.mkdir(exist_ok=True)
        temp.replace(target)
    finally:
        temp.unlink(missing_ok=True)
    return digest.hexdigest()


def write_list(rows: list[Row], path: Path) -> str:
    """Returns the file's SHA-256."""
    pages = (Record(OBJECTS_DIR, "", rows[at : at + PAGE]) for at in range(0, len(rows), PAGE))
    with path.open("xb") as out:
        digest = stream.write(pages, out)
        out.flush()
        os.fsync(out.fileno())
    return digest


async def give_back(store: ObjectStore, folder: Path, row: Row) -> None:
    """Put one object of a backup into a store, under its key."""
    path = object_path(folder, row[SHA256])
    await store.put(row[KEY], path, content_type=row[CONTENT_TYPE], cache_control=row[CACHE_CONTROL])


async def content_sha256(store: ObjectStore, key: str) -> str:
    digest = hashlib.sha256()
    async for chunk in store.open(key):
        digest.update(chunk)
    return digest.hexdigest()
