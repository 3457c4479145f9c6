"""Where a host lets the heavy work on updates be done: `collab.folding.Folder` outside its own process.

Owns the helper process of the embedded profile, started at the first large request and ended when idle, and the way to
the `Worker` deployment of a cluster. Invariant: a request is answered, whatever happens there: small ones are not
sent, and what the other side does not answer is done here, in chunks, and said so in the log (`folded: "here"`).
pycrdt holds the GIL, so a thread would not do.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from collab.folding import FOLD_CHUNK, LocalFolder
from serve_app.folding_process import DONE, LENGTH, pack, unpack

log = logging.getLogger("storyforge.folding")

ROOT = Path(__file__).resolve().parents[1]

HERE_BYTES_MAX = 256 * 1024
"""What is folded or compared here at once, in about 2 ms. Above, the other side is asked."""

ASK_S_MAX = 30.0
"""How long the other side may take over one request. Over: it is given up, and the work is done here."""

IDLE_S = 60.0
"""A helper that had nothing to do for this long is ended: its memory comes back."""


class Elsewhere(Protocol):
    """One verb of `folding_process`, done in another process. Raises whatever went wrong."""

    async def ask(self, verb: bytes, parts: Sequence[bytes]) -> bytes: ...
    async def close(self) -> None: ...


class OutsideFolder:
    """`Folder` that asks `elsewhere`, and helps itself where that fails."""

    def __init__(self, elsewhere: Elsewhere) -> None:
        self._elsewhere, self._here = elsewhere, LocalFolder(FOLD_CHUNK)

    async def fold(self, updates: Sequence[bytes]) -> bytes:
        return await self._do(b"fold", updates, lambda: self._here.fold(updates))

    async def collect(self, update: bytes) -> bytes:
        return await self._do(b"collect", [update], lambda: self._here.collect(update))

    async def diff(self, update: bytes, state_vector: bytes) -> bytes:
        return await self._do(b"diff", [update, state_vector], lambda: self._here.diff(update, state_vector))

    async def held(self, update: bytes) -> bytes:
        return await self._do(b"held", [update], lambda: self._here.held(update))

    async def close(self) -> None:
        await self._elsewhere.close()

    async def _do(self, verb: bytes, parts: Sequence[bytes], here: Callable[[], Awaitable[bytes]]) -> bytes:
        size = sum(map(len, parts))
        if size <= HERE_BYTES_MAX:
            return await here()
        try:
            async with asyncio.timeout(ASK_S_MAX):
                return await self._elsewhere.ask(verb, parts)
        except Exception as error:  # noqa: BLE001 - the work is pure: it can be done again anywhere
            fields = {"folded": "here", "verb": verb.decode(), "bytes": size, "error": type(error).__name__}
            log.warning("the folding worker is gone", extra=fields)
            return await here()


class Helper:
    """One process, one request at a time; the others wait in their order."""

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Of the helper, if it runs."""
        return None if self._process is None else self._process.pid

    async def ask(self, verb: bytes, parts: Sequence[bytes]) -> bytes:
        async with self._turn:
            if self._closed:
                raise ConnectionError("the helper has been closed")
            if self._idle is not None:
                self._idle.cancel()
                self._idle = None
            if self._process is None or self._process.returncode is not None:
                self._process = await self._start()
            try:
                answer = await self._exchange(self._process, [verb, *parts])
            except BaseException:
                self._end()  # half a frame may be under way: the next request gets a new process
                raise
            self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._end)
        outcome, result = answer
        if outcome != DONE:
            raise ValueError(result.decode())
        return result

    async def close(self) -> None:
        """End the process and wait for it. Requests that wait are refused."""
        self._closed = True
        process = self._process
        self._end()
        if process is not None:
            await process.wait()

    def _end(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                # Not process.kill(): that polls, and so takes the exit status away from the loop's own watcher.
                os.kill(process.pid, signal.SIGKILL)  # it keeps nothing

    @staticmethod
    async def _start() -> asyncio.subprocess.Process:
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "serve_app.folding_process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )

    @staticmethod
    async def _exchange(process: asyncio.subprocess.Process, parts: Sequence[bytes]) -> list[bytes]:
        assert process.stdin is not None
        assert process.stdout is not None
        for piece in pack(parts):
            process.stdin.write(piece)
        await process.stdin.drain()
        (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
        return unpack(await process.stdout.readexactly(length))


def open_folder() -> OutsideFolder:
    """The folder of the embedded profile: nothing runs until the first large request."""
    return OutsideFolder(Helper())
