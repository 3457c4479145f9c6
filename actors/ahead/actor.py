"""AheadActor: films of scenes that are likely to be wanted next, made while workers have nothing else to do.

Owns the jobs nobody asked for, what they cost of the day's budget, and the films that wait to be wanted. The
invariants: a film is begun only within the budget, in the append that spends it; nothing of such a job is in any list,
stream or view that people or partners read; a film stands for nothing but the very words and choices it was made with,
for `KEPT_MS`, once. A job is the ordinary machine (`actors.scene.flow.Run`) at the lowest priority.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from actors.ahead.messages import AHEAD, AskedFor, LookAhead
from actors.commands import CommandError, GenerateScene
from actors.continuity.actor import ContinuityActor
from actors.project.actor import CONTINUITY, ProjectActor
from actors.project.share import percent_of
from actors.runtime.actor import (
    Actor,
    AttemptsChanged,
    Beside,
    Context,
    Decision,
    Draft,
    Fact,
    Message,
    Needs,
    Notice,
    ScriptSettled,
    Started,
    TimeCame,
    Wanted,
)
from actors.scene import asking
from actors.scene.actor import SceneActor
from actors.scene.asking import script_sha256
from actors.scene.flow import Run
from actors.scene.job import Job, State
from actors.scene.request import given_before
from actors.views import SceneStatus, SceneView

DAY_MS = 86_400_000
KEPT_MS = DAY_MS
"""How long a film waits to be wanted. Longer: old looks; shorter: made for nothing more often."""

PRIORITY = -1
"""Below everybody's: see `storage.ledger.fairness`."""

LIVE_MAX = 1
"""Films in the making at a time, of one project. More: an idle cluster would be spent on guesses further and further
away from what people do."""


@dataclass(slots=True)
class Film:
    """A job of a scene; `until_ms`: it is whole and may be shown until then, 0: it is being made."""

    scene: str
    job: Job
    until_ms: int = 0


