"""The directory's memory, who repeats a command, and how a home is claimed or asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actors.commands import CommandError
from actors.runtime.errors import HomeLost
from serve_app import ownership
from serve_app.claims import ASK_AGAIN_S, Claims
from serve_app.moves import Moves
from serve_app.ownership import KNOWN_HOMES_MAX, KNOWN_S, Directory, PeerCommands
from serve_app.peers import client as peer_client
from serve_app.peers.client import PeerClient
from serve_app.peers.faults import FaultError
from serve_app.peers.port import PeerPort
from serve_app.peers.verdicts import Reach, Verdicts
from serve_app.studio import OwnerText
from storage.ledger.errors import Owned
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Append, HostRow, Owner, View

pytestmark = pytest.mark.unit
SECRET = b"cluster-secret-for-tests-0123456"


class Counting(MemoryLedger):
    reads = 0

    async def owner(self, home: str) -> Owner | None:
        self.reads += 1
        return await super().owner(home)


class Time:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


async def alive(ledger: MemoryLedger, name: str, peer: str = "127.0.0.1:1", ttl_ms: int = 60_000) -> HostRow:
    return await ledger.heartbeat(HostRow(name, f"{name}-1", 1, peer), ttl_ms)


async def test_a67_a_known_owner_costs_no_read() -> None:
    """A-67: until it was refused, or is known for long; a home nobody owns is looked up each time."""
    ledger, time = Counting(), Time()
    directory = Directory(ledger, time)
    owner = await alive(ledger, "a")
    assert await directory.host_for("prj_1") == owner
    assert await directory.host_for("prj_1") == owner
    assert ledger.reads == 2, "nobody owns it: who is asked may change"
    await ledger.claim("prj_1", owner)
    assert [await directory.host_for("prj_1") for _ in range(100)] == [owner] * 100
    assert await directory.owner("prj_1") == owner
    assert ledger.reads == 3
    directory.forget("prj_1")
    await directory.host_for("prj_1")
    time.now_s += KNOWN_S
    await directory.host_for("prj_1")
    assert ledger.reads == 5
    assert await directory.host_for("prj_1", avoid=frozenset({owner.peer})) is None
    assert ledger.reads == 6


async def test_a67_what_is_known_is_bounded() -> None:
    """A-67: the owner known longest is forgotten first."""
    ledger = Counting()
    directory = Directory(ledger)
    owner = await alive(ledger, "a")
    for number in range(KNOWN_HOMES_MAX + 1):
        await ledger.claim(f"prj_{number}", owner)
        await directory.owner(f"prj_{number}")
    reads = ledger.reads
    await directory.owner(f"prj_{KNOWN_HOMES_MAX}")
    assert ledger.reads == reads
    await directory.owner("prj_0")
    assert ledger.reads == reads + 1


async def test_a62_draining_hosts_are_not_chosen_and_heirs_are() -> None:
    """A-62, A-61: a home nobody owns is sent to who it is kept for, else to a host that stays."""
    ledger = Counting()
    directory = Directory(ledger)
    await ledger.heartbeat(HostRow("a", "a-1", 1, "p:1", draining=True), 60_000)
    stays = await alive(ledger, "b", "p:2")
    assert {(await directory.host_for(f"prj_{n}")).peer for n in range(20)} == {stays.peer}  # type: ignore[union-attr]
    heir = await alive(ledger, "c", "p:3")
    await ledger.release(await ledger.claim("prj_1", stays), stays, to=heir)
    assert {(await directory.host_for("prj_1")).peer for _ in range(20)} == {heir.peer}  # type: ignore[union-attr]


class Peer:
    """A peer port that answers as it is told, and the commands that reached it."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.holds: str | None = None
        self.answer: Any = {"sequence": 7, "ids": {}, "replayed": False}

    def operations(self) -> dict[str, Any]:
        return {"command": self.command, "scene_text": self.text, "move_here": moved}

    async def text(self, _message: dict[str, Any]) -> dict[str, Any]:
        return {"held": self.holds is not None, "text": self.holds}

    async def command(self, message: dict[str, Any]) -> dict[str, Any]:
        self.heard.append(message["key"])
        if self.answer is None:
            await asyncio.Event().wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return dict(self.answer)


