"""Objects in buckets of S3, R2, or any server that speaks S3's protocol, by boto3.

Owns the calls and their threads. The invariant is the protocol's: a key shows all of an object or nothing of it, and
what it shows is what was given: each part goes with its MD5, which the server checks, and the object carries its
SHA-256, which `get` checks again. Which bucket a key is in: `Buckets`. What a refusal means: `s3_faults`.

(S3 API reference: PutObject with If-None-Match, CreateMultipartUpload, ListObjectsV2, presigned requests of SigV4.)
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import boto3
from botocore.config import Config

from storage.objects.protocol import (
    CHUNK_BYTES,
    OBJECT_BYTES_MAX,
    Body,
    ObjectInfo,
    ObjectStoreError,
    StoreName,
    check_key,
    store_of,
)
from storage.objects.s3_faults import faults

THREADS_MAX = 16
"""Calls on their way at once, from one process; further ones wait. Each holds a connection and a part in memory."""

PART_BYTES = 8 * 1024 * 1024
"""A larger object goes in parts of this size. Below 5 MiB S3 refuses; 10,000 parts are the most it takes (80 GB)."""

ABANDONED_S = 24 * 3600.0
"""A multipart upload that old belongs to a writer that died: `sweep` aborts it, for its parts cost money unseen."""

CONNECT_S, READ_S, TRIES = 5.0, 30.0, 3
"""One call: to a connection, between bytes, and how often boto3 tries what may pass (5xx, throttling, timeouts)."""

CONFLICT_TRIES = 4
"""Racing conditional puts: S3 answers 409 to one that met another on its way, and asks to try again."""

SHA256 = "sha256"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Buckets:
    """Where keys lie. One bucket for all, or one a store (`{prefix}-videos`, -assets, -exports, -internal); the key is
    the same in both. Keys of no store are with the internal ones."""

    name: str
    one_each: bool = False

    def of(self, key: str) -> str:
        return self.name if not self.one_each else f"{self.name}-{store_of(key) or StoreName.INTERNAL}"

    @property
    def all(self) -> tuple[str, ...]:
        return (self.name,) if not self.one_each else tuple(sorted(f"{self.name}-{store}" for store in StoreName))


@dataclass(frozen=True, slots=True)
class S3Place:
    """`endpoint` empty: Amazon's own. `region` "auto" is what R2 takes. Empty keys: boto3's own chain of credentials
    (environment, profile, instance role)."""

    buckets: Buckets
    endpoint: str = ""
    region: str = "auto"
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)


class S3Objects:
    """See `storage.objects.protocol.ObjectStore`. Any loop may use it: calls run in threads of its own."""

    def __init__(self, place: S3Place, *, object_bytes_max: int = OBJECT_BYTES_MAX) -> None:
        self.place = place
        self._bytes_max = object_bytes_max
        self._threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="s3")
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=place.endpoint or None,
            region_name=place.region,
            aws_access_key_id=place.access_key or None,
            aws_secret_access_key=place.secret_key or None,
            config=Config(
                connect_timeout=CONNECT_S,
                read_timeout=READ_S,
                retries={"mode": "standard", "max_attempts": TRIES},
                max_pool_connections=THREADS_MAX,
                signature_version="s3v4",
                request_checksum_calculation="when_required",  # else every put goes with trailers R2 and others refuse
                response_checksum_validation="when_required",
                s3={"addressing_style": "path" if place.endpoint else "auto"},
            ),
        )

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
            await self._call(self._put_bytes, key, body, given, if_none_match)
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
            await self._call(self._put_file, key, spool, size, given, once)

    def _put_path(self, key: str, path: Path, given: dict[str, str], once: bool) -> None:
        try:
            source, size = path.open("rb"), path.stat().st_size
        except FileNotFoundError as error:
            raise ObjectStoreError("NOT_FOUND", "there is no such file to store", False) from error
        except OSError as error:
            raise ObjectStoreError("IO", f"the file cannot be read: {error.strerror}", True) from error
        with source:
            self._fits(size)
            self._put_file(key, source, size, given, once)

    def _put_file(self, key: str, source: BinaryIO, size: int, given: dict[str, str], once: bool) -> None:
        source.seek(0)
        if size <= PART_BYTES:
            self._put_bytes(key, source.read(), given, once)
            return
        digest = hashlib.file_digest(source, SHA256).hexdigest()  # type: ignore[arg-type]  # readinto is there
        source.seek(0)
        self._put_parts(key, source, {**given, "Metadata": {SHA256: digest}}, once)

    def _put_bytes(self, key: str, body: bytes, given: dict[str, str], once: bool) -> None:
        metadata = {SHA256: hashlib.sha256(body).hexdigest()}
        asked = {**self._at(key), **given, "Metadata": metadata, "ContentMD5": _md5(body), **_once(once)}
        _again(lambda: self._client.put_object(Body=body, **asked))

    def _put_parts(self, key: str, source: BinaryIO, given: dict[str, Any], once: bool) -> None:
        at = self._at(key)
        with faults("put"):
            upload = {**at, "UploadId": self._client.create_multipart_upload(**at, **given)["UploadId"]}
            try:
                parts = []
                for number, part in enumerate(iter(lambda: source.read(PART_BYTES), b""), start=1):
                    sent = self._client.upload_part(**upload, PartNumber=number, Body=part, ContentMD5=_md5(part))
                    parts.append({"PartNumber": number, "ETag": sent["ETag"]})
                self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **_once(once))
            except BaseException:
                with contextlib.suppress(Exception):  # the reason it failed is told; what is left is swept
                    self._client.abort_multipart_upload(**upload)
                raise

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

    async def list(self, prefix: str, *, after: str = "", limit: int = 1000) -> Sequence[ObjectInfo]:
        """A page of names costs one call, and each object's description one more, `THREADS_MAX` at once."""
        if prefix:
            check_key(prefix.rstrip("/"))
        names: list[str] = []
        for bucket in self.place.buckets.all:
            names += await self._call(self._names, bucket, prefix, after, limit)
        found = await asyncio.gather(*(self.head(name) for name in sorted(names)[: max(limit, 0)]))
        return [info for info in found if info is not None]

    def _names(self, bucket: str, prefix: str, after: str, limit: int) -> Sequence[str]:
        names: list[str] = []
        with faults("list"):
            while len(names) < limit:
                page = self._client.list_objects_v2(
                    Bucket=bucket, Prefix=prefix, StartAfter=names[-1] if names else after, MaxKeys=min(limit, 1000)
                )
                names += [item["Key"] for item in page.get("Contents", ()) if not item["Key"].endswith("/")]
                if not page.get("IsTruncated"):
                    break
        return names

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
        params = {**self._at(check_key(key)), "ContentType": content_type, "ContentLength": size, **_once(True)}
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


def _once(once: bool) -> dict[str, str]:
    return {"IfNoneMatch": "*"} if once else {}


def _md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


def _again(put: Callable[[], object]) -> None:
    for left in reversed(range(CONFLICT_TRIES)):
        try:
            with faults("put"):
                put()
            return
        except ObjectStoreError as error:
            if error.code != "CONFLICT" or not left:
                raise
