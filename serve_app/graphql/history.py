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

from actors.project.access import is_link
from actors.runtime.compose import SERVER
from actors.views import AccessLinkView
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
LINKS_NAMED_MAX = 1_000
"""Links whose labels are read for one answer; authors by older ones show their id."""

SUMMARIES: dict[str, str] = {
    "project.created": "Started the project",
    "project.copied": "Copied from another project as it was",
    "project.brain_set": "Chose another brain",
    "project.format_set": "Chose another format",
    "brain.defined": "Defined a brain of the project's own",
    "format.defined": "Defined a format of the project's own",
    "brain.withdrawn": "Took a brain of the project's own away",
    "format.withdrawn": "Took a format of the project's own away",
    "scene.style_set": "Chose how a scene is seen",
    "cast.added": "Added someone to the cast",
    "cast.portrait_set": "Changed somebody's reference picture",
    "cast.voice_set": "Changed how somebody sounds",
    "cast.removed": "Took somebody out of the cast",
    "scene.created": "Added a scene",
    "scenes.moved": "Reordered the scenes",
    "scene.locked": "Locked a scene",
    "scene.unlocked": "Unlocked a scene",
    "comment.added": "Commented on a scene",
    "comment.resolved": "Settled a comment",
    "facts.read": "A model read what holds in a scene",
    "fact.set": "Said what holds in the story",
    "fact.taken_back": "Took back what they had said of the story",
    "finding.waived": "Said that a break of continuity is meant",
    "finding.unwaived": "Took back that a break of continuity is meant",
    "scene.edited": "Edited by a task",
    "version.named": "Named a version",
    "scene.corrected": "Took the corrected script",
    "table.said": "Said something to the story",
    "table.answered": "The story answered",
    "table.stopped": "Stopped an answer of the story",
    "table.accepted": "Took an answer of the story into the script",
    "table.declined": "Declined an answer of the story",
    "scene.restored": "Brought back an earlier text",
    "checkpoint.made": "Kept a checkpoint",
    "project.ahead_set": "Changed how many films are made ahead",
    "repair.ordered": "Ordered films to be made again",
    "repair.cancelled": "Called an order of films off",
    "project.cache_bound_set": "Changed how sure a reused film must be",
    "project.deleted": "Deleted the project",
    "project.restored": "Restored the project",
    "scene.left_out": "Chose what a scene's generation is told of the scenes before",
    "project.share_set": "Changed the project's part of the workers",
    "project.background_set": "Changed whether the story is looked over while nobody is there",
    "graph.set": "Said what holds between people, places or scenes",
    "graph.described": "Said what a scene weighs",
    "meanwhile.noted": "While you were away",
    "workflow.step_failed": "A step of working out what follows from a scene failed",
    "workflow.retried": "Tried again to work out what follows from a scene",
    "access.granted": "Shared the project",
    "access.changed": "Changed somebody's access",
    "access.revoked": "Took access away",
    "webhook.added": "Had the project told to another service",
    "webhook.removed": "Took a webhook away",
    "webhook.disabled": "A webhook's endpoint is gone",
    "job.created": "Asked for the scene to be generated",
    "job.script_ready": "The scene was worked out into shots",
    "job.continuity_checked": "Continuity was checked",
    "job.held": "Continuity holds a film for a person",
    "job.waived": "Said that what holds a film is meant",
    "job.corrected": "Had a film begin again with corrected words",
    "job.preview_ready": "The storyboard is ready to pick from",
    "job.picked": "Picked a storyboard panel",
    "job.shot_picked": "Picked a frame of one shot",
    "job.revised": "Had frames of the board drawn anew",
    "job.degraded": "Went on with another video backend",
    "take.seen": "Told what a film shows",
    "take.judged": "Said whether a film stands in rightly",
    "job.dropped": "Took a video away",
    "job.rendered": "The video was rendered",
    "job.final_ready": "A take is ready to watch",
    "segment.appended": "Continued a scene",
    "job.cancelled": "Cancelled a generation",
    "job.failed": "A generation failed",
    "job.retried": "Tried a generation again",
}
INNER = frozenset(
    {
        "job.step",
        "job.stage",
        "job.started",
        "job.routed",
        "job.panel",
        "job.voted",
        "job.board_done",
        "job.cache_answered",
        "job.observed",
        "job.throttled",
        "job.attempt_failed",
        "scene.listed",
        "bible.written",
        "scene.script_read",
        "scenes.moved",
        "continuity.checked",
        "checkpoint.deferred",
        "scene.left",
        "workflow.started",
        "workflow.superseded",
        "facts.settled",
        "knowledge.spread",
        "relations.rippled",
        "world.settled",
        "narrative.linked",
        "checkpoint.completed",
        "background.rested",
        "table.asked",
        "reading.asked",
        "reading.ended",
        "graph.told",
        "graph.ordered",
        "graph.seen",
        "copy.left_out",
    }
)
"""Bookkeeping that says nothing to a person: subscribers get it, history leaves it out."""
PART = SERVER[0]
"""Authors that begin with it are parts of ours, and no person."""

