"""Why a socket is closed: the one table of close codes.

Invariant: 44xx means *stop*, trying again cannot help (y-websocket stops reconnecting on 4400 to 4499); 45xx means
*retry*. Reasons fit a close frame. Rooms and the web side take codes from here and from nowhere else.
"""

from __future__ import annotations

import enum

from collab.transport import close_reason


class CloseCode(enum.IntEnum):
    """Values are seen by clients: never renumber."""

    MALFORMED = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    NOT_FOUND = 4404
    STALE_DOCUMENT = 4409
    TOO_LARGE = 4413
    REFUSED = 4422
    LEDGER_UNAVAILABLE = 4503
    RESYNC = 4507
    OVERLOADED = 4508
    MOVED = 4509
    GOING_AWAY = 4510

    @property
    def retryable(self) -> bool:
        return self >= 4500

    @property
    def code(self) -> str:
        """The name errors carry elsewhere."""
        return self.name


REASONS: dict[CloseCode, str] = {
    CloseCode.MALFORMED: "malformed message",
    CloseCode.UNAUTHENTICATED: "sign in first",
    CloseCode.FORBIDDEN: "this document is read-only for you",
    CloseCode.NOT_FOUND: "no such document",
    CloseCode.STALE_DOCUMENT: "this copy belongs to an earlier life of the document",
    CloseCode.TOO_LARGE: "over the size limit",
    CloseCode.REFUSED: "the change was refused",
    CloseCode.LEDGER_UNAVAILABLE: "could not be saved, send it again",
    CloseCode.RESYNC: "out of step, connect again",
    CloseCode.OVERLOADED: "too busy, try again",
    CloseCode.MOVED: "the project moved to another host",
    CloseCode.GOING_AWAY: "the host is restarting",
}


def reason_for(code: CloseCode, detail: str = "") -> str:
    """The table's reason with `detail` after it, cut to what a close frame carries (123 bytes)."""
    return close_reason(f"{REASONS[code]}: {detail}" if detail else REASONS[code])


class CollabError(Exception):
    """A refusal that ends a socket. `close_code` gives class and `retryable`; `detail` names the limit or field."""

    def __init__(self, close_code: CloseCode, detail: str = "") -> None:
        super().__init__(close_code, detail)
        self.close_code, self.detail = close_code, detail

    @property
    def code(self) -> str:
        return self.close_code.code

    @property
    def retryable(self) -> bool:
        return self.close_code.retryable

    def __str__(self) -> str:
        return reason_for(self.close_code, self.detail)


class Malformed(CollabError):
    """Bytes that are no message of the protocol."""

    def __init__(self, detail: str) -> None:
        super().__init__(CloseCode.MALFORMED, detail)

    def __reduce__(self) -> tuple[type[Malformed], tuple[str]]:
        return Malformed, (self.detail,)


class Unreadable(CollabError):
    """The committed bytes do not apply to a Y.Doc here: clients go on, reads and edits by the server cannot."""

    def __init__(self, detail: str) -> None:
        super().__init__(CloseCode.REFUSED, detail)

    def __reduce__(self) -> tuple[type[Unreadable], tuple[str]]:
        return Unreadable, (self.detail,)


class TooLarge(CollabError):
    """A message over a named limit."""

    def __init__(self, detail: str) -> None:
        super().__init__(CloseCode.TOO_LARGE, detail)

    def __reduce__(self) -> tuple[type[TooLarge], tuple[str]]:
        return TooLarge, (self.detail,)


class RoomClosed(Exception):
    """The room is not open (yet, or any more). Retryable: open it again."""

    code = "ROOM_CLOSED"
    retryable = True

    def __init__(self, doc_name: str) -> None:
        super().__init__(doc_name)
        self.doc_name = doc_name
