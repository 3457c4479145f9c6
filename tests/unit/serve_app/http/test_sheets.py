"""The breakdown as files and by GraphQL (C-114, C-115)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from actors.continuity.sheet import sheet_of
from serve_app.sheets.columns import COLUMNS
from serve_app.sheets.csv_form import to_csv
from serve_app.sheets.pdf_form import to_pdf
from tests.unit.serve_app.graphql.test_real_owner import CREATE, TOKEN, Api, served

pytestmark = pytest.mark.unit

BEARER = {"authorization": f"Bearer {TOKEN}"}
WORDS = "INT. KITCHEN - NIGHT\n\nEDWARD (60s) puts on a red coat and lifts a lantern.\n"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with served(tmp_path) as (found, _):
        yield found


async def get(api: Api, path: str, headers: dict[str, str] = BEARER) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=api.app), base_url="http://127.0.0.1") as client:
        return await client.get(path, headers=headers)


async def story(api: Api, script: str = WORDS) -> str:
    home = str((await api.act(CREATE, "project { id }"))["project"]["id"])
    call = "createScene(input: {projectId: $p, heading: $h, script: $s, idempotencyKey: $key})"
    await api.act(call, "scene { id }", **{"p: ID!": home, "h: String!": "INT. KITCHEN - NIGHT", "s: String": script})
    return home


async def test_c114_the_sheet_is_a_query_a_csv_and_a_pdf(api: Api) -> None:
    """C-114: of the same rows; a spreadsheet opens the one and a reader the other."""
    home = await story(api)
    ask = (
        "query($p: ID!) { breakdownSheet(projectId: $p) { number storyDay pages cast { number name }"
        " wardrobe { who words since } props { who words } } }"
    )
    (row,) = (await api.ask(ask, p=home))["breakdownSheet"]
    assert (row["number"], row["storyDay"], row["pages"]) == ("1", "N1", "1/8")
    assert row["wardrobe"] == [{"who": "EDWARD", "words": "red coat", "since": None}]
    table = await get(api, f"/breakdown/{home}.csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["cache-control"] == "private, no-store"
    head, cells = csv.reader(io.StringIO(table.content.decode("utf-8-sig")))
    told = dict(zip(head, cells, strict=True))
    assert (told["Cast"], told["Wardrobe"]) == ("1. EDWARD", "EDWARD: red coat")
    paper = await get(api, f"/breakdown/{home}.pdf")
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF-")
    assert paper.content.rstrip().endswith(b"%%EOF")
    assert "attachment" in paper.headers["content-disposition"]


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("{home}.csv", {}, 401, "UNAUTHENTICATED"),
        ("{home}.doc", BEARER, 404, "NOT_FOUND"),
        ("prj_0000000000000000.csv", BEARER, 404, "NOT_FOUND"),
    ],
)
async def test_c115_nobody_else_has_it(api: Api, path: str, headers: dict[str, str], status: int, code: str) -> None:
    """C-115: without a token, in a form there is not, and of a project there is not: a refusal with its code."""
    home = await story(api)
    answer = await get(api, f"/breakdown/{path.format(home=home)}", headers)
    assert (answer.status_code, json.loads(answer.content)["code"]) == (status, code)


def test_c115_a_spreadsheet_runs_nothing_of_a_script() -> None:
    """C-115: a cell that begins as a formula does begins with an apostrophe; every other cell is as it is."""
    (row,) = sheet_of([("s1", "INT. =1+1 - DAY\n\n=SUM(A1) said nobody.\n\n@ADA\nHello.\n")])
    head, cells = csv.reader(io.StringIO(to_csv([row]).decode("utf-8-sig")))
    assert head == list(COLUMNS)
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    assert "'=1+1" in cells


@pytest.mark.parametrize("words", ["مطبخ إدوارد", "厨房にいる", "кухня", "🎬 \u202e \x00 \ud800", "long " * 900, ""])
def test_c115_any_script_is_a_pdf(words: str) -> None:
    """C-115: characters the font lacks, control characters, lone surrogates, pages of one word."""
    script = f"INT. {words[:80]} - DAY\n\nADA (30s) {words}\n\n{words}\n"
    found: Any = to_pdf(words[:200], sheet_of([("s1", script)] * 3))
    assert found.startswith(b"%PDF-")
    assert len(found) > 1_000
