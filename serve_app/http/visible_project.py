"""Which project a plain request is about, if its caller may read it.

The invariant: a project that the caller may not see reads as one that does not exist; a link that was taken back counts
nowhere.
"""

from __future__ import annotations

from starlette.requests import Request

from actors.views import AccessLinkView, ProjectView
from serve_app.auth import Gate
from serve_app.graphql.context import visible
from serve_app.graphql.ports import Reader
from serve_app.http.answers import Refusal, enter


async def visible_project(gate: Gate, reader: Reader, request: Request) -> ProjectView:
    """Of the path's ``project``. Raises `Refusal` UNAUTHENTICATED, NOT_FOUND and what `enter` raises."""
    principal = enter(gate, request)
    if principal.project:
        link = await reader.view("access", principal.id)
        if link is None or link.body is None or AccessLinkView.from_blob(link.body).revoked_at_ms:
            raise Refusal("UNAUTHENTICATED", "This link does not count any more.", {"www-authenticate": "Bearer"})
    row = await reader.view("project", request.path_params["project"])
    found = ProjectView.from_blob(row.body) if row is not None and row.body is not None else None
    if found is None or not visible(principal, found):
        raise Refusal("NOT_FOUND", "There is no such project.", field="project")
    return found
