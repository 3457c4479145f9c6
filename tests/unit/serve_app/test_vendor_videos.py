"""The step that renders with a vendor, against a real HTTP vendor on loopback that misbehaves on demand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from gpu.enhance.protocol import EnhancedScene
from gpu.media.probe import probe
from gpu.video.protocol import Look, Shot
from gpu.video.videos_api import VideosApi
from gpu.video.videos_api_clips import Clip, start_keys
from gpu.video.videos_api_wire import Endpoint
from serve_app.steps.stores import StepStores
from serve_app.steps.video_vendors import VendorVideo
from serve_app.worker import Lane, StepFailed, Worker
from storage.cache.sqlite import SqliteExactCache
from storage.codec import decode, encode
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Append, Attempt, AttemptState, HostRow, NewAttempt
from storage.objects.local import LocalObjects
from tests.vendor import KEY, Vendor, serving

pytestmark = pytest.mark.unit

HOME, PANEL = "prj_vendor0000", "assets/panels/one/0.jpg"
RECIPE = "ab" * 32


class Died(BaseException):
    """The worker's process is gone, between two steps of the step."""


class Row:
    """A `Report` on a row of our own. `dies_…`: which call of `stored` it does not survive, on which side of it."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self.told: list[tuple[float, str]] = []
        self.stopped = self.wanted = False
        self.dies_before, self.dies_after = -1, -1

    def __call__(self, progress: float, message: str, partial: dict[str, Any] | None = None) -> None:
        self.told.append((progress, message))

    def cancelled(self) -> bool:
        return self.stopped

    def durable(self, partial: dict[str, Any]) -> None:
        raise AssertionError("this step runs on the loop")

    async def stored(self, partial: dict[str, Any]) -> None:
        if len(self.kept) == self.dies_before:
            raise Died
        self.kept.append(decode(encode(partial)))
        if len(self.kept) - 1 == self.dies_after:
            raise Died

    async def unwanted(self) -> bool:
        return self.stopped and not self.wanted


def scene(*seconds: float) -> EnhancedScene:
    shots = tuple(Shot(n, s, "KITCHEN", True) for n, s in enumerate(seconds))
    prompts = tuple(f"shot {n} of a kitchen" for n in range(len(seconds)))
    return EnhancedScene(shots, prompts, "a kitchen at night", "text", Look(), "thriller", 1, "grammar", 1, 7)


class Shop:
    """Stores, a vendor, and the step between them."""

    def __init__(self, folder: Path, vendor: Vendor) -> None:
        self.vendor = vendor
        self.objects = LocalObjects(folder / "objects")
        self.cache = SqliteExactCache(folder / "cache.db")
        self.apis: list[VideosApi] = []

    def step(self, **more: Any) -> VendorVideo:
        base: dict[str, Any] = {"seconds": (2, 4), "sizes": ((128, 96),), "poll_s": 0.02, "key": KEY, "usd_per_s": 0.1}
        base |= {"model": "tiny-1"}
        endpoint = Endpoint("loopback", self.vendor.url, **{**base, **more})
        self.apis.append(VideosApi(endpoint))
        stores = StepStores(asyncio.get_running_loop(), self.objects, self.cache)
        return VendorVideo(stores, {"loopback": self.apis[-1]})

    def request(self, *seconds: float) -> dict[str, Any]:
        return {
            "enhanced": scene(*(seconds or (2.0,))).to_dict(),
            "seed": 7,
            "candidate": 0,
            "panel_key": PANEL,
            "width": 128,
            "height": 96,
            "fps": 4,
            "prefix": f"{HOME}/job_1/att_1",
            "backend": "loopback",
            "recipe_hash": RECIPE,
        }

    async def make(self, row: Row, *seconds: float, before: Any = None, **endpoint: Any) -> dict[str, Any]:
        """The step, once. `before`: what an earlier worker left on the row."""
        left = None if before is None else encode(before)
        attempt = Attempt(
            id="att_1", home=HOME, scene="scn_1", job="job_1", step="video", number=1, state=AttemptState.CLAIMED,
            request=b"", timeout_ms=900_000, priority=0, created_at_ms=0, deadline_at_ms=None, worker="w",
            heartbeat_at_ms=None, progress=0.0, message="", cancel_requested=False, result=left, error=None, version=1,
        )  # fmt: skip
        async with asyncio.timeout(20):
            return await self.step(**endpoint).wait(attempt, self.request(*seconds), row)

    async def refused(self, row: Row, *seconds: float, **endpoint: Any) -> StepFailed:
        with pytest.raises(StepFailed) as caught:
            await self.make(row, *seconds, **endpoint)
        return caught.value


@pytest.fixture(scope="module")
def loopback() -> Iterator[Vendor]:
    with serving(Vendor()) as vendor:
        yield vendor


@pytest.fixture
async def shop(tmp_path: Path, loopback: Vendor) -> AsyncIterator[Shop]:
    loopback.forget()
    made = Shop(tmp_path, loopback)
    ok, picture = cv2.imencode(".jpg", np.full((54, 96, 3), 90, np.uint8))
    assert ok
    await made.objects.put(PANEL, bytes(picture), content_type="image/jpeg")
    yield made
    for api in made.apis:
        await api.close()


async def test_g262_a_vendor_s_film_is_finished_as_any_other(shop: Shop, tmp_path: Path) -> None:
    """G-262: one clip for a scene that fits, started from the picked frame; finished to the asked rate, size and
    length; what it cost and which tasks made it are in the take."""
    shop.vendor.after = 1
    row = Row()
    media = await shop.make(row, 2.0, 1.5)
    (asked,) = shop.vendor.accepted.values()
    assert asked == {"model": "tiny-1", "prompt": "a kitchen at night", "seconds": "4", "size": "128x96"}
    picture = cv2.imdecode(np.frombuffer(shop.vendor.pictures[0], np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (96, 128, 3)
    film = tmp_path / "film.mp4"
    film.write_bytes(await shop.objects.get(media["video_key"]))
    facts = probe(film)
    assert (facts.width, facts.height, facts.frames) == (128, 96, 14)
    assert (media["backend"], media["degraded"], media["duration_s"]) == ("loopback", False, 3.5)
    assert media["cost"] == {"amount": 0.4, "unit": "usd", "seconds": 4}
    assert media["vendor"] == {"model": "tiny-1", "tasks": ["video_0001"]}
    assert [step["clips"]["0"] for step in row.kept] == [
        {"submitting": "att_1.0"},
        {"submitting": "att_1.0", "task": "video_0001"},
    ]
    progress = [done for done, _ in row.told]
    assert progress == sorted(progress)
    assert decode(await shop.cache.get(bytes.fromhex(RECIPE)) or b"")["video_key"] == media["video_key"]


def test_g262_each_clip_starts_from_the_frame_of_its_shot() -> None:
    """G-262: a shot's own picked frame starts its clip; the first clip has the key frame where its shot has none, or
    the picture somebody brought."""
    clips = [Clip(n, "", 1, 4, shot) for n, shot in enumerate((0, 1, None, 2))]
    frames = [{"shot": 0, "key": None}, {"shot": 1, "key": "b"}, {"shot": 2, "key": "c"}]
    assert start_keys(clips, frames, "c") == {0: "c", 1: "b", 3: "c"}
    assert start_keys(clips, [{"shot": 0, "key": "a"}, *frames[1:]], "c") == {0: "a", 1: "b", 3: "c"}
    assert start_keys(clips, frames, "brought")[0] == "brought"
    assert start_keys(clips, (), None) == {}


async def test_g262_a_longer_scene_is_a_clip_a_shot(shop: Shop) -> None:
    """G-262: a scene longer than the longest clip is one clip a shot, a longer shot in parts; never more at once than
    the endpoint is to hold; the first starts from the picked frame."""
    shop.vendor.after = 2
    media = await shop.make(Row(), 2.0, 6.0, 1.0, in_flight=2)
    asked = list(shop.vendor.accepted.values())
    assert sorted((a["prompt"], a["seconds"]) for a in asked) == [
        ("shot 0 of a kitchen", "2"),
        ("shot 1 of a kitchen", "4"),
        ("shot 1 of a kitchen", "4"),
        ("shot 2 of a kitchen", "2"),
    ]
    assert (media["duration_s"], len(shop.vendor.pictures), shop.vendor.most) == (9.0, 1, 2)


@pytest.mark.parametrize(
    ("trouble", "code", "retryable"),
    [
        ("quota", "QUOTA", False),
        ("402", "QUOTA", False),
        ("moderated", "MODERATED", False),
        ("429", "THROTTLED", True),
        ("bad", "REFUSED", False),
        ("key", "UNAVAILABLE", False),
        ("503", "UNAVAILABLE", True),
    ],
)
async def test_g263_a_refusal_has_a_code_and_leaves_nothing(
    shop: Shop, trouble: str, code: str, retryable: bool
) -> None:
    """G-263: what a vendor refuses has our code, says whether trying again can help, never shows the key, and the row
    says that nothing was accepted."""
    shop.vendor.creates = [trouble]
    row = Row()
    said = await shop.refused(row)
    assert (said.code, said.retryable, shop.vendor.posts) == (code, retryable, 1)
    assert said.retry_after_s == (7.0 if trouble == "429" else None)
    assert KEY not in repr(said) + repr(shop.apis[0].endpoint)
    assert row.kept[-1] == {"clips": {}}


async def test_g263_faults_after_acceptance(shop: Shop) -> None:
    """G-263: moderated or broken after acceptance, and too late: said, and the vendor's task is deleted."""
    shop.vendor.looks = ["failed:moderation_blocked"]
    assert (await shop.refused(Row())).code == "MODERATED"
    shop.vendor.looks = ["failed:server_error"]
    assert (await shop.refused(Row())).code == "UNAVAILABLE"
    shop.vendor.looks = ["never"] * 50
    late = await shop.refused(Row(), patience_s=0.1)
    assert (late.code, late.retryable) == ("TIMEOUT", True)
    assert shop.vendor.deleted == ["video_0001", "video_0002", "video_0003"]


