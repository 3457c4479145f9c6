"""Long commands are recorded first: killed between record and effect, the next owner ends them, once, alike."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from actors.commands import CommandError, CreateScene, ImportScreenplay, LockScene
from actors.outbox.protocol import DEAD, Entry
from actors.project import actor as project_actor
from actors.project.actor import project_id
from actors.project.draft import ProjectDraft, read_screenplay
from actors.runtime import turn
from actors.runtime.inbox import INBOX, TRIES_MAX
from storage.ledger.errors import LedgerError
from storage.ledger.memory import MemoryLedger
from tests.unit.actors.story import ANNA, Story, story
from tests.unit.actors.worlds import until

pytestmark = pytest.mark.unit

PLAY = "Title: Ferry\n\nINT. CABIN - NIGHT\n\nADA\nWe are late.\n\nEXT. DECK - DAY\n\nRain.\n"
IMPORT = ImportScreenplay("Ferry", PLAY, "FOUNTAIN")
HOME = project_id(ANNA, "import")


async def rows(ledger: MemoryLedger, kind: str) -> list[Entry]:
    return [Entry.of(row) for row in await ledger.views(kind)]


class Dying:
    """Stands where an import is read; the process never comes back from it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, deaths: int) -> None:
        self.left, self.reads = deaths, 0
        self.died = asyncio.Event()
        self._to_thread = asyncio.to_thread
        monkeypatch.setattr(turn.asyncio, "to_thread", self.to_thread)

    async def to_thread(self, work: Any, *args: Any) -> Any:
        if "read_screenplay" not in repr(work):
            return await self._to_thread(work, *args)
        self.reads += 1
        if self.left:
            self.left -= 1
            self.died.set()
            await asyncio.Event().wait()
        return await self._to_thread(work, *args)


async def killed_in_import(ledger: MemoryLedger, host: str, dying: Dying, depose: str | None = None) -> None:
    it = Story(ledger, host, unattended_ms=3_600_000)
    await it.runtime.start()
    dying.died.clear()
    if depose is None:
        asking = asyncio.ensure_future(it.ask(HOME, IMPORT, "import"))
    else:
        asking = asyncio.ensure_future(it.runtime.open(HOME, create=True, depose=depose))  # type: ignore[arg-type]
    async with asyncio.timeout(10):
        await dying.died.wait()
    await it.runtime.kill()
    with contextlib.suppress(LedgerError, CommandError):
        await asking


async def test_a95_killed_between_record_and_effect_it_happens_once_on_the_next_owner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A-95: nobody asks again, and it is done; who does ask again gets that answer."""
    ledger, dying = MemoryLedger(), Dying(monkeypatch, 1)
    await killed_in_import(ledger, "h1", dying)
    assert [entry.tries for entry in await rows(ledger, INBOX)] == [1]
    assert await ledger.view("project", HOME) is None
    async with story(ledger, "h22") as second:
        await second.runtime.open(HOME, create=True, depose="h1-1")

        async def made() -> bool:
            return await ledger.view("project", HOME) is not None

        await until(made)
        assert await rows(ledger, INBOX) == []
        answer = await second.ask(HOME, IMPORT, "import")
        assert (answer.replayed, answer.ids["project"]) == (True, HOME)
    types = [row.type for row in await ledger.read(HOME)]
    assert (types.count("project.created"), types.count("scene.created"), dying.reads) == (1, 2, 2)


async def test_a95_a_retry_that_comes_before_the_replay_is_the_same_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-95: whichever of the two is first, one effect and one answer."""
    ledger, dying = MemoryLedger(), Dying(monkeypatch, 1)
    await killed_in_import(ledger, "h1", dying)
    async with story(ledger, "h22") as second:
        opening = asyncio.ensure_future(second.runtime.open(HOME, create=True, depose="h1-1"))
        answers = [asyncio.ensure_future(second.ask(HOME, IMPORT, "import")) for _ in range(3)]
        await opening
        found = await asyncio.gather(*answers)
        assert len({answer.sequence for answer in found}) == 1
        assert await rows(ledger, INBOX) == []
    assert [row.type for row in await ledger.read(HOME)].count("project.created") == 1


