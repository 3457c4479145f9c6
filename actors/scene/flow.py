"""A job's flow: from what a worker's row says, or a person asks, to events and the next attempt.

Owns no state: a `Run` works on a copy of the job and collects what is to be committed. The invariant: events are
applied to the copy as they are emitted, so an illegal move is refused before anything is written, and the copy at the
end is what the job will be after the commit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from actors.ahead import serving
from actors.commands import CommandError
from actors.runtime.actor import Draft
from actors.runtime.ids import derive_id
from actors.scene import board as boards
from actors.scene import cached, continuation, held, route, waiting
from actors.scene.cached import Asker
from actors.scene.flights import SHARED, flight_of
from actors.scene.gate import Verdict
from actors.scene.job import MOVES, WORKER_STAGES, Due, Job, State
from actors.scene.orders import request_of
from actors.scene.parts import reused_in
from actors.scene.recipe import seed_of
from actors.scene.status import LOCKED_CODE
from gpu.enhance.writer import Enhancement
from gpu.steps import TIMEOUT_MS, Free, Step, take_free
from gpu.video.router import BackendUnfit, Router
from storage.codec import CodecError, decode, encode
from storage.ledger.protocol import Attempt, AttemptState, NewAttempt

FAULT = {"code": "STEP_FAILED", "message": "a step failed without saying why", "retryable": True}


class Run:
    """One pass over one job. `gate`: findings of the scene as they stand, {"errors", "warnings"}.

    `others`: the scene's other jobs. `scope`: who shares films with it; None: its project alone. `locked`: who keeps
    words out of the script, for people; "": nobody. `votes`: as they stand in the notes, where this pass has them at
    hand. `gated`: errors keep it for a person, by `verdict` where this pass has one; else findings are only counted.
    """

    def __init__(
        self,
        home: str,
        scene: str,
        job: Job,
        gate: dict[str, int],
        bible_version: int,
        now_ms: int = 0,
        locked: str = "",
        votes: Mapping[str, int] | None = None,
        router: Router | None = None,
        words_by: str = "",
        others: Iterable[Job] = (),
        weight: int = 100,
        scope: str | None = None,
        cache_bound: int = 0,
        gated: bool = False,
        verdict: Verdict | None = None,
    ) -> None:
        self.home, self.scene, self._now_ms, self._router = home, scene, now_ms, router or Router()
        self._words_by, self._others, self._weight = words_by, tuple(others), weight
        self._scope = home if scope is None else scope
        self._cache_bound = cache_bound
        self._gated, self._verdict = gated, verdict
        self.job = job.draft()
        self.drafts: list[Draft] = []
        self.attempts: list[NewAttempt] = []
        self.cancels: list[str] = []
        self._gate, self._bible_version, self._locked = gate, bible_version, locked
        self._free: list[Free] = []  # lanes of whoever answered that wait for more
        self._votes = votes
        self._film: Job | None = None  # made ahead, for this job

    @property
    def now_ms(self) -> int:
        return self._now_ms

    def emit(self, type: str, **data: Any) -> None:
        self.job.apply(type, data)
        self.drafts.append(Draft(type, {"job": self.job.id, **data}, scene=self.scene))

    def serve(self, film: Job) -> None:
        """A film that was made ahead of this very request answers for its words, and for the cache (L4)."""
        self._film = film
        self._with_words(film, film.enhancement)

    def take_words(self, of: Job) -> None:
        """Those that were written for another job of the very same request, through the gate with that job: nobody
        writes them, pays for them or decides about them again."""
        how = of.enhancement
        self._with_words(of, None if how is None else Enhancement.from_dict(how).again(of.id).to_dict())
        self.emit("job.continuity_checked", **(of.findings or {"errors": 0, "warnings": 0}), **(of.gate or {}))

    def _with_words(self, of: Job, how: dict[str, Any] | None) -> None:
        self.emit("job.started")
        words, prices = dict(of.enhanced or {}), of.estimates
        self.emit("job.script_ready", enhanced=words, enhancement=how, estimates=prices)

    # what people ask
    def pick(self, panel: str, by: str, go_on: bool = True) -> None:
        """Raises `CommandError`: first committed pick wins. `go_on`: undecided shots follow, and the film begins."""
        job = self.job
        if job.picked is not None:
            raise CommandError("ALREADY_PICKED", "somebody picked a panel before", ("input", "panelId"))
        self._expect((State.PREVIEW_READY,))
        self._count()
        type, data = boards.pick(job, panel, go_on, job.board.votes, by)
        self.emit(type, **data)
        self.go()

    def revise(self, shots: Iterable[int], note: str, seed: str | None, by: str) -> None:
        """Draw the frames of these shots anew, with words or another seed. Raises `CommandError`."""
        self._expect((State.PREVIEW_READY,))
        job = self.job
        if not (seed or note.strip()):
            seed = f"{job.seed} drawn anew {job.board.rounds + 1}"
        self.emit("job.revised", **boards.revise(job, shots, note, seed_of(seed) if seed else None, by))
        self.go()

    def count_votes(self) -> None:
        self._count()

    def _count(self) -> None:
        """The votes as they stand become the job's, if they say anything new."""
        if self._votes is None:
            return
        known = {panel["id"] for panel in self.job.panels}
        votes = {panel: count for panel, count in sorted(self._votes.items()) if panel in known}
        if votes != self.job.board.votes:
            self.emit("job.voted", votes=votes)

    def cancel(self, by: str) -> None:
        self._expect(tuple(s for s in State if State.CANCELLED in MOVES[s]))
        if self.job.attempt is not None:
            self.cancels.append(self.job.attempt)
        self.emit("job.cancelled", by=by)

    def drop(self, by: str) -> None:
        """A video that is wanted no more."""
        if self.job.video is None or self.job.video.get("dropped"):
            raise CommandError("NOT_FOUND", "there is no such video", ("id",))
        if self.job.live:
            self.cancel(by)
        self.emit("job.dropped", by=by)

    def retry(self, by: str) -> None:
        """Again from the failed step, with the same recipe."""
        self._expect((State.FAILED,))
        self.emit("job.retried", step=self.job.step.value if self.job.step else None, by=by)
        self.go()

    def _expect(self, states: tuple[State, ...]) -> None:
        if self.job.state not in states:
            wanted = " or ".join(states)
            raise CommandError(
                "ILLEGAL_MOVE", f"the job is {self.job.state}; this takes a job that is {wanted}", ("input", "jobId")
            )

    # what workers say
    def look(self, attempt: Attempt | None) -> None:
        """The open attempt's row as it is now; rows of other attempts are late and count for nothing."""
        job = self.job
        if attempt is None or attempt.id != job.attempt or not job.live:
            return
        if attempt.state is not AttemptState.OPEN and job.state in (State.QUEUED, State.THROTTLED):
            self.emit("job.started")
        match attempt.state:
            case AttemptState.CLAIMED:
                self._partial(attempt)
            case AttemptState.DONE:
                self._done(attempt)
            case AttemptState.FAILED | AttemptState.CANCELLED:
                self._step_failed(attempt)
        self.go()

    def _partial(self, attempt: Attempt) -> None:
        if attempt.step == Step.STORYBOARD and attempt.result is not None:
            self._panels(_read(attempt.result))
        said = attempt.message.partition("|")[0]
        known = WORKER_STAGES.get(Step(attempt.step), frozenset())
        if any(said == stage.value for stage in known) and said != self.job.stage:
            self.emit("job.stage", stage=said)

    def _done(self, attempt: Attempt) -> None:
        result = _read(attempt.result or b"")
        self._free = take_free(result)
        try:
            self._take_result(Step(attempt.step), result, attempt)
        except (KeyError, TypeError) as error:
            self._fault({**FAULT, "code": "BAD_RESULT", "message": f"{attempt.step} answered without {error}"})

    def _take_result(self, step: Step, result: dict[str, Any], attempt: Attempt) -> None:
        match step:
            case Step.ENHANCE:
                how, words = result.get("enhancement"), dict(result["enhanced"])
                prices = route.estimates(self.job, words, self._router, self._now_ms)
                self.emit("job.script_ready", enhanced=words, enhancement=how, estimates=prices, **reused_in(result))
            case Step.CACHE:
                said = cached.answered(self.job, result)
                media = _media(result["take"]) if said["verdict"] == cached.HIT else None
                first = {"before_board": True} if self.job.asks_first else {}
                self.emit("job.cache_answered", media=media, **said, **first)
            case Step.STORYBOARD:
                if not result["panels"]:
                    raise KeyError("panels")
                self._panels(result)
                self.emit("job.board_done")
            case Step.VIDEO:
                shared = {SHARED: attempt.flown_with} if attempt.flown_with else {}
                self.emit("job.rendered", media=_media(result) | shared)
                route.succeeded(self.job, self._router)
            case Step.OBSERVE:
                self.emit("job.observed", observation={"id": attempt.id, **result})

    def _panels(self, result: dict[str, Any]) -> None:
        for said in result.get("panels", ()):
            panel = boards.told(self.job, said)
            if panel is not None:
                where = [str(panel[name]) for name in ("shot", "candidate", "round")]
                self.emit("job.panel", id=derive_id("pnl", self.job.id, *where), **panel)

    def _step_failed(self, attempt: Attempt) -> None:
        said = _read(attempt.error) if attempt.error else {}
        asked_s = said.get("retry_after_s")
        self._fault({name: said.get(name, default) for name, default in FAULT.items()}, asked_s)

    def _fault(self, error: dict[str, Any], asked_s: float | None = None) -> None:
        job = self.job
        spent = job.tries >= waiting.tries_max(error["code"])
        if (next := route.after(job, error, spent, self._router, self._now_ms)) is not None:
            self.emit("job.attempt_failed", step=Step.VIDEO.value, number=job.number, error=error)
            self.emit("job.degraded", **next)
            return self._step(Step.VIDEO, again=False)
        if not error["retryable"] or spent or job.step is None:
            self.emit("job.failed", step=job.step.value if job.step else None, error=error)
            return
        self.emit("job.attempt_failed", step=job.step.value, number=job.number, error=error)
        if error["code"] != waiting.THROTTLED:
            return self._step(job.step, again=True)
        if State.THROTTLED in MOVES[job.state]:
            self.emit("job.throttled")
        wait_ms = waiting.backoff_ms(f"{job.id}.{job.step}.{job.number}", job.tries, asked_s)
        self._step(job.step, again=True, not_before_ms=self._now_ms + wait_ms)

    # what is due
    def go(self) -> None:
        """Do what needs no worker, then open the next step's attempt."""
        while True:
            match self.job.due():
                case Due.CHECK if self._gated:
                    if not held.check(self, self._verdict):
                        return
                case Due.CHECK:
                    self.emit("job.continuity_checked", **continuation.gate(self.job, self._gate))
                case Due.PREVIEW:
                    within_ms = self.job.board.pick_within_ms
                    deadline_ms = self._now_ms + within_ms if within_ms and not self.job.auto_pick else None
                    self.emit("job.preview_ready", deadline_ms=deadline_ms)
                case Due.AUTO_PICK:
                    self.emit("job.picked", **boards.closing(self.job, {}, boards.AUTO))
                case Due.WAIT_FOR_PICK if self._time_is_up():
                    self._count()
                    self.emit("job.picked", **boards.closing(self.job, self.job.board.votes, boards.DEADLINE))
                case Due.FINISH:
                    self._finish()
                case Due.WAIT_FOR_PICK | Due.WAIT_WHILE_HELD | Due.NOTHING:
                    return
                case Due.CACHE if self._film is not None:
                    self.emit("job.cache_answered", **serving.answer(self._film))
                case due:
                    self._step(Step(due.value), again=False)

    def _finish(self) -> None:
        """The take. A continuation has to write: behind a lock it fails, keeps its film, and a retry finishes it."""
        job = self.job
        if job.continuation is not None and self._locked:
            error = {"code": LOCKED_CODE, "message": f"{self._locked}: unlock it and retry", "retryable": True}
            return self.emit("job.failed", step=job.step.value if job.step else None, error=error)
        if job.state is State.QUEUED:
            self.emit("job.started")
        segment = {"segment": derive_id("seg", job.id)} if job.continuation is not None else {}
        take = derive_id("tak", job.id)
        self.emit("job.final_ready", take=take, bible_version=self._bible_version + 1, **segment)

    def _time_is_up(self) -> bool:
        deadline_ms = self.job.board.deadline_ms
        return deadline_ms is not None and deadline_ms <= self._now_ms

    def _step(self, step: Step, *, again: bool, not_before_ms: int = 0) -> None:
        job = self.job
        if step is Step.CACHE:
            self._route_ahead()
        if step is Step.VIDEO and not self._routed():
            return
        number = job.numbers.get(step.value, 0) + 1
        id = derive_id("att", job.id, step.value, str(number))
        asker = Asker(self.home, self.scene, self._router, self._now_ms, self._others, self._cache_bound)
        asked = request_of(step, job, f"{self.home}/{job.id}/{id}", asker)
        request, flight = encode(asked), flight_of(step, asked, self._scope)
        self.emit("job.step", step=step.value, number=number, attempt=id, again=again)
        new = NewAttempt(id, self.home, self.scene, job.id, step, number, request, TIMEOUT_MS[step], job.priority)
        pool = waiting.POOLS[step]
        needs = self._router.kind_of(job.renderer) if step is Step.VIDEO else ""
        wish = self._words_by if step is Step.ENHANCE else waiting.affinity(needs, job.renderer)
        new = replace(new, user=job.by, pool=pool, needs=needs, affinity=wish, not_before_ms=not_before_ms)
        new = replace(new, weight=self._weight, flight=flight)
        self.attempts.append(self._handed(new))

    def _handed(self, new: NewAttempt) -> NewAttempt:
        """To a lane of the worker whose answer made it due, if one asked for such work: it need not claim it."""
        if new.priority < 0:
            return new  # what nobody asked for waits behind all that somebody did
        lanes = [each for each in self._free if each.takes(new.step, new.needs, new.affinity, self._now_ms)]
        return replace(new, hand_to=lanes[0].worker) if lanes and not new.not_before_ms else new

    def _route_ahead(self) -> None:
        """The cache is asked for a film by whoever would render it now. Where nobody could, it may have one still."""
        if not self.job.renderer:
            with contextlib.suppress(BackendUnfit):
                self.emit("job.routed", **route.routed(self.job, self._router, self._now_ms))

    def _routed(self) -> bool:
        """Whether somebody can render it; the job fails with words where nobody can."""
        job = self.job
        try:
            if not job.renderer:
                self.emit("job.routed", **route.routed(job, self._router, self._now_ms))
            route.sent(job, self._router, self._now_ms)
            return True
        except BackendUnfit as unfit:
            error = {"code": unfit.code, "message": unfit.message, "retryable": False}
            self.emit("job.failed", step=Step.VIDEO.value, error=error)
            return False


def _media(result: dict[str, Any]) -> dict[str, Any]:
    """A media dict with all that a take needs. Raises `KeyError` naming what is missing."""
    for name in ("playlist_key", "video_key", "thumbnail_key", "duration_s", "backend", "degraded"):
        result[name]
    return dict(result)


def _read(blob: bytes) -> dict[str, Any]:
    try:
        value = decode(blob)
    except CodecError:
        return {}
    return value if isinstance(value, dict) else {}
