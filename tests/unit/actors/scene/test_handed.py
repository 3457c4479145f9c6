"""What the owner hands over: pure decisions of a job's flow on the word of a worker that asked."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from actors.scene.flow import Run
from actors.scene.job import Job, State
from gpu.steps import Free, Step, told_free
from storage.codec import encode
from storage.ledger.protocol import Attempt, AttemptState
from tests.unit.actors.scene.test_job import job as plain

pytestmark = pytest.mark.unit

NOW_MS = 10_000
QUICK = Free("w1/quick0", ["enhance", "cache", "storyboard"], [], "", NOW_MS + 2_000)


def observed(*free: Free, error: dict[str, Any] | None = None) -> Run:
    """A look at the end of a cache step: the storyboard is due."""
    job = plain(auto_pick=True, state=State.CONTINUITY_CHECKED, step=Step.CACHE, attempt="att_1", number=1)
    job.enhanced, job.findings = {"shots": [], "shot_prompts": []}, {"errors": 0, "warnings": 0}
    state = AttemptState.DONE if error is None else AttemptState.FAILED
    answer = encode({"verdict": "miss", "take": None, **told_free(free)}) if error is None else None
    row = Attempt(
        "att_1", "prj", "scn", job.id, "cache", 1, state, b"", 1, 0, 0, None, "w1/quick0", None, 1.0, "", False,
        answer, encode(error) if error else None, 3,
    )  # fmt: skip
    run = Run("prj", "scn", job, {"errors": 0, "warnings": 0}, 1, NOW_MS)
    run.look(row)
    return run


def test_g300_the_next_attempt_goes_to_the_lane_that_asked() -> None:
    """G-300: opened as claimed by it; what it asked for is no part of any event."""
    run = observed(QUICK)
    assert [(new.step, new.hand_to) for new in run.attempts] == [("storyboard", "w1/quick0")]
    assert "@free" not in str([draft.data for draft in run.drafts])


@pytest.mark.parametrize(
    "free",
    [
        (),
        (Free("w1/film0", ["video"], [], "", NOW_MS + 2_000),),
        (Free("w1/quick0", ["storyboard"], [], "", NOW_MS),),
    ],
)
def test_g300_who_did_not_ask_for_it_or_long_ago_is_handed_nothing(free: tuple[Free, ...]) -> None:
    """G-300: an attempt waits for a claim where nobody asked for such work, or too long ago."""
    assert [new.hand_to for new in observed(*free).attempts] == [""]


def test_g300_a_step_that_is_put_off_is_handed_to_nobody() -> None:
    """G-300: a worker must not sit on what may not begin yet."""
    error = {"code": "THROTTLED", "message": "later", "retryable": True, "retry_after_s": 5.0}
    (new,) = observed(error=error).attempts
    assert (new.hand_to, new.not_before_ms > NOW_MS) == ("", True)


def test_g304_deciding_copies_what_folds_change_and_nothing_else() -> None:
    """G-304: a decision works on a copy: a refused one leaves the job as it was, and ended jobs are not looked at."""
    job = plain(request={"long": ["text"]}, numbers={"enhance": 1}, panels=[{"id": "pnl_1"}])
    before = copy.deepcopy(job.to_dict())
    draft = job.draft()
    draft.numbers["enhance"] = 2
    draft.panels[0]["id"] = "pnl_2"
    draft.panels.append({"id": "pnl_3"})
    draft.board.picks["0"] = "pnl_2"
    draft.board.edits.setdefault("0", {})["note"] = "darker"
    assert job.to_dict() == before
    assert draft.request is job.request
    assert Job.from_dict(job.to_dict()) == job