async def test_g264_what_goes_wrong_in_passing_is_asked_again(shop: Shop) -> None:
    """G-264: looks that fail and addresses that expire cost a question more, never a submission."""
    shop.vendor.looks, shop.vendor.signed, shop.vendor.expired = ["gateway", "lost", "503"], True, 2
    assert (await shop.make(Row()))["duration_s"] == 2.0
    assert (shop.vendor.posts, shop.vendor.expired) == (1, 0)


async def test_g264_an_address_that_always_expires_is_given_up(shop: Shop) -> None:
    """G-264: asking again is bounded."""
    shop.vendor.signed, shop.vendor.expired = True, 99
    assert (await shop.refused(Row())).code == "UNAVAILABLE"
    assert shop.vendor.posts == 1


async def test_g265_moderation_comes_before_the_bill(shop: Shop) -> None:
    """G-265: a prompt that moderation flags is never submitted, and one nobody could judge neither."""
    shop.vendor.flagged = ("kitchen",)
    said = await shop.refused(Row(), moderation_url=f"{shop.vendor.url}/moderations")
    assert said.code == "MODERATED"
    said = await shop.refused(Row(), moderation_url=f"{shop.vendor.url}/nowhere")
    assert (said.code, shop.vendor.posts) == ("REFUSED", 0)


