"""Having films made again as one order: placing it, following it, calling it off.

The invariant: an order is the owner's duty from the append that places it (`actors.project.repairs`), so it goes on
whether or not whoever asked is still there; each film has one key whoever sends it, so sending it at once, as here, for
an answer with the films in it, makes nothing twice. A retry with the same key meets the same order.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import strawberry

from actors.commands import Answer, CancelJob, CancelRepair, OrderRepair
from actors.outbox.protocol import DEAD, Entry
from actors.project.repairs import REPAIR_SCENES_MAX, REPAIRS_KEPT
from actors.project.repairs import Repair as Ordered
from actors.views import REPAIR, JobView, RepairView
from serve_app.graphql.context import Context, Info
from serve_app.graphql.described import commanded, described
from serve_app.graphql.payloads import UserError, key_problem, missing
from serve_app.graphql.scene_nodes import Job
from serve_app.graphql.sending import send
from storage.ledger.protocol import View

JOBS_READ_MAX = REPAIR_SCENES_MAX * 50
ENDED = ("FINAL_READY", "FAILED", "CANCELLED")


@strawberry.input
class RepairStaleInput:
    project_id: strawberry.ID
    scene_ids: list[strawberry.ID]
    idempotency_key: str
    auto_pick: bool = True


@strawberry.input
class CancelRepairInput:
    project_id: strawberry.ID
    repair_id: strawberry.ID
    idempotency_key: str


@strawberry.type
class NotRepaired:
    scene_id: strawberry.ID
    code: str
    message: str


@strawberry.type(description="Films that were ordered together.")
class Repair:
    id: strawberry.ID
    jobs: list[Job]
    done: int
    failed: int = strawberry.field(description="Failed or cancelled.")
    held: int = strawberry.field(description="Wait for a person at the continuity gate.")
    waiting: int = strawberry.field(description="Ordered, and not begun yet.")
    not_repaired: list[NotRepaired] = strawberry.field(description="Scenes that cannot be filmed, and why.")
    cancelled: bool = strawberry.field(description="Somebody called it off: what is not filmed yet will not be.")
    over: bool = strawberry.field(description="Nothing more of it will be made.")
    ordered_at: datetime


@strawberry.type
class RepairPayload:
    repair: Repair | None = None
    not_repaired: list[NotRepaired] = strawberry.field(default_factory=list)
    user_errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.type
class RepairQueries:
    @described("Films that were ordered together by `repairStale`, and how far they are; null: there is none.")
    async def repair(self, info: Info, project_id: strawberry.ID, id: strawberry.ID) -> Repair | None:
        return await _repair(info.context, str(project_id), str(id))

    @described("The newest orders of films, the last first, and how far they are.")
    async def repairs(self, info: Info, project_id: strawberry.ID, first: int = 1) -> list[Repair]:
        context, home = info.context, str(project_id)
        limit = min(max(1, first), REPAIRS_KEPT)
        rows = await context.ports.reader.views(REPAIR, home=home, limit=limit, newest_first=True)
        jobs = await _jobs(context, home) if rows else []
        return [await _told(context, home, row, jobs) for row in rows if row.body is not None]


@strawberry.type
class RepairMutations:
    @commanded("Film these scenes again, as one order: a retry with its key orders nothing twice.")
    async def repair_stale(self, info: Info, input: RepairStaleInput) -> RepairPayload:
        context, home, key = info.context, str(input.project_id), input.idempotency_key
        if errors := key_problem(key, ("input", "idempotencyKey")):
            return RepairPayload(user_errors=errors)
        if await context.project(home) is None:
            return RepairPayload(user_errors=missing("project", ("input", "projectId")))
        scenes = tuple(dict.fromkeys(str(each) for each in input.scene_ids))
        id = f"rep_{_hash(context.who.id, home, key)[:26]}"
        sent = await send(context, home, home, key, OrderRepair(id, scenes, input.auto_pick))
        if not isinstance(sent, Answer):
            return RepairPayload(user_errors=sent)
        order, refused = Ordered(id, context.who.id, 0, scenes, input.auto_pick), list[NotRepaired]()
        for scene in scenes:
            for error in await _film(context, home, order, scene):
                refused.append(NotRepaired(scene_id=strawberry.ID(scene), code=error.code, message=error.message))
        return RepairPayload(repair=await _repair(context, home, id), not_repaired=refused)

    @commanded("Call an order of films off: what is not filmed yet will not be.")
    async def cancel_repair(self, info: Info, input: CancelRepairInput) -> RepairPayload:
        context, home, id = info.context, str(input.project_id), str(input.repair_id)
        if errors := key_problem(input.idempotency_key, ("input", "idempotencyKey")):
            return RepairPayload(user_errors=errors)
        seen = tuple((job.scene, job.id) for job in await _live(context, home, id))
        sent = await send(context, home, home, input.idempotency_key, CancelRepair(id, seen))
        if not isinstance(sent, Answer):
            return RepairPayload(user_errors=sent)
        for job in await _live(context, home, id):  # also those that began while it was called off
            await send(context, home, job.scene, _hash(id, job.id, "cancel"), CancelJob(job.scene, job.id))
        return RepairPayload(repair=await _repair(context, home, id))


async def _film(context: Context, home: str, order: Ordered, scene: str) -> Sequence[UserError]:
    found = await context.scene(scene)
    if found is None or found[0].home != home:
        return missing("scene", ("input", "sceneIds"))
    sent = await send(context, home, scene, order.key(scene), order.film(scene))
    return [] if isinstance(sent, Answer) else sent


async def _live(context: Context, home: str, id: str) -> list[JobView]:
    return [job.view for job in await _jobs(context, home) if job.view.repair == id and job.view.state not in ENDED]


async def _jobs(context: Context, home: str) -> list[Job]:
    rows = await context.ports.reader.views("job", home=home, limit=JOBS_READ_MAX, newest_first=True)
    return [Job.of(row) for row in rows if row.body is not None]


async def _repair(context: Context, home: str, id: str) -> Repair | None:
    row = await context.loaders.one.load((REPAIR, home, id))
    return await _told(context, home, row, await _jobs(context, home)) if row is not None and row.body else None


async def _told(context: Context, home: str, row: View, every: Sequence[Job]) -> Repair:
    view = RepairView.from_blob(row.body or b"")
    order = Ordered(view.id, view.by, view.at_ms, tuple(view.scenes), view.auto_pick)
    jobs = [job for job in every if job.view.repair == view.id]
    begun = {job.view.scene for job in jobs}
    left = [scene for scene in order.scenes if scene not in begun]
    refused = await _refused(context, home, order, left)
    states = [job.view.state for job in jobs]
    waiting = 0 if view.cancelled else len(left) - len(refused)
    return Repair(
        id=strawberry.ID(view.id),
        jobs=jobs,
        done=states.count("FINAL_READY"),
        failed=states.count("FAILED") + states.count("CANCELLED"),
        held=sum(bool(job.view.held) for job in jobs),
        waiting=waiting,
        not_repaired=refused,
        cancelled=view.cancelled,
        over=not waiting and all(state in ENDED for state in states),
        ordered_at=datetime.fromtimestamp(view.at_ms / 1000, UTC),
    )


async def _refused(context: Context, home: str, order: Ordered, scenes: Sequence[str]) -> list[NotRepaired]:
    """Of scenes without a film: those whose command was refused, as it is parked (`actors.runtime.inbox`)."""
    keys = [(DEAD, home, order.command_id(home, scene)) for scene in scenes]
    rows = await asyncio.gather(*(context.loaders.one.load(key) for key in keys))
    found = []
    for scene, row in zip(scenes, rows, strict=True):
        if row is not None and row.body is not None:
            code, _, words = Entry.of(row).problem.partition(": ")
            found.append(NotRepaired(scene_id=strawberry.ID(scene), code=code, message=words))
    return found


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
