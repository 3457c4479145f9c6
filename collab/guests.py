"""A peer without a socket: something that works on a document for somebody, shown to everybody while it does.

Owns one presence id. The invariant: it is shown under the identity the server gives it and taken down when it is done;
like all presence it is never stored. `Room.show_guest` and `Room.hide_guest` put it into the room's table.
"""

from __future__ import annotations

import json

from collab.editing import fresh_client_id
from collab.lib0 import var_string, varuint
from collab.presence import NAME_CHARS_MAX, User

TASK = "task"
"""Key of a state that says what is being done; states without it are people's."""


class Guest:
    """`principal`: for whom it works; `name`: how it is shown, e.g. "Agent · polishing dialogue"."""

    def __init__(self, principal: str, name: str) -> None:
        self.principal = principal
        self.user = User(principal, name[:NAME_CHARS_MAX], "")
        self.ordinal = 0
        self.presence_ids: list[int] = []
        self._client, self._clock = fresh_client_id(), 0

    def state(self) -> bytes:
        """An awareness update of one."""
        self._clock += 1
        text = json.dumps({TASK: self.user.name}, ensure_ascii=True)
        return varuint(1) + varuint(self._client) + varuint(self._clock) + var_string(text)
