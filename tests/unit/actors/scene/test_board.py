"""The storyboard gate over a real runtime: picks by shot, votes, deadlines, frames drawn anew."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pycrdt
import pytest

from actors.commands import CommandError, CreateScene, GenerateScene, PickPanel, RetryJob, ReviseBoard, VotePanel
from actors.scene import board
from actors.scene.actor import SceneActor
from actors.scene.job import Job
from actors.scene.views import job_view
from actors.views import OPEN_JOB, WAITS_FOR_PEOPLE, JobView, order_ms
from collab import wire
from collab.session import Access
from gpu.steps import Step
from storage.codec import decode
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Attempt, AttemptState
from tests.unit.actors.scene.test_generation import SCRIPT, Scene
from tests.unit.actors.scene.worker import SmallWorker, media
from tests.unit.actors.story import Story, story
from tests.unit.collab.stage import ANA, Wire

pytestmark = pytest.mark.unit

LONGER = SCRIPT + "\nMARA (30) comes in, wet.\n\nMARA\nIt is raining.\n\nEDWARD\nThen stay.\n\nShe sits down.\n"


def drawn(_attempt: Attempt, request: dict[str, Any]) -> dict[str, Any]:
    """Every planned frame; its content is its prompt and seed."""
    panels = []
    for shot, candidate in request["frames"]:
        seed = request["seeds"].get(str(shot), request["seed"])
        content = f"{seed}/{shot}/{candidate}/{request['enhanced']['shot_prompts'][shot]}"
        key = f"{request['prefix']}/{shot}-{candidate}.jpg"
        panels.append({"shot": shot, "candidate": candidate, "key": key, "sha256": content, "bytes": 1})
    return {"panels": panels}


class Gate(Scene):
    def __init__(self, it: Story, home: str, scene: str) -> None:
        super().__init__(it, home, scene)
        self.worker.answers["storyboard"] = drawn

    async def board(self, **how: Any) -> str:
        """A job that waits for people."""
        job = await self.generate(seed="42", **how)
        asks_first = how.get("candidates") is None
        await self.steps(Step.ENHANCE, *([Step.CACHE] if asks_first else []), Step.STORYBOARD)
        assert (await self.job(job)).state == "PREVIEW_READY"
        return job

    async def panels(self, job: str) -> dict[tuple[int, int], dict[str, Any]]:
        return {(p["shot"], p["candidate"]): p for p in (await self.job(job)).panels}

    async def pick(self, job: str, panel: dict[str, Any], **how: Any) -> None:
        await self.it.ask(self.home, PickPanel(self.scene, job, panel["id"], **how))

    async def vote(self, job: str, panel: dict[str, Any], who: str, vote: bool = True) -> None:
        await self.it.ask(self.home, VotePanel(self.scene, job, panel["id"], vote, who.title()), principal=who)

    async def revise(self, job: str, *shots: int, note: str = "", seed: str | None = None) -> None:
        await self.it.ask(self.home, ReviseBoard(self.scene, job, shots, note, seed))

    async def video(self) -> dict[str, Any]:
        """The request of the video attempt, claimed."""
        await self.step(Step.CACHE)
        attempt = await self.worker.claim(Step.VIDEO)
        assert attempt is not None
        request: dict[str, Any] = decode(attempt.request)
        return request

    def patience(self) -> asyncio.Timeout:
        return asyncio.timeout(20)

    async def votes(self, job: str) -> dict[tuple[int, int], int]:
        return {at: p["votes"] for at, p in (await self.panels(job)).items() if p["votes"]}


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    async with story() as it:
        home = await it.create()
        made = await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", LONGER))
        yield Gate(it, home, made.ids["scene"])


async def test_g180_every_shot_has_frames_and_the_key_shot_s_come_first(gate: Gate) -> None:
    """G-180: panels carry shot and candidate; the first ones are the key shot's, for whoever takes the first."""
    seen = await gate.job(await gate.board())
    shots = len(seen.shots)
    assert shots > 2
    key = seen.panels[0]["shot"]
    assert [(p["shot"], p["candidate"]) for p in seen.panels[:4]] == [(key, n) for n in range(4)]
    assert {p["shot"] for p in seen.panels} == set(range(shots))
    assert len({p["id"] for p in seen.panels}) == len(seen.panels)
    assert all(each["words"] and each["picked"] is None for each in seen.shots)
    (request,) = [decode(a.request) for a in gate.worker.done if a.step == Step.STORYBOARD]
    assert request["frames"][:4] == [[key, n] for n in range(4)]


