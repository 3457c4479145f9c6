"""What a story's graph is made of: nodes and edges, the labels they carry, and the form they are stored in.

Owns the vocabulary; no I/O. The invariant: an edge is (label, source, target) once in a project; fields that nobody has
told are None, never nought. Rows come from `actors.graphs` as projections; triggers of the database copy what SQL asks
for into the tables `graph_nodes` and `graph_edges` (decision 0040).
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from storage.codec import decode, encode

GRAPH_NODE, GRAPH_EDGE = "graph_node", "graph_edge"
"""Kinds of the views that hold them."""


class NodeLabel(enum.StrEnum):
    """Values are stored."""

    CHARACTER = "Character"
    ENTITY = "Entity"
    SCENE = "Scene"
    SETTING = "Setting"
    ZONE = "Zone"


class EdgeLabel(enum.StrEnum):
    """Values are stored. The first three groups are the three graphs; the last ties characters and things to scenes."""

    RELATES_TO = "RELATES_TO"  # character → character
    LEADS_TO = "LEADS_TO"  # scene → scene
    SCENE_AT = "SCENE_AT"  # scene → setting
    ADJACENT_TO = "ADJACENT_TO"  # setting → setting
    CONTAINS = "CONTAINS"  # zone → setting, setting → setting
    CAST_OF = "CAST_OF"  # character → scene
    PROP_OF = "PROP_OF"  # entity → scene


@dataclass(frozen=True, slots=True)
class Node:
    """`place`: a scene's key in the story's order, "" for the rest; `state`: JSON text of how a character or thing is
    at the story's end; `evidence`: see `actors.graphs.parts`."""

    id: str
    label: str
    name: str = ""
    scene_type: str | None = None
    authored_mass: float | None = None
    place: str = ""
    story_day: int | None = None
    state: str = "{}"
    evidence: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """Trust and debt are -1..1 and 0..1 as people set them; `traversal_cost` ≥ 0; `strength` grows with every scene."""

    label: str
    source: str
    target: str
    strength: float | None = None
    confidence: float | None = None
    trust_competence: float | None = None
    trust_benevolence: float | None = None
    debt: float | None = None
    traversal_cost: float | None = None
    evidence: tuple[Mapping[str, Any], ...] = ()

    @property
    def key(self) -> Key:
        return self.label, self.source, self.target


Key = tuple[str, str, str]
"""(label, source, target)."""

EDGE_FIELDS = ("strength", "confidence", "trust_competence", "trust_benevolence", "debt", "traversal_cost")


def row_id(home: str, *key: str) -> str:
    """The id of a view: a hash, since names are anybody's and rows of all projects share one key."""
    digest = hashlib.sha256("\x1f".join((home, *key)).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{'gre' if len(key) == 3 else 'grn'}_{digest[:32]}"


JSON_BYTES_MIN, JSON_BYTES_MAX = 256, 65_535
"""Of a body's text. Between them its length takes two bytes, so that the text begins at byte `JSON_AT`: a trigger finds
it without reading msgpack. Shorter texts end in spaces; longer ones cannot be, since evidence is bounded."""

JSON_AT = 6
"""Counted from 1, as SQL does: format, version, the mark of a text, its length."""


@dataclass(frozen=True, slots=True)
class GraphBody:
    """A body as SQL can read it: of the codec, and in it one text, JSON."""

    of: Node | Edge

    def blob(self) -> bytes:
        data = {field.name: getattr(self.of, field.name) for field in fields(self.of)}  # `asdict` copies what it holds
        text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
        if len(text) > JSON_BYTES_MAX:
            raise ValueError(f"a row of the graph of {len(text)} bytes: at most {JSON_BYTES_MAX} fit")
        return encode(text.ljust(JSON_BYTES_MIN))


_Of = TypeVar("_Of", Node, Edge)


def node_of(blob: bytes) -> Node:
    return _read(Node, blob)


def edge_of(blob: bytes) -> Edge:
    return _read(Edge, blob)


def _read(kind: type[_Of], blob: bytes) -> _Of:
    data = json.loads(decode(blob))
    known = {field.name for field in fields(kind)}
    data["evidence"] = tuple(data.get("evidence", ()))
    return kind(**{name: value for name, value in data.items() if name in known})
