"""`GET /breakdown/{project}.csv` and `.pdf`: the script supervisor's breakdown sheet as a file.

The invariant: a project that the caller may not see reads as one that does not exist; the file is made from the rows
as they stand when it is asked for.
"""

from __future__ import annotations

import asyncio
import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from serve_app.auth import Gate
from serve_app.graphql.ports import Reader
from serve_app.http.answers import Refusal
from serve_app.http.visible_project import visible_project
from serve_app.sheets.csv_form import to_csv
from serve_app.sheets.pdf_form import PdfUnavailable, to_pdf
from serve_app.sheets.reading import read_sheet

_NOT_IN_NAMES = re.compile(r"[^\w .-]+")


class SheetRoute:
    def __init__(self, gate: Gate, reader: Reader) -> None:
        self._gate, self._reader = gate, reader

    async def get(self, request: Request) -> Response:
        project = await visible_project(self._gate, self._reader, request)
        sheet, form = await read_sheet(self._reader, project), request.path_params["form"]
        if form == "csv":
            body, kind = await asyncio.to_thread(to_csv, sheet), "text/csv; charset=utf-8"
        elif form == "pdf":
            try:
                body, kind = await asyncio.to_thread(to_pdf, project.title, sheet), "application/pdf"
            except PdfUnavailable as error:
                raise Refusal(error.code, str(error), field="form") from error
        else:
            raise Refusal("NOT_FOUND", "A breakdown is a .csv or a .pdf.", field="form")
        shown = f"{_NOT_IN_NAMES.sub('', project.title).strip() or 'breakdown'}.{form}"
        name = quote(shown, errors="replace")
        headers = {
            "content-disposition": f"attachment; filename=\"breakdown.{form}\"; filename*=UTF-8''{name}",
            "cache-control": "private, no-store",
        }
        return Response(body, media_type=kind, headers=headers)
