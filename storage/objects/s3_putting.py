"""How an object gets into a bucket: in one request, or in parts that appear together.

The invariant: what appears under the key is what was given, all of it or nothing: each request carries its MD5, which
the server checks, and the object its SHA-256. Two conditional puts that meet are told to come again (409): the whole
put is done anew, parts included, as the protocol asks. (S3 API reference, PutObject and CompleteMultipartUpload with
If-None-Match.)
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Callable
from typing import Any, BinaryIO

from storage.objects.protocol import ObjectStoreError
from storage.objects.s3_faults import faults

PART_BYTES = 8 * 1024 * 1024
"""A larger object goes in parts of this size. Below 5 MiB S3 refuses; 10,000 parts are the most it takes (80 GB)."""

CONFLICT_TRIES = 4
"""Racing conditional puts: S3 answers 409 to one that met another on its way, and asks to try again."""

SHA256 = "sha256"


class Putting:
    """On one client; every method blocks."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def put_file(self, at: dict[str, str], source: BinaryIO, size: int, given: dict[str, str], once: bool) -> None:
        """`at`: bucket and key; `given`: its type and cache rule; `once`: only where nothing is yet."""
        source.seek(0)
        if size <= PART_BYTES:
            self.put_bytes(at, source.read(), given, once)
            return
        digest = hashlib.file_digest(source, SHA256).hexdigest()  # type: ignore[arg-type]  # readinto is there
        asked = {**given, "Metadata": {SHA256: digest}}
        _again(lambda: self._parts(at, source, asked, once))

    def put_bytes(self, at: dict[str, str], body: bytes, given: dict[str, str], once: bool) -> None:
        metadata = {SHA256: hashlib.sha256(body).hexdigest()}
        asked = {**at, **given, "Metadata": metadata, "ContentMD5": _md5(body), **only_once(once)}
        _again(lambda: self._client.put_object(Body=body, **asked))

    def _parts(self, at: dict[str, str], source: BinaryIO, given: dict[str, Any], once: bool) -> None:
        source.seek(0)
        upload = {**at, "UploadId": self._client.create_multipart_upload(**at, **given)["UploadId"]}
        try:
            parts = []
            for number, part in enumerate(iter(lambda: source.read(PART_BYTES), b""), start=1):
                sent = self._client.upload_part(**upload, PartNumber=number, Body=part, ContentMD5=_md5(part))
                parts.append({"PartNumber": number, "ETag": sent["ETag"]})
            self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **only_once(once))
        except BaseException:
            with contextlib.suppress(Exception):  # the reason it failed is told; what is left is swept
                self._client.abort_multipart_upload(**upload)
            raise


def only_once(once: bool) -> dict[str, str]:
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
