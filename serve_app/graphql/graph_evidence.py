"""What an edge of the story's graph rests on, and how arguments about the graph are read.

The invariant: a name means the same in every argument; a call out of bounds is refused with the argument's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLError

from actors.graphs.parts import cleaned
from actors.screenplay.names import name_key
from actors.views import SceneView
from serve_app.graphql.context import Info
from serve_app.graphql.described import described
from storage.graphs.calls import BadCall
from storage.graphs.rows import GRAPH_EDGE, edge_of, row_id

T = TypeVar("T")

QUOTE_CHARS_MAX = 200

_ARGUMENTS = {"limit": "first", "cast": "cast", "nodes": "event", "hops": "hops", "events": "events"}


@strawberry.type(description="What an edge rests on.")
class GraphEvidence:
    project: strawberry.Private[str]
    kind: str = strawberry.field(description="told: words of a script; seen: a film; author: a person.")
    words: str
    scene_id: strawberry.ID | None = None
    start: int | None = strawberry.field(default=None, description="Of the words told, in code points of the script.")
    end: int | None = None
    confidence: float | None = None
    observation: str | None = strawberry.field(default=None, description="Id of what an observer said of a take.")
    take_id: strawberry.ID | None = None
    video: str | None = strawberry.field(default=None, description="Key of the film; the film may be gone.")
    verdict: str | None = None
    by: str | None = None

    @described("What stands at that place of the script now, 200 characters at most; null: nothing does.")
    async def quote(self, info: Info) -> str | None:
        if self.kind != "told" or self.scene_id is None or not self.end:
            return None
        row = await info.context.loaders.one.load(("scene", self.project, str(self.scene_id)))
        if row is None or row.body is None:
            return None
        return SceneView.from_blob(row.body).script[self.start or 0 : self.end][:QUOTE_CHARS_MAX] or None

    @classmethod
    def of(cls, project: str, said: Mapping[str, Any]) -> GraphEvidence:
        def id_of(name: str) -> strawberry.ID | None:
            return strawberry.ID(said[name]) if said.get(name) else None

        shared = ("start", "end", "confidence", "observation", "video", "verdict", "by")
        return cls(
            project=project,
            kind=str(said["kind"]),
            words=str(said.get("words", "")),
            scene_id=id_of("scene"),
            take_id=id_of("take"),
            **{name: said.get(name) for name in shared},
        )


async def evidence_of(info: Info, project: str, *key: str) -> list[GraphEvidence]:
    row = await info.context.ports.reader.view(GRAPH_EDGE, row_id(project, *key))
    found = edge_of(row.body).evidence if row is not None and row.body is not None else ()
    return [GraphEvidence.of(project, said) for said in found]


def bounded(make: Callable[[], T], argument: str = "") -> T:
    """Raises GraphQLError BAD_GRAPH_CALL, naming the argument."""
    try:
        return make()
    except BadCall as error:
        name = argument or _ARGUMENTS.get(error.field, error.field)
        raise GraphQLError(
            f"`{name}`: {error.why}.", extensions={"code": error.code, "retryable": False, "path": [name]}
        ) from error


def node_key(label: str, text: strawberry.ID) -> str:
    """A node's id, of an id or of a name."""
    said = str(text)
    known, bar, key = said.partition(":")
    if bar and known in ("character", "entity", "setting", "zone"):
        return f"{known}:{cleaned(name_key(key))}"
    return f"{label}:{cleaned(name_key(said))}"
