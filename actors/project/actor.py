"""ProjectActor: what a project is and which scenes it has.

Owns identity, membership and settings of a project and the existence and order of its scenes. The invariant: a scene
exists exactly when a `scene.created` event says so; its document, its place in the outline and its view are written in
the same append. Text and outline are CRDT documents that people edit beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, ClassVar

from actors.commands import (
    AddCast,
    CancelRepair,
    ChangeAccessLink,
    CommandError,
    CreateAccessLink,
    CreateProject,
    CreateScene,
    CreateWebhook,
    DefineBrain,
    DefineFormat,
    DeleteProject,
    DeleteWebhook,
    ImportScreenplay,
    LeaveOut,
    OrderRepair,
    RemoveCast,
    RestoreProject,
    RevokeAccessLink,
    SaveCheckpoint,
    SetAhead,
    SetBackground,
    SetBrain,
    SetCacheBound,
    SetFormat,
    SetPortrait,
    SetShare,
    SetVoice,
    WithdrawDefinition,
)
from actors.graphs.messages import GRAPH
from actors.project import (
    access,
    carrying,
    checkpoints,
    deletion,
    portraits,
    repairs,
    reuse,
    share,
    styles,
    voices,
    webhooks,
)
from actors.project.draft import ProjectDraft, SceneDraft, heading_words, read_screenplay, scene_script
from actors.project.order import key_between, keys
from actors.project.rules import SCENES_MAX
from actors.reading.messages import READING
from actors.runtime.actor import (
    Actor,
    Context,
    Decision,
    Draft,
    Fact,
    Message,
    Needs,
    Notice,
    OutlineSettled,
    ProjectChanged,
    ScriptSettled,
    Started,
    ViewDraft,
)
from actors.runtime.edits import AppendText, Edit, Op, SetKey, SetMap
from actors.runtime.ids import derive_id
from actors.screenplay.names import name_key
from actors.views import BackgroundView, ProjectView, SceneStatus, SceneView, order_ms

CONTINUITY = "@continuity"
ORDER_CHARS_MAX = 256

BACKGROUND_EVERY_MS = 6 * 3_600_000
"""From switching the background workflow on to its first look, and between two looks."""


@dataclass(slots=True)
class SceneFacts:
    """What the project knows of a scene; the rest is the scene actor's."""

    id: str
    heading: str  # when it was made
    order: str
    created_at_ms: int


@dataclass(slots=True)
class Facts:
    title: str
    type: str
    brain: str
    format: str
    owner: str
    created_at_ms: int
    title_page: str = ""
    newline: str = "\n"
    bom: bool = False
    mixed_newlines: str = ""
    cast: dict[str, str] = field(default_factory=dict)  # id → name
    places: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, list[str]] = field(default_factory=dict)  # cast id → other spellings
    background: bool = False  # whether the story is looked over while nobody has it open
    portraits: dict[str, str] = field(default_factory=dict)  # cast id → key of their reference picture
    voices: dict[str, dict[str, str]] = field(default_factory=dict)  # cast id → as people set it
    ahead_renders: int = 0  # films a day made before anybody asks: see `actors.ahead`
    share_percent: int = 100  # of an ordinary part of the workers: see `actors.project.share`
    cache_bound: int = 0  # wrong answers of the cache among 10,000: see `actors.project.reuse`
    left_out: dict[str, list[str]] = field(default_factory=dict)  # scene → sections: see `actors.project.carrying`


