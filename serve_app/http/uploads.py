"""`/uploads`: a reference image, a recording of a voice or a screenplay file, streamed into the object store.

The invariant: what is stored is what its name says (the first bytes are looked at), within its limit, and all of it;
an upload that breaks off or lies leaves nothing. The answer has the key and a signed address.
"""

from __future__ import annotations

import asyncio
import codecs
import hashlib
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from serve_app.auth import Gate
from serve_app.graphql.ports import SignMedia
from serve_app.http.answers import Refusal, enter_as_owner
from serve_app.http.deps import Media, StudioLimits
from serve_app.http.recordings import BYTES_MAX, checked_seconds
from storage.objects.protocol import StoreName

CHUNK_BYTES = 256 * 1024
FORM_SLACK_BYTES = 64 * 1024
"""What a multipart envelope may add to the file itself."""


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of file we take. `magics`: (offset, bytes) of which all must match in one alternative."""

    kind: str
    extension: str
    content_type: str
    magics: tuple[tuple[tuple[int, bytes], ...], ...] = ()

    def matches(self, head: bytes) -> bool:
        return any(all(head[at : at + len(m)] == m for at, m in magic) for magic in self.magics)


SORTS = (
    Sort("image", "png", "image/png", (((0, b"\x89PNG\r\n\x1a\n"),),)),
    Sort("image", "jpg", "image/jpeg", (((0, b"\xff\xd8\xff"),),)),
    Sort("image", "webp", "image/webp", (((0, b"RIFF"), (8, b"WEBP")),)),
)
RECORDINGS = (
    Sort("recording", "wav", "audio/wav", (((0, b"RIFF"), (8, b"WAVE")),)),
    Sort(
        "recording",
        "mp3",
        "audio/mpeg",
        (((0, b"ID3"),), ((0, b"\xff\xfb"),), ((0, b"\xff\xf3"),), ((0, b"\xff\xf2"),)),
    ),
    Sort("recording", "ogg", "audio/ogg", (((0, b"OggS"),),)),
    Sort("recording", "m4a", "audio/mp4", (((4, b"ftypM4A "),),)),
)
"""By `/uploads` alone: a bucket cannot say how long one lasts."""

SCREENPLAY = Sort("screenplay", "fountain", "text/plain; charset=utf-8")
SCREENPLAY_NAMES = (".fountain", ".spmd", ".txt")


def sort_of(name: str, head: bytes) -> Sort | None:
    """What the file is, by its first bytes; a screenplay also by its name, since text has no signature."""
    for sort in (*SORTS, *RECORDINGS):
        if sort.matches(head):
            return sort
    return SCREENPLAY if name.lower().endswith(SCREENPLAY_NAMES) and b"\0" not in head else None


class Uploads:
    """Routes `POST /uploads` (multipart, field `file`) and `PUT /uploads/{name}` (the raw bytes)."""

    def __init__(self, gate: Gate, media: Media, sign: SignMedia, limits: StudioLimits) -> None:
        self._gate, self._media, self._sign, self._limits = gate, media, sign, limits
        self._bytes_max = max(limits.image_bytes_max, limits.screenplay_bytes_max)

    async def put(self, request: Request) -> Response:
        enter_as_owner(self._gate, request)
        self._check_declared(request, self._bytes_max)
        try:
            return await self._store(request.path_params["name"], request.stream())
        except ClientDisconnect as error:
            raise Refusal("UPLOAD_BROKEN", "The upload broke off.") from error

    async def post(self, request: Request) -> Response:
        enter_as_owner(self._gate, request)
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            raise Refusal("UNSUPPORTED_MEDIA_TYPE", "Send multipart/form-data with one field `file`, or PUT the bytes.")
        bytes_max = self._bytes_max + FORM_SLACK_BYTES
        self._check_declared(request, bytes_max)
        parser = MultiPartParser(request.headers, bounded(request.stream(), bytes_max), max_files=1, max_fields=4)
        try:
            form = await parser.parse()
        except (MultiPartException, KeyError) as error:
            raise Refusal("BAD_REQUEST", "This is not a multipart form.") from error
        except ClientDisconnect as error:
            raise Refusal("UPLOAD_BROKEN", "The upload broke off.") from error
        try:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise Refusal("BAD_REQUEST", "The form has no file in its field `file`.")
            return await self._store(file.filename or "", _chunks(file))
        finally:
            await form.close()

    def _check_declared(self, request: Request, bytes_max: int) -> None:
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > bytes_max:
            raise too_large(bytes_max)

    async def _store(self, name: str, chunks: AsyncIterator[bytes]) -> Response:
        head, rest = await first_bytes(chunks)
        if not head:
            raise Refusal("BAD_REQUEST", "The file is empty.")
        sort = sort_of(name, head)
        if sort is None:
            raise Refusal(
                "UNSUPPORTED_MEDIA_TYPE",
                "Take PNG, JPEG or WebP images, WAV, MP3, Ogg or M4A recordings, and .fountain or .txt screenplays.",
            )
        if sort.kind == "recording":
            return await self._record(sort, head, rest)
        image = sort.kind == "image"
        bytes_max = self._limits.image_bytes_max if image else self._limits.screenplay_bytes_max
        digest = hashlib.sha256()
        body = checked(head, rest, bytes_max, digest, text=not image)
        key = StoreName.ASSETS.key("uploads", f"{secrets.token_hex(16)}.{sort.extension}")
        stat = await self._media.write(key, body, sort.content_type)
        return answer_of(key, self._sign(key), sort.kind, sort.content_type, stat.size, digest.hexdigest())

    async def _record(self, sort: Sort, head: bytes, rest: AsyncIterator[bytes]) -> Response:
        digest = hashlib.sha256()
        data = b"".join([chunk async for chunk in checked(head, rest, BYTES_MAX, digest, text=False)])
        seconds = await asyncio.to_thread(checked_seconds, data)
        key = StoreName.ASSETS.key("uploads", f"{secrets.token_hex(16)}.{sort.extension}")
        stat = await self._media.write(key, _whole(data), sort.content_type)
        extra = {"seconds": round(seconds, 2)}
        return answer_of(key, self._sign(key), sort.kind, sort.content_type, stat.size, digest.hexdigest(), extra)


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data


def answer_of(
    key: str, url: str, kind: str, content_type: str, size: int, sha256: str, extra: Mapping[str, Any] | None = None
) -> Response:
    told = {"key": key, "url": url, "kind": kind, "contentType": content_type, "bytes": size, "sha256": sha256}
    told |= extra or {}
    return JSONResponse(told, 201, {"cache-control": "no-store", "location": url})


async def first_bytes(chunks: AsyncIterator[bytes]) -> tuple[bytes, AsyncIterator[bytes]]:
    """Enough first bytes to tell the sort of file, and the iterator of what follows."""
    head = b""
    iterator = aiter(chunks)
    async for chunk in iterator:
        head += chunk
        if len(head) >= 64:
            break
    return head, iterator


async def checked(
    head: bytes, rest: AsyncIterator[bytes], bytes_max: int, digest: hashlib._Hash, *, text: bool
) -> AsyncIterator[bytes]:
    """The chunks as they come, counted and hashed. Raises `Refusal`: too large, or no text where text is claimed."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")() if text else None
    size = 0
    try:
        async for chunk in _after(head, rest):
            size += len(chunk)
            if size > bytes_max:
                raise too_large(bytes_max)
            if decoder is not None and "\0" in decoder.decode(chunk):
                raise Refusal("UNSUPPORTED_MEDIA_TYPE", "A screenplay is plain text.")
            digest.update(chunk)
            yield chunk
        if decoder is not None:
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise Refusal("UNSUPPORTED_MEDIA_TYPE", "The screenplay is not UTF-8 text.") from error


async def _after(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for chunk in rest:
        if chunk:
            yield chunk


async def bounded(chunks: AsyncIterator[bytes], bytes_max: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > bytes_max:
            raise too_large(bytes_max)
        yield chunk


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(CHUNK_BYTES):
        yield chunk


def too_large(bytes_max: int) -> Refusal:
    return Refusal("TOO_LARGE", f"The file is larger than {bytes_max // (1024 * 1024)} MiB.")
