"""`/uploads/direct`: a file goes from the browser straight into the bucket, and counts when it was looked at.

`POST /uploads/direct` {"name", "bytes", "sha256"} answers one signed PUT, bound to a key of its own, type, size and
content, where nothing is yet, for `OFFER_S`; `POST /uploads/direct/confirm` {"ticket"} answers what `/uploads` does.
The invariant: nothing has an address before it was read whole here and is what was offered, by hash and by its first
bytes; what is not is deleted. Nothing is kept between the two: the ticket is the offer, signed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from serve_app.http.answers import Refusal, enter_as_owner
from serve_app.http.deps import StudioDeps
from serve_app.http.uploads import SCREENPLAY, SCREENPLAY_NAMES, SORTS, Sort, answer_of, checked, first_bytes, too_large
from storage.objects.protocol import ObjectStore, StoreName

OFFER_S = 900
"""Life of the signed PUT. Longer: a leaked address is of use longer; shorter: a slow line does not get through."""
CONFIRM_S = 1800
"""Life of a ticket, from the offer: the PUT's and as long again."""
BODY_BYTES_MAX = 8 * 1024

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Offer:
    """What may lie under the key. `until_s`: Unix time of the ticket's end."""

    key: str
    kind: str
    content_type: str
    bytes: int
    sha256: str
    until_s: int


class Tickets:
    """Offers as text that only we can have written. `secret` is shared by all Studio replicas."""

    def __init__(self, secret: bytes, clock: Callable[[], float] = time.time) -> None:
        self._secret, self.clock = secret, clock

    def of(self, offer: Offer) -> str:
        told = _text(json.dumps(asdict(offer), sort_keys=True).encode())
        return f"{told}.{self._mac(told)}"

    def read(self, ticket: str) -> Offer:
        """Raises `Refusal` FORBIDDEN."""
        told, _, mac = ticket.partition(".")
        if not hmac.compare_digest(self._mac(told).encode(), mac.encode()):
            raise Refusal("FORBIDDEN", "This ticket is not one of ours.", field="ticket")
        offer = Offer(**json.loads(base64.urlsafe_b64decode(told + "=" * (-len(told) % 4))))
        if offer.until_s <= self.clock():
            raise Refusal("FORBIDDEN", "This ticket has run out: ask for another.", field="ticket")
        return offer

    def _mac(self, told: str) -> str:
        return _text(hmac.new(self._secret, f"storyforge-upload\n1\n{told}".encode(), hashlib.sha256).digest())


class DirectUploads:
    """A store that cannot presign refuses with what to do instead."""

    def __init__(self, deps: StudioDeps, objects: ObjectStore) -> None:
        self._gate, self._sign, self._limits = deps.gate, deps.addresses.sign, deps.limits
        self._objects, self._tickets = objects, Tickets(deps.upload_secret)

    async def offer(self, request: Request) -> Response:
        enter_as_owner(self._gate, request)
        # Buckets can (`storage.objects.s3`), a folder cannot: {"url", "headers"} of one PUT, where nothing is yet.
        presigned: Callable[..., dict[str, Any]] | None = getattr(self._objects, "presigned_put", None)
        if presigned is None:
            raise Refusal("METHOD_NOT_ALLOWED", "Objects lie in a folder here: send the file to /uploads.")
        asked = await _body(request)
        sort, size, sha256 = _sort(asked.get("name")), asked.get("bytes"), asked.get("sha256")
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise Refusal("BAD_REQUEST", "Say the size of the file.", field="bytes")
        if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
            raise Refusal("BAD_REQUEST", "Say the file's SHA-256 in lower-case hex.", field="sha256")
        if size > (bytes_max := self._bytes_max(sort.kind)):
            raise too_large(bytes_max)
        key = StoreName.ASSETS.key("uploads", f"{secrets.token_hex(16)}.{sort.extension}")
        until_s = int(self._tickets.clock()) + CONFIRM_S
        offer = Offer(key, sort.kind, sort.content_type, size, sha256, until_s)
        put = presigned(key, content_type=sort.content_type, size=size, sha256=sha256, expires_s=OFFER_S)
        answer = {"method": "PUT", **put, "expiresInS": OFFER_S, "ticket": self._tickets.of(offer)}
        return JSONResponse(answer, 201, {"cache-control": "no-store"})

    async def confirm(self, request: Request) -> Response:
        enter_as_owner(self._gate, request)
        offer = self._tickets.read(str((await _body(request)).get("ticket", "")))
        info = await self._objects.head(offer.key)
        if info is None:
            raise Refusal("NOT_FOUND", "Nothing has been put there: PUT the file first.", field="ticket")
        try:
            if (info.size, info.content_type) != (offer.bytes, offer.content_type):
                raise Refusal("UNSUPPORTED_MEDIA_TYPE", "What was put is not what was offered.")
            await self._read_whole(offer)
        except Refusal:
            await self._objects.delete(offer.key)
            raise
        return answer_of(offer.key, self._sign(offer.key), offer.kind, offer.content_type, offer.bytes, offer.sha256)

    async def _read_whole(self, offer: Offer) -> None:
        """By what arrived, not by what a store says of it."""
        head, rest = await first_bytes(self._objects.open(offer.key))
        sort = next(each for each in (*SORTS, SCREENPLAY) if each.content_type == offer.content_type)
        if sort.magics and not sort.matches(head):
            raise Refusal("UNSUPPORTED_MEDIA_TYPE", "The file is not what its name says.")
        digest = hashlib.sha256()
        async for _ in checked(head, rest, self._bytes_max(offer.kind), digest, text=not sort.magics):
            pass
        if digest.hexdigest() != offer.sha256:
            raise Refusal("UNSUPPORTED_MEDIA_TYPE", "What was put is not what was offered.")

    def _bytes_max(self, kind: str) -> int:
        return self._limits.image_bytes_max if kind == "image" else self._limits.screenplay_bytes_max


def direct_routes(deps: StudioDeps) -> list[Route]:
    if deps.objects is None:
        return []
    uploads = DirectUploads(deps, deps.objects)
    return [
        Route("/uploads/direct", uploads.offer, methods=["POST"]),
        Route("/uploads/direct/confirm", uploads.confirm, methods=["POST"]),
    ]


def _sort(name: object) -> Sort:
    """By the name: the bytes are not here yet."""
    ending = name.lower().rpartition(".")[2] if isinstance(name, str) else ""
    if f".{ending}" in SCREENPLAY_NAMES:
        return SCREENPLAY
    for sort in SORTS:
        if sort.extension == ("jpg" if ending == "jpeg" else ending):
            return sort
    raise Refusal("UNSUPPORTED_MEDIA_TYPE", "Take .png, .jpg or .webp images, and .fountain or .txt screenplays.")


async def _body(request: Request) -> dict[str, Any]:
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_BYTES_MAX:
            raise Refusal("BAD_REQUEST", f"At most {BODY_BYTES_MAX} bytes of JSON.")
    try:
        told = json.loads(raw)
    except ValueError as error:
        raise Refusal("BAD_REQUEST", "Send a JSON object.") from error
    if not isinstance(told, dict):
        raise Refusal("BAD_REQUEST", "Send a JSON object.")
    return told


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
