"""Checkpoints of a project: what one holds, which are kept, and how far its deferred work is.

Pure decisions of the project actor. Invariants: a checkpoint and the rows after its sequence say everything of the
project; event, summary, body and the deletion of what has to go are one append; so the lists never name a body that is
not there. Bodies are made from what `actors.runtime.checkpoints` gathered: committed state alone.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from actors.commands import CommandError, SaveCheckpoint
from actors.runtime.actor import Context, Decision, Draft, Gathered, Needs, Notice, ViewDraft
from actors.views import CheckpointBodyView, CheckpointView
from storage.codec import decode, encode

if TYPE_CHECKING:
    from actors.project.actor import ProjectActor

Type = Literal["scene_exit", "manual_save", "autosave"]
Deferred = Literal["pending", "processing", "complete"]

KEPT_MAX: Mapping[str, int] = {"autosave": 5, "scene_exit": 50, "manual_save": 100}
"""Checkpoints of a type that a project keeps. Over: the oldest of that type goes in the append that makes the newest.
The log still holds what it said."""

BODY_BYTES_MAX = 4 * 1024 * 1024
"""A compressed body. Over: actors' states and propositions are left out (`lean`); positions stay, and the snapshots and
rows they name say the rest."""

UNPACKED_BYTES_MAX = 64 * 1024 * 1024
"""An unpacked body. Over: it is refused as damaged."""

_BODY_VERSION = 1
_WORLD = frozenset(("place", "setting", "time_of_day", "prop"))


@dataclass(frozen=True, slots=True)
class MakeCheckpoint(Notice):
    """Make one now. `scene`: the scene that is left (scene_exit). An autosave without a row since the last one is
    none; of a scene's exit the deferred work is still to come (`pending`), unless the sender says otherwise."""

    type: Type
    scene: str = ""
    label: str = ""
    deferred: Deferred | None = None


@dataclass(frozen=True, slots=True)
class DeferredMoved(Notice):
    """The deferred work of a scene's exit got on. It is noted at the newest exit of that scene; telling it twice, or
    of a scene without one, changes nothing."""

    scene: str
    status: Deferred


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`seq`: every row up to it is in. `at_seq`: of the event that made it."""

    id: str
    type: str
    scene: str
    label: str
    at_ms: int
    seq: int
    deferred: str
    by: str
    bytes: int
    sha256: str
    lean: bool = False
    at_seq: int = 0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A body, ready to be kept."""

    seq: int
    data: bytes
    lean: bool = False


class CorruptCheckpoint(Exception):
    """A checkpoint's body is not what was kept. The log says the same."""

    code = "CHECKPOINT_CORRUPT"
    retryable = False

    def __init__(self, id: str, why: str) -> None:
        super().__init__(id, why)
        self.id, self.why = id, why

    def __str__(self) -> str:
        return f"checkpoint {self.id} {self.why}"


# fold
def apply(kept: list[Checkpoint], type: str, data: Mapping[str, Any], seq: int) -> list[Checkpoint]:
    """The checkpoints a project keeps, after this event."""
    if type == "checkpoint.made":
        gone = set(data["gone"])
        return [*(each for each in kept if each.id not in gone), Checkpoint(**data["facts"], at_seq=seq)]
    return [replace(each, deferred=data["status"]) if each.id == data["id"] else each for each in kept]


# decisions
def needs(project: ProjectActor, message: SaveCheckpoint | MakeCheckpoint) -> Needs:
    """The body is made beside the loop, from what is gathered and what the project says at this moment."""
    asked = message if isinstance(message, MakeCheckpoint) else _asked(message)
    order = tuple(scene.id for scene in project.scenes_in_order())
    places = dict(project.facts.places) if project.facts else {}
    return Needs(gather=partial(prepare, asked, order, places))


def decide(project: ProjectActor, message: SaveCheckpoint | MakeCheckpoint, ctx: Context) -> Decision:
    made: Prepared = ctx.computed
    if isinstance(message, SaveCheckpoint):
        return _made(project, _asked(message), made, ctx)
    last = project.checkpoints[-1] if project.checkpoints else None
    if message.type == "autosave" and last is not None and made.seq <= last.at_seq:
        return Decision()
    if message.type == "scene_exit" and message.scene not in project.scenes:
        raise CommandError("NOT_FOUND", "this project has no such scene", ("input", "sceneId"))
    return _made(project, message, made, ctx)


def _asked(command: SaveCheckpoint) -> MakeCheckpoint:
    return MakeCheckpoint("manual_save", label=" ".join(command.label.split()))


def moved(project: ProjectActor, notice: DeferredMoved) -> Decision:
    exits = [each for each in project.checkpoints if each.type == "scene_exit" and each.scene == notice.scene]
    if not exits or exits[-1].deferred in (notice.status, "complete"):
        return Decision()
    now = replace(exits[-1], deferred=notice.status)
    return Decision(
        events=[Draft("checkpoint.deferred", {"id": now.id, "status": notice.status}, scene=notice.scene)],
        views=[_summary(project.home, now)],
    )


