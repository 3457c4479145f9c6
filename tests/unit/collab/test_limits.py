"""Every bound has a name, a unit, a rule for what is over it, and a row in the operators' table."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest

from collab import limits, wire
from collab.close_codes import CloseCode
from collab.lib0 import var_string, varuint
from collab.limits import Limits
from collab.session import Access, Live
from tests.unit.collab.stage import ANA, BEN, HeldLog, Wire, enter, opened

pytestmark = pytest.mark.unit

OPERATING = Path(__file__).resolve().parents[3] / "docs" / "operating.md"
UNITS = ("bytes", "_s", "_max", "_s_", "_pause", "_bytes_", "burst", "updates", "_share")


def documented() -> dict[str, str]:
    """Field -> the words below it; fields in a row share theirs."""
    words: dict[str, str] = {}
    waiting: list[str] = []
    (body,) = (node.body for node in ast.parse(inspect.getsource(limits)).body if isinstance(node, ast.ClassDef))
    for node in body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            waiting.append(node.target.id)
        elif waiting and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            words |= dict.fromkeys(waiting, " ".join(str(node.value.value).split()))
            waiting = []
    return words


def shown(value: float) -> str:
    for size, unit in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if isinstance(value, int) and value >= size and value % size == 0:
            return f"{value // size} {unit}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_r98_every_limit_has_words_and_a_row_of_the_table() -> None:
    """R-98: name with its unit, default, and what happens over it; the table says what the code does."""
    words, table = documented(), OPERATING.read_text(encoding="utf-8")
    missing = []
    for field in fields(Limits):
        assert words.get(field.name), f"{field.name} says nothing of itself"
        assert any(unit in field.name for unit in UNITS), f"{field.name} has no unit"
        row = f"| `{field.name}` | {shown(field.default)} | "  # type: ignore[arg-type]
        if row not in table:
            missing.append(f"{row}{words[field.name]} |")
    assert missing == [], "rows for docs/operating.md:\n" + "\n".join(missing)
    assert set(re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", table, re.M)) >= {f.name for f in fields(Limits)}


def presence(client: int, clock: int, state: str) -> bytes:
    return varuint(1) + varuint(client) + varuint(clock) + var_string(state)


async def test_r97_a_socket_that_asks_for_nothing_gives_its_place_back() -> None:
    """R-97: after `silent_s_max` it is closed 4507, however much presence it sends; who has asked stays."""
    room = await opened(HeldLog(), Limits(heartbeat_s=0.02, silent_s_max=0.05))
    asked, asking = enter(room, "u1", user=ANA)
    _, nothing = enter(room, "u2", user=BEN, synced=False)
    assert isinstance(asked.state, Live)
    await closed(nothing)
    assert (nothing.code, asking.code) == (CloseCode.RESYNC, None)
    assert nothing.reason.endswith("silent_s_max")
    assert room.sessions == 1
    asked.closed(1000)
    await room.close()


async def closed(socket: Wire) -> None:
    async with asyncio.timeout(5):
        while socket.code is None:  # noqa: ASYNC110 - the transport of a test tells nobody
            await asyncio.sleep(0.005)


async def test_w97_a_presence_state_over_its_limit_is_ignored() -> None:
    """W-97: `awareness_state_bytes_max`: that state is not shown, the socket stays, its next small one is shown."""
    room = await opened(HeldLog(), Limits(awareness_state_bytes_max=100))
    session, socket = enter(room, "u1", user=ANA)
    session.receive(wire.awareness(presence(7, 1, '{"a":"' + "x" * 200 + '"}')))
    assert room.presence.states() == {}
    session.receive(wire.awareness(presence(7, 2, '{"a":"x"}')))
    assert [state["a"] for state in room.presence.states().values()] == ["x"]
    assert socket.code is None
    await room.close()


async def test_w97_people_who_left_are_remembered_up_to_a_bound() -> None:
    """W-97: `awareness_departed_max`: the oldest is forgotten first."""
    room = await opened(HeldLog(), Limits(awareness_departed_max=3))
    for client in range(1, 9):
        session, _ = enter(room, f"u{client}", Access.READ, user=ANA)
        session.receive(wire.awareness(presence(client, 1, "{}")))
        session.closed(1000)
    assert len(room.presence._departed) == 3
    await room.close()


@pytest.mark.parametrize(("name", "value"), [("outbox_bytes_max", 1), ("frame_bytes_max", 20 << 20)])
def test_r98_limits_that_cannot_work_are_refused(name: str, value: int) -> None:
    """R-98: a bound below what another one needs fails at once, by name."""
    with pytest.raises(ValueError, match=name):
        Limits(**{name: value})
