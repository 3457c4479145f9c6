"""An embedder over any OpenAI-compatible `/v1/embeddings`: a served model, near or far.

Owns the wire and the retries of what a server failed at. Invariants: a row is only believed whole (the count, the order
by `index`, the dimension, finite numbers), rows are made unit here whoever made them, the key goes into one header and
into no message. Reference: the embeddings API as OpenAI, vLLM, llama.cpp and text-embeddings-inference serve it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from gpu.embed.protocol import EmbedError, check
from gpu.retry_after import retry_after_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEXTS_PER_CALL_MAX = 64
CHARS_PER_CALL_MAX = 65_536
"""Of one request. More: one slow answer holds everything; servers refuse what exceeds their own batch."""

RETRIES_MAX = 2
"""Times a request is sent again after a 5xx or a refused connection."""

RETRY_PAUSE_S = 0.1
"""Before the first retry; twice as long before the next."""

BYTES_PER_NUMBER_MAX = 32
"""Of an answer's JSON: what is longer than this for each number it should hold is not read to its end."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`url`: up to and with its version, https://host/v1. `silence_s`: longest wait for the next byte."""

    url: str
    model: str
    dimension: int
    key: str = field(default="", repr=False)
    connect_s: float = 2.0
    silence_s: float = 8.0


class OpenAIEmbedder:
    """See `gpu.embed.protocol.Embedder`. Connects at the first call; redirects are not followed: they would carry the
    key away."""

    def __init__(self, endpoint: Endpoint, *, pause: Callable[[float], object] | None = None) -> None:
        self._endpoint = endpoint
        self._pause = pause or threading.Event().wait
        headers = {"authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        timeout = httpx.Timeout(endpoint.silence_s, connect=endpoint.connect_s)
        base = endpoint.url.rstrip("/") + "/"
        self._client = httpx.Client(base_url=base, headers=headers, timeout=timeout, follow_redirects=False)

    @property
    def name(self) -> str:
        return f"openai/{self._endpoint.model}@{self._endpoint.dimension}"

    @property
    def dimension(self) -> int:
        return self._endpoint.dimension

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        check(texts)
        found = [self._rows(batch) for batch in _batches(texts)]
        return np.concatenate(found) if found else np.empty((0, self.dimension), dtype=np.float32)

    def close(self) -> None:
        self._client.close()

    def _rows(self, texts: Sequence[str]) -> NDArray[np.float32]:
        pause_s = RETRY_PAUSE_S
        for attempt in range(RETRIES_MAX + 1):
            try:
                return self._read(self._send(texts), len(texts))
            except EmbedError as error:
                if error.code != "UNAVAILABLE" or not error.retryable or attempt == RETRIES_MAX:
                    raise
            self._pause(pause_s)
            pause_s *= 2
        raise AssertionError("unreachable")

    def _send(self, texts: Sequence[str]) -> Any:
        clean = [text.encode("utf-8", "replace").decode() or " " for text in texts]  # some servers refuse an empty one
        body = {"model": self._endpoint.model, "input": clean, "encoding_format": "float"}
        most = 4096 + len(texts) * self.dimension * BYTES_PER_NUMBER_MAX
        try:
            with self._client.stream("POST", "embeddings", json=body) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise _refusal(answer)
                read = bytearray()
                for part in answer.iter_bytes():
                    read += part
                    if len(read) > most:
                        raise EmbedError("BAD_ANSWER", "the answer is longer than its numbers can be", False)
        except httpx.TimeoutException as error:
            raise EmbedError("TIMEOUT", f"no answer: {type(error).__name__}", True) from None
        except httpx.HTTPError as error:
            raise EmbedError("UNAVAILABLE", f"not reached: {type(error).__name__}", True) from None
        try:
            return httpx.Response(200, content=bytes(read)).json()
        except ValueError:
            raise EmbedError("BAD_ANSWER", "the answer is not JSON", False) from None

    def _read(self, told: Any, count: int) -> NDArray[np.float32]:
        try:
            rows = {int(each["index"]): np.asarray(each["embedding"], dtype=np.float64) for each in told["data"]}
            found = [rows[n] for n in range(count)]
        except (LookupError, TypeError, ValueError):
            raise EmbedError("BAD_ANSWER", "the answer does not hold a row for each text", False) from None
        for row in found:
            if row.shape != (self.dimension,):
                raise EmbedError("WRONG_DIMENSION", f"rows of shape {row.shape}, not ({self.dimension},)", False)
        made = np.stack(found)
        lengths = np.linalg.norm(made, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not lengths.all():
            raise EmbedError("BAD_ANSWER", "a row has no direction", False)
        return np.asarray(made / lengths, dtype=np.float32)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    chars = 0
    for text in texts:
        if batch and (len(batch) == TEXTS_PER_CALL_MAX or chars + len(text) > CHARS_PER_CALL_MAX):
            yield batch
            batch, chars = [], 0
        batch.append(text)
        chars += len(text)
    if batch:
        yield batch


def _refusal(answer: httpx.Response) -> EmbedError:
    status, wait_s = answer.status_code, retry_after_s(answer.headers.get("retry-after"))
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return EmbedError("THROTTLED", "too many requests", True, wait_s)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return EmbedError("UNAVAILABLE", f"the endpoint answered {status}", True, wait_s)
    return EmbedError("REFUSED", f"the endpoint answered {status}", False)
