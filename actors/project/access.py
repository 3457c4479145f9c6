"""Who else may enter a project: access links, their roles, and what a role may do.

Pure decisions of the project actor. Invariants: only the project's owner makes, changes or revokes a link; a link is a
principal of its own, and what it may do is decided here, deny by default, for documents and commands alike. No secret
is in a link: its token is proved by the cluster's own signature (`serve_app.auth`), whether it still counts by this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from actors.commands import (
    AcceptLine,
    AddCast,
    AddComment,
    AskRadius,
    CancelJob,
    CancelRepair,
    ChangeAccessLink,
    Command,
    CommandError,
    ContinueScene,
    CreateAccessLink,
    CreateScene,
    DeclineLine,
    DefineBrain,
    DefineFormat,
    DescribeScene,
    DrawFrames,
    DropVideo,
    EditScene,
    EnterTable,
    GenerateScene,
    JudgeTake,
    LeaveOut,
    LockScene,
    NameVersion,
    OrderRepair,
    PickPanel,
    ProceedAnyway,
    RemoveCast,
    ReportSeen,
    ResolveComment,
    RestoreVersion,
    RetryJob,
    RetryWorkflow,
    ReviseBoard,
    RevokeAccessLink,
    SaveCheckpoint,
    SayLine,
    SetBackground,
    SetBrain,
    SetFact,
    SetFormat,
    SetPortrait,
    SetRelation,
    SetVoice,
    StopLine,
    StyleScene,
    UnlockScene,
    UseCorrection,
    VotePanel,
    WaiveFinding,
    WaiveIssue,
    WithdrawDefinition,
)
from actors.runtime.actor import Context, Decision, Draft, ViewDraft
from actors.views import AccessLinkView, order_ms
from collab.session import Access

if TYPE_CHECKING:
    from actors.project.actor import ProjectActor

INSTALLATION_OWNER = "owner"
"""The principal of whoever holds the owner token: everything of every project is theirs."""

LINK_PREFIX = "lnk_"
LINKS_MAX = 200
"""Links of one project that count at the same time. Over: refused until one is revoked or has expired."""

ROLES: Mapping[str, Access] = {"VIEWER": Access.READ, "COMMENTER": Access.COMMENT, "EDITOR": Access.WRITE}

COMMANDS: Mapping[type[Command], Access] = {
    AddComment: Access.COMMENT,
    ResolveComment: Access.COMMENT,
    SetBrain: Access.WRITE,
    SetFormat: Access.WRITE,
    OrderRepair: Access.WRITE,
    CancelRepair: Access.WRITE,
    DefineBrain: Access.WRITE,
    DefineFormat: Access.WRITE,
    WithdrawDefinition: Access.WRITE,
    StyleScene: Access.WRITE,
    LeaveOut: Access.WRITE,
    SetBackground: Access.WRITE,
    RetryWorkflow: Access.WRITE,
    SetRelation: Access.WRITE,
    DescribeScene: Access.WRITE,
    AddCast: Access.WRITE,
    SetPortrait: Access.WRITE,
    SetVoice: Access.WRITE,
    RemoveCast: Access.WRITE,
    CreateScene: Access.WRITE,
    EditScene: Access.WRITE,
    LockScene: Access.WRITE,
    UnlockScene: Access.WRITE,
    GenerateScene: Access.WRITE,
    ContinueScene: Access.WRITE,
    PickPanel: Access.WRITE,
    VotePanel: Access.COMMENT,
    WaiveFinding: Access.WRITE,
    SetFact: Access.WRITE,
    ReviseBoard: Access.WRITE,
    CancelJob: Access.WRITE,
    ProceedAnyway: Access.WRITE,
    WaiveIssue: Access.WRITE,
    AskRadius: Access.WRITE,
    UseCorrection: Access.WRITE,
    SayLine: Access.WRITE,
    StopLine: Access.WRITE,
    AcceptLine: Access.WRITE,
    DeclineLine: Access.WRITE,
    EnterTable: Access.READ,
    JudgeTake: Access.WRITE,
    ReportSeen: Access.WRITE,
    DrawFrames: Access.WRITE,
    DropVideo: Access.WRITE,
    RetryJob: Access.WRITE,
    NameVersion: Access.WRITE,
    RestoreVersion: Access.WRITE,
    SaveCheckpoint: Access.WRITE,
}
"""The least a link must be allowed for a command. What is not here is the owner's."""


