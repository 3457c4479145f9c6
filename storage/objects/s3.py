"""Objects in buckets of S3, R2, or any server that speaks S3's protocol, by boto3.

Owns the calls and their threads. The invariant is the protocol's: a key shows all of an object or nothing of it, and
what it shows is what was given: the object carries its SHA-256, which `get` checks again. How it gets there:
`s3_putting`. Which bucket a key is in: `s3_place`. What a refusal means: `s3_faults`.

(S3 API reference: ListObjectsV2, presigned requests of SigV4.)
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from storage.objects.protocol import (
    CHUNK_BYTES,
    OBJECT_BYTES_MAX,
    Body,
    Listed,
    ObjectInfo,
    ObjectStoreError,
    StoreName,
    check_key,
)
from storage.objects.s3_faults import faults
from storage.objects.s3_place import THREADS_MAX, Buckets, S3Place, client_of
from storage.objects.s3_putting import PART_BYTES, SHA256, Putting, only_once

__all__ = ["PART_BYTES", "Buckets", "S3Objects", "S3Place"]

ABANDONED_S = 24 * 3600.0
"""A multipart upload that old belongs to a writer that died: `sweep` aborts it, for its parts cost money unseen."""

T = TypeVar("T")


class S3Objects:
    """See `storage.objects.protocol.ObjectStore`. Any loop may use it: calls run in threads of its own."""

    def __init__(self, place: S3Place, *, object_bytes_max: int = OBJECT_BYTES_MAX) -> None:
        self.place = place
        self._bytes_max = object_bytes_max
        self._threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="s3")
        self._client: Any = client_of(place)
        self._putting = Putting(self._client)

    async def _call(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *args, **kwargs))

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.place.buckets.of(key), "Key": key}

    # writing
    async def put(
        self, key: str, body: Body, *, content_type: str, cache_control: str = "", if_none_match: bool = False
    ) -> ObjectInfo:
        check_key(key)
        given = {"ContentType": content_type}
        if cache_control:
            given["CacheControl"] = cache_control
        if isinstance(body, bytes):
            self._fits(len(body))
            await self._call(self._putting.put_bytes, self._at(key), body, given, if_none_match)
        elif isinstance(body, Path):
            await self._call(self._put_path, key, body, given, if_none_match)
        else:
            await self._put_chunks(key, body, given, if_none_match)
        info = await self.head(key)
        if info is None:
            raise ObjectStoreError("IO", "the object was gone after it was stored", True)
        return info

    def _fits(self, size: int) -> None:
        if size > self._bytes_max:
            raise ObjectStoreError("TOO_LARGE", f"an object has at most {self._bytes_max} bytes", False)

    async def _put_chunks(self, key: str, body: AsyncIterator[bytes], given: dict[str, str], once: bool) -> None:
        """Through a file: size and hash are known before the store hears of it, and an upload that breaks never was."""
        size = 0
        with tempfile.TemporaryFile(prefix="storyforge-put-") as spool:
            async for chunk in body:
                size += len(chunk)
                self._fits(size)
                await asyncio.to_thread(spool.write, chunk)
            await self._call(self._putting.put_file, self._at(key), spool, size, given, once)

    def _put_path(self, key: str, path: Path, given: dict[str, str], once: bool) -> None:
        try:
            source, size = path.open("rb"), path.stat().st_size
        except FileNotFoundError as error:
            raise ObjectStoreError("NOT_FOUND", "there is no such file to store", False) from error
        except OSError as error:
            raise ObjectStoreError("IO", f"the file cannot be read: {error.strerror}", True) from error
        with source:
            self._fits(size)
            self._putting.put_file(self._at(key), source, size, given, once)

    async def delete(self, key: str) -> bool:
        check_key(key)
        if await self.head(key) is None:
            return False
        await self._call(self._delete, key)
        return True

    def _delete(self, key: str) -> None:
        with faults("delete"):
            self._client.delete_object(**self._at(key))

    # reading
    async def get(self, key: str) -> bytes:
        check_key(key)
        return await self._call(self._get, key)

    def _get(self, key: str) -> bytes:
        with faults("get"):
            found = self._client.get_object(**self._at(key))
            body: bytes = found["Body"].read()
        stored = found.get("Metadata", {}).get(SHA256)
        if stored is not None and hashlib.sha256(body).hexdigest() != stored:
            raise ObjectStoreError("IO", "the object came damaged from the store", True)
        return body

    async def open(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        check_key(key)
        body = await self._call(self._open, key, start, end)
        if body is None:
            return
        try:
            while chunk := await self._call(self._read, body):
                yield chunk
        finally:
            body.close()

    def _open(self, key: str, start: int, end: int | None) -> Any | None:
        """None for no bytes, which HTTP has no range for: the object is looked at instead."""
        if start < 0 or (end is not None and end < start):
            raise ObjectStoreError("BAD_RANGE", f"bytes {start}..{end}", False)
        try:
            if end is not None and end == start:
                raise ObjectStoreError("BAD_RANGE", "no byte", False)
            ranged = {} if start == 0 and end is None else {"Range": f"bytes={start}-{'' if end is None else end - 1}"}
            with faults("get"):
                return self._client.get_object(**self._at(key), **ranged)["Body"]
        except ObjectStoreError as error:
            if error.code != "BAD_RANGE":
                raise
            found = self._head(key)
            if found is None:
                raise ObjectStoreError("NOT_FOUND", "there is no such object", False) from None
            if start > found.size:
                raise ObjectStoreError("BAD_RANGE", f"bytes {start}..{end} of {found.size}", False) from None
            return None

    def _read(self, body: Any) -> bytes:
        with faults("get"):
            chunk: bytes = body.read(CHUNK_BYTES)
            return chunk

    async def head(self, key: str) -> ObjectInfo | None:
        check_key(key)
        return await self._call(self._head, key)

    def _head(self, key: str) -> ObjectInfo | None:
        try:
            with faults("get"):
                found = self._client.head_object(**self._at(key))
        except ObjectStoreError as error:
            if error.code == "NOT_FOUND":
                return None
            raise
        return ObjectInfo(
            key,
            found["ContentLength"],
            found.get("Metadata", {}).get(SHA256, ""),
            found.get("ContentType", "application/octet-stream"),
            found.get("CacheControl", ""),
            int(found["LastModified"].timestamp() * 1000),
        )

    async def list(self, prefix: str, *, after: str = "", limit: int = 1000) -> Sequence[Listed]:
        """A page costs one call a bucket: what the server says of names is all that is asked."""
        if prefix:
            check_key(prefix.rstrip("/"))
        found: list[Listed] = []
        for bucket in self.place.buckets.all:
            found += await self._call(self._listed, bucket, prefix, after, limit)
        return sorted(found, key=lambda each: each.key)[: max(limit, 0)]

    def _listed(self, bucket: str, prefix: str, after: str, limit: int) -> Sequence[Listed]:
        found: list[Listed] = []
        with faults("list"):
            while len(found) < limit:
                start = found[-1].key if found else after
                asked = {"Bucket": bucket, "Prefix": prefix, "StartAfter": start, "MaxKeys": min(limit, 1000)}
                page = self._client.list_objects_v2(**asked)
                found += [_of(item) for item in page.get("Contents", ()) if not item["Key"].endswith("/")]
                if not page.get("IsTruncated"):
                    break
        return found

    # upkeep
    async def sweep(self, older_than_s: float = ABANDONED_S) -> int:
        """Abort multipart uploads that nobody finished; how many. Call it at start."""
        return sum([await self._call(self._sweep, bucket, older_than_s) for bucket in self.place.buckets.all])

    def _sweep(self, bucket: str, older_than_s: float) -> int:
        before = datetime.now(UTC).timestamp() - older_than_s
        with faults("list"):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket)
            old = [u for page in pages for u in page.get("Uploads", ()) if u["Initiated"].timestamp() <= before]
            for upload in old:
                self._client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        return len(old)

    def make_buckets(self) -> None:
        """Make the buckets that are not there yet; needs the right to. Raises `ObjectStoreError`."""
        for bucket in self.place.buckets.all:
            try:
                self._check(bucket)
            except ObjectStoreError as error:
                if error.code != "NO_BUCKET":
                    raise
                with faults("bucket"):
                    self._client.create_bucket(Bucket=bucket)

    async def check(self) -> None:
        """Return if every bucket answers; raise `ObjectStoreError` with what is wrong."""
        for bucket in self.place.buckets.all:
            await self._call(self._check, bucket)

    def _check(self, bucket: str) -> None:
        with faults("bucket"):
            self._client.head_bucket(Bucket=bucket)

    # addresses of the store itself
    def presigned_get(self, key: str, expires_s: int) -> str:
        """For whoever holds it, until it expires, as the object lies there. Made without a call."""
        asked: str = self._client.generate_presigned_url("get_object", self._at(check_key(key)), expires_s)
        return asked

    def presigned_put(self, key: str, *, content_type: str, size: int, sha256: str, expires_s: int) -> dict[str, Any]:
        """{"url", "headers"}: one PUT of exactly that type, size and content, where nothing is yet. The headers are
        signed, so the store refuses a request without them; it computes the checksum of what came itself."""
        digest = base64.b64encode(bytes.fromhex(sha256)).decode()
        params = {**self._at(check_key(key)), "ContentType": content_type, "ContentLength": size, **only_once(True)}
        params |= {"Metadata": {SHA256: sha256}, "ChecksumSHA256": digest}
        url: str = self._client.generate_presigned_url("put_object", params, expires_s)
        bound = {f"x-amz-meta-{SHA256}": sha256, "x-amz-checksum-sha256": digest, "if-none-match": "*"}
        return {"url": url, "headers": {"content-type": content_type, **bound}}

    @property
    def address(self) -> str:
        """Scheme and host where presigned addresses lead."""
        return self.presigned_get(StoreName.INTERNAL.key("x"), 1).partition("?")[0]

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()


def _of(item: Mapping[str, Any]) -> Listed:
    return Listed(item["Key"], item["Size"], int(item["LastModified"].timestamp() * 1000))
