"""A mailbox, one turn at a time, and a closed set of states."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from actors.commands import Answer, CommandError, Envelope, SetBrain
from actors.runtime.activation import LEGAL, Activation, IllegalMove, State, Work
from actors.runtime.actor import Actor, Context, Decision, Fact, Message, Started
from actors.runtime.clock import MachineClock
from actors.runtime.errors import HomeLost

pytestmark = pytest.mark.unit


class Nobody(Actor):
    kind = "nobody"

    def apply(self, fact: Fact) -> None: ...

    def decide(self, message: Message, ctx: Context) -> Decision:
        return Decision()

    def dump(self) -> dict[str, Any]:
        return {}

    def load(self, data: Mapping[str, Any]) -> None: ...


class Stage:
    """Turns wait at the gate; `running` counts how many are inside at once."""

    def __init__(self, mailbox_max: int = 3) -> None:
        self.gate, self.loaded = asyncio.Event(), asyncio.Event()
        self.seen: list[str] = []
        self.running = self.most = 0
        self.fail: Exception | None = None
        self.activation = Activation(Nobody("prj_x", "prj_x"), self._load, self._turn, MachineClock(), mailbox_max)

    async def _load(self, actor: Actor) -> None:
        await self.loaded.wait()
        if self.fail is not None:
            raise self.fail

    async def _turn(self, activation: Activation, work: Work) -> Answer | None:
        self.running += 1
        self.most = max(self.most, self.running)
        await self.gate.wait()
        self.running -= 1
        if work.envelope is None:
            self.seen.append("notice")
            return None
        self.seen.append(work.envelope.key)
        if work.envelope.key == "bad":
            raise CommandError("NO", "no")
        return Answer(len(self.seen), {})

    def ask(self, key: str) -> asyncio.Future[Answer]:
        return self.activation.ask(Envelope("prj_x", "prj_x", "anna", key, SetBrain("pixar")))


async def test_one_turn_at_a_time_in_order() -> None:
    """A-18: messages wait for the load, then are decided one by one; a refusal harms nobody behind it."""
    stage = Stage()
    one, bad, two = stage.ask("1"), stage.ask("bad"), stage.ask("2")
    assert stage.activation.state is State.LOADING
    stage.loaded.set()
    stage.gate.set()
    assert (await one).sequence == 1
    with pytest.raises(CommandError):
        await bad
    await two
    await stage.activation.idle()
    assert (stage.seen, stage.most, stage.activation.state) == (["1", "bad", "2"], 1, State.ACTIVE)


async def test_a_full_mailbox_refuses_the_next() -> None:
    """A-08: overflow is a typed, retryable refusal."""
    stage = Stage(mailbox_max=2)
    waiting = [stage.ask("1"), stage.ask("2")]
    with pytest.raises(CommandError) as caught:
        stage.ask("3")
    assert (caught.value.code, caught.value.retryable) == ("BUSY", True)
    stage.loaded.set()
    stage.gate.set()
    await asyncio.gather(*waiting)


async def test_a_waiting_notice_is_not_queued_twice() -> None:
    """A-19: notices that say the same are one."""
    stage = Stage()
    for _ in range(10):
        stage.activation.tell(Started())
    assert stage.activation.waiting == 1
    stage.loaded.set()
    stage.gate.set()
    await stage.activation.loaded()
    await stage.activation.idle()
    assert stage.seen == ["notice"]


async def test_a_dropped_actor_refuses_everybody() -> None:
    """A-20: when the home is lost, the running turn and all waiting ones are refused, retryably."""
    stage = Stage()
    stage.loaded.set()
    await stage.activation.loaded()
    running, waiting = stage.ask("1"), stage.ask("2")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert stage.activation.state.value == "turning"
    stage.activation.drop("moved")
    for reply in (running, waiting):
        with pytest.raises(HomeLost):
            await reply
    with pytest.raises(HomeLost):
        stage.ask("3")
    assert stage.activation.state is State.GONE


async def test_a_failed_load_refuses_who_waited() -> None:
    """A-18: nobody is decided on a state that could not be read."""
    stage = Stage()
    stage.fail = CommandError("BROKEN", "no")
    reply = stage.ask("1")
    stage.loaded.set()
    with pytest.raises(CommandError, match="BROKEN"):
        await reply
    assert stage.activation.state is State.GONE


async def test_only_an_idle_actor_passivates() -> None:
    """A-21: an actor with work does not leave."""
    stage = Stage()
    assert not stage.activation.passivate()
    stage.loaded.set()
    await stage.activation.loaded()
    stage.ask("1")
    assert not stage.activation.passivate()
    stage.gate.set()
    await stage.activation.idle()
    assert stage.activation.passivate()
    assert stage.activation.state is State.GONE


def test_states_are_a_closed_set() -> None:
    """A-22: an illegal move is refused loudly, with expected and got."""
    assert set(LEGAL) == set(State)
    assert not LEGAL[State.GONE]
    assert str(IllegalMove("x", "active", "gone")) == "x: expected active, got gone"