async def test_g266_a_limit_in_mid_film_is_waited_out(shop: Shop) -> None:
    """G-266: when clips are paid for already, a rate limit is waited out instead of starting over."""
    shop.vendor.creates = ["", "429 soon", "429 soon"]
    await shop.make(Row(), 3.0, 3.0, in_flight=1)
    assert (len(shop.vendor.accepted), shop.vendor.posts, shop.vendor.deleted) == (2, 4, [])


@pytest.mark.parametrize("how", ["idempotency", "metadata"])
@pytest.mark.parametrize("trouble", ["lost", "forgotten", "gateway"])
async def test_g267_a_lost_answer_is_reconciled(shop: Shop, how: str, trouble: str) -> None:
    """G-267: when nobody knows whether a submission was accepted, a vendor that can tell is asked; it has one task."""
    shop.vendor.idempotent, shop.vendor.echoes = how == "idempotency", how == "metadata"
    shop.vendor.creates = [trouble]
    media = await shop.make(Row(), reconcile=how)
    assert (list(shop.vendor.accepted), media["vendor"]["tasks"]) == (["video_0001"], ["video_0001"])


@pytest.mark.parametrize("trouble", ["lost", "forgotten", "gateway"])
async def test_g267_where_nobody_can_tell_a_person_decides(shop: Shop, trouble: str) -> None:
    """G-267: a vendor that cannot tell is never asked to render it again: SUBMISSION_UNKNOWN, and not by itself."""
    shop.vendor.creates = [trouble]
    row = Row()
    said = await shop.refused(row)
    assert (said.code, said.retryable, shop.vendor.posts) == ("SUBMISSION_UNKNOWN", False, 1)
    assert row.kept[-1] == {"clips": {"0": {"submitting": "att_1.0"}}}


async def test_g267_a_vendor_that_stays_away_is_not_asked_for_ever(shop: Shop) -> None:
    """G-267: reconciling is bounded too, and ends in the same words."""
    shop.vendor.idempotent = True
    shop.vendor.creates = ["lost", *["503"] * 9]
    said = await shop.refused(Row(), reconcile="idempotency")
    assert (said.code, len(shop.vendor.accepted)) == ("SUBMISSION_UNKNOWN", 1)


