"""What the holder of a link may ask: one rule for each root field, and none for what nobody has classified.

The invariant: deny by default. A root field without a rule here does not exist for a link; one with a rule runs only
for an id of the link's own project and a role that suffices, looked at each time (and before each item of a
subscription), so that a revoked link sees nothing more. The owner passes untouched; whoever holds a project decides
once more on commands.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo, GraphQLSchema

from actors.project.access import ROLES
from collab.session import Access
from serve_app.graphql.context import Context, not_found


class Subject(enum.Enum):
    """What an argument names. NOTHING: the field shows no project (or only the caller's own)."""

    NOTHING = ""
    PROJECT = "project"
    SCENE = "scene"
    JOB = "job"
    TAKE = "take"


@dataclass(frozen=True, slots=True)
class Rule:
    """`path`: where the id is, through the arguments."""

    least: Access
    subject: Subject = Subject.NOTHING
    path: tuple[str, ...] = ()


def _input(subject: Subject, name: str, least: Access = Access.WRITE) -> Rule:
    return Rule(least, subject, ("input", name))


_READ, _SCENE_ID = Access.READ, "sceneId"

RULES: Mapping[str, Rule] = {
    "Query.me": Rule(_READ),
    "Query.brains": Rule(_READ),
    "Query.formats": Rule(_READ),
    "Query.projects": Rule(_READ),
    "Query.project": Rule(_READ, Subject.PROJECT, ("id",)),
    "Query.scene": Rule(_READ, Subject.SCENE, ("id",)),
    "Query.job": Rule(_READ, Subject.JOB, ("id",)),
    "Query.history": Rule(_READ, Subject.PROJECT, ("projectId",)),
    "Query.exportFountain": Rule(_READ, Subject.PROJECT, ("projectId",)),
    "Query.breakdownSheet": Rule(_READ, Subject.PROJECT, ("projectId",)),
    "Query.facts": Rule(_READ, Subject.PROJECT, ("projectId",)),
    "Query.storySoFar": Rule(_READ, Subject.PROJECT, ("projectId",)),
    "Query.sceneAsOf": Rule(_READ, Subject.SCENE, (_SCENE_ID,)),
    "Query.sceneDiff": Rule(_READ, Subject.SCENE, (_SCENE_ID,)),
    "Query.sceneTimeline": Rule(_READ, Subject.SCENE, (_SCENE_ID,)),
    "Query.worldState": Rule(_READ, Subject.SCENE, (_SCENE_ID,)),
    "Query.relations": Rule(_READ, Subject.PROJECT, ("projectId",)),
    "Query.storyGraph": Rule(_READ, Subject.PROJECT, ("projectId",)),
    "Query.tableRead": Rule(_READ, Subject.SCENE, (_SCENE_ID,)),
    "Mutation.sayLine": _input(Subject.SCENE, _SCENE_ID),
    "Mutation.stopLine": _input(Subject.SCENE, _SCENE_ID),
    "Mutation.acceptLine": _input(Subject.SCENE, _SCENE_ID),
    "Mutation.declineLine": _input(Subject.SCENE, _SCENE_ID),
    "Mutation.setRelation": _input(Subject.PROJECT, "projectId"),
    "Mutation.describeScene": _input(Subject.SCENE, _SCENE_ID),
    "Mutation.retryWorkflow": _input(Subject.SCENE, _SCENE_ID),
    "Mutation.setBackground": _input(Subject.PROJECT, "projectId"),
    "Mutation.addComment": _input(Subject.SCENE, _SCENE_ID, Access.COMMENT),
    "Mutation.resolveComment": _input(Subject.SCENE, _SCENE_ID, Access.COMMENT),
    "Mutation.leaveOut": _input(Subject.SCENE, _SCENE_ID),
    "Mutation.setFact": _input(Subject.SCENE, _SCENE_ID),
    "Mutation.waiveFinding": _input(Subject.SCENE, _SCENE_ID),
    "Mutation.setBrain": Rule(Access.WRITE, Subject.PROJECT, ("projectId",)),
    "Mutation.setFormat": Rule(Access.WRITE, Subject.PROJECT, ("projectId",)),
    "Mutation.defineBrain": _input(Subject.PROJECT, "projectId"),
    "Mutation.defineFormat": _input(Subject.PROJECT, "projectId"),
    "Mutation.withdrawBrain": Rule(Access.WRITE, Subject.PROJECT, ("projectId",)),
    "Mutation.withdrawFormat": Rule(Access.WRITE, Subject.PROJECT, ("projectId",)),
    "Mutation.styleScene": _input(Subject.SCENE, _SCENE_ID),
    "Mutation.addCast": Rule(Access.WRITE, Subject.PROJECT, ("projectId",)),
    "Mutation.setPortrait": _input(Subject.PROJECT, "projectId"),
    "Mutation.setVoice": _input(Subject.PROJECT, "projectId"),
    "Query.storyIdentity": Rule(_READ, Subject.PROJECT, ("projectId",)),
    "Query.environment": Rule(_READ, Subject.PROJECT, ("projectId",)),
    "Mutation.removeCast": _input(Subject.PROJECT, "projectId"),
    "Mutation.createScene": _input(Subject.PROJECT, "projectId"),
    "Mutation.editScene": _input(Subject.SCENE, _SCENE_ID),
    "Mutation.lockScene": Rule(Access.WRITE, Subject.SCENE, (_SCENE_ID,)),
    "Mutation.unlockScene": Rule(Access.WRITE, Subject.SCENE, (_SCENE_ID,)),
    "Query.sceneBible": Rule(_READ, Subject.SCENE, (_SCENE_ID,)),
    "Mutation.continueScene": _input(Subject.SCENE, _SCENE_ID),
    "Mutation.generateScene": _input(Subject.SCENE, _SCENE_ID),
    "Mutation.pickPanel": _input(Subject.JOB, "jobId"),
    "Mutation.votePanel": _input(Subject.JOB, "jobId", Access.COMMENT),
    "Mutation.reviseBoard": _input(Subject.JOB, "jobId"),
    "Mutation.cancelJob": _input(Subject.JOB, "jobId"),
    "Mutation.retryJob": _input(Subject.JOB, "jobId"),
    "Query.blastRadius": Rule(Access.WRITE, Subject.PROJECT, ("projectId",)),
    "Query.repair": Rule(_READ, Subject.PROJECT, ("projectId",)),
    "Query.repairs": Rule(_READ, Subject.PROJECT, ("projectId",)),
    "Mutation.repairStale": _input(Subject.PROJECT, "projectId"),
    "Mutation.cancelRepair": _input(Subject.PROJECT, "projectId"),
    "Mutation.drawFrames": _input(Subject.JOB, "jobId"),
    "Mutation.proceedAnyway": _input(Subject.JOB, "jobId"),
    "Mutation.waive": _input(Subject.JOB, "jobId"),
    "Mutation.useCorrection": _input(Subject.JOB, "jobId"),
    "Mutation.reportSeen": _input(Subject.TAKE, "takeId"),
    "Mutation.notThis": _input(Subject.TAKE, "takeId"),
    "Query.cacheReport": Rule(_READ, Subject.PROJECT, ("projectId",)),
    "Mutation.keepThis": _input(Subject.TAKE, "takeId"),
    "Mutation.nameVersion": _input(Subject.SCENE, _SCENE_ID),
    "Mutation.restoreVersion": _input(Subject.SCENE, _SCENE_ID),
    "Query.checkpoints": Rule(_READ, Subject.PROJECT, ("projectId",)),
    "Mutation.saveCheckpoint": Rule(Access.WRITE, Subject.PROJECT, ("projectId",)),
    "Query.proposals": Rule(Access.WRITE, Subject.PROJECT, ("projectId",)),
    "Mutation.acceptProposal": _input(Subject.PROJECT, "projectId"),
    "Mutation.dismissProposal": _input(Subject.PROJECT, "projectId"),
    "Subscription.projectEvents": Rule(_READ, Subject.PROJECT, ("projectId",)),
    "Subscription.jobProgress": Rule(_READ, Subject.JOB, ("jobId",)),
}

OWNER_ONLY = frozenset(
    {
        "Mutation.createProject",
        "Mutation.importScreenplay",
        "Mutation.createAccessLink",
        "Mutation.changeAccessLink",
        "Mutation.revokeAccessLink",
        "Mutation.copyProject",
        "Mutation.renewDocument",
        "Mutation.createWebhook",
        "Mutation.deleteWebhook",
        "Mutation.redeliver",
        "Query.webhooks",
        "Query.deadLetters",
        "Mutation.archiveProject",
        "Mutation.setAhead",
        "Mutation.setShare",
        "Mutation.setCacheBound",
        "Mutation.deleteProject",
        "Mutation.restoreProject",
        "Query.deletedProjects",
    }
)
"""Denied on purpose. What is in neither table is denied too; a test asks for every field to be in one of them."""


def guard(schema: GraphQLSchema) -> None:
    """Put the rules in front of every root field of the schema."""
    for kind in (schema.query_type, schema.mutation_type, schema.subscription_type):
        for name, field in kind.fields.items() if kind is not None else ():
            where = f"{kind.name}.{name}" if kind is not None else name
            if kind is schema.subscription_type:
                field.subscribe = _watched(where, field.subscribe)
            else:
                field.resolve = _guarded(where, field.resolve)


def _guarded(where: str, resolve: Any) -> Any:
    async def permitted(source: Any, info: GraphQLResolveInfo[Any], args: Mapping[str, Any]) -> Any:
        await _check(where, info.context, args)
        answer = resolve(source, info, **args)
        return await answer if isawaitable(answer) else answer

    def resolver(source: Any, info: GraphQLResolveInfo[Any], **args: Any) -> Any:
        return permitted(source, info, args) if _bound(info.context) else resolve(source, info, **args)

    return resolver


def _watched(where: str, subscribe: Any) -> Any:
    async def watch(source: Any, info: GraphQLResolveInfo[Any], args: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
        await _check(where, info.context, args)
        stream = subscribe(source, info, **args)
        if isawaitable(stream):
            stream = await stream
        try:
            async for item in stream:
                await _check(where, info.context, args)
                yield item
        finally:
            await stream.aclose()

    def subscriber(source: Any, info: GraphQLResolveInfo[Any], **args: Any) -> Any:
        return watch(source, info, args) if _bound(info.context) else subscribe(source, info, **args)

    return subscriber


def _bound(context: Context) -> bool:
    return context.principal is not None and context.principal.project != ""


async def _check(where: str, context: Context, args: Mapping[str, Any]) -> None:
    """Raises GraphQLError UNAUTHENTICATED (revoked), FORBIDDEN (the role), NOT_FOUND (not of this project)."""
    link = await context.link()
    rule = RULES.get(where)
    if rule is None or link is None or ROLES.get(link.role, Access.READ) < rule.least:
        raise GraphQLError("Your link does not allow this.", extensions={"code": "FORBIDDEN", "retryable": False})
    if rule.subject is Subject.NOTHING:
        return
    value: Any = args
    for name in rule.path:
        value = value[name]
    id = str(value)
    if await _project_of(context, rule.subject, id) != context.who.project:
        raise not_found(rule.subject.value, id)


async def _project_of(context: Context, subject: Subject, id: str) -> str | None:
    if subject is Subject.PROJECT:
        return id
    row = await context.ports.reader.view(subject.value, id)
    return None if row is None else row.home
