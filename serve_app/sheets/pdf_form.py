"""A breakdown sheet as PDF: landscape pages with the columns repeated on each. Needs the extra ``pdf``.

Invariant: any text of any script makes a file; a character the font lacks (DejaVu Sans Condensed has none of Chinese,
Japanese or Korean) is drawn as its box, and stands in the CSV as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib import resources
from importlib.util import find_spec
from typing import Any

from actors.continuity.sheet import SheetRow
from actors.screenplay.pages import in_pages
from serve_app.sheets.columns import COLUMNS, lines

WIDTHS = (8, 7, 8, 19, 9, 11, 8, 23, 25, 23, 21, 13, 9, 9, 33)
"""Of the columns, as parts of the page's width."""

CELL_CHARS_MAX = 400
"""Of one cell on paper. Over: cut, and the CSV has it whole."""

FONT = "DejaVu"


class PdfUnavailable(Exception):
    """The extra ``pdf`` is not installed."""

    code = "PDF_UNAVAILABLE"
    retryable = False


def to_pdf(title: str, sheet: Sequence[SheetRow]) -> bytes:
    """Heavy (about 10 ms a scene): for a thread. Raises `PdfUnavailable`."""
    if find_spec("fpdf") is None:
        raise PdfUnavailable("PDF needs the extra `pdf`: pip install 'storyforge[pdf]'. The CSV has the same sheet.")
    from fpdf import FPDF
    from fpdf.fonts import FontFace

    logging.getLogger("fontTools").setLevel(logging.ERROR)  # it tells a line for each table it drops
    page: Any = FPDF(orientation="landscape", unit="mm", format="A4")
    page.set_title(_printable(title))
    page.set_margin(8)
    page.set_auto_page_break(True, 10)
    with resources.as_file(resources.files("serve_app.fonts").joinpath("DejaVuSansCondensed.ttf")) as font:
        page.add_font(FONT, fname=str(font))
    if find_spec("uharfbuzz") is not None:
        page.set_font(FONT, size=7)
        page.set_text_shaping(True)
    page.add_page()
    page.set_font(FONT, size=13)
    page.cell(0, 8, _printable(title), new_x="LMARGIN", new_y="NEXT")
    page.set_font(FONT, size=8)
    total = in_pages(sum(row.length for row in sheet))
    page.cell(0, 6, f"{len(sheet)} scenes, {total} pages", new_x="LMARGIN", new_y="NEXT")
    page.set_font(FONT, size=6)
    head = FontFace(fill_color=(232, 228, 220))
    with page.table(col_widths=WIDTHS, line_height=3, padding=0.6, text_align="LEFT", headings_style=head) as table:
        for line in lines(sheet):
            row = table.row()
            for cell in line:
                row.cell(_printable(cell))
    return bytes(page.output())


def _printable(cell: str) -> str:
    """Control characters and lone surrogates have no glyph and break a page."""
    shown = "".join(c for c in cell if c.isprintable()).encode("utf-8", "replace").decode()
    return shown if len(shown) <= CELL_CHARS_MAX else f"{shown[: CELL_CHARS_MAX - 1]}…"


assert len(WIDTHS) == len(COLUMNS), "a width for each column"
