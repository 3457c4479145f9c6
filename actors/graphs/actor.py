"""GraphActor: the web of a story's people, its scenes' ways, and the map of its settings, kept as one graph.

Owns the graph of a project and what people say of it. The invariant: its fold is what was committed, its view in memory
and its projections are the same rows, and each row says who told it. It hears of a scene when everything that follows
from that scene is worked out (`actors.workflow`), so nobody who writes waits for it; a turn takes in one scene, one
observed take, or so many places in the order, and works that out beside the loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar

from actors.commands import CommandError, DescribeScene, SetRelation
from actors.continuity.actor import ContinuityActor
from actors.graphs import asking
from actors.graphs.messages import GRAPH, LookAgain, SceneTold
from actors.graphs.parts import cleaned
from actors.graphs.sightings import named
from actors.graphs.story import Story
from actors.graphs.views import GRAPH_SEEN, SeenView, edge_row, node_row
from actors.graphs.work import Worked, take, take_scene
from actors.project.actor import CONTINUITY, ProjectActor
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
    ProjectChanged,
    Started,
    ViewDraft,
    Wanted,
)
from actors.screenplay.names import name_key
from actors.workflow.actor import WorkflowActor
from actors.workflow.messages import WORKFLOW
from actors.workflow.rows import RowKind
from storage.graphs.calls import Call
from storage.graphs.rows import Key
from storage.graphs.view import GraphView

PLACES_PER_TURN = 40
"""Places in the story's order taken in by one turn. More: an import of a long story is one long append."""