class ProjectActor(Actor):
    kind: ClassVar[str] = "project"

    def __init__(self, home: str, id: str) -> None:
        super().__init__(home, id)
        self.facts: Facts | None = None
        self.deleted = ""  # "kept": deleted, and may be restored; "erasing": there is no way back
        self.scenes: dict[str, SceneFacts] = {}
        self.links: dict[str, access.Link] = {}
        self.checkpoints: list[checkpoints.Checkpoint] = []  # oldest first
        self.webhooks: dict[str, webhooks.Webhook] = {}
        self.own_brains: dict[str, styles.Definition] = {}
        self.own_formats: dict[str, styles.Definition] = {}
        self.repairs: dict[str, repairs.Repair] = {}

    def scenes_in_order(self) -> list[SceneFacts]:
        return sorted(self.scenes.values(), key=lambda s: (s.order, s.id))

    # fold
    def apply(self, fact: Fact) -> None:
        data = fact.data
        match fact.type:
            case "project.created":
                self.facts = Facts(**data)
            case "project.deleted" | "project.restored" | deletion.ERASING:
                deletion.apply(self, fact)
            case "project.copied":
                self._facts().title, self._facts().created_at_ms = data["title"], data["created_at_ms"]
            case "project.brain_set":
                self._facts().brain = data["brain"]
            case "project.format_set":
                self._facts().format = data["format"]
            case "brain.defined" | "brain.withdrawn":
                styles.apply(self.own_brains, fact)
            case "format.defined" | "format.withdrawn":
                styles.apply(self.own_formats, fact)
            case "repair.ordered" | "repair.cancelled":
                repairs.apply(self, fact)
            case "project.background_set":
                self._facts().background = data["on"]
            case "project.ahead_set":
                self._facts().ahead_renders = data["renders_a_day"]
            case "project.cache_bound_set":
                self._facts().cache_bound = data["per_10000"]
            case "scene.left_out":
                self._facts().left_out[data["scene"]] = list(data["sections"])
            case "project.share_set":
                self._facts().share_percent = data["percent"]
            case "cast.added":
                self._facts().cast[data["id"]] = data["name"]
            case "cast.portrait_set" | "cast.removed":
                portraits.apply(self._facts(), fact)
            case voices.VOICE_SET:
                voices.apply(self._facts().voices, data["id"], data["voice"])
            case "scene.created":
                self.scenes[data["id"]] = SceneFacts(data["id"], data["heading"], data["order"], data["created_at_ms"])
            case "access.granted" | "access.changed" | "access.revoked":
                self.links[data["id"]] = access.Link(**data)
            case "checkpoint.made" | "checkpoint.deferred":
                self.checkpoints = checkpoints.apply(self.checkpoints, fact.type, data, fact.seq)
            case "webhook.added" | "webhook.disabled":
                hook = webhooks.Webhook(**{**data, "events": tuple(data["events"])})
                self.webhooks[hook.id] = hook
            case "webhook.removed":
                self.webhooks.pop(data["id"], None)
            case "scenes.moved":
                for id, order in data["orders"].items():
                    self.scenes[id].order = order

    def dump(self) -> dict[str, Any]:
        facts = asdict(self.facts) if self.facts else None
        links = [asdict(link) for link in self.links.values()]
        kept = [asdict(each) for each in self.checkpoints]
        scenes = [asdict(s) for s in self.scenes.values()]
        hooks = [asdict(hook) for hook in self.webhooks.values()]
        own: dict[str, Any] = {"brains": styles.dump(self.own_brains), "formats": styles.dump(self.own_formats)}
        own["deleted"], own["repairs"] = self.deleted, repairs.dump(self.repairs)
        return {"facts": facts, "scenes": scenes, "links": links, "checkpoints": kept, "webhooks": hooks, **own}

    def load(self, data: Mapping[str, Any]) -> None:
        self.facts = Facts(**data["facts"]) if data["facts"] else None
        self.deleted = data.get("deleted", "")
        self.scenes = {s["id"]: SceneFacts(**s) for s in data["scenes"]}
        links = data.get("links", ())  # a snapshot older than links has none
        self.links = {link["id"]: access.Link(**link) for link in links}
        self.checkpoints = [checkpoints.Checkpoint(**each) for each in data.get("checkpoints", ())]
        hooks = (webhooks.Webhook(**{**h, "events": tuple(h["events"])}) for h in data.get("webhooks", ()))
        self.webhooks = {hook.id: hook for hook in hooks}
        self.own_brains = styles.load(data.get("brains", ()))
        self.own_formats = styles.load(data.get("formats", ()))
        self.repairs = repairs.load(data.get("repairs", ()))

    def view(self) -> ViewDraft:
        """The project's projection as it is now."""
        return self._view(self._facts())

    def changed(self, **facts: Any) -> ViewDraft:
        """The same with some facts as they will be."""
        return self._view(self._copy(**facts))

    # decisions
    def needs(self, message: Message) -> Needs:
        if isinstance(message, CreateScene):
            return Needs(edits=("live", "outline"))
        if isinstance(message, ImportScreenplay) and self.facts is None:
            return Needs(compute=partial(read_screenplay, message.text))
        if isinstance(message, SaveCheckpoint | checkpoints.MakeCheckpoint) and self.facts is not None:
            return checkpoints.needs(self, message)
        if isinstance(message, SetBrain | SetFormat | AddCast | SetPortrait | SetVoice | RemoveCast):
            return Needs(edits=("outline",))
        if isinstance(message, WithdrawDefinition):
            return styles.needs()
        return Needs(docs=("outline",)) if isinstance(message, OutlineSettled) and self.facts else Needs()

    def decide(self, message: Message, ctx: Context) -> Decision:
        match message:
            case CreateProject():
                deletion.born(self, message)
                return self._create(message, ctx)
            case ImportScreenplay():
                deletion.born(self, message)
                return self._import(message, ctx)
            case DeleteProject() | RestoreProject():
                return deletion.decide(self, message, ctx)
        if self.facts is None or self.deleted:
            if isinstance(message, Notice):
                return Decision()
            deletion.permit(self, message)
            raise CommandError("NOT_FOUND", "no such project", ("input", "projectId"))
        match message:
            case SetBrain():
                return self._set_brain(message, ctx)
            case SetFormat() | DefineBrain() | DefineFormat() | WithdrawDefinition():
                return styles.decide(self, message, ctx)
            case SetBackground():
                return self._set_background(message, ctx)
            case SetShare():
                return share.decide(self, message, ctx)
            case SetAhead():
                return share.decide_ahead(self, message, ctx)
            case OrderRepair() | CancelRepair():
                return repairs.decide(self, message, ctx)
            case SetCacheBound():
                return reuse.decide(self, message, ctx)
            case LeaveOut():
                return carrying.decide(self, message, ctx)
            case AddCast():
                return self._add_cast(message, ctx)
            case SetPortrait() | RemoveCast():
                return portraits.decide(self, message, ctx)
            case SetVoice():
                return voices.decide(self, message, ctx)
            case CreateScene():
                return self._create_scene(message, ctx)
            case CreateAccessLink() | ChangeAccessLink() | RevokeAccessLink():
                return access.decide(self, message, ctx)
            case SaveCheckpoint() | checkpoints.MakeCheckpoint():
                return checkpoints.decide(self, message, ctx)
            case checkpoints.DeferredMoved():
                return checkpoints.moved(self, message)
            case CreateWebhook() | DeleteWebhook() | webhooks.WebhookGone():
                return webhooks.decide(self, message, ctx)
            case OutlineSettled():
                return self._outline(ctx)
            case Notice():
                return Decision()
        raise CommandError("BAD_COMMAND", f"a project does not take {type(message).__name__}")

    def _create(self, command: CreateProject, ctx: Context) -> Decision:
        self._must_be_new()
        facts = Facts(
            command.title.strip(),
            command.project_type,
            command.brain or ctx.catalogue.brain_default,
            styles.choose_format({}, command.format).id if command.format else styles.format_for(command.project_type),
            ctx.principal,
            ctx.now_ms,
        )
        return self._born(facts, (), ctx)

    def _import(self, command: ImportScreenplay, ctx: Context) -> Decision:
        self._must_be_new()
        play: ProjectDraft = ctx.computed
        if len(play.scenes) > SCENES_MAX:
            raise CommandError(
                "TOO_MANY_SCENES", f"{len(play.scenes)} scenes, at most {SCENES_MAX} fit", ("input", "text")
            )
        facts = Facts(
            command.title.strip(),
            "MOVIE",
            ctx.catalogue.brain_default,
            styles.format_for("MOVIE"),
            ctx.principal,
            ctx.now_ms,
        )
        _take_over(facts, play, ctx)
        return self._born(facts, play.scenes, ctx)

    def _born(self, facts: Facts, scenes: tuple[SceneDraft, ...], ctx: Context) -> Decision:
        decision = Decision(ids={"project": self.home})
        decision.events.append(Draft("project.created", asdict(facts)))
        meta = ("title", "type", "brain", "format")
        outline: list[Op] = [SetKey("meta", name, getattr(facts, name)) for name in meta]
        outline += [SetMap("cast", id, {"name": name}) for id, name in facts.cast.items()]
        outline += [SetMap("places", id, {"name": name}) for id, name in facts.places.items()]
        live: list[Op] = []
        for scene, order in zip(scenes, keys(len(scenes)), strict=True):
            known = SceneFacts(ctx.new_id("scn"), scene.heading, order, ctx.now_ms)
            self._add(decision, known, scene.script, outline, live)
        decision.edits.append(Edit("outline", tuple(outline), fresh=True))
        if live:
            decision.edits.append(Edit("live", tuple(live), fresh=True))
            decision.notices += [(CONTINUITY, Started()), (READING, Started())]
        decision.views.append(self._view(facts))
        return decision

    def _create_scene(self, command: CreateScene, ctx: Context) -> Decision:
        if len(self.scenes) >= SCENES_MAX:
            raise CommandError("TOO_MANY_SCENES", f"a project has at most {SCENES_MAX} scenes", ("input", "projectId"))
        script = scene_script(command.heading, command.script)
        order = self._order_after(command.after, ctx.map("outline", "order"))
        known = SceneFacts(ctx.new_id("scn"), heading_words(script), order, ctx.now_ms)
        decision = Decision(ids={"project": self.home, "scene": known.id})
        outline: list[Op] = []
        live: list[Op] = []
        self._add(decision, known, script, outline, live)
        decision.edits += [Edit("outline", tuple(outline)), Edit("live", tuple(live))]
        decision.views.append(self._view(self._facts()))
        settled = ScriptSettled((known.id,), 0)
        decision.notices += [(CONTINUITY, settled), (READING, settled), (GRAPH, ProjectChanged())]
        return decision

    def _add(self, decision: Decision, scene: SceneFacts, script: str, outline: list[Op], live: list[Op]) -> None:
        """A scene's rows: event, document, outline entry, what `live` shows, view."""
        decision.events.append(Draft("scene.created", asdict(scene), scene=scene.id))
        decision.edits.append(Edit(f"scene:{scene.id}", (AppendText("script", script),), fresh=True, scene=scene.id))
        outline.append(SetKey("order", scene.id, scene.order))
        live.append(SetKey("scenes", scene.id, live_scene(scene.heading, SceneStatus.PENDING.value, None)))
        view = SceneView(
            id=scene.id,
            project=self.home,
            heading=scene.heading,
            script=script,
            status=SceneStatus.PENDING.value,
            bible_version=0,
            revision="0",
            created_at_ms=scene.created_at_ms,
        )
        decision.views.append(ViewDraft("scene", scene.id, self.home, scene.order, view))

    def _order_after(self, after: str | None, shown: Mapping[str, Any]) -> str:
        """`shown`: the outline's order, which people may have changed; entries without an event do not count."""
        orders = self._orders(shown)
        if after is None:
            return key_between(max(orders.values(), default=None), None)
        if after not in orders:
            raise CommandError("NOT_FOUND", "no such scene to put this one after", ("input", "after"))
        ranked = sorted((order, id) for id, order in orders.items())
        at = ranked.index((orders[after], after))
        return key_between(ranked[at][0], ranked[at + 1][0] if at + 1 < len(ranked) else None)

    def _orders(self, shown: Mapping[str, Any]) -> dict[str, str]:
        found: dict[str, str] = {}
        for id, scene in self.scenes.items():
            value = shown.get(id)
            usable = isinstance(value, str) and 0 < len(value) <= ORDER_CHARS_MAX
            found[id] = value if usable and isinstance(value, str) else scene.order
        return found

    def _set_brain(self, command: SetBrain, ctx: Context) -> Decision:
        styles.choose_brain(self, command.brain, ctx.catalogue)
        return Decision(
            events=[Draft("project.brain_set", {"brain": command.brain})],
            views=[self.changed(brain=command.brain)],
            edits=[Edit("outline", (SetKey("meta", "brain", command.brain),))],
            ids={"project": self.home},
        )

    def _set_background(self, command: SetBackground, ctx: Context) -> Decision:
        due = BackgroundView(self.home, ctx.now_ms + BACKGROUND_EVERY_MS) if command.on else None
        row = ViewDraft("background", self.home, "", order_ms(due.due_at_ms if due else 0), due)
        return Decision(
            events=[Draft("project.background_set", {"on": command.on, "by": ctx.principal})],
            views=[self._view(self._copy(background=command.on)), row],
            ids={"project": self.home},
        )

    def _add_cast(self, command: AddCast, ctx: Context) -> Decision:
        name = " ".join(command.name.split())
        facts = self._facts()
        known = {name_key(other): id for id, other in facts.cast.items()}
        if name_key(name) in known:
            raise CommandError("ALREADY_EXISTS", "the cast has this name", ("input", "name"))
        id = ctx.new_id("cst")
        changed = self._copy(cast={**facts.cast, id: name})
        return Decision(
            events=[Draft("cast.added", {"id": id, "name": name})],
            views=[self._view(changed)],
            edits=[Edit("outline", (SetMap("cast", id, {"name": name}),))],
            ids={"project": self.home, "cast": id},
            notices=[(CONTINUITY, ProjectChanged())],
        )

    def _outline(self, ctx: Context) -> Decision:
        """People moved scenes in the outline: the lists follow."""
        orders = self._orders(ctx.map("outline", "order"))
        moved = {id: order for id, order in orders.items() if order != self.scenes[id].order}
        if not moved:
            return Decision()
        notices: list[tuple[str, Notice]] = [(id, ProjectChanged()) for id in moved]
        return Decision(
            events=[Draft("scenes.moved", {"orders": moved})],
            views=[self._view(self._facts())],
            notices=[*notices, (CONTINUITY, ProjectChanged()), (GRAPH, ProjectChanged())],
        )

    def _view(self, facts: Facts) -> ViewDraft:
        body = ProjectView(
            id=self.home,
            title=facts.title,
            type=facts.type,
            brain=facts.brain,
            format=facts.format,
            status="draft",
            revision="0",
            owner=facts.owner,
            created_at_ms=facts.created_at_ms,
            title_page=facts.title_page,
            newline=facts.newline,
            bom=facts.bom,
            mixed_newlines=facts.mixed_newlines,
            cast=_pairs(facts.cast),
            places=_pairs(facts.places),
            background=facts.background,
            share_percent=facts.share_percent,
            ahead_renders=facts.ahead_renders,
            cache_bound=facts.cache_bound,
            aliases=facts.aliases,
            portraits=facts.portraits,
            left_out=facts.left_out,
            voices=facts.voices,
        )
        return ViewDraft("project", self.home, "", order_ms(facts.created_at_ms), body)

    def _copy(self, **changes: Any) -> Facts:
        return Facts(**{**asdict(self._facts()), **changes})

    def _facts(self) -> Facts:
        assert self.facts is not None, "an event of a project that was never created"
        return self.facts

    def _must_be_new(self) -> None:
        if self.facts is not None:
            raise CommandError("ALREADY_EXISTS", "this project exists", ("input", "idempotencyKey"))


def live_scene(heading: str, status: str, thumbnail_key: str | None) -> dict[str, Any]:
    """A scene's value in the `live` document."""
    return {"heading": heading, "status": status, "thumbnailKey": thumbnail_key}


def _take_over(facts: Facts, play: ProjectDraft, ctx: Context) -> None:
    facts.title_page, facts.newline = play.title_page, play.newline
    facts.bom, facts.mixed_newlines = play.bom, play.mixed_newlines
    for name, aliases in play.cast:
        id = ctx.new_id("cst")
        facts.cast[id] = name
        if aliases:
            facts.aliases[id] = list(aliases)
    facts.places = {ctx.new_id("plc"): name for name in play.places}


def project_id(principal: str, key: str) -> str:
    """The home of a project that is about to be made: the same for a retry of the same request."""
    return derive_id("prj", principal, key)


def _pairs(names: Mapping[str, str]) -> tuple[dict[str, str], ...]:
    return tuple({"id": id, "name": name} for id, name in names.items())
