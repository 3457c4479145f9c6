"""What a project consists of: its three kinds of actors, its documents, and who may touch which.

The invariant: ids route. A project id is the project's actor, a scene id the scene's, `@continuity` the one that reads
them all, `@workflow` the one that works out what follows, `@graph` the one that keeps the story's graph, `@reading` the
one that has models read; a document exists exactly when the project or one of its scenes says so. Used by
`actors.runtime`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from actors.ahead.actor import AheadActor
from actors.ahead.messages import AHEAD
from actors.commands import CommandError, Envelope
from actors.continuity.actor import ContinuityActor
from actors.graphs.actor import GraphActor
from actors.graphs.messages import GRAPH
from actors.outbox.protocol import Entry
from actors.project import access, deletion, portraits, webhooks
from actors.project.actor import CONTINUITY, ProjectActor
from actors.project.checkpoints import MakeCheckpoint
from actors.project.rules import check_envelope
from actors.reading.actor import ReadingActor
from actors.reading.messages import READING
from actors.runtime.actor import (
    Actor,
    Catalogue,
    Draft,
    NotesSettled,
    Notice,
    OutlineSettled,
    ProjectChanged,
    ScriptSettled,
)
from actors.runtime.ids import is_id
from actors.runtime.kinds import Find
from actors.scene import teaching
from actors.scene.actor import SceneActor
from actors.scene.status import locked_words
from actors.workflow.actor import WorkflowActor
from actors.workflow.messages import WORKFLOW
from collab.ports import DocumentLog, ProposalLog
from collab.room import Room
from collab.session import Access


class ProjectKinds:
    """See `actors.runtime.kinds.Kinds`."""

    def make(self, home: str, id: str, find: Find) -> Actor:
        if id == home:
            return ProjectActor(home, id)
        if id == CONTINUITY:
            return ContinuityActor(home, id)
        if id == WORKFLOW:
            return WorkflowActor(home, id)
        if id == AHEAD:
            return AheadActor(home, id)
        if id == GRAPH:
            return GraphActor(home, id)
        if id == READING:
            return ReadingActor(home, id)
        project = find(home)
        if isinstance(project, ProjectActor) and id in project.scenes:
            return SceneActor(home, id)
        raise CommandError("NOT_FOUND", "this project has nothing by this id", ("input", "sceneId"))

    def always_live(self, home: str) -> frozenset[str]:
        return frozenset({home, CONTINUITY, WORKFLOW, AHEAD, GRAPH, READING})

    def actor_ids(self, home: str, find: Find) -> tuple[str, ...]:
        project = find(home)
        scenes = project.scenes if isinstance(project, ProjectActor) else ()
        return (home, CONTINUITY, WORKFLOW, AHEAD, GRAPH, READING, *scenes)

    def last_checkpoint(self, home: str, find: Find) -> tuple[int, int]:
        project = find(home)
        kept = project.checkpoints if isinstance(project, ProjectActor) else []
        return (kept[-1].seq, kept[-1].at_seq) if kept else (0, 0)

    def autosave(self, home: str) -> tuple[str, Notice]:
        return home, MakeCheckpoint("autosave")

    def check(self, envelope: Envelope, catalogue: Catalogue) -> None:
        if not is_id(envelope.home, "prj"):
            raise CommandError("NOT_FOUND", "no such project", ("input", "projectId"))
        check_envelope(envelope, catalogue)

    def read_upto(self, home: str, find: Find) -> int:
        continuity = find(CONTINUITY)
        return continuity.read_upto if isinstance(continuity, ContinuityActor) else 0

    def document_exists(self, home: str, doc: str, find: Find) -> bool:
        project = find(home)
        if not isinstance(project, ProjectActor) or project.facts is None or project.deleted:
            return False
        if doc in ("outline", "live"):
            return True
        kind, _, rest = doc.partition(":")
        if kind in ("scene", "notes"):
            return rest in project.scenes
        scene, _, user = rest.partition(":")
        return kind == "draft" and scene in project.scenes and bool(user)

    def access(self, home: str, doc: str, principal: str, find: Find) -> Access | None:
        """`live` is the server's; a draft its author's; a locked scene nobody's; the rest as the role says."""
        project = find(home)
        most = access.allowed(project, principal) if isinstance(project, ProjectActor) else None
        if most is None or not self.document_exists(home, doc, find):
            return None
        here = self._of_document(doc, principal, find)
        return None if here is None else min(most, here)

    def _of_document(self, doc: str, principal: str, find: Find) -> Access | None:
        if doc == "live":
            return Access.READ
        if doc.startswith("draft:"):
            return Access.WRITE if doc.split(":", 2)[2] == principal else None
        scene = find(doc.partition(":")[2]) if doc.startswith("scene:") else None
        return Access.READ if isinstance(scene, SceneActor) and scene.locked else Access.WRITE

    def kept_out(self, home: str, doc: str, find: Find) -> str:
        scene, project = find(doc.partition(":")[2]) if doc.startswith("scene:") else None, find(home)
        if not isinstance(scene, SceneActor) or not scene.locked:
            return ""
        return locked_words(scene, project if isinstance(project, ProjectActor) else None)

    def shown_as(self, home: str, principal: str, find: Find) -> str:
        project = find(home)
        link = project.links.get(principal) if isinstance(project, ProjectActor) else None
        return link.label if link is not None else ""

    def permit(self, envelope: Envelope, find: Find) -> None:
        project = find(envelope.home)
        found = project if isinstance(project, ProjectActor) else None
        access.permit(found, envelope.principal, envelope.command)
        deletion.permit(found, envelope.command)

    def owes(self, home: str, events: Iterable[Draft], first_seq: int, now_ms: int, find: Find) -> list[Entry]:
        project = find(home)
        if not isinstance(project, ProjectActor):
            return []
        drafts = list(events)
        return [
            *webhooks.entries(project, drafts, first_seq, now_ms),
            *teaching.entries(home, drafts, first_seq, now_ms, find),
            *portraits.entries(home, drafts, first_seq, now_ms),
        ]

    def stands(self, entry: Entry, find: Find) -> str | None:
        project = find(entry.home)
        if entry.kind != webhooks.WEBHOOK or not isinstance(project, ProjectActor):
            return ""
        return webhooks.stands(project, entry)

    def gone(self, entry: Entry, why: str) -> tuple[str, Notice] | None:
        return (entry.home, webhooks.WebhookGone(entry.target, why)) if entry.kind == webhooks.WEBHOOK else None

    def noted(self, doc: str) -> Iterable[tuple[str, Notice]]:
        yield doc.partition(":")[2], NotesSettled()

    def settled(self, home: str, scenes: tuple[str, ...], outline: bool, upto: int) -> Iterable[tuple[str, Notice]]:
        """The scene refreshes its projection, continuity reads, the project follows the outline."""
        if outline:
            yield home, OutlineSettled()
            yield CONTINUITY, ProjectChanged()
        for scene in scenes:
            yield scene, ScriptSettled((scene,), upto)
        if scenes:
            yield CONTINUITY, ScriptSettled(scenes, upto)
            yield AHEAD, ScriptSettled(scenes, upto)
            yield READING, ScriptSettled(scenes, upto)


def make_room(doc: str, log: DocumentLog, shelf: ProposalLog, held: Callable[[], bool]) -> Room:
    """A room with the house rules of its document: commenters write notes; what `live` showed once is garbage."""
    write = Access.COMMENT if doc.startswith("notes:") else Access.WRITE
    return Room(doc, log, write_access=write, collect_garbage=doc == "live", shelf=shelf, held=held)