class GraphActor(Actor):
    kind: ClassVar[str] = "graph"

    def __init__(self, home: str, id: str) -> None:
        super().__init__(home, id)
        self.story = Story()
        self._view: GraphView | None = None
        self._tried: dict[str, int] = {}  # scene → number of a run whose row was not there: not asked for again
        self._waits = False
        self._ready: tuple[int, Worked] | None = None  # (this actor's sequence, what its next fact makes)

    # reading
    @property
    def view(self) -> GraphView:
        """All rows, by what they are asked for; made when somebody first asks."""
        if self._view is None:
            made = GraphView()
            for row in self.story.rows():
                made.put(row)
            self._view = made
        return self._view

    def ask(self, call: Call) -> list[Any]:
        """What the graph answers, at once: see `storage.graphs.calls`."""
        return self.view.ask(call)

    # fold
    def apply(self, fact: Fact) -> None:
        ready, self._ready = self._ready, None
        if ready is not None and ready[0] == self.seq and ready[1].draft.type == fact.type:
            draft = ready[1].draft  # worked out beside the loop for this very fact: nobody else writes this stream
            if _same(draft.data, fact.data):
                self.story = ready[1].story
                ready[1].put(self.view)
                return
        keys, ids = self.story.take(fact.type, fact.data)
        if self._view is None:
            return  # nobody has asked yet
        for key in keys:
            edge = self.story.edge(key)
            self.view.drop_edge(key) if edge is None else self.view.put(edge)
        for id in ids:
            node = self.story.node(id)
            self.view.drop_node(id) if node is None else self.view.put(node)

    def dump(self) -> dict[str, Any]:
        return self.story.dump()

    def load(self, data: Mapping[str, Any]) -> None:
        self.story, self._view, self._ready = Story.of(data), None, None

    def rows(self) -> Iterator[ViewDraft]:
        """All projections, as they are now."""
        for id, node in self.view.nodes.items():
            yield node_row(self.home, id, node)
        for key, edge in self.view.edges.items():
            yield edge_row(self.home, key, edge)

    def unfinished(self) -> Notice | None:
        return LookAgain() if self._waits else None

    # decisions
    def needs(self, message: Message) -> Needs:
        match message:
            case SceneTold(scene=scene):
                rows = (Wanted(RowKind.FACTS.value, id=scene), Wanted(RowKind.NARRATIVE.value, id=scene))
                return Needs(views=rows, beside=partial(self._work_scene, scene))
            case ProjectChanged() if not self.story.begun:
                return Needs()
            case LookAgain() | Started() | ProjectChanged():
                return Needs(views=(Wanted(GRAPH_SEEN, limit=1),), beside=self._work_rest)
            case SetRelation() | DescribeScene():
                return Needs(beside=lambda ctx: self._warm)
        return Needs()

    def decide(self, message: Message, ctx: Context) -> Decision:
        project = ctx.peer(ProjectActor, self.home)
        if project is None or project.facts is None:
            if isinstance(message, Notice):
                return Decision()
            raise CommandError("NOT_FOUND", "no such project", ("input", "projectId"))
        match message:
            case SetRelation():
                worked: Worked | None = self._take(self._relation(message, project, ctx))
            case DescribeScene():
                if message.scene not in project.scenes:
                    raise CommandError("NOT_FOUND", "no such scene", ("input", "sceneId"))
                data = asking.scene_described(message, ctx.principal, ctx.now_ms)
                worked = self._take(Draft("graph.described", data, scene=message.scene))
            case SceneTold() | LookAgain() | Started() | ProjectChanged():
                worked = ctx.computed if isinstance(ctx.computed, Worked) else None
            case Notice():
                return Decision()
            case _:
                raise CommandError("BAD_COMMAND", f"a graph does not take {type(message).__name__}")
        if isinstance(message, SceneTold) and worked is None:
            self._tried[message.scene] = self._run_of(message.scene, ctx)[1]
        return self._committing(worked, project, ctx)

    def _committing(self, worked: Worked | None, project: ProjectActor, ctx: Context) -> Decision:
        """Commit what was worked out, and go on with whatever waits after it."""
        decision = Decision(ids={"project": self.home})
        story, seen = self.story, [row for row in ctx.views() if row.kind == GRAPH_SEEN]
        if worked is not None:
            decision.events.append(worked.draft)
            decision.views += worked.rows
            story, self._ready = worked.story, (self.seq, worked)
            if worked.draft.type == "graph.seen":
                decision.views += [ViewDraft(GRAPH_SEEN, row.id, row.parent, row.order_key, None) for row in seen]
        waiting = self._behind(story, ctx)
        looks = bool(seen) or bool(self._moved(story, project, ctx))
        self._waits = looks or waiting is not None
        if looks:
            decision.notices.append((GRAPH, LookAgain()))
        elif waiting is not None:
            decision.notices.append((GRAPH, SceneTold(waiting)))
        return decision

    def _relation(self, command: SetRelation, project: ProjectActor, ctx: Context) -> Draft:
        data = asking.relation_set(command, project.scenes.__contains__, ctx.principal, ctx.now_ms)
        key: Key = (data["label"], data["source"], data["target"])
        if key not in self.story.set and len(self.story.set) >= asking.SET_MAX and not command.cleared:
            raise CommandError("TOO_MANY", f"people set at most {asking.SET_MAX} edges", ("input", "target"))
        return Draft("graph.set", data)

    # what waits to be taken in
    def _take(self, draft: Draft) -> Worked:
        return take(self.home, self.story, self.view, draft)

    def _take_scene(self, scene: str, run: tuple[str, int], facts: bytes, narrative: bytes | None) -> Worked | None:
        return take_scene(self.home, self.story, self.view, scene, run, facts, narrative)

    def _work_scene(self, scene: str, ctx: Context) -> Beside:
        rows = {row.kind: row.body for row in ctx.views() if row.id == scene}
        facts, run = rows.get(RowKind.FACTS.value), self._run_of(scene, ctx)
        if facts is None or run[1] <= self._number(self.story, scene):
            return _nothing
        narrative = rows.get(RowKind.NARRATIVE.value)
        return partial(self._take_scene, scene, run, facts, narrative)

    def _work_rest(self, ctx: Context) -> Beside:
        """A take that was observed; else what is not where it was in the story's order."""
        project = ctx.peer(ProjectActor, self.home)
        for row in ctx.views():
            if row.body is not None:
                return partial(self._take, self._seen(SeenView.from_blob(row.body), project))
        moved = self._moved(self.story, project, ctx) if project is not None else {}
        return partial(self._take, Draft("graph.ordered", {"scenes": moved}, source=GRAPH)) if moved else self._warm

    def _warm(self) -> None:
        """Work out what a snapshot left for later, so that no turn has to."""
        assert self.view is not None, "made by asking for it"

    def _seen(self, said: SeenView, project: ProjectActor | None) -> Draft:
        """An observer's report as the log keeps it: names of the cast as the cast is named, whatever spelling."""
        facts = project.facts if project is not None else None
        cast = facts.cast if facts is not None else {}
        aliases = facts.aliases if facts is not None else {}
        spelt = {name_key(each): name for id, name in cast.items() for each in aliases.get(id, ())}

        def who(name: str) -> str:
            return said.scene if name in ("", said.scene) else named(spelt.get(name_key(name), name))

        names = ("scene", "take", "observation", "video", "observer", "verdict", "state", "confidence", "taken_ms")
        data: dict[str, Any] = {name: getattr(said, name) for name in names}
        data["shows"] = sorted({who(name) for name in said.shows})
        data["facts"] = [
            {**fact, "entity": who(fact["entity"]), "value": cleaned(fact["value"])} for fact in said.facts
        ]
        return Draft("graph.seen", data, scene=said.scene, source=said.observer, confidence=said.confidence)

    def _moved(self, story: Story, project: ProjectActor, ctx: Context) -> dict[str, Any]:
        """Scenes whose place or day is not what was taken in, so many at a time. A story nobody told has no graph."""
        if not story.begun:
            return {}
        continuity = ctx.peer(ContinuityActor, CONTINUITY)
        found: dict[str, Any] = {}
        for scene in project.scenes.values():
            before = story.order.get(scene.id)
            day = continuity.story_day(scene.id) if continuity is not None else None
            if day is None and before is not None and (continuity is None or not continuity.caught_up):
                day = before[1]  # not read yet
            said = scene.order, day, cleaned(scene.heading)
            if said != before:
                found[scene.id] = list(said)
            if len(found) == PLACES_PER_TURN:
                break
        return found

    def _behind(self, story: Story, ctx: Context) -> str | None:
        """A scene whose workflow has ended since it was taken in."""
        workflow = ctx.peer(WorkflowActor, WORKFLOW)
        for scene, run in workflow.runs.items() if workflow is not None else ():
            if run.state != "COMPLETE" or self._tried.get(scene) == run.number:
                continue
            if run.number > self._number(story, scene):
                return scene
        return None

    def _run_of(self, scene: str, ctx: Context) -> tuple[str, int]:
        """(workflow, number) of what has ended of it; its number 0: nothing has."""
        workflow = ctx.peer(WorkflowActor, WORKFLOW)
        run = workflow.runs.get(scene) if workflow is not None else None
        return (run.workflow, run.number) if run is not None and run.state == "COMPLETE" else ("", 0)

    def _number(self, story: Story, scene: str) -> int:
        told = story.told.get(scene)
        return 0 if told is None else int(told["number"])


def _nothing() -> None:
    return None


def _same(drafted: Mapping[str, Any], committed: Mapping[str, Any]) -> bool:
    """Whether a fact is this draft: by what tells two of one kind apart, since the whole is long."""
    marks = ("scene", "workflow", "number", "take", "observation", "label", "source", "target", "node", "at_ms")
    if any(drafted.get(name) != committed.get(name) for name in marks):
        return False
    return "scenes" not in drafted or drafted["scenes"] == committed["scenes"]
