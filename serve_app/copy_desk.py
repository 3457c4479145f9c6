"""What a StoryHost does when a project's owner asks for a copy of it as it was.

Owns the peer port's operation of that name. Invariants: only the owner's request is served; one copy at a time on a
host; what is answered is committed. The work is a helper's (`serve_app.copying_process`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from actors.commands import CommandError
from actors.project.access import INSTALLATION_OWNER
from actors.views import ProjectView
from serve_app.config import Settings
from serve_app.copies import Asked
from serve_app.copying_process import ask_helper
from storage.ledger.protocol import Ledger

Operation = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class CopyDesk:
    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self._settings, self._ledger = settings, ledger
        self._one = asyncio.Lock()

    def operations(self) -> dict[str, Operation]:
        return {"copy_project": self._copy}

    async def _copy(self, message: dict[str, Any]) -> dict[str, Any]:
        home, by = str(message["home"]), str(message["by"])
        row = await self._ledger.view("project", home)
        if row is None:
            raise CommandError("NOT_FOUND", "no such project", ("projectId",))
        if by not in (INSTALLATION_OWNER, ProjectView.from_blob(row.body or b"").owner):
            raise CommandError("FORBIDDEN", "only the owner of a project copies it", ("projectId",))
        if self._one.locked():
            raise CommandError("BUSY", "another project is being copied here: try again in a moment", (), True)
        async with self._one:
            asked = Asked(home, by, str(message["key"]), message.get("at"))
            done = await ask_helper(self._settings.data_dir, database_of(self._settings), asked)
        return {"project": done.project, "sequence": done.sequence}


def database_of(settings: Settings) -> str:
    """Past the pooler, where one is named: a copy holds one snapshot while it reads."""
    return settings.database_direct_url or settings.database_url
