"""ContinuityActor: what does not agree in the story, kept up to date while people write.

Owns the findings of every scene. The invariant: its fold is the findings as they were last committed; the `Continuity`
engine beside it is a cache of the documents, rebuilt from their projections whenever the home is opened, and an event
is written only when the findings of a scene are not what was committed. It reads in small portions, because whoever
types waits for this thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from actors.commands import SetFact, WaiveFinding
from actors.continuity import by_hand, facts, waivers
from actors.continuity.brain import brain_of
from actors.continuity.check import SCENE_CHARS_READ_MAX, Continuity
from actors.continuity.facts import facts_of
from actors.continuity.findings import FindingDraft, FindingId
from actors.continuity.rules import Known, SceneView
from actors.continuity.seen import TAKES_READ_MAX, Look, TakeSeen, facts_of_takes, looks_of, newest_takes
from actors.project.actor import CONTINUITY, ProjectActor
from actors.project.styles import Chosen
from actors.runtime.actor import (
    Actor,
    Context,
    Decision,
    Draft,
    Fact,
    Message,
    Needs,
    Notice,
    ProjectChanged,
    ScriptSettled,
    ViewDraft,
    Wanted,
)
from actors.runtime.edits import Edit, Op, SetKey
from actors.screenplay.breakdown import Breakdown
from actors.screenplay.happenings import Happening
from actors.screenplay.heading import TimeOfDay
from actors.views import FindingsView

READ_CHARS_PER_TURN = 4_000
"""Script read in one turn (at least one scene), about 3 ms, or packs of rules for as long. More: typing stutters;
less: a whole project is slower."""

ROOMS_PER_TURN = 8
"""Documents opened for one turn."""

NOTE_READ_EVERY_ROWS = 500
"""Without new findings, how far reading may run ahead of what the log says was read."""


@dataclass(frozen=True, slots=True)
class ReadOn(Notice):
    """More scripts wait to be read."""


@dataclass(frozen=True, slots=True)
class Watch(Notice):
    """A job of this scene waits for its findings: it is told once now, and again when they change."""

    scene: str


@dataclass(frozen=True, slots=True)
class FindingsMoved(Notice):
    """What is found in this scene may have changed, or everything has been read."""


_Lists = tuple[tuple[Known, ...], tuple[Known, ...], tuple[str, ...]]  # cast, places, scenes in order


class ContinuityActor(Actor):
    kind: ClassVar[str] = "continuity"

    def __init__(self, home: str, id: str) -> None:
        super().__init__(home, id)
        self.findings: dict[str, tuple[dict[str, Any], ...]] = {}
        self.waivers: dict[str, dict[str, Any]] = {}  # by finding
        self.facts: dict[str, dict[str, Any]] = {}  # set by hand, by id
        self.read_upto = 0
        self._seen: tuple[facts.Fact, ...] = ()
        self._looks: Mapping[str, Look] = {}  # how the newest take of each scene ends
        self._engine: Continuity | None = None
        self._texts: dict[str, str] = {}
        self._waiting: dict[str, None] = {}  # scenes to be read, in order
        self._told: _Lists = ((), (), ())
        self._brain: Chosen | None = None
        self._settled_upto = 0
        self._reorder = False
        self._watched: set[str] = set()  # scenes whose job waits; forgotten with the process, said again by the scene
        self._owed: set[str] = set()  # of those, the ones to be told as soon as everything is read

    # reading
    def open_findings(self, scene: str) -> tuple[dict[str, Any], ...]:
        """Committed findings of a scene that nobody waived."""
        return tuple(f for f in self.findings.get(scene, ()) if not f["waived"])

    def story_facts(self) -> tuple[facts.Fact, ...]:
        """What holds of people through the story, as far as it has been read."""
        return () if self._engine is None else self._engine.story_facts()

    def gate(self, scene: str) -> dict[str, int]:
        severities = [f["severity"] for f in self.open_findings(scene)]
        return {"errors": severities.count("ERROR"), "warnings": severities.count("WARNING")}

    def time_before(self, scene: str) -> TimeOfDay | None:
        """The time of day that the scenes before leave a scene with, as far as they have been read."""
        return None if self._engine is None else self._engine.time_before(scene)

    def heard(self) -> tuple[tuple[SceneView, tuple[Happening, ...]], ...]:
        """Every scene it has read with what happens to people in it, in story order."""
        return self._engine.heard() if self._engine is not None else ()

    def looks(self) -> Mapping[str, Look]:
        """By scene: how its newest take ends; never changed."""
        return self._looks

    def telling(self) -> tuple[tuple[str, str, Breakdown], ...]:
        """(id, script, breakdown) of every scene it has read, in story order."""
        return self._engine.telling() if self._engine is not None else ()

    def story_day(self, scene: str) -> int | None:
        """Of the story; None: it has none (a dream, a montage), or was not read yet."""
        day = None if self._engine is None else self._engine.day_of(scene)
        return None if day is None else day.number

    @property
    def heard_upto(self) -> int:
        """Every script that was quiet by this sequence is among its `texts`."""
        return self._settled_upto

    @property
    def caught_up(self) -> bool:
        """Whether every script it knows of has been read."""
        return self._engine is not None and not self._waiting and self._engine.judged

    def story(self) -> Continuity | None:
        """The story as far as it has been read, for a question that may change nothing here."""
        return None if self._engine is None else self._engine.fork()

    def texts(self) -> dict[str, str]:
        """The scripts it has read, in story order."""
        return {scene: self._texts[scene] for scene in self._told[2] if scene in self._texts}

    @property
    def places(self) -> tuple[Known, ...]:
        return self._told[1]

    # fold
    def apply(self, fact: Fact) -> None:
        if fact.type in ("finding.waived", "finding.unwaived"):
            self._apply_waiver(fact.data["scene"], fact.data["finding"], fact.data["waiver"])
            return
        if fact.type in ("fact.set", "fact.taken_back"):
            self.facts.pop(fact.data["fact"]["id"], None)
            if fact.type == "fact.set":
                self.facts[fact.data["fact"]["id"]] = dict(fact.data["fact"])
            return
        self.read_upto = max(self.read_upto, fact.data["upto"])
        for scene, found in fact.data.get("findings", {}).items():
            self.findings[scene] = tuple(found)
            if not found:
                del self.findings[scene]

    def _apply_waiver(self, scene: str, finding: str, waiver: dict[str, Any] | None) -> None:
        if waiver is None:
            self.waivers.pop(finding, None)
        else:
            self.waivers[finding] = dict(waiver)
        if scene in self.findings:
            found = self.findings[scene]
            self.findings[scene] = tuple(waivers.marked(f, waiver) if f["id"] == finding else f for f in found)

    def dump(self) -> dict[str, Any]:
        findings = {k: list(v) for k, v in self.findings.items()}
        return {"findings": findings, "read_upto": self.read_upto, "waivers": self.waivers, "facts": self.facts}

    def load(self, data: Mapping[str, Any]) -> None:
        self.findings = {k: tuple(v) for k, v in data["findings"].items()}
        self.read_upto = data["read_upto"]
        self.waivers = dict(data.get("waivers", {}))  # a snapshot older than waivers has none
        self.facts = dict(data.get("facts", {}))

    def known(self) -> Callable[[], Mapping[str, Any]] | None:
        """Every fact of every scene it has read."""
        told = self.telling()
        return partial(_told, told) if told else None

    # decisions
    def needs(self, message: Message) -> Needs:
        if isinstance(message, WaiveFinding | SetFact):
            return Needs(edits=("live", waivers.notes_of(message.scene)))
        scenes = message.scenes[:ROOMS_PER_TURN] if isinstance(message, ScriptSettled) else ()
        docs = tuple(f"scene:{scene}" for scene in scenes)
        lists = () if isinstance(message, ReadOn) else ("outline",)
        takes = (Wanted("take", limit=TAKES_READ_MAX),) if self._engine is None or isinstance(message, TakeSeen) else ()
        return Needs(docs=(*docs, *lists), edits=("live",), scripts=self._engine is None, views=takes)

    def decide(self, message: Message, ctx: Context) -> Decision:
        if isinstance(message, WaiveFinding):
            return self._tell({message.scene}, waivers.waive(self, message, ctx))
        if isinstance(message, SetFact):
            return by_hand.set_fact(self, message, ctx, ReadOn())
        if isinstance(message, Watch):
            self._watched.add(message.scene)
            self._owed.add(message.scene)
        project = ctx.peer(ProjectActor, self.home)
        if project is None or project.facts is None:
            return self._tell(self._owed, Decision())
        decision = Decision()
        if self._engine is None or isinstance(message, TakeSeen):
            takes = newest_takes(ctx.views())
            self._seen, self._looks = facts_of_takes(takes), looks_of(takes)
        if self._engine is None:
            self._texts = {id: text for id, text in ctx.scripts().items() if id in project.scenes}
            self._restart(project, ctx)
        match message:
            case ScriptSettled(scenes=scenes, upto=upto):
                self._take(scenes, upto, project, ctx, decision)
            case ProjectChanged():
                self._renew(project, ctx)
        return self._read(decision)

    def _take(
        self, scenes: tuple[str, ...], upto: int, project: ProjectActor, ctx: Context, decision: Decision
    ) -> None:
        for scene in scenes[:ROOMS_PER_TURN]:
            if scene in project.scenes:
                text = ctx.text(f"scene:{scene}", "script")
                if text != self._texts.get(scene):
                    self._texts[scene] = text
                    self._waiting[scene] = None
        if scenes[ROOMS_PER_TURN:]:
            decision.notices.append((CONTINUITY, ScriptSettled(scenes[ROOMS_PER_TURN:], upto)))
        else:
            self._settled_upto = max(self._settled_upto, upto)
        self._renew(project, ctx)

    def _renew(self, project: ProjectActor, ctx: Context) -> None:
        """Follow the lists: other names or another brain mean reading everything again, another order only comparing
        neighbours."""
        lists = self._lists(project, ctx)
        if lists[:2] != self._told[:2] or brain_of(project, ctx) != self._brain:
            self._restart(project, ctx)
        elif lists[2] != self._told[2]:
            self._told, self._reorder = lists, True

    def _restart(self, project: ProjectActor, ctx: Context) -> None:
        """Read everything again, in story order: the names or the order changed."""
        self._told = self._lists(project, ctx)
        cast, places, order = self._told
        self._brain = brain_of(project, ctx)
        self._engine = Continuity(cast, places, brain=self._brain.data if self._brain is not None else None)
        self._waiting = {scene: None for scene in order if scene in self._texts}

    def _lists(self, project: ProjectActor, ctx: Context) -> _Lists:
        """Cast and places by the names people see, and the scenes in order."""
        assert project.facts is not None, "checked before"
        facts = project.facts
        cast = _names(facts.cast, ctx.map("outline", "cast"), facts.aliases)
        places = _names(facts.places, ctx.map("outline", "places"), {})
        return cast, places, tuple(scene.id for scene in project.scenes_in_order())

    def _read(self, decision: Decision) -> Decision:
        """One portion of what waits, then of what packs of rules have to do; then say what changed."""
        engine = self._engine
        assert engine is not None, "made before"
        looked: dict[str, None] = dict.fromkeys(self._follow_facts(engine))
        work = 0
        while self._waiting and work < READ_CHARS_PER_TURN:
            scene = next(iter(self._waiting))
            del self._waiting[scene]
            work += min(len(self._texts[scene]), SCENE_CHARS_READ_MAX)
            changes = engine.update_scene(scene, self._texts[scene][:SCENE_CHARS_READ_MAX], judge=False)
            looked |= dict.fromkeys([scene, *changes.scenes])
        if self._reorder:
            self._reorder = False
            looked |= dict.fromkeys(engine.reorder(self._told[2], judge=False).scenes)
        while not self._waiting and not engine.judged and work < READ_CHARS_PER_TURN:
            looked |= dict.fromkeys(engine.judge_next().scenes)
            work += engine.spent
        self._say(engine, looked, decision)
        if self._waiting or not engine.judged:
            decision.notices.append((CONTINUITY, ReadOn()))
        return self._tell(self._owed, decision) if self.caught_up else decision

    def _tell(self, scenes: Iterable[str], decision: Decision) -> Decision:
        """Jobs that wait in these scenes look again."""
        for scene in sorted(self._watched.intersection(scenes)):
            decision.notices.append((scene, FindingsMoved()))
        self._owed.difference_update(tuple(scenes))
        return decision

    def _follow_facts(self, engine: Continuity) -> Iterable[str]:
        """Facts by hand and seen; those by hand stand where their words stand now. Scenes that changed by it."""
        known = (*by_hand.as_facts(self.facts.values(), self._texts), *self._seen)
        if known == engine.premise.facts:
            return ()
        return engine.set_premise(known, engine.premise.brain, judge=False).scenes

    def _say(self, engine: Continuity, looked: Iterable[str], decision: Decision) -> None:
        changed: dict[str, list[dict[str, Any]]] = {}
        about: dict[str, list[str]] = {}  # what ids are made of, for a copy whose scenes have other ids
        for scene in looked:
            drafts = engine.findings_of(scene)
            found = [shown(f, self.waivers.get(f.id)) for f in drafts]
            if found != list(self.findings.get(scene, ())):
                changed[scene] = found
                about |= {str(f.id): list(f.id.parts) for f in drafts if isinstance(f.id, FindingId)}
        upto = self.read_upto if self._waiting or not engine.judged else max(self.read_upto, self._settled_upto)
        if not changed and upto - self.read_upto < NOTE_READ_EVERY_ROWS:
            return
        decision.events.append(Draft("continuity.checked", {"findings": changed, "about": about, "upto": upto}))
        for scene, found in changed.items():
            view = FindingsView(scene, self.home, tuple(found))
            decision.views.append(ViewDraft("findings", scene, self.home, scene, view))
        self._owed |= self._watched.intersection(changed)
        ops: tuple[Op, ...] = tuple(SetKey("findings", scene, found) for scene, found in changed.items())
        if ops:
            decision.edits.append(Edit("live", ops))


def shown(finding: FindingDraft, waiver: dict[str, Any] | None = None) -> dict[str, Any]:
    """A finding as views and `live` hold it."""
    fix = finding.fix
    return {
        "id": str(finding.id),
        "sceneId": finding.scene_id,
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "evidence": [_evidence(each) for each in finding.evidence],
        "suggestion": finding.suggestion,
        "fix": fix and {"sceneId": fix.scene_id, "start": fix.start, "end": fix.end, "replacement": fix.replacement},
        "waived": finding.waived or waiver is not None,
        "waiver": waiver,
        "reasons": waivers.reasons_for(finding.code),
        "stale": False,
    }


def _evidence(said: facts.Evidence) -> dict[str, Any]:
    words = {"sceneId": said.scene_id, "start": said.start, "end": said.end, "text": said.text}
    return words | ({"take": said.take, "fromS": said.from_s, "toS": said.to_s} if said.take else {})


def _told(told: Sequence[tuple[str, str, Breakdown]]) -> dict[str, Any]:
    facts = {scene: facts_of(scene, script, read) for scene, script, read in told}
    return {"facts": {s: [[f.entity, f.attribute, f.value, f.confidence] for f in found] for s, found in facts.items()}}


def _names(
    known: Mapping[str, str], seen: Mapping[str, Any], aliases: Mapping[str, Sequence[str]]
) -> tuple[Known, ...]:
    """Names by id: as people changed them in the outline, else as they were added."""
    found: list[Known] = []
    for id, name in known.items():
        entry = seen.get(id)
        edited = entry.get("name") if isinstance(entry, Mapping) else None
        shown = edited if isinstance(edited, str) and edited.strip() else name
        found.append(Known(shown, tuple(aliases.get(id, ()))))
    return tuple(found)