async def moved(_message: dict[str, Any]) -> dict[str, Any]:
    return {"here": True}


async def no_tunnel(_opening: dict[str, Any], _transport: Any) -> None:
    return None


@pytest.fixture
async def peers() -> AsyncIterator[tuple[Peer, Peer, str, str, PeerClient]]:
    one, two = Peer(), Peer()
    ports = [
        PeerPort(SECRET, {"command": each.command, "scene_text": each.text, "move_here": moved}, no_tunnel)
        for each in (one, two)
    ]
    addresses = [await port.start("127.0.0.1") for port in ports]
    client = PeerClient(SECRET)
    yield one, two, addresses[0], addresses[1], client
    await client.close()
    for port in ports:
        await port.stop()


async def test_a69_the_asker_repeats_at_the_next_owner(peers: Any) -> None:
    """A-69: the loser says that it lost the home and tries nothing; the same key goes to whoever owns it now."""
    one, two, first, second, client = peers
    ledger = Counting()
    a, b = await alive(ledger, "a", first), await alive(ledger, "b", second)
    await ledger.claim("prj_1", a)
    commands = PeerCommands(Directory(ledger), client)
    assert await commands.ask("prj_1", "command", {"key": "k0"})
    one.answer = HomeLost("prj_1", "epoch 2 owns it")
    await ledger.claim("prj_1", b, depose="a-1")
    assert (await commands.ask("prj_1", "command", {"key": "k1"}))["sequence"] == 7
    assert (one.heard, two.heard) == (["k0", "k1"], ["k1"]), "the known owner was asked first, then the right one"
    reads = ledger.reads
    await commands.ask("prj_1", "command", {"key": "k2"})
    assert ledger.reads == reads


async def test_a67_the_freshest_text_comes_from_the_owner_of_now(peers: Any) -> None:
    """A-67: a host only believed to hold the project says that it does not, and the one that does is asked at once."""
    one, two, first, second, client = peers
    ledger = Counting()
    a, b = await alive(ledger, "a", first), await alive(ledger, "b", second)
    await ledger.claim("prj_1", a)
    owner_text = OwnerText(Directory(ledger), client)
    one.holds = "of before"
    assert await owner_text.read("prj_1", "scn_1") == "of before"
    one.holds, two.holds = None, "of now"
    await ledger.claim("prj_1", b, depose="a-1")
    assert await owner_text.read("prj_1", "scn_1") == "of now"
    two.holds, reads = None, ledger.reads
    assert await owner_text.read("prj_1", "scn_1") is None
    assert ledger.reads == reads + 1, "nobody has it live: said after one look"


async def test_a69_a_stopped_owner_holds_its_callers_up_for_its_lease(peers: Any, monkeypatch: Any) -> None:
    """A-69: its connection stays open and nothing comes back; when its row has ended the next owner is asked."""
    monkeypatch.setattr(peer_client, "WATCH_S", 0.02)
    one, two, first, second, client = peers
    one.answer = None
    ledger = Counting()
    a, b = await alive(ledger, "a", first), await alive(ledger, "b", second)
    await ledger.claim("prj_1", a)
    commands = PeerCommands(Directory(ledger), client)
    asking = asyncio.create_task(commands.ask("prj_1", "command", {"key": "k"}))
    done, _ = await asyncio.wait({asking}, timeout=0.1)
    assert not done, "a slow owner that lives is waited for"
    assert one.heard == ["k"]
    await ledger.retire("a", "a-1")
    await ledger.claim("prj_1", b)
    assert (await asking)["sequence"] == 7
    assert two.heard == ["k"]


async def test_a69_other_faults_are_not_repeated(peers: Any) -> None:
    """A-69: what the owner decided, or could not store, goes to the asker as it is."""
    one, _, first, _, client = peers
    ledger = Counting()
    await ledger.claim("prj_1", await alive(ledger, "a", first))
    one.answer = FaultError("LEDGER_UNAVAILABLE", "disk full")
    with pytest.raises(FaultError, match="LEDGER_UNAVAILABLE"):
        await PeerCommands(Directory(ledger), client).ask("prj_1", "command", {"key": "k"})
    assert one.heard == ["k"]


