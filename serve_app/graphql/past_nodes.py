"""Versions, moments, comparisons and sittings as the surface shows them.

The invariant: an author is who the log says it was; a sequence is text, as everywhere in this API. Nodes are values;
what takes work is asked of `serve_app.pasts` when the field is read.
"""

from __future__ import annotations

from datetime import datetime

import strawberry
from graphql import GraphQLError

from actors.runtime.compose import SERVER
from actors.views import VersionView
from collab.changes import Run, RunKind, Sitting, compare
from collab.history import Author as Logged
from collab.history import History
from serve_app.graphql.context import Info
from serve_app.graphql.described import described
from serve_app.graphql.scene_nodes import when
from storage.ledger.protocol import View

strawberry.enum(RunKind, name="TextRunKind")
SERVER_NAME = "StoryForge"
NOBODY = "Somebody"


@strawberry.type(description="Somebody who wrote. `id`: who signed in; `name`: how they were shown when they did.")
class Author:
    id: strawberry.ID
    name: str

    @classmethod
    def of(cls, author: Logged) -> Author:
        shown = SERVER_NAME if author.principal == SERVER else author.principal or NOBODY
        return cls(id=strawberry.ID(author.principal), name=author.name or shown)


@strawberry.type(description="Characters side by side with one fate and one author.")
class TextRun:
    kind: RunKind
    text: str
    author: Author = strawberry.field(description="Who wrote them; for removed ones, who removed them.")
    at: datetime = strawberry.field(description="When; the last of them.")
    sequence: str
    written_by: Author

    @classmethod
    def of(cls, run: Run) -> TextRun:
        told = run.removed or run.written
        return cls(
            kind=run.kind,
            text=run.text,
            author=Author.of(told.author),
            at=when(told.at_ms),
            sequence=str(told.seq),
            written_by=Author.of(run.written.author),
        )


@strawberry.type(description="A scene's text as of one commit.")
class SceneMoment:
    home: strawberry.Private[str]
    scene_id: strawberry.ID
    sequence: str = strawberry.field(description='The commit that made the text so; "0" before the first.')
    at: datetime | None
    text: str

    @described("The same text by authors.")
    async def runs(self, info: Info) -> list[TextRun]:
        upto = int(self.sequence)
        doc = f"scene:{self.scene_id}"
        runs = await info.context.ports.pasts.ask(self.home, doc, lambda past: compare(past, upto, upto))
        return [TextRun.of(run) for run in runs]


@strawberry.type(description="What became of a scene's text between two commits.")
class SceneDiff:
    scene_id: strawberry.ID
    from_sequence: str
    to_sequence: str
    from_at: datetime | None
    to_at: datetime | None
    added: int = strawberry.field(description="Characters.")
    removed: int
    runs: list[TextRun]


@strawberry.type(description="One author's part of a sitting, in characters.")
class WorkPart:
    author: Author
    added: int
    removed: int
    edits: int


@strawberry.type(description="Work on a scene's text without a long pause. Its end is a point one can come back to.")
class WorkPoint:
    from_sequence: str
    sequence: str
    started_at: datetime
    ended_at: datetime
    authors: list[WorkPart]

    @classmethod
    def of(cls, sitting: Sitting) -> WorkPoint:
        parts = [
            WorkPart(author=Author.of(p.author), added=p.added, removed=p.removed, edits=p.edits)
            for p in sitting.parts.values()
        ]
        return cls(
            from_sequence=str(sitting.from_seq),
            sequence=str(sitting.to_seq),
            started_at=when(sitting.started_ms),
            ended_at=when(sitting.ended_ms),
            authors=parts,
        )


@strawberry.type(description="A point of a scene's text that somebody gave a name.")
class Version:
    id: strawberry.ID
    scene_id: strawberry.ID
    name: str
    sequence: str
    author: Author
    created_at: datetime

    @classmethod
    def of(cls, row: View) -> Version:
        view = VersionView.from_blob(row.body or b"")
        return cls(
            id=strawberry.ID(view.id),
            scene_id=strawberry.ID(view.scene),
            name=view.name,
            sequence=str(view.sequence),
            author=Author.of(Logged(view.author, view.author_name)),
            created_at=when(view.created_at_ms),
        )


def moment_of(past: History, home: str, scene: str, seq: int | None, at_ms: int | None) -> SceneMoment:
    """The text as of a sequence or a time; neither: as it stands."""
    upto = past.seq if seq is None else past.sequence_upto(seq)
    if at_ms is not None:
        upto = past.sequence_at(at_ms)
    time = past.time_of(upto)
    return SceneMoment(
        home=home,
        scene_id=strawberry.ID(scene),
        sequence=str(upto),
        at=None if time is None else when(time),
        text=past.text(upto),
    )


def bad_sequence(name: str, words: str) -> GraphQLError:
    return GraphQLError(f"`{name}` {words}", extensions={"code": "BAD_SEQUENCE", "retryable": False, "path": [name]})