class AheadActor(Actor):
    kind: ClassVar[str] = "ahead"

    def __init__(self, home: str, id: str) -> None:
        super().__init__(home, id)
        self.day, self.spent = 0, 0  # films begun on that day (Unix days)
        self.films: dict[str, Film] = {}

    # fold
    def apply(self, fact: Fact) -> None:
        data = fact.data
        match fact.type:
            case "ahead.begun":
                self.spent = self.spent + 1 if data["day"] == self.day else 1
                self.day = data["day"]
                self.films[data["job"]] = Film(data["scene"], Job.from_dict(data["request"]))
            case "ahead.moved" if (film := self.films.get(data["job"])) is not None:
                film.job.apply(data["type"], data["data"])
                if film.job.state is State.FINAL_READY:
                    film.until_ms = fact.at_ms + KEPT_MS
            case "ahead.dropped":
                self.films.pop(data["job"], None)

    def dump(self) -> dict[str, Any]:
        films = [{"scene": f.scene, "until_ms": f.until_ms, "job": f.job.to_dict()} for f in self.films.values()]
        return {"day": self.day, "spent": self.spent, "films": films}

    def load(self, data: Mapping[str, Any]) -> None:
        self.day, self.spent = data["day"], data["spent"]
        films = [Film(each["scene"], Job.from_dict(each["job"]), each["until_ms"]) for each in data["films"]]
        self.films = {film.job.id: film for film in films}

    def open_attempts(self) -> tuple[str, ...]:
        return tuple(film.job.attempt for film in self.films.values() if film.job.attempt is not None)

    def due_at_ms(self) -> int | None:
        return min((film.until_ms for film in self.films.values() if film.until_ms), default=None)

    # reading
    def ready(self, scene: str, now_ms: int) -> Job | None:
        """The newest whole film of a scene, if there is one."""
        found = [film.job for film in self.films.values() if film.scene == scene and film.until_ms > now_ms]
        return found[-1] if found else None

    # decisions
    def needs(self, message: Message) -> Needs:
        if isinstance(message, LookAhead):
            scene = message.scene
            views = (Wanted("scene", id=scene),)
            return Needs(docs=(f"scene:{scene}",), scripts=True, views=views, beside=partial(self._given, scene))
        if isinstance(message, ScriptSettled):
            touched = {film.scene for film in self.films.values()} & set(message.scenes)
            return Needs(docs=tuple(f"scene:{scene}" for scene in sorted(touched)))
        looks = isinstance(message, AttemptsChanged | Started | TimeCame)
        return Needs(attempts=self.open_attempts()) if looks else Needs()

    def _given(self, scene: str, ctx: Context) -> Beside:
        return given_before(SceneActor(self.home, scene), ctx)

    def decide(self, message: Message, ctx: Context) -> Decision:
        match message:
            case LookAhead(scene=scene):
                return self._begin(scene, ctx)
            case AskedFor(scene=scene):
                return self._drop([f for f in self.films.values() if f.scene == scene], "asked for", ctx)
            case ScriptSettled():
                return self._drop(self._stale(message.scenes, ctx), "other words", ctx)
            case AttemptsChanged() | Started() | TimeCame():
                return self._look(ctx)
            case Notice():
                return Decision()
        raise CommandError("BAD_COMMAND", f"nobody asks for films ahead by {type(message).__name__}")

    def _begin(self, scene: str, ctx: Context) -> Decision:
        project, day = ctx.peer(ProjectActor, self.home), ctx.now_ms // DAY_MS
        facts = project.facts if project is not None else None
        spent = self.spent if day == self.day else 0
        if facts is None or spent >= facts.ahead_renders or not self._wanted(scene, ctx):
            return Decision()
        if sum(film.job.live for film in self.films.values()) >= LIVE_MAX:
            return Decision()
        try:
            job = asking.generate(self._scene(scene, ctx), GenerateScene(scene, auto_pick=True), ctx)
        except CommandError:  # a brain that is gone, a text without content: nothing to make
            return Decision()
        run = self._run(scene, replace(job, by=AHEAD, priority=PRIORITY), ctx)
        asked = {"scene": scene, "job": job.id, "day": day, "request": run.job.to_dict()}
        run.go()
        decision = self._moved([run])
        decision.events.insert(0, Draft("ahead.begun", asked, scene=scene))
        return decision

    def _wanted(self, scene: str, ctx: Context) -> bool:
        """Written, at rest, unlocked, without a film, and not made ahead for these words already."""
        view = next((SceneView.from_blob(row.body) for row in ctx.views() if row.body is not None), None)
        text = ctx.text(f"scene:{scene}", "script")
        if view is None or view.status != SceneStatus.PENDING.value or view.script != text:
            return False
        sha256 = script_sha256(text)
        return not any(film.scene == scene and film.job.script_sha256 == sha256 for film in self.films.values())

    def _scene(self, id: str, ctx: Context) -> SceneActor:
        """As it is, or as its row says where it is not in memory."""
        found = ctx.peer(SceneActor, id)
        if found is not None:
            return found
        made = SceneActor(self.home, id)
        for row in ctx.views():
            if row.body is not None:
                view = SceneView.from_blob(row.body)
                made.brain, made.format = view.brain, view.format
        return made

    def _look(self, ctx: Context) -> Decision:
        """What workers said since; films whose time is over go."""
        runs: list[Run] = []
        for film in self.films.values():
            if film.job.live:
                run = self._run(film.scene, film.job, ctx)
                run.look(ctx.attempt(film.job.attempt) if film.job.attempt else None)
                if not run.drafts:
                    run.go()
                runs += [run] if run.drafts else []
        decision = self._moved(runs)
        ended = [run.job.id for run in runs if run.job.state in (State.FAILED, State.CANCELLED)]
        old = [film for film in self.films.values() if 0 < film.until_ms <= ctx.now_ms]
        for id, scene in [(run.job.id, run.scene) for run in runs if run.job.id in ended] + [
            (film.job.id, film.scene) for film in old
        ]:
            decision.events.append(Draft("ahead.dropped", {"job": id, "why": "over"}, scene=scene))
        return decision

    def _stale(self, scenes: tuple[str, ...], ctx: Context) -> list[Film]:
        films = [film for film in self.films.values() if film.scene in scenes]
        return [f for f in films if script_sha256(ctx.text(f"scene:{f.scene}", "script")) != f.job.script_sha256]

    def _drop(self, films: list[Film], why: str, ctx: Context) -> Decision:
        decision = Decision()
        for film in films:
            if film.job.attempt is not None:
                decision.cancel_attempts.append(film.job.attempt)
            decision.events.append(Draft("ahead.dropped", {"job": film.job.id, "why": why}, scene=film.scene))
        return decision

    def _moved(self, runs: list[Run]) -> Decision:
        decision = Decision(ids={"project": self.home})
        for run in runs:
            for draft in run.drafts:
                fact = {"scene": run.scene, "job": run.job.id, "type": draft.type, "data": dict(draft.data)}
                decision.events.append(Draft("ahead.moved", fact, scene=run.scene))
            decision.attempts += run.attempts
        return decision

    def _run(self, scene: str, job: Job, ctx: Context) -> Run:
        continuity, project = ctx.peer(ContinuityActor, CONTINUITY), ctx.peer(ProjectActor, self.home)
        gate = continuity.gate(scene) if continuity is not None else {"errors": 0, "warnings": 0}
        return Run(
            self.home,
            scene,
            job,
            gate,
            0,
            ctx.now_ms,
            router=ctx.catalogue.video,
            words_by=ctx.catalogue.words_by,
            weight=percent_of(project),
            scope="" if ctx.catalogue.films_shared else self.home,
        )
