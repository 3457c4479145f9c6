"""Films that are ordered together: which scenes, by whom, and whether somebody called it off.

Pure decisions of the project actor. The invariant: an order is one append with a command recorded for every film
(`Decision.owes`), so whoever owns the project orders each of them once, whether or not whoever asked is still there;
calling it off reaches films that were not ordered yet, by this fold, and those under way, by commands of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from actors.commands import CancelJob, CancelRepair, Command, CommandError, Envelope, GenerateScene, OrderRepair
from actors.runtime.actor import Context, Decision, Draft, Fact, ViewDraft
from actors.runtime.inbox import recorded_id
from actors.views import REPAIR, RepairView, order_ms

if TYPE_CHECKING:
    from actors.project.actor import ProjectActor

REPAIR_SCENES_MAX = 200
"""Films of one repair. Over: refused; a repair of more is several."""

REPAIRS_KEPT = 20
"""Orders a project remembers, newest last. The oldest goes, with its row; its films are what they are."""

CALLED_OFF = "WITHDRAWN"
"""See `actors.runtime.inbox.MOOT`."""


@dataclass(frozen=True, slots=True)
class Repair:
    id: str
    by: str
    at_ms: int
    scenes: tuple[str, ...]
    auto_pick: bool
    cancelled: bool = False

    def key(self, scene: str) -> str:
        """Of the command that films this scene: the same from whoever sends it."""
        return hashlib.sha256(f"{self.id}\x1f{scene}".encode()).hexdigest()

    def command_id(self, home: str, scene: str) -> str:
        """Under which that command waits, or is parked."""
        return recorded_id(home, self.by, self.key(scene))

    def film(self, scene: str) -> GenerateScene:
        return GenerateScene(scene=scene, auto_pick=self.auto_pick, repair=self.id)


def decide(project: ProjectActor, command: OrderRepair | CancelRepair, ctx: Context) -> Decision:
    return _order(project, command, ctx) if isinstance(command, OrderRepair) else _cancel(project, command, ctx)


def refuse_called_off(project: ProjectActor, id: str) -> None:
    """Raises `CommandError` WITHDRAWN: a film of an order that somebody called off is not ordered any more."""
    repair = project.repairs.get(id)
    if repair is not None and repair.cancelled:
        raise CommandError(CALLED_OFF, "somebody called this order off", ("input", "repairId"))


def _order(project: ProjectActor, command: OrderRepair, ctx: Context) -> Decision:
    """Raises `CommandError` BAD_COUNT, NOT_FOUND."""
    scenes = tuple(dict.fromkeys(str(each) for each in command.scenes if each in project.scenes))
    if not 1 <= len(command.scenes) <= REPAIR_SCENES_MAX:
        words = f"a repair has 1 to {REPAIR_SCENES_MAX} scenes"
        raise CommandError("BAD_COUNT", words, ("input", "sceneIds"))
    if not scenes:
        raise CommandError("NOT_FOUND", "this project has none of these scenes", ("input", "sceneIds"))
    repair = Repair(command.id, ctx.principal, ctx.now_ms, scenes, command.auto_pick)
    decision = _decision(project, "repair.ordered", repair, [(s, repair.key(s), repair.film(s)) for s in scenes])
    gone = list(project.repairs)[: max(0, len(project.repairs) + 1 - REPAIRS_KEPT)]
    decision.views += [ViewDraft(REPAIR, id, project.home, "", None) for id in gone]
    return decision


def _cancel(project: ProjectActor, command: CancelRepair, ctx: Context) -> Decision:
    """Raises `CommandError` NOT_FOUND. Of films under way those are called off that whoever asks saw."""
    repair = project.repairs.get(command.id)
    if repair is None:
        raise CommandError("NOT_FOUND", "this project has no such order of films", ("input", "repairId"))
    owes: list[tuple[str, str, Command]] = [
        (scene, hashlib.sha256(f"{repair.id}\x1f{job}\x1fcancel".encode()).hexdigest(), CancelJob(scene, job))
        for scene, job in dict.fromkeys((str(scene), str(job)) for scene, job in command.jobs)
        if scene in repair.scenes
    ]
    return _decision(project, "repair.cancelled", replace(repair, cancelled=True), owes, by=ctx.principal)


def _decision(
    project: ProjectActor, kind: str, repair: Repair, owes: list[tuple[str, str, Command]], by: str = ""
) -> Decision:
    home, who = project.home, by or repair.by
    return Decision(
        events=[Draft(kind, {**asdict(repair), "scenes": list(repair.scenes), "who": who})],
        views=[view(home, repair)],
        owes=[Envelope(home, scene, who, key, command) for scene, key, command in owes],
        ids={"project": home, "repair": repair.id},
    )


def apply(project: ProjectActor, fact: Fact) -> None:
    told = {name: fact.data[name] for name in Repair.__dataclass_fields__}
    repair = Repair(**{**told, "scenes": tuple(told["scenes"])})
    project.repairs.pop(repair.id, None)
    project.repairs[repair.id] = repair
    for id in list(project.repairs)[:-REPAIRS_KEPT]:
        del project.repairs[id]


def view(home: str, repair: Repair) -> ViewDraft:
    body = RepairView(project=home, **{**asdict(repair), "scenes": repair.scenes})
    return ViewDraft(REPAIR, repair.id, home, order_ms(repair.at_ms), body)


def views(project: ProjectActor) -> Iterator[ViewDraft]:
    """Of those it remembers."""
    for repair in project.repairs.values():
        yield view(project.home, repair)


def dump(repairs: Mapping[str, Repair]) -> list[dict[str, Any]]:
    return [{**asdict(each), "scenes": list(each.scenes)} for each in repairs.values()]


def load(rows: Any) -> dict[str, Repair]:
    return {row["id"]: Repair(**{**row, "scenes": tuple(row["scenes"])}) for row in rows}
