"""A person typing, as a small y-websocket client of our own: reconnects, re-sends, and remembers what was acknowledged.

Stock clients are driven in tests/interop; this one lets a fault test ask *when* an edit was confirmed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType

from pycrdt import Doc, Text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

STEP_1, STEP_2, UPDATE = b"\x00\x00", b"\x00\x01", b"\x00\x02"


def var_bytes(data: bytes) -> bytes:
    out, n = bytearray(), len(data)
    while n > 0x7F:
        out.append(0x80 | (n & 0x7F))
        n >>= 7
    out.append(n)
    return bytes(out) + data


def read_var_uint(data: bytes, at: int) -> tuple[int, int]:
    n = shift = 0
    while True:
        byte = data[at]
        n |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if byte < 0x80:
            return n, at


def read_var_bytes(data: bytes) -> bytes:
    n, at = read_var_uint(data, 0)
    return data[at : at + n]


def read_state_vector(data: bytes) -> dict[int, int]:
    count, at = read_var_uint(data, 0)
    clocks: dict[int, int] = {}
    for _ in range(count):
        client, at = read_var_uint(data, at)
        clocks[client], at = read_var_uint(data, at)
    return clocks


class Person:
    """Types words into a document's `script`. `acknowledged`: words whose update came back, or that the server's own
    state vector already holds (it is made of committed state only)."""

    def __init__(self, url: str, token: str, name: str) -> None:
        self.url, self.token, self.name = url, token, name
        self.doc: Doc = Doc()
        self.text = self.doc.get("script", type=Text)
        self.typed: list[str] = []
        self._ends: dict[str, int] = {}  # word -> our clock after it
        self.acknowledged: set[str] = set()
        self.connections = 0
        self.close_codes: list[int] = []
        self.changed = asyncio.Event()
        self.synced = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._local: list[bytes] = []
        self.fault = ""  # why the last connection could not be made, or ended

    async def __aenter__(self) -> Person:
        self._subscription = self.doc.observe(self._observed)
        self._task = asyncio.create_task(self._live())
        async with asyncio.timeout(30):
            await self.synced.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self.doc.unobserve(self._subscription)

    def _observed(self, event: object) -> None:
        if self._recording:
            self._local.append(event.update)  # type: ignore[attr-defined]

    _recording = False

    async def type(self, word: str) -> None:
        """Append a word (words are unique in a test)."""
        self._recording = True
        self.text += word
        self._recording = False
        self.typed.append(word)
        self._ends[word] = read_state_vector(self.doc.get_state())[self.doc.client_id]
        updates, self._local = self._local, []
        # As stock y-websocket: sent whenever the socket is open. Waiting for the server's step 2 would swallow what is
        # typed after our own step 2, which nothing sends again before the next connection.
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                for update in updates:
                    await self._socket.send(UPDATE + var_bytes(update))

    def missing(self) -> list[str]:
        return [word for word in self.typed if word not in self.acknowledged]

    async def until_acknowledged(self, timeout_s: float = 30) -> None:
        await self.until(lambda: not self.missing(), timeout_s, "everything typed is acknowledged")

    async def until(self, holds: Callable[[], object], timeout_s: float = 30, what: str = "what was awaited") -> None:
        """Wait for a fact about this client; it is asked at every frame that comes."""
        try:
            async with asyncio.timeout(timeout_s):
                while not holds():
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise TimeoutError(f"after {timeout_s} s still not: {what}; {self.told()}") from None

    def told(self) -> str:
        """Where this client stands, for whoever has to find out why it waits."""
        missing = self.missing()
        gaps = [number for number, word in enumerate(self.typed) if word not in self.acknowledged]
        socket = "none" if self._socket is None else self._socket.state.name
        return (
            f"{self.name}: socket {socket}, {'synced' if self.synced.is_set() else 'not synced'}, "
            f"{self.connections} connections, closes {self.close_codes}, typed {len(self.typed)} words, "
            f"not acknowledged: {len(missing)} (numbers {gaps[:20]}: {missing[:20]}), "
            f"last fault: {self.fault or 'none'}"
        )

    async def _live(self) -> None:
        while True:
            try:
                headers = {"Authorization": f"Bearer {self.token}"}
                async with connect(self.url, additional_headers=headers, max_size=None, open_timeout=5) as socket:
                    self.connections += 1
                    self._socket = socket
                    await socket.send(STEP_1 + var_bytes(self.doc.get_state()))
                    async for frame in socket:
                        if isinstance(frame, bytes):
                            await self._frame(socket, frame)
            except (OSError, TimeoutError, InvalidHandshake, InvalidMessage, ConnectionClosed) as error:
                self.fault = f"{type(error).__name__}: {error}"
            finally:
                if self._socket is not None:
                    self.close_codes.append(self._socket.close_code or 0)
                self._socket = None
                self.synced.clear()
            await asyncio.sleep(0.1)

    async def _frame(self, socket: ClientConnection, frame: bytes) -> None:
        kind, body = frame[:2], frame[2:]
        if kind == STEP_1:
            has = read_state_vector(read_var_bytes(body)).get(self.doc.client_id, 0)
            self.acknowledged.update(word for word, end in self._ends.items() if end <= has)
            self.changed.set()
            await socket.send(STEP_2 + var_bytes(self.doc.get_update(read_var_bytes(body))))
        elif kind in (STEP_2, UPDATE):
            update = read_var_bytes(body)
            self.acknowledged.update(word for word in self.typed if word.encode() in update)
            self.doc.apply_update(update)
            if kind == STEP_2:
                self.synced.set()
            self.changed.set()
