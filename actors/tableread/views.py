"""A conversation's rows, and its one value in `live`.

The invariant: both are written in the append that changes them; a row is a line as the fold has it.

Kinds and keys in the ledger's `View` rows (kind · id · parent · order_key):
  table_line · lin · scene · number -> TableLineView
An unanswered line is also an `open_job` row, so that a host that finds it opens the home for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from actors.runtime.actor import ViewDraft
from actors.runtime.edits import SetKey
from actors.tableread.table import Line, Table
from actors.views import OPEN_JOB, SPEND, Body, OpenJobView, SpendView, order_ms
from gpu.enhance.writer import Enhancement

TABLE_LINE = "table_line"
LIVE = "tables"
"""Root of `live`: scene → {"at": moves, "open": lines that are being answered}."""


@dataclass(frozen=True, slots=True)
class TableLineView(Body):
    """`line`: `actors.tableread.table.Line` as a dict."""

    id: str
    scene: str
    project: str
    line: dict[str, Any] = field(default_factory=dict)


def line_row(home: str, scene: str, line: Line) -> ViewDraft:
    body = TableLineView(line.id, scene, home, line.to_dict())
    return ViewDraft(TABLE_LINE, line.id, scene, f"{line.number:08d}", body)


def gone_row(scene: str, line: Line) -> ViewDraft:
    return ViewDraft(TABLE_LINE, line.id, scene, f"{line.number:08d}", None)


def open_row(scene: str, line: Line) -> ViewDraft:
    return ViewDraft(OPEN_JOB, line.id, scene, order_ms(line.at_ms), OpenJobView(line.id, scene) if line.open else None)


def spend_row(home: str, scene: str, line: str, at_ms: int, how: dict[str, Any] | None) -> list[ViewDraft]:
    """What its answers cost, where a model was asked for money: counted with what prompts cost."""
    spent = None if how is None else Enhancement.from_dict(how)
    if spent is None or not (spent.cost_micro or spent.usage.prompt_tokens):
        return []
    used = spent.usage
    body = SpendView(
        id=line,
        scene=scene,
        project=home,
        at_ms=at_ms,
        writers=tuple(each.writer for each in spent.tries),
        currency=spent.currency,
        cost_micro=spent.cost_micro,
        prompt_tokens=used.prompt_tokens,
        completion_tokens=used.completion_tokens,
        cached_tokens=used.cached_tokens,
    )
    return [ViewDraft(SPEND, line, scene, order_ms(at_ms), body)]


def live_value(scene: str, table: Table) -> SetKey:
    return SetKey(LIVE, scene, {"at": table.moves, "open": len(table.waiting())})


def rows(home: str, scene: str, table: Table) -> Iterator[ViewDraft]:
    """All of a conversation's, as it is now."""
    for line in table.lines.values():
        yield line_row(home, scene, line)
        yield open_row(scene, line)
