"""A generation job as a pure state machine: what it is, which moves it has, what is due next.

Owns the fold of a job's events (`actors.scene.states`: the closed sets). The invariant: a job moves only along
`MOVES`, and what is due is a function of what it has (`due`), so a job resumed by another process goes on exactly
where it stood. Events come from `actors.scene.flow`; workers are known by their attempt rows alone.

  QUEUED → PROCESSING → SCRIPT_READY → CONTINUITY_CHECKED → PREVIEW_READY → PROCESSING → FINAL_READY
  PREVIEW_READY ↔ PROCESSING while frames are drawn anew (`actors.scene.board`)
  SCRIPT_READY, held: waits for a person (`actors.scene.held`); → PROCESSING again with corrected words
  any live state → FAILED (→ QUEUED by a retry) | CANCELLED;  QUEUED and PROCESSING ↔ THROTTLED
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from actors.runtime.activation import IllegalMove
from actors.scene import board as boards
from actors.scene import cached, held, route, videos
from actors.scene.board import Board
from actors.scene.states import MOVES, SPAN, STEP_STAGE, TERMINAL, WORKER_STAGES, Due, Stage, State
from gpu.steps import Step

__all__ = ["MOVES", "SPAN", "TERMINAL", "WORKER_STAGES", "Due", "Job", "State"]


@dataclass(slots=True)
class Job:
    id: str
    auto_pick: bool
    brain: str
    brain_version: str
    seed: str
    backend: str | None
    script_sha256: str
    created_at_ms: int
    request: dict[str, Any] = field(default_factory=dict)  # of the enhance step: the story as it was when asked for
    state: State = State.QUEUED
    stage: Stage | None = None
    message: str = ""
    step: Step | None = None
    number: int = 0  # of the open or last attempt of `step`
    tries: int = 0  # of `step` since it was begun or retried
    attempt: str | None = None  # open attempt row
    numbers: dict[str, int] = field(default_factory=dict)  # step → last attempt number
    enhanced: dict[str, Any] | None = None
    enhancement: dict[str, Any] | None = None  # how it came to its words: gpu.enhance.writer.Enhancement
    reused: dict[str, Any] | None = None  # the words are an earlier job's: see `actors.scene.parts`
    estimates: list[dict[str, Any]] = field(default_factory=list)  # what the film would cost: see `route.estimates`
    findings: dict[str, int] | None = None  # severity → count, at the gate
    panels: list[dict[str, Any]] = field(default_factory=list)  # see `board.panel_of`; every one that was ever drawn
    board: Board = field(default_factory=Board)
    board_done: bool = False
    picked: str | None = None
    cache: str | None = None  # hit | warm | miss
    cached: dict[str, Any] | None = None  # how the cache came to it: see `actors.scene.cached`
    judged: bool | None = None  # what people said last of a film from the cache: whether it stands in rightly
    media: dict[str, Any] | None = None
    observation: dict[str, Any] | None = None
    take: str | None = None
    bible_version: int | None = None
    error: dict[str, Any] | None = None
    brain_sha256: str = ""  # of the content in `request`
    beat: str = ""  # what the request was told of its place in the story
    continuation: dict[str, Any] | None = None  # see `actors.scene.continuation`; None: the scene as it is
    segment: str | None = None  # appended when it ended well
    pictures: dict[str, str] = field(default_factory=dict)  # of its cast, by entity, as they were when asked for
    shot_before: dict[str, str] = field(default_factory=dict)  # see `actors.scene.carried_shot`; {}: none
    by: str = ""  # who asked: whose share of the workers it takes
    priority: int = 0
    route: list[str] = field(default_factory=list)  # backends that can render it, the best first
    renderer: str = ""  # the one of them that does
    degradations: list[dict[str, Any]] = field(default_factory=list)  # see `actors.scene.route`
    models: dict[str, dict[str, str]] = field(default_factory=dict)  # of the route: each one's model and its version
    parent: str | None = None  # the scene's newest take when it was asked for: what people had before this one
    retries: int = 0  # how often a person had it go on after it had failed
    video: dict[str, Any] | None = None  # asked for by `/v1/videos`: see `actors.scene.videos`
    repair: str = ""  # the order of films it belongs to
    asks_first: bool = False  # the cache, before a frame is drawn; jobs older than that question do not
    seed_from: str = ""  # the job whose own seed this one has, though nobody typed it; "": its own, or typed
    instead_of: str = ""  # the job whose film this one's frames are drawn instead of: see `actors.scene.instead`
    words: str = ""  # the script it was asked for with, till it has ended; "": it is older than the gate
    corrections: list[dict[str, Any]] = field(default_factory=list)  # made in its prompt: see `actors.scene.gate`
    gate: dict[str, Any] | None = None  # {"issues","how","by"}: see `actors.scene.held`
    held: dict[str, Any] | None = None  # {"reason","fixed","at_ms"}: it waits for a person
    waived: dict[str, Any] = field(default_factory=dict)  # of its issues, by finding
    rewritten: int = 0  # how often it began again with other words

    # reading
    @property
    def live(self) -> bool:
        return self.state not in TERMINAL

    @property
    def own_words(self) -> str:
        """Those it is held for: of a continuation, the words that would follow."""
        return self.continuation["continuationText"] if self.continuation is not None else self.words

    @property
    def candidate(self) -> int | None:
        """The key shot's candidate, once it is known; an automatic pick is known from the start. Before there are
        frames any film of these words would do, and so it is asked for as that one would be."""
        if self.picked is not None:
            picked = next(p["candidate"] for p in self.panels if p["id"] == self.picked)
            return int(self.board.follow.get(str(boards.key_of(self)), picked))
        return 0 if self.auto_pick or self.asks_first or self.shown_first else None

    @property
    def shown_first(self) -> bool:
        """Whether its film came from the cache before a frame was drawn, where frames were to be chosen from."""
        return self.cache == "hit" and not self.auto_pick and self.picked is None

    def due(self) -> Due:
        """What comes next, from what the job has. The cache is asked as soon as the recipe is complete; with a board
        to choose from also before it is drawn (`asks_first`), for a film of these words whatever its frames."""
        if not self.live or self.attempt is not None:
            return Due.NOTHING
        if self.enhanced is None:
            return Due.ENHANCE
        if self.findings is None:
            return Due.CHECK if self.held is None else Due.WAIT_WHILE_HELD
        if self.cache is None and self.candidate is not None:
            return Due.CACHE
        if self.cache == "hit":
            return Due.FINISH
        return self._due_after_cache()

    def _due_after_cache(self) -> Due:
        if not self.board_done:
            return Due.STORYBOARD
        if self.picked is None:
            if self.state is not State.PREVIEW_READY:
                return Due.PREVIEW
            return Due.AUTO_PICK if self.auto_pick else Due.WAIT_FOR_PICK
        if self.media is None:
            return Due.VIDEO
        return Due.OBSERVE if self.observation is None else Due.FINISH

    @property
    def progress(self) -> float:
        """0..1 by what is done; the part of the running attempt is on its row."""
        if self.state is State.FINAL_READY:
            return 1.0
        if self.step is None:
            return 0.0
        low, high = SPAN[self.step]
        return low if self.attempt is not None else high

    # fold
    def apply(self, type: str, data: Mapping[str, Any]) -> None:
        """One committed event. Raises `IllegalMove` for a move the machine does not have."""
        _APPLY[type](self, data)

    def _move(self, state: State) -> None:
        if state not in MOVES[self.state]:
            wanted = " or ".join(sorted(MOVES[self.state])) or "nothing (it has ended)"
            raise IllegalMove(f"job {self.id} in {self.state}", wanted, state)
        self.state = state

    def _stepped(self, data: Mapping[str, Any]) -> None:
        step = Step(data["step"])
        self.tries = self.tries + 1 if step is self.step and data["again"] else 1
        self.step, self.number, self.attempt = step, data["number"], data["attempt"]
        self.numbers[step.value] = data["number"]
        self.stage, self.message = STEP_STAGE[step], ""

    def _started(self, data: Mapping[str, Any]) -> None:
        self._move(State.PROCESSING)

    def _staged(self, data: Mapping[str, Any]) -> None:
        self.stage = Stage(data["stage"])

    def _script_ready(self, data: Mapping[str, Any]) -> None:
        self._move(State.SCRIPT_READY)
        self.attempt, self.enhanced, self.stage = None, data["enhanced"], Stage.CONTINUITY_VALIDATION
        self.enhancement = data.get("enhancement")  # events older than other writers have none
        self.estimates = data.get("estimates", [])  # as with prices
        self.reused = data.get("reused")

    def _checked(self, data: Mapping[str, Any]) -> None:
        self._move(State.CONTINUITY_CHECKED)
        self.findings = {"errors": data["errors"], "warnings": data["warnings"]}
        held.fold_checked(self, data)

    def _panel(self, data: Mapping[str, Any]) -> None:
        if all(p["id"] != data["id"] for p in self.panels):
            self.panels.append(boards.panel_of(data, boards.key_of(self)))

    def _boarded(self, data: Mapping[str, Any]) -> None:
        self.attempt, self.board_done = None, True
        boards.drawn(self)

    def _preview_ready(self, data: Mapping[str, Any]) -> None:
        self._move(State.PREVIEW_READY)
        boards.preview(self, data)

    def _shot_picked(self, data: Mapping[str, Any]) -> None:
        self._of_panels(data)
        boards.shot_picked(self, data)

    def _revised(self, data: Mapping[str, Any]) -> None:
        self._move(State.PROCESSING)
        boards.revised(self, data)

    def _of_panels(self, data: Mapping[str, Any]) -> None:
        if all(p["id"] != data["panel"] for p in self.panels):
            raise IllegalMove(f"pick of job {self.id}", "one of its panels", data["panel"])

    def _picked(self, data: Mapping[str, Any]) -> None:
        self._of_panels(data)
        self._move(State.PROCESSING)
        self.picked = data["panel"]
        boards.picked(self, data)

    def _rendered(self, data: Mapping[str, Any]) -> None:
        self.attempt, self.media = None, data["media"]

    def _observed(self, data: Mapping[str, Any]) -> None:
        self.attempt, self.observation, self.stage = None, data["observation"], Stage.FINALIZATION

    def _final(self, data: Mapping[str, Any]) -> None:
        self._move(State.FINAL_READY)
        self.take, self.bible_version = data["take"], data["bible_version"]
        self.segment = data.get("segment")
        self._told()
        self.stage, self.message = Stage.FINALIZATION, ""

    def _judged(self, data: Mapping[str, Any]) -> None:
        self.judged = bool(data["right"])

    def _throttled(self, data: Mapping[str, Any]) -> None:
        self._move(State.THROTTLED)

    def _attempt_failed(self, data: Mapping[str, Any]) -> None:
        self.attempt, self.message = None, data["error"]["message"]

    def _failed(self, data: Mapping[str, Any]) -> None:
        self._move(State.FAILED)
        if self.findings is not None:
            self.words = ""  # past the gate nobody reads them again, and a scene remembers many failed jobs
        self.attempt, self.error, self.message = None, data["error"], data["error"]["message"]

    def _cancelled(self, data: Mapping[str, Any]) -> None:
        self._move(State.CANCELLED)
        self.attempt, self.message, self.held = None, "", None
        self._told()

    def _told(self) -> None:
        """No step will be asked again: what it was told need not stay in memory with it."""
        self.words = ""
        if self.continuation is not None:
            self.continuation = {**self.continuation, "context": {}}

    def _retried(self, data: Mapping[str, Any]) -> None:
        self._move(State.QUEUED)
        self.error, self.message, self.tries = None, "", 0
        self.retries += 1
        route.forget(self)

    def draft(self) -> Job:
        """A copy to decide on. Only what folds change in place is copied: requests and shots are many times the rest,
        and a scene remembers fifty jobs."""
        made = copy.copy(self)
        made.numbers, made.board = dict(self.numbers), copy.deepcopy(self.board)
        made.panels = [dict(panel) for panel in self.panels]
        return made

    def to_dict(self) -> dict[str, Any]:
        found = asdict(self)
        for name in ("state", "stage", "step"):
            found[name] = None if found[name] is None else str(found[name].value)
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Job:
        values = {name: value for name, value in data.items() if name in cls.__slots__}  # newer code may say more
        values["state"] = State(values["state"])
        values["board"] = Board.of(values.get("board"))
        values["stage"] = None if values["stage"] is None else Stage(values["stage"])
        values["step"] = None if values["step"] is None else Step(values["step"])
        return cls(**values)


_APPLY = {
    "job.step": Job._stepped,
    "job.started": Job._started,
    "job.stage": Job._staged,
    "job.script_ready": Job._script_ready,
    "job.continuity_checked": Job._checked,
    "job.held": held.fold_held,
    "job.waived": held.fold_waived,
    "job.corrected": held.fold_corrected,
    "job.cache_answered": cached.fold_answered,
    "take.judged": Job._judged,
    "job.panel": Job._panel,
    "job.board_done": Job._boarded,
    "job.preview_ready": Job._preview_ready,
    "job.picked": Job._picked,
    "job.shot_picked": Job._shot_picked,
    "job.revised": Job._revised,
    "job.voted": boards.voted,
    "job.rendered": Job._rendered,
    "job.observed": Job._observed,
    "job.final_ready": Job._final,
    "job.throttled": Job._throttled,
    "job.routed": route.fold_routed,
    "job.degraded": route.fold_degraded,
    "job.dropped": videos.fold_dropped,
    "job.attempt_failed": Job._attempt_failed,
    "job.failed": Job._failed,
    "job.cancelled": Job._cancelled,
    "job.retried": Job._retried,
}
