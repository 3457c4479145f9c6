"""A RunPod-style endpoint: `POST /run` → {id}, `GET /status/{id}`, `POST /cancel/{id}`, as one client with few answers.

Invariant: every failure is one of four: it was certainly not accepted and may be tried again (`Busy`), it is refused
for what it is (`Refused`), we are not let in (`Closed`), or nobody knows (`Unknown`). A lost answer is never `Busy`.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import httpx

CONNECT_S_MAX = 10.0
ANSWER_S_MAX = 30.0
ANSWER_BYTES_MAX = 1024 * 1024
RETRY_AFTER_S_MAX = 600.0
RUN_ID_CHARS_MAX = 200
WORDS_CHARS_MAX = 200


class EndpointFault(Exception):
    """Base of what an endpoint does to us. `wait_s`: how long it asked us to wait."""

    def __init__(self, words: str, wait_s: float = 0.0) -> None:
        super().__init__(words, wait_s)
        self.words, self.wait_s = words, wait_s


class Busy(EndpointFault):
    """It did not take it, for now."""


class Closed(EndpointFault):
    """Address or key are wrong: nothing will be taken until somebody mends that."""


class Refused(EndpointFault):
    """It will never take this."""


class Unknown(EndpointFault):
    """It may have taken it."""


@dataclass(frozen=True, slots=True)
class Status:
    state: str  # IN_QUEUE | IN_PROGRESS | COMPLETED | FAILED | CANCELLED | TIMED_OUT | another word
    output: Any = None
    words: str = ""


class Endpoint:
    """`run_s`: the endpoint is told to end a run that takes longer, and to forget one that waited longer."""

    def __init__(self, url: str, key: str, *, run_s: float) -> None:
        self.run_s = run_s
        head = {"authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/") + "/",
            headers={**head, "user-agent": "StoryForge-Bridge/1"},
            timeout=httpx.Timeout(ANSWER_S_MAX, connect=CONNECT_S_MAX),
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def run(self, job_id: str, job: Any) -> str:
        """The run's id. Raises `EndpointFault`. The key lets an endpoint that knows it meet a second try with the
        first run."""
        run_ms = int(self.run_s * 1000)
        body = {"input": job, "policy": {"executionTimeout": run_ms, "ttl": run_ms}}
        said = await self._ask("POST", "run", body, {"idempotency-key": job_id})
        run = said.get("id")
        if not isinstance(run, str) or not 0 < len(run) <= RUN_ID_CHARS_MAX or "/" in run:
            raise Unknown("the endpoint answered without the id of the run")
        return run

    async def status(self, run: str) -> Status | None:
        """None: it knows no such run (any more). Raises `EndpointFault`."""
        try:
            said = await self._ask("GET", f"status/{run}")
        except Closed as fault:
            if fault.words.startswith("404"):
                return None
            raise
        return Status(str(said.get("status"))[:WORDS_CHARS_MAX], said.get("output"), _words(said.get("error")))

    async def cancel(self, run: str) -> None:
        """Raises `EndpointFault`."""
        await self._ask("POST", f"cancel/{run}")

    async def _ask(
        self, method: str, path: str, body: Any = None, head: dict[str, str] | None = None
    ) -> dict[str, Any]:
        try:
            async with asyncio.timeout(ANSWER_S_MAX + CONNECT_S_MAX):
                status, wait_s, answer = await self._send(method, path, body, head)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Busy(f"the endpoint cannot be reached ({type(error).__name__})") from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unknown(f"the answer was lost ({type(error).__name__})") from error
        if 200 <= status < 300:
            return _object(answer)
        raise _fault(status, wait_s, answer)

    async def _send(self, method: str, path: str, body: Any, head: dict[str, str] | None) -> tuple[int, float, bytes]:
        async with self._client.stream(method, path, json=body, headers=head) as answer:
            read = b""
            async for part in answer.aiter_bytes():
                read += part
                if len(read) > ANSWER_BYTES_MAX:
                    raise Unknown(f"the answer has more than {ANSWER_BYTES_MAX} bytes")
            return answer.status_code, _seconds(answer.headers.get("retry-after", "")), read


def _fault(status: int, wait_s: float, answer: bytes) -> EndpointFault:
    words = f"{status} {_words(answer.decode('utf-8', 'replace'))}".strip()
    if status in (408, 425, 429, 503):
        return Busy(words, wait_s)
    if status in (401, 403, 404, 405) or 300 <= status < 400:
        return Closed(words, wait_s)
    return Refused(words) if status < 500 else Unknown(words, wait_s)


def _object(answer: bytes) -> dict[str, Any]:
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        raise Unknown("the answer is not JSON") from None
    if not isinstance(value, dict):
        raise Unknown("the answer is not an object")
    return value


def _words(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value)
    return " ".join("".join(c if c.isprintable() else " " for c in text[:1000]).split())[:WORDS_CHARS_MAX]


def _seconds(text: str) -> float:
    return min(RETRY_AFTER_S_MAX, float(text)) if text.isascii() and text.isdecimal() else 0.0
