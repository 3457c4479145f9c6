"""Comments as the surface shows them.

The invariant: offsets are where the words stand in the text that is committed now, whoever moved them; an author is who
the log says it was, under the name they gave.
"""

from __future__ import annotations

from datetime import datetime

import strawberry

from collab.anchors import Position, resolve
from collab.history import Author as Logged
from collab.notes import Comment as Noted
from serve_app.graphql.past_nodes import Author
from serve_app.graphql.scene_nodes import when
from serve_app.pasts import Pasts


@strawberry.type(description="An answer in a thread of comments.")
class CommentReply:
    id: strawberry.ID
    text: str
    author: Author
    at: datetime


@strawberry.type(description="Somebody's remark on words of a scene. Offsets count Unicode code points.")
class Comment:
    id: strawberry.ID
    text: str
    author: Author
    at: datetime
    quote: str = strawberry.field(description="The words it spoke about, as they were.")
    start: int | None = strawberry.field(description="Where they stand now; null when they are gone.")
    end: int | None
    gone: bool
    resolved: bool
    resolved_by: str | None
    resolved_at: datetime | None
    replies: list[CommentReply]


async def comments_of(pasts: Pasts, home: str, scene: str) -> list[Comment]:
    """Threads, oldest first. Answers whose thread is not there are left out."""
    noted = await pasts.notes(home, scene)
    ends = [end for each in noted for end in (each.start, each.end) if end is not None]
    places: dict[Position, int] = {}
    if ends:
        places = await pasts.ask(home, f"scene:{scene}", lambda past: resolve(past, ends, past.seq))
    answers: dict[str, list[Noted]] = {}
    for each in noted:
        if each.parent is not None:
            answers.setdefault(each.parent, []).append(each)
    return [_thread(each, answers.get(each.id, []), places) for each in noted if each.parent is None]


def _thread(noted: Noted, answers: list[Noted], places: dict[Position, int]) -> Comment:
    start = places.get(noted.start) if noted.start is not None else None
    end = places.get(noted.end) if noted.end is not None else None
    gone = start is None or end is None or end <= start
    return Comment(
        id=strawberry.ID(noted.id),
        text=noted.text,
        author=_author(noted),
        at=when(noted.at_ms),
        quote=noted.quote,
        start=None if gone else start,
        end=None if gone else end,
        gone=gone,
        resolved=noted.resolved is not None,
        resolved_by=noted.resolved[0] if noted.resolved is not None else None,
        resolved_at=when(noted.resolved[1]) if noted.resolved is not None else None,
        replies=[
            CommentReply(id=strawberry.ID(a.id), text=a.text, author=_author(a), at=when(a.at_ms)) for a in answers
        ],
    )


def _author(noted: Noted) -> Author:
    """The log's principal. Its name for them goes before what the comment says of itself."""
    return Author.of(Logged(noted.author.principal, noted.author.name or noted.name))
