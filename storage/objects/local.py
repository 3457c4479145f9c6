"""Objects in a folder.

Owns `data/` (the bytes, under their keys), `meta/` (one JSON file per object) and `tmp/` below its root. The invariant:
bytes appear under their key by one rename, after they were synced; a killed writer leaves only a file in `tmp/`. Meta
that does not fit its bytes (a crash between the two renames) is made again when read.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from storage.objects.protocol import (
    CHUNK_BYTES,
    OBJECT_BYTES_MAX,
    Body,
    Listed,
    ObjectInfo,
    ObjectStoreError,
    check_key,
)

_FULL = {errno.ENOSPC, errno.EDQUOT}
_UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOENT, errno.EEXIST}


_Meta = dict[str, str | int]


class LocalObjects:
    """See `storage.objects.protocol.ObjectStore`. Several processes may share the folder."""

    def __init__(self, root: Path, *, object_bytes_max: int = OBJECT_BYTES_MAX) -> None:
        self.root = root
        self._data, self._meta, self._tmp = root / "data", root / "meta", root / "tmp"
        self._bytes_max = object_bytes_max

    async def put(
        self, key: str, body: Body, *, content_type: str, cache_control: str = "", if_none_match: bool = False
    ) -> ObjectInfo:
        check_key(key)
        temp = self._tmp / secrets.token_hex(16)
        try:
            if isinstance(body, bytes | Path):
                size, digest = await asyncio.to_thread(self._write_whole, temp, body)
            else:
                size, digest = await self._write_chunks(temp, body)
            meta: _Meta = {"size": size, "sha256": digest, "content_type": content_type, "cache_control": cache_control}
            return await asyncio.to_thread(self._publish, key, temp, meta, if_none_match)
        finally:
            with contextlib.suppress(OSError):
                temp.unlink(missing_ok=True)

    def _write_whole(self, temp: Path, body: bytes | Path) -> tuple[int, str]:
        if isinstance(body, bytes):
            self._fits(len(body))
            with _faults("put"), _create(temp) as out:
                out.write(body)
                _sync(out)
            return len(body), hashlib.sha256(body).hexdigest()
        size, digest = 0, hashlib.sha256()
        with _faults("get"):
            source = body.open("rb")
        with _faults("put"), source, _create(temp) as out:
            while chunk := source.read(CHUNK_BYTES):
                size += len(chunk)
                self._fits(size)
                digest.update(chunk)
                out.write(chunk)
            _sync(out)
        return size, digest.hexdigest()

    async def _write_chunks(self, temp: Path, body: AsyncIterator[bytes]) -> tuple[int, str]:
        size, digest = 0, hashlib.sha256()
        with _faults("put"):
            out = await asyncio.to_thread(_create, temp)
        try:
            async for chunk in body:
                size += len(chunk)
                self._fits(size)
                digest.update(chunk)
                with _faults("put"):
                    await asyncio.to_thread(out.write, chunk)
            with _faults("put"):
                await asyncio.to_thread(_sync, out)
        finally:
            with contextlib.suppress(OSError):
                out.close()
        return size, digest.hexdigest()

    def _fits(self, size: int) -> None:
        if size > self._bytes_max:
            raise ObjectStoreError("TOO_LARGE", f"an object has at most {self._bytes_max} bytes", False)

    def _publish(self, key: str, temp: Path, meta: _Meta, if_none_match: bool) -> ObjectInfo:
        target, meta_target = self._data / key, self._meta / f"{key}.json"
        meta_temp = temp.with_suffix(".json")
        with _faults("put"):
            stat = temp.stat()
            try:
                with _create(meta_temp) as out:
                    out.write(json.dumps({**meta, "mtime_ns": stat.st_mtime_ns}).encode())
                    _sync(out)
                _place(temp, target, keep=if_none_match)
                _place(meta_temp, meta_target, keep=False)
            finally:
                meta_temp.unlink(missing_ok=True)
        return _info(key, stat, meta)

    async def get(self, key: str) -> bytes:
        check_key(key)
        with _faults("get"):
            return await asyncio.to_thread((self._data / key).read_bytes)

    async def open(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        check_key(key)
        with _faults("get"):
            source = await asyncio.to_thread((self._data / key).open, "rb")
        try:
            size = os.fstat(source.fileno()).st_size
            stop = size if end is None else min(end, size)
            if not 0 <= start <= stop:
                raise ObjectStoreError("BAD_RANGE", f"bytes {start}..{end} of {size}", False)
            source.seek(start)
            while start < stop:
                with _faults("get"):
                    chunk = await asyncio.to_thread(source.read, min(CHUNK_BYTES, stop - start))
                if not chunk:
                    raise ObjectStoreError("IO", "the object ended early", True)
                start += len(chunk)
                yield chunk
        finally:
            source.close()

    async def head(self, key: str) -> ObjectInfo | None:
        check_key(key)
        return await asyncio.to_thread(self._head, key)

    def _head(self, key: str) -> ObjectInfo | None:
        path = self._data / key
        try:
            with _faults("head"):
                if not path.is_file():
                    return None
                stat = path.stat()
                meta = self._read_meta(key)
                if meta.get("size") != stat.st_size or meta.get("mtime_ns") != stat.st_mtime_ns:
                    with path.open("rb") as source:
                        meta = {**meta, "sha256": hashlib.file_digest(source, "sha256").hexdigest()}
                return _info(key, stat, meta)
        except ObjectStoreError as error:
            if error.code == "NOT_FOUND":  # deleted while we looked
                return None
            raise

    def _read_meta(self, key: str) -> _Meta:
        try:
            found = json.loads((self._meta / f"{key}.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    async def list(self, prefix: str, *, after: str = "", limit: int = 1000) -> Sequence[Listed]:
        if prefix:
            check_key(prefix.rstrip("/"))
        return await asyncio.to_thread(self._list, prefix, after, limit)

    def _list(self, prefix: str, after: str, limit: int) -> Sequence[Listed]:
        with _faults("list"):
            start = self._data / prefix.rpartition("/")[0]
            paths = start.rglob("*") if start.is_dir() else iter(())
            keys = sorted(path.relative_to(self._data).as_posix() for path in paths if path.is_file())
        picked = [key for key in keys if key.startswith(prefix) and key > after][: max(limit, 0)]
        return [listed for listed in map(self._listed, picked) if listed is not None]

    def _listed(self, key: str) -> Listed | None:
        """None: deleted while we looked."""
        try:
            with _faults("list"):
                stat = (self._data / key).stat()
        except ObjectStoreError as error:
            if error.code == "NOT_FOUND":
                return None
            raise
        return Listed(key, stat.st_size, stat.st_mtime_ns // 1_000_000)

    async def sweep(self, older_than_s: float = 24 * 3600.0) -> int:
        """Remove what killed writers left in `tmp/`; how many files. Call it at start."""
        return await asyncio.to_thread(self._sweep, time.time() - older_than_s)

    def _sweep(self, before: float) -> int:
        removed = 0
        with _faults("get"):
            for path in self._tmp.iterdir() if self._tmp.is_dir() else ():
                if path.stat().st_mtime < before:
                    path.unlink(missing_ok=True)
                    removed += 1
        return removed

    async def check(self) -> None:
        """UNWRITABLE, DISK_FULL or IO where nothing can be put."""
        temp = self._tmp / secrets.token_hex(16)
        try:
            await asyncio.to_thread(self._write_whole, temp, b"")
        finally:
            with contextlib.suppress(OSError):
                temp.unlink(missing_ok=True)

    async def delete(self, key: str) -> bool:
        check_key(key)
        return await asyncio.to_thread(self._delete, key)

    def _delete(self, key: str) -> bool:
        with _faults("delete"):
            try:
                (self._data / key).unlink()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return False
            (self._meta / f"{key}.json").unlink(missing_ok=True)
        return True


@contextlib.contextmanager
def _faults(what: str) -> Iterator[None]:
    """Name what the file system said: NOT_FOUND for what is not there, UNWRITABLE where nothing can be put."""
    try:
        yield
    except OSError as error:
        reading = what != "put"
        if error.errno in _FULL:
            raise ObjectStoreError("DISK_FULL", "there is no room for the object", True) from error
        if reading and error.errno in {errno.ENOENT, errno.EISDIR, errno.ENOTDIR}:
            raise ObjectStoreError("NOT_FOUND", "there is no such object", False) from error
        if error.errno in _UNWRITABLE or isinstance(error, IsADirectoryError):
            raise ObjectStoreError("UNWRITABLE", f"the object folder refuses: {error.strerror}", True) from error
        raise ObjectStoreError("IO", f"the object folder fails: {error.strerror}", True) from error


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb")


def _sync(out: BinaryIO) -> None:
    out.flush()
    os.fsync(out.fileno())


def _place(temp: Path, target: Path, *, keep: bool) -> None:
    """Move a synced file to its name and sync the folder; `keep`: EXISTS rather than replace."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if keep:
        try:
            os.link(temp, target)
        except FileExistsError:
            raise ObjectStoreError("EXISTS", "the key is taken", False) from None
        temp.unlink()
    else:
        temp.replace(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _info(key: str, stat: os.stat_result, meta: _Meta) -> ObjectInfo:
    return ObjectInfo(
        key,
        stat.st_size,
        str(meta.get("sha256", "")),
        str(meta.get("content_type", "application/octet-stream")),
        str(meta.get("cache_control", "")),
        stat.st_mtime_ns // 1_000_000,
    )
