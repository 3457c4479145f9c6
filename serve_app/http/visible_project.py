"""Which project a plain request is about, if its caller may read it.

The invariant: a project that the caller may not see reads as one that does not exist; a link that was taken back counts
nowhere.
"""

from __future__ import annotations

from starlette.requests import Request

from actors.views import AccessLinkView, DeletedView, ProjectView
from serve_app.auth import Gate
from serve_app.graphql.context import visible, visible_deleted
from serve_app.graphql.ports import Reader
from serve_app.http.answers import Refusal, enter
from storage.ledger.purging import DELETED


async def visible_project(gate: Gate, reader: Reader, request: Request) -> ProjectView:
    """Of the path's ``project``. Raises `Refusal` UNAUTHENTICATED, NOT_FOUND, PROJECT_DELETED, and as `enter`."""
    principal = enter(gate, request)
    if principal.project:
        link = await reader.view("access", principal.id)
        if link is None or link.body is None or AccessLinkView.from_blob(link.body).revoked_at_ms:
            raise Refusal("UNAUTHENTICATED", "This link does not count any more.", {"www-authenticate": "Bearer"})
    row = await reader.view("project", request.path_params["project"])
    found = ProjectView.from_blob(row.body) if row is not None and row.body is not None else None
    if found is None or not visible(principal, found):
        gone = await reader.view(DELETED, request.path_params["project"]) if found is None else None
        if gone is not None and gone.body is not None and visible_deleted(principal, DeletedView.from_blob(gone.body)):
            raise Refusal("PROJECT_DELETED", "This project was deleted.", field="project")
        raise Refusal("NOT_FOUND", "There is no such project.", field="project")
    return found
