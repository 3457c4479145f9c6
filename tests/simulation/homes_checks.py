"""What must be true of the homes of a world once everything has healed.

Owns no state: compares the ledger with what people were told. Acknowledged is for ever · one writer · replay is live ·
one effect a key · a job ends once · nothing is left running.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Any

from actors.commands import CreateScene
from actors.continuity.actor import ContinuityActor
from actors.graphs.messages import GRAPH
from actors.kinds import ProjectKinds
from actors.project.actor import CONTINUITY
from actors.rebuild import Rebuilt
from actors.runtime.facts import fact_of
from actors.runtime.home import Home
from actors.scene.gate import judge
from actors.scene.reading import words_of
from actors.tableread.table import Line
from actors.tableread.views import TABLE_LINE, TableLineView
from actors.workflow.messages import WORKFLOW
from actors.workflow.steps import SPECS
from storage.codec import decode
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Kind, Snapshot
from storage.ledger.seal import unseal
from tests.simulation.clock import VirtualLoop

if TYPE_CHECKING:
    from tests.simulation.homes_world import World


async def check(world: World, homes: list[str]) -> None:
    for home in homes:
        await _check_log(world, home)
        await _check_replay(world, home)
        await _check_jobs(world, home)
        await _check_held(world, home)
        await _check_tables(world, home)
        await _check_workflows(world, home)
    await _check_told(world)
    assert not world.faults, world.faults


async def _check_log(world: World, home: str) -> None:
    rows = await world.ledger.read(home, limit=1_000_000)
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1)), "sequences have gaps"
    epochs = [row.epoch for row in rows]
    assert epochs == sorted(epochs), "an old epoch wrote after a new one"
    first = {row.epoch: row for row in reversed(rows)}
    owners = [row for row in rows if row.kind is Kind.OWNERSHIP]
    assert [row.seq for row in owners] == sorted(row.seq for row in first.values()), "an epoch without its owner"
    made = Counter(row.type for row in rows if row.doc == "@project")
    assert made["project.created"] == 1, f"the project was made {made['project.created']} times"


async def _opened(world: World, home: str) -> Home:
    """The home where it lives; opened anew if its host gave it back since it was calm."""
    for host in world.hosts:
        if (found := host.runtime.owned(home)) is not None:
            return found
    for host in world.hosts:
        with contextlib.suppress(LedgerError):
            return await host.open(home)
    raise AssertionError(f"no host can open {home}")


async def _check_replay(world: World, home: str) -> None:
    """Folding the log from its first row gives the live state; so does each kept snapshot and what came after it."""
    opened = await _opened(world, home)
    for id in [home, "@continuity", WORKFLOW, GRAPH, *(s.id for s in opened.find(home).scenes_in_order())]:  # type: ignore[union-attr]
        activation = opened.activation(id)
        await activation.loaded()
        live = activation.actor
        state, seq = live.dump(), live.seq
        assert await _folded(world, opened, id, None, seq) == state, f"replay of {id} differs"
        kept = await world.ledger.snapshot(home, live.stream)
        if kept is not None:
            assert await _folded(world, opened, id, kept, seq) == state, f"a snapshot of {id} and its tail differ"


async def _folded(world: World, opened: Home, id: str, kept: Snapshot | None, upto: int) -> dict[str, Any]:
    actor = ProjectKinds().make(opened.id, id, opened.find)
    if kept is not None:
        actor.load(decode(unseal(kept).body))
    after = 0 if kept is None else kept.seq
    rows = await world.ledger.read(
        opened.id, doc=actor.stream, after=after, upto=upto, kinds=(Kind.EVENT,), limit=1_000_000
    )
    actor.fold(fact_of(row) for row in rows)
    return actor.dump()


async def _check_jobs(world: World, home: str) -> None:
    rows = await world.ledger.read(home, limit=1_000_000, kinds=(Kind.EVENT,))
    ended = Counter(decode(row.body)["job"] for row in rows if row.type == "job.final_ready")
    assert not [job for job, count in ended.items() if count > 1], "a job ended twice"
    takes = Counter(decode(v.body or b"")["job"] for v in await world.ledger.views("take", home=home, limit=10_000))
    assert takes == Counter(ended), "takes and ended jobs differ"


async def _check_held(world: World, home: str) -> None:
    """A job comes through the gate once for each time it was written; one that is held still has an error of its own,
    else somebody forgot to tell it; and whatever was corrected is in the script in the same append."""
    rows = await world.ledger.read(home, limit=1_000_000, kinds=(Kind.EVENT,))
    told = Counter((decode(row.body)["job"], row.type) for row in rows if row.type.startswith("job."))
    for job, type in told:
        if type == "job.continuity_checked":
            assert told[job, type] == 1, "a job was let through twice"
    continuity, rebuilt = (await _opened(world, home)).find(CONTINUITY), Rebuilt(home)
    assert isinstance(continuity, ContinuityActor), "a home without its script supervisor"
    for row in rows:
        rebuilt.add(row)
    for scene, job in rebuilt.jobs.values():
        story = continuity.story()
        if job.held is not None and not job.held["fixed"] and story is not None:
            words = words_of(job, (await (await _opened(world, home)).room(f"scene:{scene}")).text("script"))
            found = judge(story, scene, *words, {*continuity.waivers, *job.waived})
            assert found.errors, f"{job.id} is held for nothing"


async def _check_tables(world: World, home: str) -> None:
    """Every line that was said is answered, once; a proposal is decided once; rows are what the log says."""
    rows = await world.ledger.read(home, limit=1_000_000, kinds=(Kind.EVENT,))
    told = [(row.type, decode(row.body)) for row in rows if row.type.startswith("table.")]
    said = [data["line"] for type, data in told if type == "table.said"]
    answered = [data["line"] for type, data in told if type == "table.answered"]
    assert sorted(answered) == sorted(said), "a line is not answered once"
    decided = Counter(data["proposal"] for type, data in told if type == "table.accepted")
    assert all(count == 1 for count in decided.values()), "a proposal was taken twice"
    rebuilt = Rebuilt(home)
    for row in rows:
        rebuilt.add(row)
    lines = {line.id: line.to_dict() for scene in rebuilt.scenes.values() for line in scene.table.lines.values()}
    kept = await world.ledger.views(TABLE_LINE, home=home, limit=10_000)
    seen = [TableLineView.from_blob(row.body or b"").line for row in kept]
    assert {each["id"]: Line.from_dict(each).to_dict() for each in seen} == lines, "rows and log differ"


async def _check_workflows(world: World, home: str) -> None:
    """Every step of every workflow has one result, and those that began have ended."""
    rows = await world.ledger.read(home, limit=1_000_000, kinds=(Kind.EVENT,))
    results = {spec.event for spec in SPECS.values()}
    told = [decode(row.body) for row in rows if row.type in results]
    steps = Counter((data["workflow"], data["step"]) for data in told)
    assert all(count == 1 for count in steps.values()), f"a step has two results: {steps}"
    began = {view.id for view in await world.ledger.views("workflow", home=home, limit=10_000)}
    assert {workflow for workflow, _ in steps} <= began, "a step of a workflow that never began"


async def _check_told(world: World) -> None:
    headings: Counter[tuple[str, str]] = Counter()
    for home in {envelope.home for envelope, _ in world.told.answers.values()}:
        for row in await world.ledger.read(home, limit=1_000_000, doc="@project", kinds=(Kind.EVENT,)):
            if row.type == "scene.created":
                headings[home, decode(row.body)["heading"]] += 1
    assert all(count == 1 for count in headings.values()), "a command had two effects"
    for (principal, key), (envelope, answer) in world.told.answers.items():
        stored = await world.ledger.response(envelope.home, principal, key)
        assert stored is not None, f"{key} was acknowledged and is gone"
        assert decode(stored.body)["ids"] == answer.ids, f"the answer to {key} is another one now"
        if isinstance(envelope.command, CreateScene):
            assert headings[envelope.home, envelope.command.heading] == 1, f"{key} is answered, its scene is not there"
    for (home, doc), marks in world.told.marks.items():
        opened = await _opened(world, home)
        text = (await opened.room(doc)).text("script")
        missing = [mark for mark in marks if text.count(mark) != 1]
        assert not missing, f"acknowledged words are not there once: {missing}"


def check_nothing_runs(world: World) -> None:
    """After the last host has stopped: no task but those of the dead, no timer, no error that nobody saw."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    dead = {task for host in world.everyone if not host.process.alive for task in host.process.pending()}
    left = asyncio.all_tasks() - dead - {asyncio.current_task()}
    assert not left, f"left running: {left}"
    for host in world.hosts:
        assert not loop.timers_of(host.process), f"left ordered: {loop.timers_of(host.process)}"
    assert not loop.faults, loop.faults
