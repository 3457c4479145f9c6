"""`GET /history/{project}/{doc}` and `…/diff`: a scene's text as it was, and what became of it, without GraphQL.

The invariant: a project that the caller may not see reads as one that does not exist; an answer's ETag names the
commit that made it so, which never changes. Text by default, JSON when asked for (`Accept: application/json`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from collab.changes import Run, RunKind, compare
from collab.close_codes import CollabError
from collab.history import History
from serve_app.auth import Gate
from serve_app.graphql.ports import Reader
from serve_app.http.answers import Refusal
from serve_app.http.visible_project import visible_project
from serve_app.pasts import Busy, Pasts

T = TypeVar("T")
SCENE = re.compile(r"scene:(scn_[A-Za-z0-9_-]{8,64})\Z")
DIGITS_MAX = 18
PRIVATE = "private, no-cache"
"""A browser may keep it, and asks with the ETag before it shows it again."""


class HistoryRoute:
    def __init__(self, gate: Gate, reader: Reader, pasts: Pasts) -> None:
        self._gate, self._reader, self._pasts = gate, reader, pasts

    async def as_of(self, request: Request) -> Response:
        """`?seq=` or `?at=` (ISO 8601, or Unix milliseconds); neither: as it stands."""
        home, doc = await self._find(request)
        _known(request, "seq", "at")
        seq, at_ms = await self._sequence(request, home, "seq"), _time(request, "at")
        if seq is not None and at_ms is not None:
            raise Refusal("BAD_TIME", "`at` and `seq` exclude each other.", field="at")

        def look(past: History) -> tuple[int, int | None, str]:
            upto = past.seq if seq is None else past.sequence_upto(seq)
            if at_ms is not None:
                upto = past.sequence_at(at_ms)
            return upto, past.time_of(upto), past.text(upto)

        upto, time, text = await self._ask(home, doc, look)
        headers = {"etag": f'"{upto}"', "cache-control": PRIVATE, "vary": "accept", "x-sequence": str(upto)}
        if _has(request, headers["etag"]):
            return Response(status_code=304, headers=headers)
        if _wants_json(request):
            body = {"project": home, "doc": doc, "sequence": str(upto), "at": _iso(time), "text": text}
            return JSONResponse(body, headers=headers)
        return PlainTextResponse(text, headers=headers)

    async def diff(self, request: Request) -> Response:
        """`?from=&to=`: JSON runs with authors; without `to`, until now."""
        home, doc = await self._find(request)
        _known(request, "from", "to")
        start, end = await self._sequence(request, home, "from"), await self._sequence(request, home, "to")
        if start is None:
            raise Refusal("BAD_SEQUENCE", "`from` is missing: the sequence to compare with.", field="from")
        if end is not None and end < start:
            raise Refusal("BAD_SEQUENCE", "`to` lies before `from`.", field="to")

        def look(past: History) -> tuple[int, int, list[Run]]:
            upto = max(past.seq, start) if end is None else end
            return past.sequence_upto(start), past.sequence_upto(upto), compare(past, start, upto)

        before, after, runs = await self._ask(home, doc, look)
        headers = {"etag": f'"{before}-{after}"', "cache-control": PRIVATE}
        if _has(request, headers["etag"]):
            return Response(status_code=304, headers=headers)
        told = {"project": home, "doc": doc, "from": str(before), "to": str(after), "runs": [_run(r) for r in runs]}
        return JSONResponse(told, headers=headers)

    async def _find(self, request: Request) -> tuple[str, str]:
        home, doc = (await visible_project(self._gate, self._reader, request)).id, request.path_params["doc"]
        scene = SCENE.match(doc)
        found = None if scene is None else await self._reader.view("scene", scene.group(1))
        if found is None or found.home != home:
            raise Refusal("NOT_FOUND", "There is no such scene here; documents read scene:scn_….", field="doc")
        return home, doc

    async def _sequence(self, request: Request, home: str, name: str) -> int | None:
        text = request.query_params.get(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX):
            raise Refusal("BAD_SEQUENCE", f"`{name}` must be a sequence: a number.", field=name)
        if int(text) > await self._reader.head(home):
            raise Refusal("BAD_SEQUENCE", f"`{name}` lies in the future of this project.", field=name)
        return int(text)

    async def _ask(self, home: str, doc: str, look: Callable[[History], T]) -> T:
        try:
            return await self._pasts.ask(home, doc, look)
        except Busy as error:
            raise Refusal(error.code, str(error), {"retry-after": "1"}) from error
        except CollabError as error:
            raise Refusal(error.code, f"This history is too large to be shown ({error}).", field="doc") from error


def _known(request: Request, *names: str) -> None:
    for name in request.query_params:
        if name not in names:
            raise Refusal("BAD_REQUEST", f"There is no parameter {name[:40]!r} here.", field=name[:40])


def _time(request: Request, name: str) -> int | None:
    """Unix milliseconds of an ISO 8601 time (UTC where it says nothing) or of the number itself."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX:
        return int(text)
    try:
        # A "+" of an offset that was not escaped in the address arrives as a space.
        time = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        words = f"`{name}` must be a time: ISO 8601 or Unix milliseconds."
        raise Refusal("BAD_TIME", words, field=name) from None


def _iso(ms: int | None) -> str | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def _has(request: Request, etag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or etag in [each.strip().removeprefix("W/") for each in given.split(",")]


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def _run(run: Run) -> Mapping[str, Any]:
    told = run.removed if run.kind is RunKind.REMOVED and run.removed is not None else run.written
    return {
        "kind": run.kind.value,
        "text": run.text,
        "author": {"id": told.author.principal, "name": told.author.name},
        "at": _iso(told.at_ms),
        "sequence": str(told.seq),
        "writtenBy": {"id": run.written.author.principal, "name": run.written.author.name},
    }