@pytest.mark.parametrize("how", ["none", "idempotency", "metadata"])
@pytest.mark.parametrize("boundary", ["intent", "answer", "id", "content"])
async def test_g268_a_worker_s_death_submits_nothing_twice(shop: Shop, how: str, boundary: str) -> None:
    """G-268: whichever step the worker dies between, the next one goes on from its row: one task, or a person asked."""
    vendor, row = shop.vendor, Row()
    vendor.idempotent, vendor.echoes, vendor.after = how == "idempotency", how == "metadata", 1
    match boundary:
        case "intent":
            row.dies_after = 0  # the intent is durable, the request has not left
        case "answer":
            row.dies_before = 1  # accepted, and the id is not durable
        case "id":
            row.dies_after = 1
        case "content":
            shop.cache.put = _dying  # type: ignore[method-assign]
    with contextlib.suppress(Died, BaseExceptionGroup):
        await shop.make(row, reconcile=how)
        raise AssertionError("it lived")
    shop.cache.__dict__.pop("put", None)
    before = row.kept[-1]
    if how == "none" and boundary in ("intent", "answer"):
        said = await shop.refused(Row(), before=before)
        assert said.code == "SUBMISSION_UNKNOWN"
        assert len(vendor.accepted) == (boundary == "answer")
    else:
        media = await shop.make(Row(), before=before, reconcile=how)
        assert (media["duration_s"], len(vendor.accepted), vendor.deleted) == (2.0, 1, [])


async def _dying(key: bytes, value: bytes, **_: Any) -> None:
    raise Died


async def work(shop: Shop, then: Callable[[Any, Worker, str], Any], **endpoint: Any) -> tuple[MemoryLedger, Attempt]:
    """The step on a real worker over an in-memory ledger; `then` says what happens once the vendor has the task."""
    ledger, told = MemoryLedger(), asyncio.Event()
    host = await ledger.heartbeat(HostRow("host-1", "inc-1", 1, "127.0.0.1:1"), 60_000)
    claim = await ledger.claim(HOME, host)
    new = NewAttempt(
        "att_1", HOME, "scn_x", "job_1", "video", 1, encode(shop.request()), 900_000, needs="videos_api.loopback"
    )
    await ledger.append(Append(HOME, claim.epoch, claim.seq, (), attempts=(new,)))

    async def tell(attempt: Attempt) -> None:
        told.set()

    lanes = (Lane("vendors", ("video",), slots=4, offers=("videos_api.loopback",)),)
    worker = Worker("w1", ledger, {"video": shop.step()}, lanes, tell)

    async def change() -> None:
        told.clear()
        await asyncio.wait_for(told.wait(), 5)

    worker.start()
    async with asyncio.timeout(10):
        while not (row := await ledger.attempt("att_1")) or b"task" not in (row.result or b""):
            await change()
        await then(ledger, worker, change)
        row = await ledger.attempt("att_1")
        assert row is not None
    return ledger, row


async def test_g269_a_cancel_deletes_the_vendor_s_task(shop: Shop) -> None:
    """G-269: cancelled: the vendor is told, and the attempt ends."""
    shop.vendor.after = 10_000

    async def cancel(ledger: MemoryLedger, worker: Worker, change: Any) -> None:
        owner = await ledger.owner(HOME)
        assert owner is not None
        await ledger.append(Append(HOME, owner.epoch, owner.seq, (), cancel_attempts=("att_1",)))
        worker.wake()
        while (row := await ledger.attempt("att_1")) and row.state is AttemptState.CLAIMED:
            await change()
        await worker.stop()

    _, row = await work(shop, cancel)
    assert (row.state, shop.vendor.deleted) == (AttemptState.CANCELLED, ["video_0001"])


async def test_g269_a_worker_that_leaves_deletes_nothing(shop: Shop) -> None:
    """G-269: a worker that is told to stop gives the attempt back with its task, and another one goes on with it."""
    shop.vendor.after = 5

    async def leave(ledger: MemoryLedger, worker: Worker, change: Any) -> None:
        await worker.stop()

    _, row = await work(shop, leave)
    assert (row.state, shop.vendor.deleted) == (AttemptState.OPEN, [])
    assert decode(row.result or b"")["clips"]["0"]["task"] == "video_0001"
    media = await shop.make(Row(), before=decode(row.result or b""))
    assert (media["vendor"]["tasks"], shop.vendor.posts) == (["video_0001"], 1)
