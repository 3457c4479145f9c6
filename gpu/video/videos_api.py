"""The client of one `/v1/videos` endpoint: submit, look, list, fetch, delete. One HTTP exchange a method.

Owns the connections to one vendor. Invariant: the key leaves in the Authorization header of requests to the endpoint's
own origin and nowhere else (no log, no error, no redirect); a method that raises says by `VendorFault.accepted` whether
work may have been accepted. When to ask again is decided by whoever calls (`serve_app/steps/video_vendors.py`).
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from gpu.video.videos_api_wire import (
    MODERATED,
    REFUSED,
    UNAVAILABLE,
    Endpoint,
    Task,
    VendorFault,
    refusal,
    task_of,
    words,
)

ANSWER_BYTES_MAX = 4 * 1024 * 1024
"""Of one JSON answer. A larger one is cut off and counts as none."""
CLIP_BYTES_MAX = 1024 * 1024 * 1024
"""Of one clip. A larger one is refused: a vendor must not fill our disk."""
REDIRECTS_MAX = 3
LIST_PAGE, LIST_PAGES_MAX = 100, 10
"""How far back we look for a submission of ours: 1,000 videos."""
TIMEOUT = httpx.Timeout(30.0, connect=10.0)

logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it writes every address, signed ones included

_GONE = (401, 403, 404, 410)
"""What a signed address answers when its time has passed."""


class Expired(VendorFault):
    """The address of the content has expired: ask for another one."""

    def __init__(self, name: str) -> None:
        super().__init__(UNAVAILABLE, f"an address of {name}'s video has expired", True, True)


class VideosApi:
    """`transport`: for tests. Close it when done."""

    def __init__(self, endpoint: Endpoint, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.endpoint = endpoint
        self._base = endpoint.url.rstrip("/")
        limits = httpx.Limits(max_connections=endpoint.in_flight + 4)
        self._http = httpx.AsyncClient(timeout=TIMEOUT, limits=limits, transport=transport, follow_redirects=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def moderate(self, prompt: str) -> None:
        """Raises `VendorFault` MODERATED, or UNAVAILABLE where nobody could say: then nothing is submitted."""
        url = self.endpoint.moderation_url
        if not url:
            return
        answer = await self._ask("POST", url, json={"input": prompt}, keyed=_same_origin(url, self._base))
        results = answer.get("results")
        if not isinstance(results, list) or not results:
            raise VendorFault(UNAVAILABLE, f"{self.endpoint.name}: moderation gave no verdict", True)
        if any(isinstance(one, Mapping) and one.get("flagged") for one in results):
            raise VendorFault(MODERATED, f"{self.endpoint.name}: the prompt was flagged by moderation")

    async def submit(self, fields: Mapping[str, Any], nonce: str, picture: bytes | None) -> Task:
        """Raises `VendorFault`; with `accepted` None nobody knows whether the vendor has it."""
        headers = {"idempotency-key": nonce}
        if picture is None:
            answer = await self._ask("POST", f"{self._base}/videos", json=dict(fields), headers=headers)
        else:
            form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
            files = {"input_reference": ("frame.jpg", picture, "image/jpeg")}
            answer = await self._ask("POST", f"{self._base}/videos", data=form, files=files, headers=headers)
        return task_of(answer)

    async def look(self, id: str) -> Task:
        return task_of(await self._ask("GET", f"{self._base}/videos/{id}"))

    async def find(self, nonce: str) -> Task | None:
        """Our submission among the vendor's videos, newest first; None: it is in none of the pages there are."""
        after: str | None = None
        for _ in range(LIST_PAGES_MAX):
            query: dict[str, str | int] = {"limit": LIST_PAGE, "order": "desc"}
            if after is not None:
                query["after"] = after
            answer = await self._ask("GET", f"{self._base}/videos", params=query)
            rows = answer.get("data")
            if not isinstance(rows, list):
                raise VendorFault(UNAVAILABLE, f"{self.endpoint.name} does not list its videos", True, None)
            tasks = [task_of(row) for row in rows]
            for task in tasks:
                if task.nonce == nonce:
                    return task
            if not tasks or not answer.get("has_more"):
                return None
            after = tasks[-1].id
        raise VendorFault(UNAVAILABLE, f"{self.endpoint.name} has more videos than we look through", True, None)

    async def delete(self, id: str) -> None:
        """Gone already is deleted."""
        with contextlib.suppress(httpx.HTTPError):
            response = await self._http.delete(f"{self._base}/videos/{id}", headers=self._auth())
            if response.status_code >= 400 and response.status_code != 404:
                raise refusal(self.endpoint, response.status_code, None, response.headers)

    async def fetch(self, id: str, to: Path) -> None:
        """The clip into a file. Raises `Expired`: ask again; `VendorFault`."""
        url, keyed = f"{self._base}/videos/{id}/content", True
        try:
            for hop in range(REDIRECTS_MAX + 1):
                async with self._http.stream("GET", url, headers=self._auth() if keyed else {}) as response:
                    if response.is_redirect:
                        url = self._allowed(url, response.headers.get("location", ""))
                        keyed = _same_origin(url, self._base)
                        continue
                    if response.status_code != 200:
                        if hop and response.status_code in _GONE:
                            raise Expired(self.endpoint.name)
                        raise refusal(self.endpoint, response.status_code, None, response.headers)
                    await self._store(response, to)
                    return
        except httpx.HTTPError as error:
            said = f"{self.endpoint.name}: the download broke off ({type(error).__name__})"
            raise VendorFault(UNAVAILABLE, said, True, True) from error
        raise VendorFault(REFUSED, f"{self.endpoint.name} sends us from one address to another")

    async def _store(self, response: httpx.Response, to: Path) -> None:
        size = 0
        with to.open("wb") as file:
            async for chunk in response.aiter_bytes(256 * 1024):
                size += len(chunk)
                if size > CLIP_BYTES_MAX:
                    raise VendorFault(REFUSED, f"{self.endpoint.name}: the clip is larger than {CLIP_BYTES_MAX} bytes")
                file.write(chunk)

    def _allowed(self, at: str, location: str) -> str:
        """Where a redirect may lead: to TLS, or to the endpoint itself. A vendor must not point us into our own net."""
        url = urljoin(at, location)
        if urlsplit(url).scheme == "https" or _same_origin(url, self._base):
            return url
        raise VendorFault(REFUSED, f"{self.endpoint.name} sends us to an address without TLS")

    def _auth(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.endpoint.key}"} if self.endpoint.key else {}

    async def _ask(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, keyed: bool = True, **body: Any
    ) -> dict[str, Any]:
        """One exchange of JSON. Only a request that surely never arrived, or was refused in words, is not accepted."""
        given = {**(headers or {}), **(self._auth() if keyed else {})}
        name = self.endpoint.name
        try:
            async with self._http.stream(method, url, headers=given, **body) as response:
                raw = b"".join([chunk async for chunk in _bounded(response)])
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise VendorFault(UNAVAILABLE, f"{name} cannot be reached ({type(error).__name__})", True) from error
        except httpx.HTTPError as error:
            said = f"{name} gave no answer ({type(error).__name__})"
            raise VendorFault(UNAVAILABLE, said, True, None) from error
        try:
            data = json.loads(raw)
        except (ValueError, RecursionError):
            data = None
        if response.status_code >= 300:
            raise refusal(self.endpoint, response.status_code, data, response.headers)
        if not isinstance(data, dict):
            raise VendorFault(UNAVAILABLE, f"{name} answered {words(response.status_code)} without JSON", True, None)
        return data


async def _bounded(response: httpx.Response) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > ANSWER_BYTES_MAX:
            return
        yield chunk


def _same_origin(url: str, base: str) -> bool:
    one, other = urlsplit(url), urlsplit(base)
    return (one.scheme, one.netloc) == (other.scheme, other.netloc)
