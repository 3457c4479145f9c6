"""The job as a pure machine: legal moves only, and the same job after a round trip."""

from __future__ import annotations

import pytest

from actors.runtime.activation import IllegalMove
from actors.scene.job import MOVES, TERMINAL, Due, Job, State
from actors.scene.recipe import recipe_hash, seed_of

pytestmark = pytest.mark.unit


def job(**facts: object) -> Job:
    values = {
        "id": "job_1", "auto_pick": False, "brain": "thriller", "brain_version": "1", "seed": "7", "backend": None,
        "script_sha256": "", "created_at_ms": 0,
    }  # fmt: skip
    return Job(**{**values, **facts})  # type: ignore[arg-type]


def test_every_state_has_its_moves() -> None:
    """G-15: states are a closed set; an ended job moves nowhere, but a failed one may be queued again."""
    assert set(MOVES) == set(State)
    assert {state for state in State if not MOVES[state]} == {State.FINAL_READY, State.CANCELLED}
    assert TERMINAL - {State.FAILED} == {State.FINAL_READY, State.CANCELLED}
    assert all(State.CANCELLED in MOVES[state] for state in State if state not in TERMINAL)


def test_an_illegal_move_says_expected_and_got() -> None:
    """G-15: a move the machine does not have is refused loudly."""
    with pytest.raises(IllegalMove, match=r"expected .*PROCESSING.*, got PREVIEW_READY"):
        job().apply("job.preview_ready", {})
    ended = job(state=State.CANCELLED)
    with pytest.raises(IllegalMove, match="nothing"):
        ended.apply("job.started", {})


def test_a_pick_must_be_one_of_its_panels() -> None:
    """G-11: a pick of a panel that is not there is refused by the fold too."""
    with pytest.raises(IllegalMove):
        job(state=State.PREVIEW_READY).apply("job.picked", {"panel": "pnl_x", "by": "anna"})


def test_what_is_due_follows_from_what_it_has() -> None:
    """G-13: the next step is a function of the job, wherever it is resumed."""
    one = job()
    assert one.due() is Due.ENHANCE
    one.apply("job.step", {"step": "enhance", "number": 1, "attempt": "att_1", "again": False})
    assert one.due() is Due.NOTHING
    one.apply("job.started", {})
    one.apply("job.script_ready", {"enhanced": {"prompt": "x"}})
    assert one.due() is Due.CHECK
    one.apply("job.continuity_checked", {"errors": 0, "warnings": 1})
    assert one.due() is Due.STORYBOARD
    assert job(auto_pick=True, enhanced={}, findings={}, state=State.CONTINUITY_CHECKED).due() is Due.CACHE
    assert Job.from_dict(one.to_dict()) == one


def test_panels_are_counted_once() -> None:
    """G-05: a panel reported again is the same panel."""
    one = job()
    for _ in range(2):
        one.apply("job.panel", {"id": "pnl_1", "candidate": 0, "key": "k", "seed": "7.0"})
    assert len(one.panels) == 1


def test_seeds_and_hashes() -> None:
    """G-04: numbers are seeds as they are, words are hashed, and the recipe's hash follows the seed."""
    assert seed_of("42") == "42"
    assert seed_of("0042") == "42"
    assert 0 <= int(seed_of("storm")) < 2**63
    assert seed_of("9" * 30) != "9" * 30
    assert recipe_hash(job(seed="1")) != recipe_hash(job(seed="2"))
    assert recipe_hash(job(id="job_1")) == recipe_hash(job(id="job_2"))