async def test_g180_a_board_older_than_shots_is_of_its_key_shot(gate: Gate) -> None:
    """G-180: panels that name no shot, as jobs of an earlier version have them, are the key shot's."""
    job = await gate.board()
    key = (await gate.job(job)).panels[0]["shot"]
    home = gate.it.runtime.owned(gate.home)
    assert home is not None
    actor = home.find(gate.scene)
    assert isinstance(actor, SceneActor)
    old = actor.jobs[job]
    old.panels = [{n: p[n] for n in ("id", "candidate", "key", "seed")} for p in old.panels if p["shot"] == key]
    shown = job_view(gate.home, gate.scene, Job.from_dict(old.to_dict())).body
    assert isinstance(shown, JobView)
    assert [(p["shot"], p["candidate"], p["picked"]) for p in shown.panels] == [(key, n, False) for n in range(4)]
    await gate.pick(job, old.panels[1])
    request = await gate.video()
    assert (request["candidate"], request["frames"][key]["candidate"]) == (1, 1)


async def test_g180_a_request_says_how_many(gate: Gate) -> None:
    """G-180: of each shot, within bounds."""
    seen = await gate.job(await gate.board(candidates=2))
    assert sorted((p["shot"], p["candidate"]) for p in seen.panels) == [
        (s, c) for s in range(len(seen.shots)) for c in (0, 1)
    ]
    for wrong in (0, 9):
        with pytest.raises(CommandError, match="candidates"):
            await gate.generate(candidates=wrong)


async def test_g184_one_pick_decides_the_scene(gate: Gate) -> None:
    """G-184: whoever clicks one frame sees the film begin; shots nobody decided follow its candidate, and each frame's
    content is in the recipe and in the video's request."""
    job = await gate.board()
    panels = await gate.panels(job)
    key = next(iter(panels))[0]
    await gate.pick(job, panels[key, 1])
    assert (await gate.job(job)).state == "PROCESSING"
    request = await gate.video()
    assert (request["candidate"], request["panel_key"]) == (1, panels[key, 1]["key"])
    for frame in request["frames"]:
        panel = panels.get((frame["shot"], 1))
        assert frame["candidate"] == 1
        assert (frame["key"], frame["sha256"]) == ((panel["key"], panel["sha256"]) if panel else (None, None))
    assert all("candidate" not in shot for shot in request["enhanced"]["shots"])
    await gate.worker.finish(next(a for a in await gate.it.ledger.attempts(gate.home) if a.step == Step.VIDEO))
    with pytest.raises(CommandError, match="ALREADY_PICKED"):
        await gate.pick(job, panels[key, 0])


async def test_g185_a_team_decides_shot_by_shot(gate: Gate) -> None:
    """G-185: each shot's first pick stands; the film begins with the last, every shot as it was picked."""
    job = await gate.board(candidates=2)
    panels = await gate.panels(job)
    shots = sorted({shot for shot, _ in panels})
    for shot in shots[:-1]:
        await gate.pick(job, panels[shot, shot % 2], go_on=False)
        with pytest.raises(CommandError, match="ALREADY_PICKED"):
            await gate.pick(job, panels[shot, 1 - shot % 2], go_on=False)
        seen = await gate.job(job)
        assert (seen.state, seen.shots[shot]["picked"]) == ("PREVIEW_READY", panels[shot, shot % 2]["id"])
    last = shots[-1]
    await gate.pick(job, panels[last, last % 2], go_on=False)
    seen = await gate.job(job)
    assert seen.state == "PROCESSING"
    assert {(p["shot"], p["candidate"]) for p in seen.panels if p["picked"]} == {(s, s % 2) for s in shots}
    request = await gate.video()
    assert [f["candidate"] for f in request["frames"]] == [s % 2 for s in shots]
    own = [shot.get("candidate", request["candidate"]) for shot in request["enhanced"]["shots"]]
    assert own == [s % 2 for s in shots]


async def test_g185_a_film_may_begin_with_some_shots_decided(gate: Gate) -> None:
    """G-185: what was decided stays; a shot with votes follows its leader, the rest the picked candidate."""
    job = await gate.board(candidates=3)
    panels = await gate.panels(job)
    key = next(iter(panels))[0]
    decided, voted, *rest = [shot for shot in sorted({s for s, _ in panels}) if shot != key]
    await gate.pick(job, panels[decided, 2], go_on=False)
    await gate.vote(job, panels[voted, 0], "usr_anna")
    await gate.pick(job, panels[key, 1])
    request = await gate.video()
    at = {frame["shot"]: frame["candidate"] for frame in request["frames"]}
    assert at == {decided: 2, voted: 0, key: 1, **dict.fromkeys(rest, 1)}


