"""Deleting a project, and taking that back while it can be.

Pure decisions of the project actor. The invariant: from the append of `project.deleted` on the project shows nowhere
and takes nothing but `RestoreProject`; from `project.erasing` on (`actors.project.erasing` appends it) there is no way
back, whatever of it is still there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.commands import Command, CommandError, CreateProject, DeleteProject, ImportScreenplay, RestoreProject
from actors.runtime.actor import Context, Decision, Draft, Fact, ViewDraft
from actors.views import BackgroundView, DeletedView, order_ms
from storage.ledger.purging import DELETED

if TYPE_CHECKING:
    from actors.project.actor import ProjectActor

INSTALLATION_OWNER = "owner"
ERASING = "project.erasing"
WORDS = "this project was deleted"
WORDS_ERASED = "this project was deleted, and the time in which it could be restored is over"
BACKGROUND_AFTER_MS = 6 * 3_600_000


def deleted_error(path: tuple[str, ...] = ("input", "projectId"), words: str = WORDS) -> CommandError:
    return CommandError("PROJECT_DELETED", words, path)


def apply(project: ProjectActor, fact: Fact) -> None:
    project.deleted = {"project.deleted": "kept", ERASING: "erasing"}.get(fact.type, "")


def permit(project: ProjectActor | None, command: Command) -> None:
    """Raises `CommandError` PROJECT_DELETED for all that a deleted project does not take."""
    if project is not None and project.deleted and not isinstance(command, RestoreProject):
        raise deleted_error()


def born(project: ProjectActor, command: CreateProject | ImportScreenplay) -> None:
    """What was erased is not made again by a late retry of the request that made it."""
    if project.deleted:
        raise deleted_error(("input", "idempotencyKey"))


def decide(project: ProjectActor, command: DeleteProject | RestoreProject, ctx: Context) -> Decision:
    facts = project.facts
    if project.deleted == "erasing":
        raise deleted_error(words=WORDS_ERASED)
    if facts is None or ctx.principal not in (facts.owner, INSTALLATION_OWNER):
        raise CommandError("FORBIDDEN", "only the owner of a project deletes or restores it")
    if isinstance(command, RestoreProject):
        return _restore(project, ctx)
    at, purge_at = ctx.now_ms, ctx.now_ms + ctx.catalogue.project_grace_ms
    told = DeletedView(project.home, facts.title, facts.owner, at, purge_at)
    return Decision(
        events=[Draft("project.deleted", {"by": ctx.principal, "at_ms": at, "purge_at_ms": purge_at})],
        views=[
            ViewDraft("project", project.home, "", order_ms(facts.created_at_ms), None),
            ViewDraft("background", project.home, "", order_ms(0), None),
            ViewDraft(DELETED, project.home, "", order_ms(0), told),  # due at once: its jobs end
        ],
        ids={"project": project.home},
    )


def _restore(project: ProjectActor, ctx: Context) -> Decision:
    if not project.deleted:
        raise CommandError("NOT_DELETED", "this project is not deleted", ("input", "projectId"))
    views = [project.view(), ViewDraft(DELETED, project.home, "", order_ms(0), None)]
    if project.facts is not None and project.facts.background:
        due = BackgroundView(project.home, ctx.now_ms + BACKGROUND_AFTER_MS)
        views.append(ViewDraft("background", project.home, "", order_ms(due.due_at_ms), due))
    return Decision(
        events=[Draft("project.restored", {"by": ctx.principal})], views=views, ids={"project": project.home}
    )