async def test_a69_nobody_is_asked_for_ever(monkeypatch: Any) -> None:
    """A-69: with no host up the asker hears OWNER_UNREACHABLE."""
    monkeypatch.setattr(ownership, "ROUTE_S", 0.05)
    with pytest.raises(FaultError, match="OWNER_UNREACHABLE"):
        await PeerCommands(Directory(Counting()), PeerClient(SECRET)).ask("prj_1", "command", {})


class Claimant:
    """`Claims` of host b over a ledger in which host a owns `prj_1`."""

    def __init__(self, ledger: MemoryLedger, me: HostRow, reach: Reach) -> None:
        self.ledger, self.me, self.reach, self.time = ledger, me, reach, Time()
        self.wants = 0
        self.claims = Claims(ledger, Verdicts(self.probe), self.open, lambda: me, self.time)

    async def probe(self, _address: str) -> Reach:
        return self.reach

    async def open(self, home: str, *, depose: str | None = None, create: bool = False) -> Any:
        return await self.ledger.claim(home, self.me, depose=depose)


@pytest.mark.parametrize("reach", list(Reach))
async def test_a64_what_a_claimant_does_with_a_live_owner(reach: Reach) -> None:
    """A-64, A-43: gone: claim at once; silent: ask through the ledger; there: leave it alone."""
    ledger = Counting()
    a, b = await alive(ledger, "a"), await alive(ledger, "b")
    await ledger.claim("prj_1", a)
    claimant = Claimant(ledger, b, reach)
    if reach is Reach.GONE:
        assert (await claimant.claims.open("prj_1", create=True)).epoch == 2
        return
    with pytest.raises(Owned):
        await claimant.claims.open("prj_1")
    heard = (await ledger.heartbeat(a, 60_000)).asked
    assert [want.host.id for want in heard] == (["b"] if reach is Reach.SILENT else [])


async def test_a64_a_crowd_asks_once_in_a_while() -> None:
    """A-64: sockets that cannot reach the owner do not write the ledger once each; an operator always does."""

    class Wants(MemoryLedger):
        wants = 0

        async def want(self, home: str, host: HostRow, *, epoch: int) -> bool:
            self.wants += 1
            return await super().want(home, host, epoch=epoch)

    ledger = Wants()
    a, b = await alive(ledger, "a"), await alive(ledger, "b")
    await ledger.claim("prj_1", a)
    claimant = Claimant(ledger, b, Reach.SILENT)
    for _ in range(20):
        with pytest.raises(Owned):
            await claimant.claims.open("prj_1")
    assert ledger.wants == 1
    claimant.time.now_s += ASK_AGAIN_S
    with pytest.raises(Owned):
        await claimant.claims.open("prj_1")
    assert ledger.wants == 2
    claimant.reach = Reach.THERE
    assert not await claimant.claims.move_here("prj_1")
    assert not await claimant.claims.move_here("prj_1")
    assert ledger.wants == 4
    await ledger.release(await ledger.claim("prj_1", a), a, to=b)
    assert await claimant.claims.move_here("prj_1")


async def test_a64_a_host_is_named_by_id_process_or_address(peers: Any) -> None:
    """A-64: one that drains takes nothing; what names none or several is answered with the list."""
    _, _, first, _, client = peers
    ledger = Counting()
    moves = Moves(ledger, client)
    a = await alive(ledger, "a", first)
    await ledger.heartbeat(HostRow("b", "b-1", 2, "p:2", draining=True), 60_000)
    with pytest.raises(CommandError, match="NOT_FOUND"):
        await moves.ask("prj_1", "a")
    claim = await ledger.claim("prj_1", a)
    made = View("project", "prj_1", "prj_1", "", "a", b"v")
    await ledger.append(Append("prj_1", claim.epoch, claim.seq, (), views=(made,)))
    for name in ("b", "2", "p:2", "nobody"):
        with pytest.raises(CommandError, match="b \\(pid 2, p:2, draining\\)"):
            await moves.ask("prj_1", name)
    for name in ("a", "1", first):
        assert await moves.ask("prj_1", name) == {"moved": True, "host": "a", "pid": 1, "peer": first}