async def test_g183_one_vote_a_person_and_panel(gate: Gate) -> None:
    """G-183: a second vote of the same person changes nothing, taking it back does, and a name in a key is no proof."""
    job = await gate.board()
    panels = await gate.panels(job)
    first, second = list(panels)[:2]
    for who in ("usr_anna", "usr_anna", "usr_ben"):
        await gate.vote(job, panels[first], who)
    await gate.vote(job, panels[second], "usr_ben")
    assert await gate.votes(job) == {first: 2, second: 1}
    await gate.vote(job, panels[first], "usr_ben", vote=False)
    assert await gate.votes(job) == {first: 1, second: 1}
    with pytest.raises(CommandError, match="no such panel"):
        await gate.vote(job, {"id": "pnl_x"}, "usr_ben")


async def test_g183_votes_that_browsers_write_are_counted_by_who_wrote_them(gate: Gate) -> None:
    """G-183: the count follows the notes within the pause of a settled document; a forged name counts for nobody."""
    job = await gate.board()
    panels = await gate.panels(job)
    first, second = list(panels)[:2]
    home = gate.it.runtime.owned(gate.home)
    assert home is not None
    room = await home.room(f"notes:{gate.scene}")
    session = room.join(Wire(), "usr_ana", Access.COMMENT, ANA)
    mine: pycrdt.Doc[Any] = pycrdt.Doc(client_id=77)
    votes = mine.get("votes", type=pycrdt.Map)
    votes[f"{panels[first]['id']}/usr_ana"] = pycrdt.Map({"name": "Ana", "at": 1})
    votes[f"{panels[second]['id']}/usr_ben"] = pycrdt.Map({"name": "Ben", "at": 1})
    session.receive(wire.sync_update(mine.get_update()))
    async with gate.patience():
        while await gate.votes(job) != {first: 1}:
            await gate.it.turned()
    session.closed()


async def test_g186_the_deadline_is_durable_and_the_votes_decide(gate: Gate) -> None:
    """G-186: the board says until when; then the most voted frame wins, the lowest candidate of several."""
    job = await gate.board(pick_within_s=600)
    seen = await gate.job(job)
    assert seen.pick_by_ms is not None
    (row,) = await gate.it.ledger.views(OPEN_JOB)
    assert row.order_key == order_ms(seen.pick_by_ms)
    panels = await gate.panels(job)
    key = next(iter(panels))[0]
    for who, candidate in (("usr_anna", 3), ("usr_ben", 2), ("usr_cy", 3), ("usr_cy", 2), ("usr_dee", 1)):
        await gate.vote(job, panels[key, candidate], who)
    home = gate.it.runtime.owned(gate.home)
    assert home is not None
    home.ring()
    await home.activation(gate.scene).idle()
    assert (await gate.job(job)).state == "PREVIEW_READY"
    later = seen.pick_by_ms
    home.now_ms = lambda: later
    home.ring()
    await home.activation(gate.scene).idle()
    seen = await gate.job(job)
    assert (seen.state, seen.pick_by_ms) == ("PROCESSING", None)
    assert {p["candidate"] for p in seen.panels if p["picked"] and p["shot"] == key} == {2}
    rows = [decode(row.body) for row in await gate.it.ledger.read(gate.home) if row.type == "job.picked"]
    assert [each["by"] for each in rows] == [board.DEADLINE]


async def test_g186_a_deadline_passes_while_nobody_has_the_project_open() -> None:
    """G-186: its host is dead and nobody comes; whoever lives opens the project when the board is due, not before."""
    shifted = [0]
    wall = MemoryLedger()._clock
    ledger = MemoryLedger(lambda: wall() + shifted[0])
    first = Story(ledger, "h1", lease_ttl_ms=1_500, lease_margin_ms=100)
    await first.runtime.start()
    home = await first.create()
    scene = Gate(first, home, (await first.ask(home, CreateScene("INT. KITCHEN - NIGHT", LONGER))).ids["scene"])
    job = await scene.board(pick_within_s=3600)
    await scene.vote(job, (await scene.panels(job))[next(iter(await scene.panels(job)))[0], 2], "usr_ben")
    await first.runtime.kill()
    await ledger.retire("h1", "h1-1")
    async with story(ledger, "h22", unattended_ms=20) as second:
        await second.runtime._look_for_unattended()
        assert second.runtime.owned(home) is None
    shifted[0] = 3600_000
    async with story(ledger, "h333", unattended_ms=20) as third:
        await third.until(lambda: third.runtime.owned(home) is not None)
        async with scene.patience():
            while (await scene.job(job)).state == "PREVIEW_READY":
                await third.turned()
        seen = await scene.job(job)
        assert {p["candidate"] for p in seen.panels if p["picked"]} >= {2}