def _made(project: ProjectActor, asked: MakeCheckpoint, made: Prepared, ctx: Context) -> Decision:
    new = Checkpoint(
        id=ctx.new_id("chk"),
        type=asked.type,
        scene=asked.scene,
        label=asked.label,
        at_ms=ctx.now_ms,
        seq=made.seq,
        deferred=asked.deferred or ("pending" if asked.type == "scene_exit" else "complete"),
        by=ctx.principal,
        bytes=len(made.data),
        sha256=hashlib.sha256(made.data).hexdigest(),
        lean=made.lean,
    )
    same = [each for each in project.checkpoints if each.type == asked.type]
    gone = same[: max(0, len(same) + 1 - KEPT_MAX[asked.type])]
    facts = {name: value for name, value in asdict(new).items() if name != "at_seq"}
    views = [_summary(project.home, new), _body(project.home, new, CheckpointBodyView(new.id, project.home, made.data))]
    for each in gone:
        views += [ViewDraft("checkpoint", each.id, project.home, _order(each), None), _body(project.home, each, None)]
    event = Draft("checkpoint.made", {"facts": facts, "gone": [each.id for each in gone]}, scene=asked.scene or None)
    return Decision(events=[event], views=views, ids={"project": project.home, "checkpoint": new.id})


# the body
def prepare(asked: MakeCheckpoint, order: Sequence[str], places: Mapping[str, str], gathered: Gathered) -> Prepared:
    """Pure and heavy: for a thread."""
    parts = body_of(asked, order, places, gathered)
    data = packed(parts)
    if len(data) > BODY_BYTES_MAX:
        return Prepared(gathered.seq, packed(_lean(parts)), lean=True)
    return Prepared(gathered.seq, data)


def body_of(
    asked: MakeCheckpoint, order: Sequence[str], places: Mapping[str, str], gathered: Gathered
) -> dict[str, Any]:
    """The seed's four parts, and what rebuilds the documents."""
    told = {scene: facts for known in gathered.known for scene, facts in known().get("facts", {}).items()}
    continuity = gathered.actors.get("@continuity", {}).get("state", {})
    scenes = [state for stream, state in gathered.actors.items() if stream.startswith("@scene:")]
    return {
        "seq": gathered.seq,
        "entity_state": dict(gathered.actors),
        "truth_set": {
            "findings": continuity.get("findings", {}),
            "read_upto": continuity.get("read_upto", 0),
            "propositions": _facts(told, world=False),
        },
        "narrative_position": {
            "order": list(order),
            "current": asked.scene or gathered.scene,
            "locked": sorted(scene["id"] for scene in scenes if scene["state"]["locked"]),
            "seq": gathered.seq,
        },
        "world_state": {"places": dict(places), "told": _facts(told, world=True)},
        "documents": {doc: list(where) for doc, where in gathered.documents.items()},
    }


def _facts(told: Mapping[str, Sequence[Sequence[Any]]], *, world: bool) -> dict[str, list[list[Any]]]:
    """[entity, attribute, value, confidence] by scene: of the world (places, props, hours), or of people."""
    found = {scene: [list(fact) for fact in facts if (fact[1] in _WORLD) is world] for scene, facts in told.items()}
    return {scene: facts for scene, facts in found.items() if facts}


def _lean(parts: Mapping[str, Any]) -> dict[str, Any]:
    kept = {
        stream: {name: state[name] for name in ("id", "seq", "version")}
        for stream, state in parts["entity_state"].items()
    }
    return {**parts, "entity_state": kept, "truth_set": {}, "world_state": {}}


def packed(parts: Mapping[str, Any]) -> bytes:
    return zlib.compress(encode(dict(parts), version=_BODY_VERSION), 6)


def unpacked(checkpoint: Checkpoint | CheckpointView, body: CheckpointBodyView | None) -> dict[str, Any]:
    """A body read back. Raises `CorruptCheckpoint`."""
    if body is None:
        raise CorruptCheckpoint(checkpoint.id, "has no body")
    if hashlib.sha256(body.data).hexdigest() != checkpoint.sha256:
        raise CorruptCheckpoint(checkpoint.id, "has another hash than it was kept with")
    try:
        inflate = zlib.decompressobj()
        found: dict[str, Any] = decode(inflate.decompress(body.data, UNPACKED_BYTES_MAX))
    except (zlib.error, ValueError) as error:
        raise CorruptCheckpoint(checkpoint.id, f"does not read: {type(error).__name__}") from error
    return found


def _summary(home: str, each: Checkpoint) -> ViewDraft:
    view = CheckpointView(
        id=each.id,
        project=home,
        type=each.type,
        scene=each.scene,
        label=each.label,
        created_at_ms=each.at_ms,
        seq=each.seq,
        deferred_status=each.deferred,
        by=each.by,
        bytes=each.bytes,
        sha256=each.sha256,
        lean=each.lean,
    )
    return ViewDraft("checkpoint", each.id, home, _order(each), view)


def _body(home: str, each: Checkpoint, body: CheckpointBodyView | None) -> ViewDraft:
    return ViewDraft("checkpoint_body", each.id, home, _order(each), body)


def _order(each: Checkpoint) -> str:
    return f"{each.seq:015d}"
