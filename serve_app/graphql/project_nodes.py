"""Project and scene as the surface shows them, and the pages of projects.

The invariant: nodes hold projection rows, never live state, so a list wakes no actor; the one exception is a script
asked for with `fresh: true`, which the owner answers if it holds the scene live.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

import strawberry
from graphql import GraphQLError

from actors.views import FindingsView, ProjectView, SceneView
from serve_app.graphql.access_nodes import AccessLink, links_of
from serve_app.graphql.comment_nodes import Comment, comments_of
from serve_app.graphql.context import Info, not_found
from serve_app.graphql.continuation_nodes import Segment, segments_of
from serve_app.graphql.described import described
from serve_app.graphql.enhancement_nodes import Spending, spending_of
from serve_app.graphql.enums import ProjectType, SceneStatus
from serve_app.graphql.limits import PAGE_SIZE_MAX
from serve_app.graphql.past_nodes import Version
from serve_app.graphql.scene_nodes import Finding, Job, Take, when
from serve_app.graphql.session_nodes import ProjectSession, session_of
from serve_app.graphql.set_facts import SetFactNode, set_facts_of
from serve_app.graphql.story_nodes import (
    CarriedNote,
    MeanwhileNote,
    ShotBefore,
    Workflow,
    carried_into,
    shot_before_of,
    workflow_of,
)
from serve_app.graphql.style_nodes import (
    Brain,
    Format,
    SceneBeat,
    beat_of_scene,
    canonical,
    own_brains,
    own_formats,
    shipped_brains,
    shipped_formats,
)
from storage.ledger.protocol import View


def page_size(first: int | None, default: int) -> int:
    """Validated `first`. Raises GraphQLError BAD_PAGE below 0 or above PAGE_SIZE_MAX."""
    if first is None:
        return default
    if not 0 <= first <= PAGE_SIZE_MAX:
        raise GraphQLError(
            f"`first` must be between 0 and {PAGE_SIZE_MAX}.", extensions={"code": "BAD_PAGE", "retryable": False}
        )
    return first


@strawberry.type
class CastMember:
    id: strawberry.ID
    name: str
    portrait_url: str | None = strawberry.field(description="Their reference picture; null: none.")


@strawberry.type
class Place:
    id: strawberry.ID
    name: str


@strawberry.type
class Scene:
    row: strawberry.Private[View]
    view: strawberry.Private[SceneView]

    @classmethod
    def of(cls, row: View) -> Scene:
        return cls(row=row, view=SceneView.from_blob(row.body or b""))

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.view.id)

    @strawberry.field
    def project_id(self) -> strawberry.ID:
        return strawberry.ID(self.view.project)

    @strawberry.field
    def heading(self) -> str:
        return self.view.heading

    @described("Fountain. May lag live typing by two seconds; `fresh: true` asks whoever holds it.")
    async def script(self, info: Info, fresh: bool = False) -> str:
        if fresh and (live := await info.context.ports.text.read(self.row.home, self.view.id)) is not None:
            return live
        return self.view.script

    @strawberry.field
    def status(self) -> SceneStatus:
        return SceneStatus.__members__.get(self.view.status, SceneStatus.PENDING)

    @strawberry.field
    def bible_version(self) -> int:
        return self.view.bible_version

    @strawberry.field
    def revision(self) -> str:
        return self.view.revision

    @strawberry.field
    def created_at(self) -> datetime:
        return when(self.view.created_at_ms)

    @described("The brain it is generated with: its own, else the project's.")
    async def brain(self, info: Info) -> str:
        return self.view.brain or (await self._project(info)).brain

    @described("The format it stands in: its own, else the project's.")
    async def format(self, info: Info) -> str:
        return canonical(self.view.format or (await self._project(info)).format)

    @described("Chosen for this scene alone; null: the project's is used.")
    def own_brain(self) -> str | None:
        return self.view.brain or None

    @described("Chosen for this scene alone; null: the project's is used.")
    def own_format(self) -> str | None:
        return self.view.format or None

    @described("Where it stands in the story, by the format; its prompt is told the same.")
    async def beat(self, info: Info) -> SceneBeat | None:
        format = self.view.format or (await self._project(info)).format
        return await beat_of_scene(info.context, self.row.home, self.view.id, format)

    async def _project(self, info: Info) -> ProjectView:
        row = await info.context.loaders.one.load(("project", self.row.home, self.row.home))
        if row is None or row.body is None:
            raise not_found("project", self.row.home)
        return ProjectView.from_blob(row.body)

    @strawberry.field
    def thumbnail_url(self, info: Info) -> str | None:
        key = self.view.thumbnail_key
        return info.context.ports.sign_media(key) if key else None

    @described("Newest first.")
    async def takes(self, info: Info) -> list[Take]:
        rows = await info.context.loaders.newest.load(("take", self.row.home, self.view.id))
        return [Take.of(row, info.context) for row in rows if row.body is not None]

    @strawberry.field
    async def set_facts(self, info: Info) -> list[SetFactNode]:
        return await set_facts_of(info.context, self.row.home, self.view.id)

    @strawberry.field
    async def findings(self, info: Info) -> list[Finding]:
        row = await info.context.loaders.one.load(("findings", self.row.home, self.view.id))
        if row is None or row.body is None:
            return []
        return [Finding.of(f) for f in FindingsView.from_blob(row.body).findings]

    @described("Newest first.")
    async def jobs(self, info: Info, first: int | None = 20) -> list[Job]:
        size = page_size(first, 20)
        rows = await info.context.loaders.newest.load(("job", self.row.home, self.view.id))
        return [Job.of(row) for row in rows[:size]]

    @described("Threads of remarks on the text, oldest first, settled ones included.")
    async def comments(self, info: Info) -> list[Comment]:
        return await comments_of(info.context.ports.pasts, self.row.home, self.view.id)

    @described("What follows from the scene, as of its last exit; null: it was never locked, or left after a change.")
    async def workflow(self, info: Info) -> Workflow | None:
        return await workflow_of(info.context, self.view)

    @described("What the scenes before give this one: what people have on them first; its generation is told the same.")
    async def carries(self, info: Info) -> list[CarriedNote]:
        return await carried_into(info.context, self.row.home, self.view)

    @described("The film before that this scene goes on from: same place, no break in time. Null: a cut, or no film.")
    async def shot_before(self, info: Info) -> ShotBefore | None:
        return await shot_before_of(info.context, self.row.home, self.view)

    @described("What continuations appended, in that order.")
    async def segments(self, info: Info) -> list[Segment]:
        return await segments_of(info.context, self.row.home, self.view.id)

    @described("Points of the text that somebody gave a name, newest first.")
    async def versions(self, info: Info, first: int | None = 50) -> list[Version]:
        rows = await info.context.loaders.newest.load(("version", self.row.home, self.view.id))
        return [Version.of(row) for row in rows[: page_size(first, 50)] if row.body is not None]


@strawberry.type
class Project:
    row: strawberry.Private[View]
    view: strawberry.Private[ProjectView]
    head: strawberry.Private[int]

    @classmethod
    def of(cls, row: View, head: int = 0) -> Project:
        """`head`: the home's sequence read *before* the row, so that a subscription after it misses nothing."""
        return cls(row=row, view=ProjectView.from_blob(row.body or b""), head=head or row.seq)

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.view.id)

    @strawberry.field
    def title(self) -> str:
        return self.view.title

    @strawberry.field
    def type(self) -> ProjectType:
        return ProjectType.__members__.get(self.view.type, ProjectType.MOVIE)

    @strawberry.field
    def brain(self) -> str:
        return self.view.brain

    @strawberry.field
    def format(self) -> str:
        return canonical(self.view.format)

    @described("Every brain it may choose: those that ship, then its own.")
    async def brains(self, info: Info) -> list[Brain]:
        return [*shipped_brains(info.context), *await own_brains(info.context, self.row.home)]

    @described("Every format it may choose: those that ship, then its own.")
    async def formats(self, info: Info) -> list[Format]:
        return [*shipped_formats(), *await own_formats(info.context, self.row.home)]

    @strawberry.field
    def status(self) -> str:
        return self.view.status

    @strawberry.field
    def revision(self) -> str:
        return self.view.revision

    @described("A cursor for `projectEvents(after:)`: nothing after it is missing from this answer.")
    def sequence(self) -> str:
        return str(self.head)

    @strawberry.field
    def created_at(self) -> datetime:
        return when(self.view.created_at_ms)

    @strawberry.field
    def cast(self, info: Info) -> list[CastMember]:
        sign, keys = info.context.ports.sign_media, self.view.portraits
        return [
            CastMember(
                id=strawberry.ID(c["id"]), name=c["name"], portrait_url=sign(keys[c["id"]]) if c["id"] in keys else None
            )
            for c in self.view.cast
        ]

    @strawberry.field
    def places(self) -> list[Place]:
        return [Place(id=strawberry.ID(p["id"]), name=p["name"]) for p in self.view.places]

    @strawberry.field
    async def scene_count(self, info: Info) -> int:
        return await info.context.loaders.count.load(("scene", self.row.home, self.view.id))

    @described("Who else may enter, newest first; the owner alone sees it.")
    async def access_links(self, info: Info) -> list[AccessLink]:
        return await links_of(info.context, self.row.home)

    @described("Whether the story is looked over while nobody has the project open.")
    def background(self) -> bool:
        return self.view.background

    @described("Films a day that are made before anybody asks, on workers that have nothing else to do; 0: none.")
    def ahead_renders_per_day(self) -> int:
        return self.view.ahead_renders

    @described("How much of an ordinary part of the workers its work counts for, in percent.")
    def share_percent(self) -> int:
        return self.view.share_percent

    @described("Of 10,000 askings, how many may be answered with a wrong film; null: as the installation has it.")
    def cache_bound_per10000(self) -> int | None:
        return self.view.cache_bound or None

    @described("While you were away: what was noted meanwhile, newest first.")
    async def meanwhile(self, info: Info, first: int | None = 20) -> list[MeanwhileNote]:
        size = page_size(first, 20)
        rows = await info.context.ports.reader.views(
            "meanwhile", home=self.row.home, parent=self.row.home, limit=size, newest_first=True
        )
        return [MeanwhileNote.of(row) for row in rows if row.body is not None]

    @described("Whether people are here, and what they would resume from.")
    async def session(self, info: Info) -> ProjectSession:
        return await session_of(info.context.ports.reader, self.row.home)

    @described("What writing prompts for it has cost, all jobs together.")
    async def spending(self, info: Info) -> Spending:
        return await spending_of(info.context.ports.reader, self.row.home)

    @described("In story order.")
    async def scenes(self, info: Info) -> list[Scene]:
        rows = await info.context.loaders.children.load(("scene", self.row.home, self.view.id))
        return [Scene.of(row) for row in rows if row.body is not None]


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class ProjectEdge:
    node: Project
    cursor: str


@strawberry.type
class ProjectConnection:
    edges: list[ProjectEdge]
    page_info: PageInfo
    total_count: int


def cursor_of(row: View) -> str:
    return base64.urlsafe_b64encode(f"{row.order_key}\0{row.id}".encode()).rstrip(b"=").decode()


def position_of(cursor: str) -> tuple[str, str]:
    """(order_key, id) of a cursor of ours. Raises GraphQLError BAD_CURSOR."""
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode()
        order_key, id = raw.split("\0")
    except (ValueError, binascii.Error) as error:
        raise GraphQLError(
            "This cursor is not one of ours.", extensions={"code": "BAD_CURSOR", "retryable": False}
        ) from error
    return order_key, id