async def test_g186_a_board_may_wait_for_ever(gate: Gate) -> None:
    """G-186: 0 is no deadline; such a job is due to no host. Bounds are refused by name."""
    await gate.board(pick_within_s=0)
    (row,) = await gate.it.ledger.views(OPEN_JOB)
    assert row.order_key == WAITS_FOR_PEOPLE
    with pytest.raises(CommandError, match="pickWithinS"):
        await gate.generate(pick_within_s=5)


async def test_g187_nothing_is_held_while_people_choose(gate: Gate) -> None:
    """G-187: at PREVIEW_READY no attempt row is open or claimed, whoever votes; a worker finds nothing to do."""
    job = await gate.board()
    await gate.vote(job, next(iter((await gate.panels(job)).values())), "usr_ben")
    rows = await gate.it.ledger.attempts(gate.home)
    assert {row.state for row in rows} == {AttemptState.DONE}
    assert await gate.worker.claim() is None


async def test_g188_frames_are_drawn_anew_with_words(gate: Gate) -> None:
    """G-188: only the named shots, the note in their prompt; the older frames stay, and a fresh deadline begins. The
    note of a picked frame is in the film, that of a frame nobody picked is not."""
    job = await gate.board(candidates=2, pick_within_s=600)
    before = await gate.panels(job)
    shot = next(s for s, _ in before if s != next(iter(before))[0])
    await gate.revise(job, shot, note="closer, and let it rain")
    assert (await gate.job(job)).state == "PROCESSING"
    assert (await gate.job(job)).pick_by_ms is None
    await gate.step(Step.STORYBOARD)
    request = decode(gate.worker.done[-1].request)
    assert request["frames"] == [[shot, 0], [shot, 1]]
    assert request["enhanced"]["shot_prompts"][shot].endswith("closer, and let it rain")
    seen = await gate.job(job)
    assert (seen.state, seen.pick_by_ms is not None) == ("PREVIEW_READY", True)
    after = await gate.panels(job)
    assert {at for at in after if after[at]["id"] != before[at]["id"]} == {(shot, 0), (shot, 1)}
    assert [p["id"] for p in seen.earlier_panels] == [before[shot, 0]["id"], before[shot, 1]["id"]]
    assert seen.shots[shot]["note"] == after[shot, 0]["note"] == "closer, and let it rain"
    await gate.pick(job, after[shot, 1])
    film = await gate.video()
    assert film["enhanced"]["shots"][shot]["size"] == "CU"
    assert film["frames"][shot]["sha256"] == after[shot, 1]["sha256"]
    for prompt in (film["enhanced"]["prompt"], film["enhanced"]["shot_prompts"][shot]):
        assert prompt.endswith("closer, and let it rain")


async def test_g188_an_earlier_frame_may_still_be_picked(gate: Gate) -> None:
    """G-188: then the film is made as that frame was: without the later words, with its own seed."""
    job = await gate.board(candidates=1)
    (at, first), *_ = (await gate.panels(job)).items()
    await gate.revise(job, at[0], seed="7")
    await gate.step(Step.STORYBOARD)
    again = (await gate.panels(job))[at]
    assert (again["seed"], again["sha256"] != first["sha256"]) == ("7.0", True)
    await gate.revise(job, at[0], note="at night")
    await gate.step(Step.STORYBOARD)
    await gate.pick(job, again)
    film = await gate.video()
    assert "at night" not in film["enhanced"]["prompt"]
    assert (film["enhanced"]["shots"][at[0]]["seed"], film["seed"]) == (7, 42)
    assert film["frames"][at[0]]["key"] == again["key"]


async def test_g188_without_words_it_is_another_seed(gate: Gate) -> None:
    """G-188: asking again without anything does not draw the same frames."""
    job = await gate.board(candidates=1)
    (at, first), *_ = (await gate.panels(job)).items()
    await gate.revise(job, at[0])
    await gate.step(Step.STORYBOARD)
    assert (await gate.panels(job))[at]["sha256"] != first["sha256"]