NAMED = ("label", "task", "title", "heading", "name", "brain")
PRIVATE_KEYS = frozenset(
    {
        "text",
        "words",
        "proposals",
        "touched",
        "script",
        "title_page",
        "mixed_newlines",
        "prompt",
        "enhanced",
        "lost",
        "request",
        "update",
        "updates",
        "recipe",
        "findings",
        "about",
        "read",
        "url",
        "data",
        "bible",
        "summary",
    }
)
"""Body fields that hold story text, raw bytes or what opens a door: events say that they changed, and no more."""
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
    rows: int = 1


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
    if event.kind is Kind.UPDATES:
        return f"Wrote in {DOCUMENTS.get(event.doc.split(':', 1)[0], 'a document')}"
    words = SUMMARIES.get(event.type) or event.type.replace("_", " ").replace(".", ": ").capitalize()
    body = _body(event)
    facts = body.get("facts") if isinstance(body.get("facts"), dict) else body
    name = next((facts[k] for k in NAMED if isinstance(facts.get(k), str) and facts[k]), None) if facts else None
    return f"{words}: {name[:TEXT_SHOWN_CHARS_MAX]}" if name and not event.type.startswith("job.") else words


def tells(event: Event, authors: tuple[str, ...]) -> bool:
    """Whether a row is somebody's doing: not a change of owner, not bookkeeping, not the server's own edit."""
    if event.kind is Kind.UPDATES:
        return authors != (SERVER,)
    if event.type == "checkpoint.made" and authors == (SERVER,):
        return False  # what is kept by itself is nobody's doing
    return event.kind is Kind.EVENT and event.type not in INNER


def _body(event: Event) -> Mapping[str, Any]:
    try:
        value = decode(event.body)
    except CodecError:
        return {}
    return value if isinstance(value, dict) else {}


def _joins(line: _Line, event: Event, authors: tuple[str, ...]) -> bool:
    """Typing without a long pause, or the same thing many times in one append (an import's scenes)."""
    newer = line.event
    if newer.kind is not event.kind or line.authors != authors:
        return False
    if event.kind is Kind.UPDATES:
        return newer.doc == event.doc and line.oldest_ms - event.at_ms <= BURST_GAP_MS
    return newer.type == event.type and newer.at_ms == event.at_ms and newer.type == "scene.created"


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
            if not tells(row, authors):
                continue
            if lines and _joins(lines[-1], row, authors):
                lines[-1].oldest_ms = row.at_ms
                lines[-1].rows += 1
            else:
                lines.append(_Line(row, authors, row.at_ms))
        scanned += len(rows)
        if len(rows) < SCAN_ROWS:
            break
        before = rows[-1].seq
    names = await _names(reader, home, lines[:first])
    return [_entry(line, names) for line in lines[:first]]


async def _names(reader: Reader, home: str, lines: list[_Line]) -> dict[str, str]:
    """What the links among the authors are labelled; read only where there are any."""
    if not any(is_link(author) for line in lines for author in line.authors):
        return {}
    rows = await reader.views("access", home=home, limit=LINKS_NAMED_MAX, newest_first=True)
    return {row.id: AccessLinkView.from_blob(row.body).label for row in rows if row.body is not None}


def _entry(line: _Line, names: Mapping[str, str]) -> HistoryEntry:
    event = line.event
    return HistoryEntry(
        sequence=str(event.seq),
        at=when(event.at_ms),
        author=", ".join(names.get(a, a) for a in line.authors if not a.startswith(PART)) or None,
        kind=event.type,
        summary=f"Added {line.rows} scenes" if line.rows > 1 and event.kind is Kind.EVENT else summary_of(event),
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
    text = json.dumps(_public(body), ensure_ascii=False)
    return text if len(text) <= PAYLOAD_CHARS_MAX else json.dumps({"doc": event.doc, "truncated": True})


def _public(value: Any) -> Any:
    """The value without story text and raw bytes, at any depth (the codec bounds the depth)."""
    if isinstance(value, dict):
        return {k: _public(v) for k, v in value.items() if k not in PRIVATE_KEYS and not isinstance(v, bytes)}
    if isinstance(value, list):
        return [_public(v) for v in value if not isinstance(v, bytes)]
    return value