@dataclass(frozen=True, slots=True)
class Link:
    """`expires_at_ms`: 0: never. `revoked_at_ms`: 0: it counts."""

    id: str
    label: str
    role: str
    created_at_ms: int
    expires_at_ms: int = 0
    revoked_at_ms: int = 0

    def counts(self, now_ms: int) -> bool:
        return not self.revoked_at_ms and not (self.expires_at_ms and self.expires_at_ms <= now_ms)


def is_link(principal: str) -> bool:
    return principal.startswith(LINK_PREFIX)


def allowed(project: ProjectActor, principal: str) -> Access | None:
    """The most a principal may do with anything of the project; None: it may not know that there is one.

    Expiry is not looked at: a token that has expired is nobody's, and sockets end by their own timers.
    """
    facts = project.facts
    if facts is not None and principal in (facts.owner, INSTALLATION_OWNER):
        return Access.WRITE
    link = project.links.get(principal)
    return ROLES.get(link.role) if link is not None and not link.revoked_at_ms else None


def permit(project: ProjectActor | None, principal: str, command: Command) -> None:
    """Raises `CommandError` FORBIDDEN for what a link's role does not include."""
    if not is_link(principal):
        return
    least = COMMANDS.get(type(command))
    most = None if project is None else allowed(project, principal)
    if least is None or most is None or most < least:
        raise CommandError("FORBIDDEN", "your link does not allow this")


def decide(
    project: ProjectActor, command: CreateAccessLink | ChangeAccessLink | RevokeAccessLink, ctx: Context
) -> Decision:
    facts = project.facts
    if facts is None or ctx.principal not in (facts.owner, INSTALLATION_OWNER):
        raise CommandError("FORBIDDEN", "only the owner of a project shares it")
    match command:
        case CreateAccessLink():
            return _create(project, command, ctx)
        case ChangeAccessLink():
            return _change(project, command)
        case RevokeAccessLink():
            link = _known(project, command.link)
            return _told(project, "access.revoked", replace(link, revoked_at_ms=ctx.now_ms))


def _create(project: ProjectActor, command: CreateAccessLink, ctx: Context) -> Decision:
    if sum(link.counts(ctx.now_ms) for link in project.links.values()) >= LINKS_MAX:
        words = f"a project has at most {LINKS_MAX} links that count: revoke one first"
        raise CommandError("TOO_MANY_LINKS", words, ("input", "projectId"))
    if command.expires_at_ms and command.expires_at_ms <= ctx.now_ms:
        raise CommandError("BAD_EXPIRY", "the link would have expired already", ("input", "expiresAt"))
    link = Link(ctx.new_id("lnk"), _words(command.label), command.role, ctx.now_ms, command.expires_at_ms)
    return _told(project, "access.granted", link)


def _change(project: ProjectActor, command: ChangeAccessLink) -> Decision:
    link = _known(project, command.link)
    role = link.role if command.role is None else command.role
    label = link.label if command.label is None else _words(command.label)
    return _told(project, "access.changed", replace(link, role=role, label=label))


def _known(project: ProjectActor, id: str) -> Link:
    link = project.links.get(id)
    if link is None:
        raise CommandError("NOT_FOUND", "there is no such link", ("input", "accessLinkId"))
    if link.revoked_at_ms:
        raise CommandError("REVOKED", "this link was revoked: make a new one", ("input", "accessLinkId"))
    return link


def _told(project: ProjectActor, type: str, link: Link) -> Decision:
    view = AccessLinkView(project=project.home, **asdict(link))
    return Decision(
        events=[Draft(type, asdict(link))],
        views=[ViewDraft("access", link.id, project.home, order_ms(link.created_at_ms), view)],
        ids={"project": project.home, "access": link.id},
    )


def _words(label: str) -> str:
    return " ".join(label.split())
