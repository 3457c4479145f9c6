"""The ledger's rows in plain language: who did what, newest first, and as events for subscribers.

The invariant: every row reads as something (an unknown type reads as its own words), and no script text leaves here:
bursts of typing become one line with its author. Bodies are versioned msgpack of actors and rooms.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import strawberry

from serve_app.graphql.ports import Reader
from serve_app.graphql.scene_nodes import when
from storage.codec import CodecError, decode
from storage.ledger.protocol import Event, Kind

BURST_GAP_MS = 5 * 60_000
"""Typing by one author in one document with pauses below this is one line of history."""
ROWS_SCANNED_MAX = 5_000
SCAN_ROWS = 500
PAYLOAD_CHARS_MAX = 16_384
TEXT_SHOWN_CHARS_MAX = 200

SUMMARIES: dict[str, str] = {
    "project.created": "Started the project",
    "project.imported": "Brought in a screenplay",
    "project.brain_set": "Chose another brain",
    "cast.added": "Added someone to the cast",
    "place.added": "Added a place",
    "scene.created": "Added a scene",
    "scene.locked": "Locked a scene",
    "scene.unlocked": "Unlocked a scene",
    "scene.status": "A scene changed its status",
    "job.created": "Asked for the scene to be generated",
    "job.requested": "Asked for the scene to be generated",
    "job.queued": "Asked for the scene to be generated",
    "job.script_ready": "The scene was worked out into shots",
    "job.continuity_checked": "Continuity was checked",
    "job.preview_ready": "The storyboard is ready to pick from",
    "job.picked": "Picked a storyboard panel",
    "job.cancelled": "Cancelled a generation",
    "job.failed": "A generation failed",
    "job.retried": "Tried a generation again",
    "job.final_ready": "A take is ready to watch",
    "take.added": "A take is ready to watch",
    "ownership": "A server took over the project",
}
NAMED = ("title", "heading", "name", "brain")
PRIVATE_KEYS = frozenset({"text", "script", "title_page", "prompt", "enhanced", "request", "update", "updates"})
"""Body fields that hold story text or raw bytes: events say that they changed, the scene says what they are now."""
DOCUMENTS = {
    "outline": "the outline",
    "scene": "the script",
    "notes": "the notes",
    "draft": "a draft",
    "live": "the board",
}


@strawberry.type
class HistoryEntry:
    sequence: str
    at: datetime
    author: str | None
    kind: str
    summary: str
    scene_id: strawberry.ID | None = None


@strawberry.type
class ProjectEvent:
    sequence: str
    at: datetime
    kind: str
    scene_id: strawberry.ID | None
    job_id: strawberry.ID | None
    payload: str = strawberry.field(description="JSON text. Script text is left out: read the scene for it.")


@dataclass(slots=True)
class _Line:
    """The newest row of a burst and how far back it reaches."""

    event: Event
    authors: tuple[str, ...]
    oldest_ms: int


def authors_of(event: Event) -> tuple[str, ...]:
    """Principals behind a row, in order of appearance."""
    if event.kind is Kind.UPDATES:
        try:
            framed = decode(event.body)
            return tuple(dict.fromkeys(str(entry[0]) for entry in framed))
        except (CodecError, TypeError, IndexError, KeyError):
            return (event.source,) if event.source else ()
    return (event.source,) if event.source else ()


def summary_of(event: Event) -> str:
    if event.kind is Kind.OWNERSHIP:
        return SUMMARIES["ownership"]
    if event.kind is Kind.UPDATES:
        return f"Wrote in {DOCUMENTS.get(event.doc.split(':', 1)[0], 'a document')}"
    words = SUMMARIES.get(event.type) or event.type.replace("_", " ").replace(".", ": ").capitalize()
    body = _body(event)
    name = next((body[k] for k in NAMED if isinstance(body.get(k), str) and body[k]), None)
    return f"{words}: {name[:TEXT_SHOWN_CHARS_MAX]}" if name else words


def _body(event: Event) -> Mapping[str, Any]:
    try:
        value = decode(event.body)
    except CodecError:
        return {}
    return value if isinstance(value, dict) else {}


def _joins(line: _Line, event: Event, authors: tuple[str, ...]) -> bool:
    return (
        line.event.kind is Kind.UPDATES
        and event.kind is Kind.UPDATES
        and line.event.doc == event.doc
        and line.authors == authors
        and line.oldest_ms - event.at_ms <= BURST_GAP_MS
    )


async def history(
    reader: Reader, home: str, *, scene: str | None, before: int | None, first: int
) -> list[HistoryEntry]:
    """Up to `first` lines, newest first. `before`: a line's sequence; pages may cut a long burst in two."""
    lines: list[_Line] = []
    scanned = 0
    while len(lines) <= first and scanned < ROWS_SCANNED_MAX:
        rows = await reader.read_back(home, before=before, scene=scene, limit=SCAN_ROWS)
        for row in rows:
            authors = authors_of(row)
            if lines and _joins(lines[-1], row, authors):
                lines[-1].oldest_ms = row.at_ms
            else:
                lines.append(_Line(row, authors, row.at_ms))
        scanned += len(rows)
        if len(rows) < SCAN_ROWS:
            break
        before = rows[-1].seq
    return [_entry(line) for line in lines[:first]]


def _entry(line: _Line) -> HistoryEntry:
    event = line.event
    return HistoryEntry(
        sequence=str(event.seq),
        at=when(event.at_ms),
        author=", ".join(line.authors) or None,
        kind=event.type,
        summary=summary_of(event),
        scene_id=strawberry.ID(event.scene) if event.scene else None,
    )


def event_of(event: Event) -> ProjectEvent:
    body = _body(event)
    job = body.get("job") if isinstance(body.get("job"), str) else None
    return ProjectEvent(
        sequence=str(event.seq),
        at=when(event.at_ms),
        kind=event.type,
        scene_id=strawberry.ID(event.scene) if event.scene else None,
        job_id=strawberry.ID(job) if job else None,
        payload=_payload(event, body),
    )


def _payload(event: Event, body: Mapping[str, Any]) -> str:
    if event.kind is Kind.UPDATES:
        return json.dumps({"doc": event.doc, "authors": list(authors_of(event)), "bytes": len(event.body)})
    shown = {k: v for k, v in body.items() if k not in PRIVATE_KEYS}
    text = json.dumps(shown, ensure_ascii=False, default=lambda _: None)
    return text if len(text) <= PAYLOAD_CHARS_MAX else json.dumps({"doc": event.doc, "truncated": True})