async def test_a95_a_home_that_nobody_asks_for_again_is_opened_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-95: also when the project does not exist yet and its sender never comes back."""
    ledger, dying = MemoryLedger(), Dying(monkeypatch, 1)
    first = Story(ledger, "h1", lease_ttl_ms=1_500, lease_margin_ms=100)
    await first.runtime.start()
    asking = asyncio.ensure_future(first.ask(HOME, IMPORT, "import"))
    async with asyncio.timeout(10):
        await dying.died.wait()
    await first.runtime.kill()
    with contextlib.suppress(LedgerError):
        await asking
    async with story(ledger, "h22", unattended_ms=50):

        async def made() -> bool:
            return await ledger.view("project", HOME) is not None

        await until(made)
    assert await rows(ledger, INBOX) == []


async def test_a95_a_command_that_ends_its_owners_is_parked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-95: after that many ownerships it waits for a person, is said so to its sender, and can be put back."""
    ledger, dying = MemoryLedger(), Dying(monkeypatch, TRIES_MAX)
    await killed_in_import(ledger, "h1", dying)
    for n in range(2, TRIES_MAX + 1):
        before = "h" * (n - 1) + "1"
        await killed_in_import(ledger, "h" * n + "1", dying, depose=f"{before}-1")
    last = "h" * TRIES_MAX + "1"
    async with story(ledger, "survivor") as it:
        await it.runtime.open(HOME, create=True, depose=f"{last}-1")

        async def parked() -> bool:
            return bool(await rows(ledger, DEAD))

        await until(parked)
        assert (await rows(ledger, INBOX), dying.reads) == ([], TRIES_MAX)
        (entry,) = await rows(ledger, DEAD)
        assert (entry.kind, entry.type, entry.problem) == ("command", "project.import", "POISON")
        with pytest.raises(CommandError, match="PARKED"):
            await it.ask(HOME, IMPORT, "import")
        home = it.runtime.owned(HOME)
        assert home is not None
        await home.put_back(entry.id, None)

        async def made() -> bool:
            return await ledger.view("project", HOME) is not None

        await until(made)
        assert (await rows(ledger, DEAD), await rows(ledger, INBOX)) == ([], [])


async def test_a95_a_refusal_is_an_end_and_leaves_no_trace() -> None:
    """A-95: what is refused after it was recorded is not begun again."""
    ledger = MemoryLedger()
    async with story(ledger) as it:
        home = await it.bring(PLAY, key="import")
        with pytest.raises(CommandError, match="ALREADY_EXISTS"):
            await it.ask(home, ImportScreenplay("Ferry", PLAY + "\nMore.\n", "FOUNTAIN"), "other")
        assert await rows(ledger, INBOX) == []


async def test_a95_a_live_owner_whose_ledger_refused_ends_it_itself() -> None:
    """A-95: recorded, not committed, and the process lives: it is begun again without anybody."""
    ledger = MemoryLedger()
    async with story(ledger, rescan_ms=10) as it:
        original = read_screenplay

        def failing(text: str) -> ProjectDraft:
            ledger.fail_next()
            project_actor.read_screenplay = original
            return original(text)

        project_actor.read_screenplay = failing
        with pytest.raises(LedgerError):
            await it.ask(HOME, IMPORT, "import")
        assert len(await rows(ledger, INBOX)) == 1
        home = it.runtime.owned(HOME)
        assert home is not None
        home.inbox._begun.clear()  # as five seconds later

        async def made() -> bool:
            return await ledger.view("project", HOME) is not None and not await rows(ledger, INBOX)

        await until(made)


async def test_a95_short_commands_stay_one_append() -> None:
    """A-95: recording and effect are the same append, with the stored answer in it."""
    ledger = MemoryLedger()
    async with story(ledger) as it:
        home = await it.create()
        scene = (await it.ask(home, CreateScene("INT. ATTIC - NIGHT"))).ids["scene"]
        seen: list[Any] = []

        async def watch(append: Any) -> None:
            seen.append(append)

        ledger.delay = watch
        await it.ask(home, LockScene(scene), "lock")
        mine = [append for append in seen if append.response is not None]
        assert len(mine) == 1
        assert not [view for append in seen for view in append.views if view.kind == INBOX]
