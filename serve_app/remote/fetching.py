"""A film that a worker elsewhere made, onto our disk: from its key in the object store, or from the address it gave.

Invariant: what a result says is not trusted: an address is fetched over TLS from public places only (unless the
operator says otherwise), once, without redirects, within `BYTES_MAX` and `FETCH_S_MAX`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from serve_app.step_runs import StepFailed
from serve_app.webhooks import reach
from storage.objects.protocol import ObjectStore, ObjectStoreError

BYTES_MAX = 2 * 1024**3
FETCH_S_MAX = 300.0
CONNECT_S_MAX = 10.0
SILENT_S_MAX = 30.0
"""One film. Over: it is refused, and the attempt fails retryably."""


async def fetch(objects: ObjectStore, key: str, address: str | None, target: Path, *, private: bool) -> None:
    """The film at `key`, else at `address`. Raises `StepFailed`."""
    try:
        if await _stored(objects, key, target):
            return
    except ObjectStoreError as error:
        raise StepFailed(error.code, f"the film could not be read from the store: {error.message}", True) from error
    if address is None or not address.startswith(("https://", "http://")):
        raise StepFailed("REMOTE_FILM_MISSING", "the remote worker reported success, and there is no film", True)
    try:
        async with asyncio.timeout(FETCH_S_MAX):
            await _get(await reach.find(address, private=private), target)
    except reach.Unreachable as error:
        raise StepFailed(
            "REMOTE_FILM_UNREACHABLE", f"the film's address is not fetched: {error.problem}", True
        ) from error
    except TimeoutError as error:
        raise StepFailed("REMOTE_FILM_UNREACHABLE", "the film did not arrive in time", True) from error


async def _stored(objects: ObjectStore, key: str, target: Path) -> bool:
    found = await objects.head(key)
    if found is None:
        return False
    if found.size > BYTES_MAX:
        raise StepFailed("REMOTE_FILM_TOO_LARGE", f"the film has more than {BYTES_MAX} bytes", True)
    with target.open("wb") as out:
        async for chunk in objects.open(key):
            await asyncio.to_thread(out.write, chunk)
    return True


async def _get(place: reach.Place, target: Path) -> None:
    import httpx  # here: an installation without remote workers need not carry it

    more = {"sni_hostname": place.host} if place.secure else {}
    timeout = httpx.Timeout(SILENT_S_MAX, connect=CONNECT_S_MAX)
    try:
        async with (
            httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=timeout) as client,
            client.stream("GET", place.url, headers={"host": place.authority}, extensions=more) as answer,
        ):
            if answer.status_code != 200:
                words = f"the film's address answered {answer.status_code}"
                raise StepFailed("REMOTE_FILM_UNREACHABLE", words, True)
            await _keep(answer, target)
    except httpx.HTTPError as error:
        words = f"the film could not be fetched: {type(error).__name__}"
        raise StepFailed("REMOTE_FILM_UNREACHABLE", words, True) from error


async def _keep(answer: Any, target: Path) -> None:
    size = 0
    with target.open("wb") as out:
        async for chunk in answer.aiter_bytes():
            size += len(chunk)
            if size > BYTES_MAX:
                raise StepFailed("REMOTE_FILM_TOO_LARGE", f"the film has more than {BYTES_MAX} bytes", True)
            await asyncio.to_thread(out.write, chunk)
