"""WorkflowActor: what follows from a scene beyond itself, worked out step by step after it was left.

Owns the runs of the project's workflows and what their steps contributed. The invariant: its fold is every result that
was committed, once; an exit whose run has no end is found by its row (`scene_exit`) and goes on at the first step
without a result, on whichever host owns the project. Steps run beside the loop; nobody who writes waits for one. A text
that changes meanwhile changes nothing here: a workflow is about the scene as it was left, and the next exit replaces
it.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, ClassVar

from actors.commands import CommandError, RetryWorkflow
from actors.graphs.messages import GRAPH, SceneTold
from actors.project.actor import ProjectActor
from actors.project.checkpoints import DeferredMoved
from actors.runtime.actor import (
    Actor,
    Beside,
    Context,
    Decision,
    Draft,
    Fact,
    Message,
    Needs,
    Notice,
    Started,
    ViewDraft,
    Wanted,
)
from actors.views import order_ms
from actors.workflow import background
from actors.workflow.carry import give
from actors.workflow.messages import WORKFLOW, Look, Proceed, TimePasses
from actors.workflow.rows import Data, Packed, RowKind
from actors.workflow.run import Run
from actors.workflow.steps import RESULTS, SPECS, Step
from actors.workflow.views import ExitView, RowView, WorkflowView
from actors.workflow.work import Outcome, take_step

logger = logging.getLogger("storyforge.workflow")

EXITS_READ_MAX = 50
"""Exits looked at together, oldest first; the rest when these have ended. Each brings a script into memory."""

FAILED_LAST = "~"
"""Sorts the exit of a failed workflow behind all others: it waits for a person and must not be in the way."""

KEPT = (RowKind.KNOWLEDGE, RowKind.RELATIONS, RowKind.WORLD, RowKind.NARRATIVE)
"""Contributions in memory for every scene; facts only while their run is under way."""


class WorkflowActor(Actor):
    kind: ClassVar[str] = "workflow"

    def __init__(self, home: str, id: str) -> None:
        super().__init__(home, id)
        self.runs: dict[str, Run] = {}  # by scene: its newest
        self.rows: dict[RowKind, Packed] = {kind: Packed() for kind in KEPT}
        self.facts: dict[str, Data] = {}  # of runs under way, by scene
        self.meanwhile = background.Meanwhile()
        self._exits: dict[str, ExitView] = {}  # by workflow, as their rows say
        self._looked, self._more = False, False

    # reading
    def carried_into(self, scene: str, script: str, project: ProjectActor | None) -> Beside:
        """Work for a thread that answers what a scene's prompt is given: see `carry.Given`."""
        return partial(give, scene, script, project_row(project), dict(self.rows), dict(self.meanwhile.faded))

    # fold
    def apply(self, fact: Fact) -> None:
        if fact.type in ("meanwhile.noted", "background.rested"):
            self.meanwhile.apply(fact.data)
            return
        data = fact.data
        run = self.runs.get(data["scene"])
        if run is None or run.number < data["number"]:
            run = self.runs[data["scene"]] = Run(data["workflow"], data["scene"], data["number"])
        elif run.number > data["number"]:
            self._exits.pop(data["workflow"], None)
            return  # a late word of an exit that a newer one replaced
        match fact.type:
            case "workflow.step_failed":
                run.fail(Step(data["step"]), data["error"])
            case "workflow.retried":
                run.retry()
            case "workflow.superseded":
                run.superseded = True
            case _:
                self._take(run, RESULTS[fact.type], data["row"], fact)
        if run.ended:
            self._exits.pop(run.workflow, None)
            self.facts.pop(run.scene, None)

    def _take(self, run: Run, step: Step, row: Data, fact: Fact) -> None:
        if step.value in run.done:
            return
        run.finish(step, fact.seq)
        kind = SPECS[step].declared.writes
        if kind is RowKind.FACTS:
            self.facts[run.scene] = row
        elif kind in self.rows:
            self.rows[kind] = self.rows[kind].put(run.scene, row)
        self.meanwhile.told_at_ms = fact.at_ms

    def dump(self) -> dict[str, Any]:
        return {
            "runs": [asdict(run) for run in self.runs.values()],
            "rows": {kind.value: rows.packed for kind, rows in self.rows.items()},
            "facts": dict(self.facts),
            "meanwhile": self.meanwhile.dump(),
        }

    def load(self, data: Mapping[str, Any]) -> None:
        self.runs = {run["scene"]: Run(**run) for run in data["runs"]}
        self.rows = {kind: Packed(data["rows"].get(kind.value)) for kind in KEPT}
        self.facts = dict(data["facts"])
        self.meanwhile = background.Meanwhile.of(data["meanwhile"])

    def unfinished(self) -> Notice | None:
        if not self._looked or (self._more and self._next() is None):
            return Look()
        return Proceed() if self._next() is not None else None

    # decisions
    def needs(self, message: Message) -> Needs:
        match message:
            case Look() | Started():
                return Needs(views=(Wanted("scene_exit", limit=EXITS_READ_MAX),))
            case Proceed():
                found = self._next()
                return Needs(beside=partial(self._prepare, *found)) if found else Needs()
            case TimePasses():
                return Needs(beside=partial(background.prepare, self))
            case RetryWorkflow():
                run = self.runs.get(message.scene)
                return Needs(views=(Wanted("scene_exit", id=run.workflow),)) if run else Needs()
        return Needs()

    def decide(self, message: Message, ctx: Context) -> Decision:
        match message:
            case Look() | Started():
                return self._look(ctx)
            case Proceed():
                return self._proceed(ctx)
            case TimePasses():
                return background.decide(self, ctx)
            case RetryWorkflow():
                return self._retry(message, ctx)
            case Notice():
                return Decision()
        raise CommandError("BAD_COMMAND", f"a workflow does not take {type(message).__name__}")

    def _look(self, ctx: Context) -> Decision:
        """Learn which exits wait. Of two of one scene the older one is over."""
        rows = ctx.views()
        exits = [ExitView.from_blob(row.body or b"") for row in rows]
        newest: dict[str, ExitView] = {}
        for left in exits:
            known = newest.get(left.scene)
            if known is None or number_of(known) < number_of(left):
                newest[left.scene] = left
        all_wait = all(self._run_of(left).state == "FAILED" for left in exits)  # failed ones are last: no more behind
        self._looked, self._more = True, len(rows) == EXITS_READ_MAX and not all_wait
        self._exits |= {left.workflow: left for left in newest.values()}
        decision = Decision()
        for left in exits:
            run = self._run_of(left)
            if newest[left.scene] is not left or run.number > number_of(left):
                self._supersede(left, decision)
        if self._next() is not None:
            decision.notices.append((WORKFLOW, Proceed()))
        return decision

    def _supersede(self, left: ExitView, decision: Decision) -> None:
        self._exits.pop(left.workflow, None)
        run = Run(left.workflow, left.scene, number_of(left), superseded=True)
        decision.events.append(self._draft("workflow.superseded", left))
        decision.views += [self._shown(left, run), ViewDraft("scene_exit", left.workflow, left.scene, "", None)]

    def _next(self) -> tuple[ExitView, Step] | None:
        for left in self._exits.values():
            step = self._run_of(left).due
            if step is not None:
                return left, step
        return None

    def _run_of(self, left: ExitView) -> Run:
        """Its run, or that of a newer exit of the scene; a fresh one if nothing was committed of it."""
        run = self.runs.get(left.scene)
        return run if run is not None and run.number >= number_of(left) else fresh(left)

    def _prepare(self, left: ExitView, step: Step, ctx: Context) -> Beside:
        """Everything the step declared, as it is now; what is returned touches nothing live."""
        sources: dict[RowKind, Mapping[str, Data]] = {
            RowKind.EXIT: {left.scene: {"script": left.script, "heading": left.heading}},
            RowKind.PROJECT: {left.scene: project_row(ctx.peer(ProjectActor, self.home))},
            RowKind.FACTS: dict(self.facts),
            **self.rows,
        }
        found = {kind: sources[kind] for kind, _ in SPECS[step].declared.reads}
        return partial(take_step, left.workflow, left.scene, step, found)

    def _proceed(self, ctx: Context) -> Decision:
        outcome = ctx.computed
        if not isinstance(outcome, Outcome):
            return Decision(notices=[(WORKFLOW, Look())] if self._more else [])
        left = self._exits[outcome.workflow]
        run = copy.deepcopy(self._run_of(left))
        if run.workflow != left.workflow or outcome.step.value in run.done:
            return Decision()
        decision = Decision(notices=[(WORKFLOW, Proceed())])
        if outcome.data is None:
            self._failed(left, run, outcome, decision)
        else:
            self._done(left, run, outcome, outcome.data, decision)
        decision.views.append(self._shown(left, run))
        return decision

    def _done(self, left: ExitView, run: Run, outcome: Outcome, data: dict[str, Any], decision: Decision) -> None:
        spec = SPECS[outcome.step]
        run.finish(outcome.step, 0)
        source = f"{WORKFLOW}:{outcome.step.value}"
        decision.events.append(
            self._draft(spec.event, left, outcome.confidence, step=outcome.step.value, row=data, source=source)
        )
        row = RowView(left.scene, self.home, left.workflow, source, outcome.confidence, left.script_sha256, data)
        decision.views.append(ViewDraft(spec.declared.writes.value, left.scene, self.home, left.scene, row))
        if run.ended:
            decision.views.append(ViewDraft("scene_exit", left.workflow, left.scene, "", None))
            decision.notices.append((GRAPH, SceneTold(left.scene)))
        if run.ended or outcome.step is Step.RESOLVE:
            moved = DeferredMoved(left.scene, "complete" if run.ended else "processing")
            decision.notices.append((self.home, moved))

    def _failed(self, left: ExitView, run: Run, outcome: Outcome, decision: Decision) -> None:
        assert outcome.error is not None, "an outcome is data or an error"
        final = not outcome.error["retryable"] or run.last_try(outcome.step)
        error = {**outcome.error, "final": final}
        run.fail(outcome.step, error)
        decision.events.append(self._draft("workflow.step_failed", left, step=outcome.step.value, error=error))
        if run.state == "FAILED":
            decision.views.append(_exit_row(left, FAILED_LAST))

    def _retry(self, command: RetryWorkflow, ctx: Context) -> Decision:
        run, rows = self.runs.get(command.scene), ctx.views()
        if run is None or not rows:
            raise CommandError("NOT_FOUND", "nothing of this scene waits to be tried again", ("input", "sceneId"))
        if not run.failed:
            raise CommandError("ILLEGAL_MOVE", f"its workflow is {run.state}, not failed", ("input", "sceneId"))
        left = self._exits[run.workflow] = ExitView.from_blob(rows[0].body or b"")
        again = copy.deepcopy(run)
        again.retry()
        return Decision(
            events=[self._draft("workflow.retried", left, by=ctx.principal)],
            views=[self._shown(left, again), _exit_row(left, "")],
            ids={"project": self.home, "scene": run.scene, "workflow": run.workflow},
            notices=[(WORKFLOW, Proceed())],
        )

    def _draft(
        self, type: str, left: ExitView, confidence: float | None = None, *, source: str = WORKFLOW, **more: Any
    ) -> Draft:
        data = {"workflow": left.workflow, "scene": left.scene, "number": number_of(left), **more}
        return Draft(type, data, scene=left.scene, source=source, confidence=confidence)

    def _shown(self, left: ExitView, run: Run) -> ViewDraft:
        view = WorkflowView(
            id=left.workflow,
            scene=left.scene,
            project=self.home,
            cause=left.cause,
            state=run.state,
            script_sha256=left.script_sha256,
            started_at_ms=left.at_ms,
            steps=run.steps(),
        )
        return ViewDraft("workflow", left.workflow, left.scene, order_ms(left.at_ms), view)


def fresh(left: ExitView) -> Run:
    return Run(left.workflow, left.scene, number_of(left))


def number_of(left: ExitView) -> int:
    return left.number or int(left.revision)


def project_row(project: ProjectActor | None) -> Data:
    """Names and order, as steps read them."""
    facts = project.facts if project is not None else None
    if project is None or facts is None:
        return {"cast": [], "order": []}
    cast = [{"name": name, "aliases": list(facts.aliases.get(id, ()))} for id, name in facts.cast.items()]
    return {"cast": cast, "order": [scene.id for scene in project.scenes_in_order()]}


def _exit_row(left: ExitView, before: str) -> ViewDraft:
    body = ExitView(**{**asdict(left), "number": number_of(left)})
    return ViewDraft("scene_exit", left.workflow, left.scene, before + order_ms(left.at_ms), body)
