"""What mutations take and answer: inputs, payloads, and faults as `userErrors`.

The invariant: a payload holds the object as it is committed (`sequence` names the append), or says in `userErrors`
what the caller can do; a mutation never fails with a bare GraphQL error for something a caller caused.
"""

from __future__ import annotations

from collections.abc import Sequence

import strawberry
from graphql import GraphQLError

from actors.commands import KEY_CHARS_MAX, CommandError
from serve_app.errors import graphql_code
from serve_app.graphql.enums import ProjectType, ScreenplayFormat
from serve_app.graphql.project_nodes import Project, Scene
from serve_app.graphql.scene_nodes import Job


@strawberry.type(description="Something the caller can act on. `path` names the input field.")
class UserError:
    path: list[str]
    code: str
    message: str
    retryable: bool = False


@strawberry.type
class ProjectPayload:
    project: Project | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.type
class ScenePayload:
    scene: Scene | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.type
class JobPayload:
    job: Job | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)
    sequence: str | None = None


@strawberry.input
class CreateProjectInput:
    title: str
    type: ProjectType
    idempotency_key: str
    brain: str | None = None
    format: str | None = None


@strawberry.input
class CreateSceneInput:
    project_id: strawberry.ID
    heading: str
    idempotency_key: str
    script: str | None = None
    after: strawberry.ID | None = None


@strawberry.input
class ImportScreenplayInput:
    title: str
    text: str
    format: ScreenplayFormat
    idempotency_key: str


@strawberry.input
class GenerateSceneInput:
    scene_id: strawberry.ID
    idempotency_key: str
    auto_pick: bool | None = None
    brain: str | None = None
    seed: str | None = None
    backend: str | None = None
    candidates: int | None = strawberry.field(default=None, description="Frames of each shot, 1 to 8; else few.")
    pick_within_s: int | None = strawberry.field(
        default=None, description="Seconds until the votes decide; 0: the board waits for ever."
    )
    priority: int | None = strawberry.field(
        default=None, description="0 to 9, before everybody's share of the workers; for the owner of the studio alone."
    )


@strawberry.input
class PickPanelInput:
    job_id: strawberry.ID
    panel_id: strawberry.ID
    idempotency_key: str
    go_on: bool | None = strawberry.field(
        default=None,
        description="True, as by default: the film begins, shots nobody decided follow. False: this shot is decided.",
    )


@strawberry.input
class VotePanelInput:
    job_id: strawberry.ID
    panel_id: strawberry.ID
    idempotency_key: str
    vote: bool = True
    display_name: str | None = None


@strawberry.input
class ReviseBoardInput:
    job_id: strawberry.ID
    shots: list[int]
    idempotency_key: str
    note: str | None = None
    seed: str | None = None


@strawberry.input
class JobInput:
    job_id: strawberry.ID
    idempotency_key: str


WORDS: dict[str, str] = {
    "LEDGER_UNAVAILABLE": "The server cannot store anything right now. Nothing was changed; try again in a moment.",
    "OWNER_UNREACHABLE": "The server that holds this project does not answer. Try again in a moment.",
    "OWNED": "The project is moving to another server. Try again in a moment.",
    "FENCED": "The project is moving to another server. Try again in a moment.",
    "PEER_UNREACHABLE": "The server that holds this project does not answer. Try again in a moment.",
    "PEER_TIMEOUT": "The server that holds this project does not answer. Try again in a moment.",
    "PEER_LOST": "The server that holds this project does not answer. Try again in a moment.",
    "INTERNAL": "Something went wrong on the server.",
    "HOME_LOST": "The project is moving to another server. Try again in a moment.",
}
"""Words for faults whose own text is for operators."""


def problem(error: Exception) -> list[UserError]:
    """A refusal or fault as the payload's errors. Re-raises what has no code: that is a bug, not an answer."""
    if isinstance(error, CommandError):
        return [UserError(path=list(error.path), code=error.code, message=error.message, retryable=error.retryable)]
    if isinstance(error, GraphQLError) and "code" in (
        told := error.extensions or {}
    ):  # of an argument, e.g. a sequence
        path = ["input", *told.get("path", ())]
        return [
            UserError(path=path, code=told["code"], message=error.message, retryable=bool(told.get("retryable", False)))
        ]
    code = getattr(error, "code", None)
    if not isinstance(code, str):
        raise error
    shown = graphql_code(code)
    message = WORDS.get(shown) or str(error) or "The command could not be carried out."
    return [UserError(path=[], code=shown, message=message, retryable=bool(getattr(error, "retryable", False)))]


def missing(what: str, path: Sequence[str]) -> list[UserError]:
    """The same words for an id that never was and one that belongs to others."""
    return [UserError(path=list(path), code="NOT_FOUND", message=f"There is no such {what}.")]


def key_problem(key: str, path: Sequence[str]) -> list[UserError]:
    if 1 <= len(key) <= KEY_CHARS_MAX and key.isprintable():
        return []
    message = f"idempotencyKey must be 1 to {KEY_CHARS_MAX} printable characters."
    return [UserError(path=list(path), code="BAD_IDEMPOTENCY_KEY", message=message)]
