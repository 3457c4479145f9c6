"""Brains, formats and beats as the surface shows them: what ships, and what a project defined itself.

The invariant: an own definition is shown as its committed row has it, read by the same schema as the files that ship;
a scene's beat comes from the same function its prompt is told by (`actors.project.beats`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from actors.project.beats import positions
from actors.project.styles import OWN_MAX
from actors.views import DefinitionView
from gpu.enhance import brains as shelf
from gpu.enhance import formats
from serve_app.graphql.context import Context
from serve_app.graphql.ports import BrainCard
from serve_app.graphql.scene_nodes import when
from storage.ledger.protocol import View

_DEFINITION = "JSON text in the form `defineBrain` and `defineFormat` take (they take YAML too)."


@strawberry.type(description="A director's brain: how scenes are seen and graded.")
class Brain:
    id: strawberry.ID
    name: str
    specialty: str
    palette: list[str] = strawberry.field(description='CSS colours, "#rrggbb".')
    version: int = strawberry.field(description="Each change of a brain is a new version.")
    own: bool = strawberry.field(description="Defined by this project; false: it ships.")
    sha256: str = strawberry.field(description="Of the content, as jobs record it.")
    definition: str = strawberry.field(description=_DEFINITION)
    defined_at: datetime | None = None


@strawberry.type(description="One stretch of a format, from `start` to `end` of the story (0..1).")
class Beat:
    name: str
    purpose: str
    prompt: str = strawberry.field(description="What the prompt of a scene here is told.")
    start: float
    end: float
    pages: list[int] | None = strawberry.field(description="First and last page, where the format counts pages.")


@strawberry.type(description="How a story is laid out in beats.")
class Format:
    id: strawberry.ID
    name: str
    summary: str
    suits: list[str] = strawberry.field(description="Types of project it was made for.")
    version: int
    own: bool
    sha256: str
    definition: str = strawberry.field(description=_DEFINITION)
    beats: list[Beat]
    defined_at: datetime | None = None


@strawberry.type(description="The beat a scene stands in.")
class SceneBeat:
    format: str
    number: int = strawberry.field(description="From 1.")
    name: str
    purpose: str
    prompt: str
    position: float = strawberry.field(description="0..1 of the story: where the scene's middle is.")


def card(brain: shelf.Brain) -> BrainCard:
    return BrainCard(
        id=brain.id,
        name=brain.name,
        specialty=", ".join(brain.specialty),
        palette=tuple(brain.look.palette),
        version=brain.version,
        sha256=brain.sha256,
        definition=brain.to_data(),
    )


def shipped_brains(context: Context) -> list[Brain]:
    return [_brain(each) for each in context.ports.brains]


def shipped_formats() -> list[Format]:
    return [_format(each, each.sha256) for each in formats.list_formats()]


async def own_brains(context: Context, home: str) -> list[Brain]:
    return [own_brain(row) for row in await _own(context, "own_brain", home)]


async def own_formats(context: Context, home: str) -> list[Format]:
    return [own_format(row) for row in await _own(context, "own_format", home)]


def own_brain(row: View) -> Brain:
    view = DefinitionView.from_blob(row.body or b"")
    shown = _brain(card(shelf.brain_of(view.id, view.data)))
    shown.own, shown.defined_at = True, when(view.at_ms)
    return shown


def own_format(row: View) -> Format:
    view = DefinitionView.from_blob(row.body or b"")
    return _format(formats.format_of(view.id, view.data), view.sha256, when(view.at_ms))


def canonical(id: str) -> str:
    """A format's id of today, for one it had before."""
    found = formats.shipped_format(id)
    return found.id if found is not None else id


async def beat_of_scene(context: Context, home: str, scene: str, format: str) -> SceneBeat | None:
    """None: the format is not known any more, or the scene is not in the story."""
    found = await known_format(context, home, format)
    position = positions(await context.loaders.lengths.load(home)).get(scene)
    if found is None or position is None:
        return None
    at = found.beat_at(position)
    beat = found.beats[at]
    return SceneBeat(
        format=found.id, number=at + 1, name=beat.name, purpose=beat.purpose, prompt=beat.prompt, position=position
    )


async def known_format(context: Context, home: str, format: str) -> formats.Format | None:
    """One that ships, or the project's own; None: nobody knows it any more."""
    found = formats.shipped_format(format)
    if found is None:
        rows = [DefinitionView.from_blob(row.body or b"") for row in await _own(context, "own_format", home)]
        found = next((formats.format_of(view.id, view.data) for view in rows if view.id == format), None)
    return found


async def _own(context: Context, kind: str, home: str) -> list[View]:
    rows = await context.ports.reader.views(kind, home=home, parent=home, limit=OWN_MAX)
    return [row for row in rows if row.body is not None]


def _brain(card: BrainCard) -> Brain:
    return Brain(
        id=strawberry.ID(card.id),
        name=card.name,
        specialty=card.specialty,
        palette=list(card.palette),
        version=card.version,
        own=False,
        sha256=card.sha256,
        definition=_json(card.definition),
    )


def _format(found: formats.Format, sha256: str, defined_at: datetime | None = None) -> Format:
    starts = [0.0, *found.ends]
    return Format(
        id=strawberry.ID(found.id),
        name=found.name,
        summary=found.summary,
        suits=list(found.suits),
        version=found.version,
        own=defined_at is not None,
        sha256=sha256,
        definition=_json(found.to_data()),
        beats=[
            Beat(
                name=beat.name,
                purpose=beat.purpose,
                prompt=beat.prompt,
                start=round(starts[at], 4),
                end=round(starts[at + 1], 4),
                pages=list(beat.pages) if beat.pages else None,
            )
            for at, beat in enumerate(found.beats)
        ],
        defined_at=defined_at,
    )


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1)
