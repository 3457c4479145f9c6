"""A `Completer` over any OpenAI-compatible chat endpoint, streamed.

Owns the wire (`POST {base}/chat/completions`, server-sent events), the way from HTTP to `WriterError`, and the retries
of what a server failed at before it answered anything. Invariant: nothing is sent twice once a piece of its answer
has come, the key goes into one header and into no message, and a server without JSON schemas is asked for plain JSON.
Reference: the chat completions API as vLLM, llama.cpp, SGLang and OpenAI serve it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from gpu.enhance.phrasing import Call, Piece
from gpu.enhance.writer import Usage, WriterError
from gpu.retry_after import retry_after_s

RETRIES_MAX = 2
"""Times a call is sent again after a 5xx or a refused connection. More: a broken server is waited for by everybody."""

RETRY_PAUSE_S = 0.25
"""Before the first retry; twice as long before each next one."""

ANSWER_BYTES_MAX = 256 * 1024
"""Of one answer's text. An endpoint that streams for ever is cut off here."""

LINE_BYTES_MAX = 64 * 1024

BYTES_PER_TOKEN = 3
"""Guess where a broken stream never told its usage."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`silence_s`: longest wait for the next byte."""

    base_url: str
    model: str
    key: str = field(default="", repr=False)
    connect_s: float = 5.0
    silence_s: float = 30.0


class OpenAICompleter:
    """Its client belongs to the loop of the first call; redirects are not followed: they would carry the key away."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        headers = {"authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        timeout = httpx.Timeout(endpoint.silence_s, connect=endpoint.connect_s)
        self._client = httpx.AsyncClient(
            base_url=endpoint.base_url.rstrip("/") + "/", headers=headers, timeout=timeout, follow_redirects=False
        )
        self._schemas = True  # until the endpoint refuses one

    @property
    def name(self) -> str:
        return "openai"

    @property
    def model(self) -> str:
        return self._endpoint.model

    async def check(self) -> None:
        """A remote endpoint's health is known by its answers."""

    async def close(self) -> None:
        await self._client.aclose()

    async def complete(self, call: Call) -> AsyncGenerator[Piece, None]:
        pause_s = RETRY_PAUSE_S
        for attempt in range(RETRIES_MAX + 1):
            sent = _Sent(call)
            try:
                async for piece in self._stream(call, sent):
                    yield piece
                return
            except _SchemaRefused:
                self._schemas = False
                async for piece in self._stream(call, sent):
                    yield piece
                return
            except WriterError as error:
                if error.code != "unavailable" or sent.begun or attempt == RETRIES_MAX:
                    raise
            await asyncio.sleep(pause_s)
            pause_s *= 2

    async def _stream(self, call: Call, sent: _Sent) -> AsyncIterator[Piece]:
        try:
            async with self._client.stream("POST", "chat/completions", json=self._body(call)) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise await self._refusal(answer)
                async for piece in _pieces(answer, sent):
                    yield piece
        except httpx.TimeoutException as error:
            raise WriterError("timeout", f"no answer: {type(error).__name__}", usage=sent.guess()) from None
        except httpx.HTTPError as error:
            raise WriterError("unavailable", f"not reached: {type(error).__name__}", usage=sent.guess()) from None

    def _body(self, call: Call) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._endpoint.model,
            "messages": [
                {"role": "system", "content": call.rules},
                {"role": "user", "content": f"{call.scene}\n{call.ask}"},
            ],
            "max_tokens": call.tokens_max,
            "temperature": 0.4,
            "seed": call.seed,
            "stream": True,
            "stream_options": {"include_usage": True},
            "response_format": {"type": "json_object"},
        }
        if self._schemas:
            schema = {"name": "phrases", "schema": call.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    async def _refusal(self, answer: httpx.Response) -> WriterError:
        status, code, words = answer.status_code, *await _said(answer)
        if status == httpx.codes.TOO_MANY_REQUESTS:
            if code in {"insufficient_quota", "billing_hard_limit_reached"}:
                return WriterError("quota", "the account has no credit left")
            return WriterError("rate_limited", "too many requests", retry_after_s(answer.headers.get("retry-after")))
        if status == httpx.codes.PAYMENT_REQUIRED:
            return WriterError("quota", "the account has no credit left")
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return WriterError(
                "unavailable", f"the endpoint answered {status}", retry_after_s(answer.headers.get("retry-after"))
            )
        if status == httpx.codes.BAD_REQUEST and self._schemas and ("schema" in words or "response_format" in words):
            return _SchemaRefused()
        return WriterError("refused", f"the endpoint answered {status} {code}".strip())


class _SchemaRefused(WriterError):
    def __init__(self) -> None:
        super().__init__("refused", "no JSON schemas here")


class _Sent:
    """How far an answer had come."""

    def __init__(self, call: Call) -> None:
        self._asked = len((call.rules + call.scene + call.ask).encode())
        self.begun, self.bytes = False, 0

    def guess(self) -> Usage:
        if not self.begun:
            return Usage()
        return Usage(self._asked // BYTES_PER_TOKEN, self.bytes // BYTES_PER_TOKEN)


async def _pieces(answer: httpx.Response, sent: _Sent) -> AsyncIterator[Piece]:
    ended = False
    async for line in answer.aiter_lines():
        if len(line) > LINE_BYTES_MAX:
            raise WriterError("bad_output", "a line of the stream is too long", usage=sent.guess())
        if not line.startswith("data:"):
            continue
        said = line.removeprefix("data:").strip()
        if said == "[DONE]":
            ended = True
            break
        sent.begun = True
        text, usage, finish = _event(said, sent)
        sent.bytes += len(text.encode())
        if sent.bytes > ANSWER_BYTES_MAX:
            raise WriterError("bad_output", "the answer does not end", usage=sent.guess())
        ended = ended or finish is not None
        if finish == "content_filter":
            raise WriterError("refused", "the endpoint's filter stopped the answer", usage=usage or sent.guess())
        yield Piece(text, usage)
    if not ended:
        raise WriterError("unavailable", "the stream broke off", usage=sent.guess())


def _event(said: str, sent: _Sent) -> tuple[str, Usage | None, str | None]:
    """Text, usage and reason of ending in one event. Raises WriterError for an error in the stream."""
    try:
        event = json.loads(said)
        if event.get("error"):
            raise WriterError("unavailable", "the endpoint failed in mid-answer", usage=sent.guess())
        choice = (event.get("choices") or [{}])[0]
        text = (choice.get("delta") or {}).get("content") or ""
        return str(text), _usage(event.get("usage")), choice.get("finish_reason")
    except (ValueError, AttributeError, TypeError, LookupError):
        raise WriterError("bad_output", "the stream is not what the protocol says", usage=sent.guess()) from None


def _usage(told: Any) -> Usage | None:
    if not told:
        return None
    cached = (told.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return Usage(int(told.get("prompt_tokens") or 0), int(told.get("completion_tokens") or 0), int(cached))


async def _said(answer: httpx.Response) -> tuple[str, str]:
    """The code and the words of an error body, at most a few kilobytes of it; the words are never shown."""
    body = b""
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > 8192:
            break
    try:
        error = json.loads(body)["error"]
        return str(error.get("code") or error.get("type") or "")[:60], str(error.get("message") or "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return "", body.decode("utf-8", "replace")