async def test_g188_drawing_anew_is_bounded_and_fails_as_a_step_does(gate: Gate, monkeypatch: Any) -> None:
    """G-188: unknown shots, decided ones and too many rounds are refused; a lost GPU fails the job, a retry draws."""
    monkeypatch.setattr(board, "REVISIONS_MAX", 1)
    job = await gate.board(candidates=1)
    panels = await gate.panels(job)
    for shots in ((), (-1,), (99,)):
        with pytest.raises(CommandError, match="BAD_SHOTS"):
            await gate.revise(job, *shots)
    await gate.pick(job, panels[0, 0], go_on=False)
    with pytest.raises(CommandError, match="ALREADY_PICKED"):
        await gate.revise(job, 0)
    gate.worker.answers["storyboard"] = lambda a, r: {"error": {"code": "X", "message": "no", "retryable": False}}
    await gate.revise(job, 1, note="wider")
    await gate.step(Step.STORYBOARD)
    assert (await gate.job(job)).state == "FAILED"
    gate.worker.answers["storyboard"] = drawn
    await gate.it.ask(gate.home, RetryJob(gate.scene, job))
    await gate.step(Step.STORYBOARD)
    seen = await gate.job(job)
    assert (seen.state, seen.shots[0]["picked"]) == ("PREVIEW_READY", panels[0, 0]["id"])
    assert (await gate.panels(job))[1, 0]["note"] == "wider"
    with pytest.raises(CommandError, match="TOO_MANY_REVISIONS"):
        await gate.revise(job, 1)


async def test_g189_a_recipe_says_which_frames_were_seen(gate: Gate) -> None:
    """G-189: the same pick of the same frames asks the cache for the same take, whatever their keys are; other content
    of a picked frame does not, nor does a note."""
    asked, recipes = [], []
    for note in ("", "", "wider"):
        job = await gate.board(candidates=1)
        if note:
            await gate.revise(job, 1, note=note)
            await gate.step(Step.STORYBOARD)
        await gate.pick(job, (await gate.panels(job))[1, 0])
        attempt = await gate.worker.claim(Step.CACHE)
        assert attempt is not None
        asked.append(decode(attempt.request)["recipe_hash"])
        gate.worker.answers["cache"] = lambda a, r: {"verdict": "hit", "take": media("kept")}
        await gate.worker.finish(attempt)
        await gate.seen(attempt.id)
        take = next(t for t in await gate.takes() if t.job == job)
        recipes.append(json.loads(take.recipe)["frames"])
    assert asked[0] == asked[1] != asked[2]
    assert recipes[0][1]["sha256"] == recipes[1][1]["sha256"] != recipes[2][1]["sha256"]
    assert recipes[0][1]["key"] != recipes[1][1]["key"]
    assert all(len(each) == len(recipes[0]) and all(frame["key"] for frame in each) for each in recipes)


async def test_g13_a_board_goes_on_in_another_process(gate: Gate) -> None:
    """G-13: picks, votes, notes and deadline of a half decided board are the next owner's as they were."""
    job = await gate.board(candidates=2, pick_within_s=600)
    panels = await gate.panels(job)
    await gate.pick(job, panels[0, 1], go_on=False)
    await gate.vote(job, panels[1, 1], "usr_ben")
    await gate.revise(job, 2, note="wider")
    attempt = await SmallWorker(gate.it.ledger).claim()
    assert attempt is not None
    gate.worker.name = "w1"
    await gate.worker.finish(attempt)
    await gate.it.runtime.kill()
    await gate.it.ledger.retire("h1", "h1-1")
    async with story(gate.it.ledger, "h2") as other:
        gate.it = other
        home = await other.runtime.open(gate.home)
        await home.activation(gate.scene).loaded()
        await home.activation(gate.scene).idle()
        seen = await gate.job(job)
        assert (seen.state, seen.shots[0]["picked"]) == ("PREVIEW_READY", panels[0, 1]["id"])
        assert (await gate.votes(job), seen.shots[2]["note"]) == ({(1, 1): 1}, "wider")


async def test_g186_generate_takes_the_installation_s_patience(gate: Gate) -> None:
    """G-186: where the request says nothing, the board has as long as the installation gives it."""
    job = (await gate.it.ask(gate.home, GenerateScene(gate.scene))).ids["job"]
    await gate.steps(Step.ENHANCE, Step.CACHE, Step.STORYBOARD)
    by = (await gate.job(job)).pick_by_ms
    assert by is not None
    assert abs(by - await gate.it.ledger.now_ms() - board.PICK_WITHIN_S * 1000) < 60_000
