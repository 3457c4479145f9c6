"""Every query field. The invariant: a query reads projections and wakes no actor (but for text asked for as fresh)."""

from __future__ import annotations

import asyncio

import strawberry
from graphql import GraphQLError

from actors.screenplay.fountain import join_parts
from actors.views import SceneView
from serve_app.graphql import history as past
from serve_app.graphql.cache_report import CacheQueries
from serve_app.graphql.checkpoint_operations import CheckpointQueries
from serve_app.graphql.context import Context, Info, not_found, visible
from serve_app.graphql.continuation_operations import ContinuationQueries
from serve_app.graphql.deletion_operations import DeletionQueries
from serve_app.graphql.described import described
from serve_app.graphql.document_operations import DocumentQueries
from serve_app.graphql.enums import AccessRole
from serve_app.graphql.fact_queries import FactQueries
from serve_app.graphql.graph_operations import GraphQueries
from serve_app.graphql.loaders import SCENES_MAX
from serve_app.graphql.past_queries import PastQueries
from serve_app.graphql.project_nodes import (
    PageInfo,
    Project,
    ProjectConnection,
    ProjectEdge,
    Scene,
    cursor_of,
    page_size,
    position_of,
)
from serve_app.graphql.radius_operations import RadiusQueries
from serve_app.graphql.repair_operations import RepairQueries
from serve_app.graphql.scene_nodes import Job
from serve_app.graphql.sheet_queries import SheetQueries
from serve_app.graphql.so_far import SoFarQueries
from serve_app.graphql.story_operations import StoryQueries
from serve_app.graphql.style_operations import StyleQueries
from serve_app.graphql.table_operations import TableQueries
from serve_app.graphql.webhook_operations import WebhookQueries
from serve_app.graphql.who_and_where import WhoAndWhereQueries
from storage.ledger.protocol import View

FRESH_READS_MAX = 8
"""Owner calls in flight for one export. More: one export crowds out the typing of others."""


@strawberry.type
class Me:
    id: strawberry.ID
    name: str
    role: AccessRole | None = strawberry.field(default=None, description="What your link allows; null: you own this.")


def sequence_of(text: str | None, name: str) -> int | None:
    """A sequence given as text. Raises GraphQLError BAD_CURSOR."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise GraphQLError(f"`{name}` must be a sequence.", extensions={"code": "BAD_CURSOR", "retryable": False})
    return int(text)


@strawberry.type
class Query(
    PastQueries,
    StoryQueries,
    RadiusQueries,
    RepairQueries,
    DocumentQueries,
    CheckpointQueries,
    WebhookQueries,
    StyleQueries,
    ContinuationQueries,
    CacheQueries,
    SoFarQueries,
    SheetQueries,
    FactQueries,
    DeletionQueries,
    GraphQueries,
    TableQueries,
    WhoAndWhereQueries,
):
    @strawberry.field
    async def me(self, info: Info) -> Me:
        who = info.context.who
        link = await info.context.link()
        if link is not None:
            return Me(id=strawberry.ID(who.id), name=link.label, role=AccessRole(link.role))
        return Me(id=strawberry.ID(who.id), name=who.name)

    @strawberry.field
    async def project(self, info: Info, id: strawberry.ID) -> Project | None:
        head = await info.context.ports.reader.head(id)
        found = await info.context.project(id)
        return Project.of(found[0], head) if found else None

    @described("Newest first.")
    async def projects(self, info: Info, first: int | None = 20, after: str | None = None) -> ProjectConnection:
        context, size = info.context, page_size(first, 20)
        reader = context.ports.reader
        if context.who.project:
            return await _only(context, after, size)
        position = position_of(after) if after else None
        rows = await reader.views("project", after=position, limit=size + 1, newest_first=True)
        edges = [ProjectEdge(node=Project.of(row), cursor=cursor_of(row)) for row in rows[:size] if row.body]
        edges = [edge for edge in edges if visible(context.who, edge.node.view)]
        page = PageInfo(
            has_next_page=len(rows) > size,
            has_previous_page=position is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        )
        return ProjectConnection(edges=edges, page_info=page, total_count=await reader.count_views("project"))

    @strawberry.field
    async def scene(self, info: Info, id: strawberry.ID) -> Scene | None:
        found = await info.context.scene(id)
        return Scene.of(found[0]) if found else None

    @strawberry.field
    async def job(self, info: Info, id: strawberry.ID) -> Job | None:
        found = await info.context.job(id)
        return Job.of(found[0]) if found else None

    @described("Newest first; `before` is the last line's sequence.")
    async def history(
        self,
        info: Info,
        project_id: strawberry.ID,
        scene_id: strawberry.ID | None = None,
        before: str | None = None,
        first: int | None = 50,
    ) -> list[past.HistoryEntry]:
        if await info.context.project(project_id) is None:
            raise not_found("project", project_id)
        return await past.history(
            info.context.ports.reader,
            project_id,
            scene=scene_id,
            before=sequence_of(before, "before"),
            first=page_size(first, 50),
        )

    @described("The whole screenplay as Fountain, byte for byte as it was written.")
    async def export_fountain(self, info: Info, project_id: strawberry.ID) -> str:
        found = await info.context.project(project_id)
        if found is None:
            raise not_found("project", project_id)
        view, scripts = found[1], await _scripts(info.context, project_id)
        return join_parts(
            view.title_page, "", scripts, newline=view.newline, bom=view.bom, mixed_newlines=view.mixed_newlines
        )


async def _only(context: Context, after: str | None, size: int) -> ProjectConnection:
    """The list as the holder of a link sees it: the project it is for."""
    found = await context.project(context.who.project)
    wanted = found is not None and after is None and size > 0
    edges = [ProjectEdge(node=Project.of(found[0]), cursor=cursor_of(found[0]))] if wanted and found else []
    cursor = edges[0].cursor if edges else None
    page = PageInfo(has_next_page=False, has_previous_page=after is not None, start_cursor=cursor, end_cursor=cursor)
    return ProjectConnection(edges=edges, page_info=page, total_count=int(found is not None))


async def _scripts(context: Context, home: str) -> list[str]:
    rows = await context.ports.reader.views("scene", home=home, parent=home, limit=SCENES_MAX)
    gate = asyncio.Semaphore(FRESH_READS_MAX)

    async def script(row: View) -> str:
        async with gate:
            live = await context.ports.text.read(home, row.id)
        return live if live is not None else SceneView.from_blob(row.body or b"").script

    return list(await asyncio.gather(*(script(row) for row in rows)))
