"""Deliberate faults in the real code of the continuity gate, each of which the worlds of directors must notice.

Owns the list: what is broken, and the words in which a world may complain of it. Invariant: a mutant changes one rule
of the code under test and nothing of the worlds.
"""

from __future__ import annotations

from typing import Any

import pytest

from actors.commands import UseCorrection
from actors.scene import continuation, gating, held, reading
from actors.scene.actor import SceneActor
from actors.scene.job import Job
from tests.simulation.homes_mutants import Mutant


def lets_everything_through(patch: pytest.MonkeyPatch) -> None:
    def check(run: Any, verdict: Any) -> bool:
        held._pass(run, held._issues(run.job, verdict) if verdict is not None else (), held.CLEAN)
        return True

    patch.setattr(held, "check", check)


def judges_what_it_has_read_so_far(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reading, "_whole", lambda _ctx: True)


def forgets_what_it_asked_to_be_told(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gating, "watch", lambda *_: None)


def never_looks_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gating, "recheck", lambda *_: None)


def goes_on_with_the_first_waiver(patch: pytest.MonkeyPatch) -> None:
    real = held.waive

    def waive(run: Any, *said: Any) -> None:
        real(run, *said)
        if run.job.held is not None:
            held._pass(run, run.job.gate["issues"], held.WAIVED, said[-1])
            run.go()

    patch.setattr(held, "waive", waive)


def corrects_the_job_alone(patch: pytest.MonkeyPatch) -> None:
    real = gating.correct

    def correct(scene: SceneActor, command: UseCorrection, ctx: Any) -> Any:
        decision = real(scene, command, ctx)
        decision.edits = [edit for edit in decision.edits if edit.doc != scene.doc]
        return decision

    patch.setattr(gating, "correct", correct)


def writes_what_was_typed(patch: pytest.MonkeyPatch) -> None:
    real = continuation.appended

    def appended(script: str, job: Job) -> str:
        found = real(script, job)
        return found.replace("MARA\n", "MARAH\n") if job.rewritten else found

    patch.setattr(continuation, "appended", appended)


def lets_a_held_job_be_decided_twice(patch: pytest.MonkeyPatch) -> None:
    """A decision is asked of the job's last verdict, whether or not it still waits."""

    def expect(job: Job) -> list[dict[str, Any]]:
        return list((job.gate or {}).get("issues", ()))

    patch.setattr(held, "expect_held", expect)


GATE_MUTANTS: dict[str, Mutant] = {
    each.breaks.__name__: each
    for each in (
        Mutant(lets_everything_through, r"went through|went on with an error"),
        Mutant(judges_what_it_has_read_so_far, r"went through|held for nothing"),
        Mutant(forgets_what_it_asked_to_be_told, r"held for nothing|never ends"),
        Mutant(never_looks_again, r"held for nothing"),
        Mutant(goes_on_with_the_first_waiver, r"went on with an error"),
        Mutant(corrects_the_job_alone, r"not in scene"),
        Mutant(writes_what_was_typed, r"other words"),
        Mutant(lets_a_held_job_be_decided_twice, r"let through twice|job .* in |Illegal|differs"),
    )
}
