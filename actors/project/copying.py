"""A project at a point of its past, as a project of its own.

Owns which rows a copy has and under which names. Invariants: every row keeps its sequence and its time, so whatever
names a sequence (versions, proposals, history) means the same in the copy; the words of scenes are not touched; ids
that exist once in an installation (project, scenes, jobs, takes, versions) are new, the same for a repeated copy, and
so are those made of them (findings, facts set by hand), so that a person's word about the story holds in it too.
Not carried over: access links, webhooks, checkpoints, what the workflow worked out, the server's `live` document (shown
anew), answers to requests, running work (cancelled).
Rows come from a ledger or a backup and go to whoever may write a home that nobody has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pycrdt import Doc, Text

from actors.commands import TITLE_CHARS_MAX, CommandError
from actors.continuity.by_hand import fact_id
from actors.continuity.findings import finding_id
from actors.rebuild import Rebuilt
from actors.runtime.actor import Draft
from actors.runtime.compose import SERVER, view_row
from actors.runtime.edits import SetKey, fresh_update, perform
from actors.runtime.ids import derive_id
from actors.runtime.lineage import Fold
from actors.runtime.rooms import updates_row
from actors.scene.flow import Run
from collab.document import Document
from collab.limits import Limits
from collab.ports import Entry
from storage.codec import decode, encode
from storage.ledger.protocol import OWNERSHIP_DOC, OWNERSHIP_TYPE, Event, Kind, NewEvent, View

COPIED_TYPE = "project.copied"
LEFT_OUT_DOC, LEFT_OUT_TYPE = "@copy", "copy.left_out"
"""Stands where a row was that the copy does not have: what it was is said, not what it held."""

NOT_CARRIED = ("access.", "checkpoint.", "webhook.")
"""Events of ways in and out, and of bodies that are kept beside the log of the original."""

ANEW = frozenset(("live", "@workflow", "@reading"))
"""Streams of what is worked out from the rest: shown anew, and worked out anew when its scenes are left again."""

COPIED_BY = "@copy"
TITLE_KEPT_CHARS = TITLE_CHARS_MAX - 40
_ID = re.compile(rb"(?:prj|scn|job|tak|ver|seg|fct|lin|prp)_[a-z2-7]{26}|fnd_[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Copied:
    """What comes after the rows: the last of the home, and its projections."""

    rows: list[Event]
    views: list[View]
    title: str


class Copying:
    """`take` every row up to the point, in order; then `finish`. `by`: who asked."""

    def __init__(self, source: str, home: str, *, by: str, now_ms: int, origin: str = "") -> None:
        self.source, self.home = source, home
        self._by, self._now_ms, self._origin = by, now_ms, origin
        self._ids = {source.encode(): home.encode()}
        self._rebuilt = Rebuilt(home)
        self._docs: dict[str, Fold] = {}
        self._last: Event | None = None

    # rows
    def take(self, row: Event) -> Event:
        """The row as the copy has it."""
        self._last = row
        if row.kind is Kind.OWNERSHIP:
            return replace(row, home=self.home)
        if row.type.startswith(NOT_CARRIED) or row.doc in ANEW:
            return self._left_out(row)
        body = row.body
        if row.kind is Kind.EVENT and not row.doc.startswith("@proposals:"):
            self._learn(row)
            body = self._renamed(body)
        elif row.doc == "outline" or row.doc.startswith("notes:"):
            # keys are scenes, findings and facts; ids of one kind have one length, so no length around them changes
            body = self._renamed(body)
        scene = None if row.scene is None else self._name(row.scene)
        mine = replace(row, home=self.home, body=body, doc=self._name(row.doc), scene=scene)
        if mine.kind is Kind.UPDATES:
            self._docs.setdefault(mine.doc, Fold()).add(mine)
        elif mine.kind is Kind.EVENT:
            self._rebuilt.add(mine)
        return mine

    def _left_out(self, row: Event) -> Event:
        body = encode({"type": row.type, "doc": row.doc})
        return replace(
            row, home=self.home, doc=LEFT_OUT_DOC, kind=Kind.EVENT, type=LEFT_OUT_TYPE, body=body, scene=None
        )

    def _learn(self, row: Event) -> None:
        """Ids are known from the events that made them: what people wrote that looks like one stays as it is."""
        data = decode(row.body)
        match row.type:
            case "scene.created" | "version.named":
                self._new(data["id"])
            case "job.created":
                self._new(data["job"])
            case "job.final_ready":
                self._new(data["take"])
                if segment := data.get("segment"):
                    self._new(segment)
            case "continuity.checked":  # waivers are by finding, and its id is made of scenes
                for id, parts in data.get("about", {}).items():
                    self._named(id, finding_id(*map(self._name, parts)))
            case "fact.set":
                said = data["fact"]
                about = (said["entity"], said["attribute"], said["value"])
                self._named(said["id"], fact_id(self.home, self._name(said["scene"]), *about))

    def _new(self, id: str) -> None:
        self._named(id, derive_id(id[:3], self.home, id))  # type: ignore[arg-type]

    def _named(self, id: str, made: str) -> None:
        assert len(made) == len(id), "ids of one kind have one length"
        self._ids[id.encode()] = made.encode()

    def _renamed(self, body: bytes) -> bytes:
        return _ID.sub(lambda found: self._ids.get(found.group(), found.group()), body)

    def _name(self, name: str) -> str:
        return self._renamed(name.encode()).decode()

    # what follows
    def finish(self) -> Copied:
        """Raises `CommandError` NOT_FOUND where there was no project yet."""
        last, facts = self._last, self._rebuilt.project.facts
        if last is None or facts is None:
            raise CommandError("NOT_FOUND", "the project did not exist yet at that point", ("sequence",))
        when = datetime.fromtimestamp(last.at_ms / 1000, UTC)
        title = f"{facts.title[:TITLE_KEPT_CHARS]} (copy as of {when:%Y-%m-%d %H:%M} UTC)"
        rows = _Rows(self.home, last.seq, last.epoch + 1, self._now_ms)
        ownership = encode({"host": COPIED_BY, "incarnation": self.source, "peer": ""})
        rows.add(NewEvent(OWNERSHIP_DOC, Kind.OWNERSHIP, OWNERSHIP_TYPE, ownership, source=COPIED_BY))
        for new in (*self._lineage(title, last), *self._ended_jobs()):
            self._rebuilt.add(rows.add(new))
        texts = {id: self._text(id) for id in self._rebuilt.project.scenes}
        if (outline := self._docs.get("outline")) is not None:
            rows.add(_titled(outline, title))
        if live := tuple(self._rebuilt.live(texts)):
            rows.add(updates_row("live", (Entry(SERVER, *fresh_update(live)),)))
        views = [view_row(self.home, draft, rows.seq) for draft in self._rebuilt.views(texts)]
        return Copied(rows.made, [replace(view, seq=rows.seq) for view in views if view.body is not None], title)

    def _lineage(self, title: str, last: Event) -> Iterator[NewEvent]:
        data = {
            "title": title,
            "source": self.source,
            "sequence": last.seq,
            "at_ms": last.at_ms,
            "created_at_ms": self._now_ms,
            "origin": self._origin,
            "by": self._by,
        }
        yield self._event(self._rebuilt.project.stream, Draft(COPIED_TYPE, data))

    def _ended_jobs(self) -> Iterator[NewEvent]:
        """Work that was under way is not: nobody renders for a moment that has passed."""
        for scene, job in list(self._rebuilt.jobs.values()):
            if job.live:
                run = Run(self.home, scene, job, {"errors": 0, "warnings": 0}, 0)
                run.cancel(COPIED_BY)
                for draft in run.drafts:
                    yield self._event(f"@scene:{scene}", draft)

    def _event(self, stream: str, draft: Draft) -> NewEvent:
        body = encode(dict(draft.data), version=draft.version)
        return NewEvent(stream, Kind.EVENT, draft.type, body, scene=draft.scene, source=self._by)

    def _text(self, scene: str) -> str:
        fold = self._docs.get(f"scene:{scene}")
        if fold is None:
            return ""
        return str(Document(fold.loaded(), Limits()).hydrate().get("script", type=Text))


class _Rows:
    """New rows of the home, after the last."""

    def __init__(self, home: str, seq: int, epoch: int, at_ms: int) -> None:
        self.seq, self.made = seq, list[Event]()
        self._make = partial(Event, home=home, epoch=epoch, at_ms=at_ms)

    def add(self, new: NewEvent) -> Event:
        self.seq += 1
        row = self._make(
            seq=self.seq,
            doc=new.doc,
            kind=new.kind,
            type=new.type,
            body=new.body,
            scene=new.scene,
            turn=new.turn,
            version=new.version,
            source=new.source,
            confidence=new.confidence,
            narrative_ts=new.narrative_ts,
        )
        self.made.append(row)
        return row


def _titled(outline: Fold, title: str) -> NewEvent:
    doc: Doc[Any] = Document(outline.loaded(), Limits()).hydrate()
    before = doc.get_state()
    perform(doc, (SetKey("meta", "title", title),))
    return updates_row("outline", (Entry(SERVER, doc.client_id, doc.get_update(before)),))
