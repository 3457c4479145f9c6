"""Delivers webhooks: one signed POST a try, and what its answer means.

Owns the HTTP client. Invariants: 2xx confirms, 410 ends the webhook, everything else is tried again; redirects are not
followed, at most `ANSWER_BYTES_MAX` of an answer are read, and one try ends within `TRY_S_MAX`. The endpoint comes from
the entry, the secret from its id (`signing`), the address from `reach`.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, ClassVar

from actors.outbox.protocol import Confirmed, Entry, Failed, Hopeless, Outcome
from serve_app.webhooks import reach, signing

TRY_S_MAX = 15.0
"""One try, lookup to answer. Higher: a tarpit holds one of the home's places for longer."""

ANSWER_BYTES_MAX = 4 * 1024
"""Of an answer's body: read so that the connection ends well, never kept."""

MESSAGE_BYTES_MAX = 16 * 1024
"""Of a message. It holds ids; a longer one is a fault of ours and is dead at once."""

RETRY_AFTER_S_MAX = 3_600

CONNECTIONS_MAX = 32
"""Of one host to all endpoints. Over: tries wait."""


class WebhookReceiver:
    """`private`: loopback and private addresses and plain HTTP are allowed (an operator's setting, and tests)."""

    ordered: ClassVar[bool] = False  # messages carry their sequence; one that fails must not hold up the next

    def __init__(self, cluster_secret: bytes, *, private: bool = False) -> None:
        self._secret, self._private = cluster_secret, private
        self._client: Any = None
        self._places = asyncio.Semaphore(CONNECTIONS_MAX)

    async def deliver(self, entry: Entry) -> Outcome:
        body = json.dumps(entry.body["message"], ensure_ascii=False, separators=(",", ":")).encode()
        if len(body) > MESSAGE_BYTES_MAX:
            return Hopeless("TOO_LARGE")
        async with self._places:
            try:
                async with asyncio.timeout(TRY_S_MAX):
                    place = await reach.find(str(entry.body["url"]), private=self._private)
                    return await self._post(place, entry, body)
            except reach.Unreachable as error:
                return Hopeless(error.problem) if error.for_good else Failed(error.problem)
            except TimeoutError:
                return Failed("TIMEOUT")

    async def _post(self, place: reach.Place, entry: Entry, body: bytes) -> Outcome:
        import httpx  # here: a host without webhooks need not carry it

        if self._client is None:
            self._client = httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=TRY_S_MAX)
        signed = signing.headers(signing.secret_of(self._secret, entry.target), entry.id, int(time.time()), body)
        head = {
            "host": place.authority,
            "content-type": "application/json",
            "user-agent": "StoryForge-Webhooks/1",
            **signed,
        }
        more = {"sni_hostname": place.host} if place.secure else {}
        try:
            async with self._client.stream("POST", place.url, content=body, headers=head, extensions=more) as answer:
                read = 0
                async for part in answer.aiter_raw():
                    read += len(part)
                    if read > ANSWER_BYTES_MAX:
                        break
                return _meaning(answer.status_code, answer.headers.get("retry-after", ""))
        except httpx.TimeoutException:
            return Failed("TIMEOUT")
        except httpx.HTTPError as error:
            return Failed(type(error).__name__)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None


def _meaning(status: int, retry_after: str) -> Outcome:
    if 200 <= status < 300:
        return Confirmed(status)
    if status == 410:
        return Hopeless("GONE", status, gone=True)
    after_s = min(RETRY_AFTER_S_MAX, int(retry_after)) if retry_after.isascii() and retry_after.isdecimal() else 0
    return Failed("REDIRECT" if 300 <= status < 400 else "REFUSED", status, after_s * 1000)
