"""A breakdown sheet as CSV (RFC 4180), for spreadsheets.

Invariant: UTF-8 with the mark that spreadsheets know it by; a cell that a spreadsheet would run as a formula begins
with an apostrophe (OWASP, CSV injection).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from actors.continuity.sheet import SheetRow
from serve_app.sheets.columns import lines

_RUNS = ("=", "+", "-", "@", "\t", "\r")


def to_csv(sheet: Sequence[SheetRow]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    for line in lines(sheet):
        writer.writerow([f"'{cell}" if cell.startswith(_RUNS) else cell for cell in line])
    return out.getvalue().encode("utf-8-sig", "replace")
