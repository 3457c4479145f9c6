"""The one table: error code -> HTTP status, WebSocket close code, GraphQL code, and whether to try again.

The invariant: every error class of ours that carries a `code` has a row here that agrees with its `retryable`; whatever
leaves the process as a status or a close code was looked up here. An actor's own refusals (`CommandError`) are answers,
not faults: they travel in `userErrors`, and read as `REFUSED` where only a status fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collab.close_codes import CloseCode


@dataclass(frozen=True, slots=True)
class Row:
    """`graphql`: `extensions.code` of a GraphQL error; None: the error's own code."""

    http: int
    close: CloseCode
    retryable: bool = False
    graphql: str | None = None


_BAD = Row(400, CloseCode.MALFORMED)
_MOVING = Row(503, CloseCode.MOVED, True)
_DOWN = Row(503, CloseCode.LEDGER_UNAVAILABLE, True)
_BUSY = Row(503, CloseCode.OVERLOADED, True)
_BROKEN = Row(500, CloseCode.REFUSED, False, "INTERNAL")

TABLE: Mapping[str, Row] = {
    # who asks, and what
    "UNAUTHENTICATED": Row(401, CloseCode.UNAUTHENTICATED),
    "CROSS_ORIGIN": Row(403, CloseCode.FORBIDDEN),
    "FORBIDDEN": Row(403, CloseCode.FORBIDDEN),
    "MEDIA_FORBIDDEN": Row(403, CloseCode.FORBIDDEN),
    "NOT_FOUND": Row(404, CloseCode.NOT_FOUND),
    "PROJECT_DELETED": Row(410, CloseCode.NOT_FOUND),
    "MALFORMED": _BAD,
    "BAD_REQUEST": _BAD,
    "BAD_HOST": _BAD,
    "BAD_COMMAND": _BAD,
    "BAD_CURSOR": _BAD,
    "BAD_PAGE": _BAD,
    "BAD_SEQUENCE": _BAD,
    "BAD_TIME": _BAD,
    "SCENE_LOCKED": Row(423, CloseCode.REFUSED),
    "NO_SUCH_ROLE": Row(422, CloseCode.REFUSED),
    "TABLE_BUSY": Row(429, CloseCode.OVERLOADED, True),
    "TOO_FAST": Row(429, CloseCode.OVERLOADED, True),
    "CONTRADICTS": Row(409, CloseCode.REFUSED),
    "ALREADY_DECIDED": Row(409, CloseCode.REFUSED),
    "BAD_IDEMPOTENCY_KEY": _BAD,
    "BATCH_REFUSED": _BAD,
    "QUERY_TOO_DEEP": _BAD,
    "QUERY_TOO_COSTLY": _BAD,
    "GRAPHQL_PARSE_FAILED": _BAD,
    "GRAPHQL_VALIDATION_FAILED": _BAD,
    "PDF_UNAVAILABLE": Row(501, CloseCode.REFUSED),
    "METHOD_NOT_ALLOWED": Row(405, CloseCode.MALFORMED),
    "NOT_ACCEPTABLE": Row(406, CloseCode.MALFORMED),
    "UNSUPPORTED_MEDIA_TYPE": Row(415, CloseCode.MALFORMED),
    "UPLOAD_BROKEN": Row(400, CloseCode.GOING_AWAY, True),
    "TOO_LARGE": Row(413, CloseCode.TOO_LARGE),
    "REFUSED": Row(422, CloseCode.REFUSED),
    "BAD_GRAPH_CALL": _BAD,
    "STALE_DOCUMENT": Row(409, CloseCode.STALE_DOCUMENT),
    "IDEMPOTENCY_KEY_REUSED": Row(409, CloseCode.REFUSED),
    # the story's home is elsewhere, or on its way
    "OWNED": _MOVING,
    "FENCED": _MOVING,
    "HOME_LOST": _MOVING,
    "HOST_DRAINING": _MOVING,
    "MOVED": _MOVING,
    "ROOM_CLOSED": _MOVING,
    "GOING_AWAY": Row(503, CloseCode.GOING_AWAY, True),
    "RESYNC": Row(409, CloseCode.RESYNC, True),
    "CANCELLED": Row(503, CloseCode.GOING_AWAY, True),
    "OWNER_UNREACHABLE": _MOVING,
    "PEER_UNREACHABLE": _MOVING,
    "PEER_REFUSED": _MOVING,
    "PEER_LOST": _MOVING,
    "PEER_TIMEOUT": Row(504, CloseCode.MOVED, True),
    "PEER_BUSY": _BUSY,
    "BUSY": _BUSY,
    "OVERLOADED": _BUSY,
    # storage
    "LEDGER": _DOWN,
    "LEDGER_UNAVAILABLE": _DOWN,
    "STORAGE_UNAVAILABLE": _DOWN,
    "DISK_FULL": Row(507, CloseCode.LEDGER_UNAVAILABLE, True),
    "UNWRITABLE": _DOWN,
    "IO": _DOWN,
    "EXISTS": Row(409, CloseCode.REFUSED),
    "BAD_KEY": _BAD,
    "BAD_RANGE": Row(416, CloseCode.MALFORMED),
    "LEDGER_CONFLICT": _BROKEN,
    "LEDGER_SCHEMA": _BROKEN,
    "BAD_BLOB": _BROKEN,
    "UNDECLARED": _BROKEN,
    "BACKUP_DAMAGED": _BROKEN,
    "BACKUP_PLACE": _BROKEN,
    "SNAPSHOT_CORRUPT": _BROKEN,
    "SNAPSHOT_NOT_KEPT": _DOWN,
    "BAD_FOLD": _DOWN,
    "CHECKPOINT_CORRUPT": _BROKEN,
    "ARCHIVE_DAMAGED": _BROKEN,
    "ARCHIVE_UNREADABLE": _DOWN,
    "ARCHIVE_UNSUPPORTED": _BROKEN,
    "BAD_PEER_MESSAGE": _BROKEN,
    "SETTINGS_INVALID": _BROKEN,
    "INTERNAL": Row(500, CloseCode.OVERLOADED, True),
}

UNLISTED = TABLE["REFUSED"]
"""What a domain refusal (an actor's or a video backend's own code) reads as where only a status fits."""


def row_of(code: str) -> Row:
    return TABLE.get(code, UNLISTED)


def graphql_code(code: str) -> str:
    """What a partner sees: the code itself, but INTERNAL for what only operators can act on."""
    return row_of(code).graphql or code


def row_for(error: BaseException) -> Row:
    """The row of an error; one without a code is a bug of ours and reads as INTERNAL."""
    code = getattr(error, "code", None)
    return row_of(code) if isinstance(code, str) else TABLE["INTERNAL"]
