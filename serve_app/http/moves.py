"""`POST /api/move/{project}` {"host": …}: an operator moves a project; asked again and again until it is there.

The invariant: only the owner of the installation moves anything, and the answer says where the project is meant to be.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from actors.commands import CommandError
from serve_app.http.answers import Refusal, enter_as_owner
from serve_app.http.deps import StudioDeps
from serve_app.peers.faults import FaultError
from serve_app.peers.wire import PeerError

NAME_CHARS_MAX = 200


class MoveDesk:
    def __init__(self, deps: StudioDeps) -> None:
        self._deps = deps

    async def move(self, request: Request) -> Response:
        """200 {moved, host, pid, peer}. Raises `Refusal`."""
        enter_as_owner(self._deps.gate, request)
        try:
            body = await request.json()
        except ValueError:
            body = None
        host = body.get("host") if isinstance(body, dict) else None
        if not isinstance(host, str) or not 0 < len(host) <= NAME_CHARS_MAX:
            raise Refusal("BAD_REQUEST", "Say which host: its id, process id or peer address.", field="host")
        try:
            found = await self._deps.move(request.path_params["project"], host)
        except CommandError as error:
            raise Refusal(error.code, error.message, field=error.path[0] if error.path else None) from None
        except (PeerError, FaultError) as error:
            raise Refusal(error.code, "That host could not be asked. Try again in a moment.") from None
        return JSONResponse(dict(found), headers={"cache-control": "no-store"})
