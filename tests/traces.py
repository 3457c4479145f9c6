"""Recorded concurrent typing, replayed over real sockets: each agent of a trace is a client of its own.

Owns the trace's causality. Invariant: an agent types a keystroke only once it has *received* everything the trace says
its author had seen, and at the position where the author typed it; so the final text must be the trace's own, whatever
the network did. Keystrokes are made beforehand on documents that hold exactly what the author saw.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pycrdt import Doc, Text
from websockets.exceptions import ConnectionClosed

from collab import text as positions
from tests.serve.peer import STEP_1, UPDATE, Person, read_state_vector, var_bytes

FRIENDS_FOREVER = Path(__file__).parent / "data/traces/friendsforever.json.gz"


@dataclass(frozen=True, slots=True)
class Keystroke:
    """`seen`: how many keystrokes of every agent its author had before it."""

    agent: int
    seen: tuple[int, ...]
    patches: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Trace:
    agents: int
    keystrokes: tuple[Keystroke, ...]
    end: str | None
    """The text it ends with; None for a part of a trace."""

    def first(self, count: int) -> Trace:
        return Trace(self.agents, self.keystrokes[:count], None)

    def written(self, letter: Callable[[str], str]) -> Trace:
        """The same typing in other letters, one code point for one."""

        def patch(at: int, gone: int, what: str) -> tuple[int, int, str]:
            return at, gone, "".join(map(letter, what))

        strokes = tuple(Keystroke(k.agent, k.seen, tuple(patch(*p) for p in k.patches)) for k in self.keystrokes)
        return Trace(self.agents, strokes, None if self.end is None else "".join(map(letter, self.end)))


def load(path: Path = FRIENDS_FOREVER) -> Trace:
    """A file of josephg/editing-traces' concurrent format."""
    raw = json.loads(gzip.decompress(path.read_bytes()))
    agents, strokes = int(raw["numAgents"]), []
    after: list[tuple[int, ...]] = []  # keystrokes of each agent that are in the version after each transaction
    for each in raw["txns"]:
        parents = [after[parent] for parent in each["parents"]] or [(0,) * agents]
        seen = tuple(map(max, *parents)) if len(parents) > 1 else parents[0]
        who = int(each["agent"])
        strokes.append(Keystroke(who, seen, tuple((at, gone, what) for at, gone, what in each["patches"])))
        after.append(tuple(n + (agent == who) for agent, n in enumerate(seen)))
    return Trace(agents, tuple(strokes), raw["endContent"])


@dataclass(frozen=True, slots=True)
class Typed:
    """A keystroke as its author's client sends it. `needs`: clocks of the others it must have received before."""

    update: bytes
    needs: dict[int, int]


def typed(trace: Trace, base: bytes, clients: list[int]) -> tuple[list[list[Typed]], str]:
    """Every agent's keystrokes as updates upon `base`, and the text they end with."""
    docs: list[Doc[Any]] = [Doc(client_id=client) for client in clients]
    texts = [doc.get("script", type=Text) for doc in docs]
    made: list[list[Typed]] = [[] for _ in clients]
    clocks: list[list[int]] = [[0] for _ in clients]  # of each agent, after each of its keystrokes
    applied = [[0] * len(clients) for _ in clients]
    for doc in docs:
        doc.apply_update(base)
    for stroke in trace.keystrokes:
        me = stroke.agent
        _see(docs[me], applied[me], stroke.seen, made, me)
        before = docs[me].get_state()
        for at, gone, what in stroke.patches:
            positions.replace(texts[me], at, at + gone, what)
        needs = {clients[a]: clocks[a][n] for a, n in enumerate(stroke.seen) if a != me and n}
        made[me].append(Typed(docs[me].get_update(before), needs))
        clocks[me].append(read_state_vector(docs[me].get_state()).get(clients[me], 0))
        applied[me][me] += 1
    _see(docs[0], applied[0], tuple(map(len, made)), made, 0)
    return made, str(texts[0])


def _see(doc: Doc[Any], applied: list[int], seen: tuple[int, ...], made: list[list[Typed]], me: int) -> None:
    for agent, count in enumerate(seen):
        if agent != me:
            for each in made[agent][applied[agent] : count]:
                doc.apply_update(each.update)
            applied[agent] = max(applied[agent], count)


class Typist(Person):
    """Types prepared keystrokes, on line and off, and loses its connection when told to."""

    def __init__(self, url: str, token: str, name: str) -> None:
        super().__init__(url, token, name)
        self.typing_id = random.getrandbits(31)
        self._introduced: object = None

    async def say(self, update: bytes) -> None:
        self.doc.apply_update(update)
        socket = self._socket
        if socket is not None and socket is self._introduced:  # what came before went with the answer to step 1
            await self._send(socket, UPDATE + var_bytes(update))

    async def _frame(self, socket: Any, frame: bytes) -> None:
        await super()._frame(socket, frame)
        if frame[:2] == STEP_1:
            self._introduced = socket

    async def _send(self, socket: Any, frame: bytes) -> None:
        try:
            await socket.send(frame)
        except ConnectionClosed:
            return  # it is in the document, and goes with the next answer to step 1

    def cut(self) -> None:
        if self._socket is not None:
            self._socket.transport.abort()

    def has(self, clocks: dict[int, int]) -> bool:
        mine = read_state_vector(self.doc.get_state())
        return all(mine.get(client, 0) >= clock for client, clock in clocks.items())


@dataclass(slots=True)
class Outcome:
    texts: list[str]
    expected: str
    cuts: int
    connections: int


async def replay(trace: Trace, people: list[Typist], source: random.Random, cuts: int, limit_s: float) -> Outcome:
    """All agents at once, with about `cuts` lost connections; returns when everybody has everything."""
    await _blank(people)
    # The trace has one place where two typed at once, and its end is that of ids in the order of its agents.
    ids = sorted(each.typing_id for each in people)
    for person, client in zip(people, ids, strict=True):
        person.typing_id = client
    strokes, expected = typed(trace, people[0].doc.get_update(), [each.typing_id for each in people])
    chance = cuts / len(trace.keystrokes)
    done = 0

    async def type_all(person: Typist, mine: list[Typed]) -> None:
        nonlocal done
        for stroke in mine:
            if not person.has(stroke.needs):
                await person.until(lambda stroke=stroke: person.has(stroke.needs), limit_s)
            await person.say(stroke.update)
            if source.random() < chance:
                person.cut()
                done += 1
            await asyncio.sleep(0)

    async with asyncio.timeout(limit_s):
        async with asyncio.TaskGroup() as tasks:
            for person, mine in zip(people, strokes, strict=True):
                tasks.create_task(type_all(person, mine))
        everything = {each.typing_id: each.doc for each in people}
        whole = {client: read_state_vector(doc.get_state()).get(client, 0) for client, doc in everything.items()}
        for person in people:
            await person.until(lambda person=person: person.has(whole) and str(person.text) == expected, limit_s)
    return Outcome([str(each.text) for each in people], expected, done, sum(each.connections for each in people))


async def _blank(people: list[Typist]) -> None:
    """The scene's first words go, by hand."""
    first = people[0]
    before = first.doc.get_state()
    first.text.clear()
    await first.say(first.doc.get_update(before))
    for each in people:
        await each.until(lambda each=each: str(each.text) == "")
