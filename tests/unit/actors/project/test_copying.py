"""What stays behind when a project is copied (W-115)."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from actors.commands import CommandError
from actors.project.actor import Facts
from actors.project.copying import LEFT_OUT_TYPE, Copying
from storage.codec import decode, encode
from storage.ledger.protocol import Event, Kind

pytestmark = pytest.mark.unit

OLD, NEW, SCENE = "prj_" + "a" * 26, "prj_" + "b" * 26, "scn_" + "c" * 26
FACTS = Facts("Heat", "SHORT", "noir", "short", "owner", 1)


def event(seq: int, type: str, data: dict[str, object], doc: str = "@project", kind: Kind = Kind.EVENT) -> Event:
    return Event(OLD, seq, 1, 1_000 * seq, doc, kind, type, encode(data), None, 0, 1, "owner", None, 0)


ROWS = (
    event(1, "home.claimed", {"host": "h"}, "@home", Kind.OWNERSHIP),
    event(2, "project.created", asdict(FACTS)),
    event(3, "scene.created", {"id": SCENE, "heading": "INT.", "order": "a", "created_at_ms": 1}),
    event(4, "access.granted", {"id": "lnk_x", "label": "Ben"}),
    event(5, "webhook.added", {"id": "whk_x", "url": "https://partner.example"}),
    event(6, "checkpoint.made", {"facts": {}, "gone": []}),
    event(7, "workflow.started", {"scene": SCENE}, "@workflow"),
    event(8, "updates", {"b": 1}, "live", Kind.UPDATES),
)


def test_w115_ways_in_and_out_and_what_is_worked_out_stay_behind() -> None:
    """W-115: each leaves a row that says what it was and nothing it held; sequences and times stand."""
    copying = Copying(OLD, NEW, by="owner", now_ms=10**6)
    made = [copying.take(row) for row in ROWS]
    assert [(row.seq, row.at_ms, row.home) for row in made] == [(row.seq, row.at_ms, NEW) for row in ROWS]
    left = [decode(row.body)["type"] for row in made if row.type == LEFT_OUT_TYPE]
    assert left == ["access.granted", "webhook.added", "checkpoint.made", "workflow.started", "updates"]
    assert not any(b"partner" in row.body or b"Ben" in row.body for row in made)
    assert decode(made[2].body)["id"] != SCENE
    copied = copying.finish()
    assert [row.seq for row in copied.rows] == list(range(9, 9 + len(copied.rows)))
    assert {view.kind for view in copied.views} == {"project", "scene"}
    assert all(view.home == NEW and view.seq == copied.rows[-1].seq for view in copied.views)
    assert copied.title == "Heat (copy as of 1970-01-01 00:00 UTC)"


def test_w117_before_its_first_event_there_is_nothing_to_copy() -> None:
    """W-117: a point before the project was made is refused."""
    copying = Copying(OLD, NEW, by="owner", now_ms=10**6)
    copying.take(ROWS[0])
    with pytest.raises(CommandError, match="did not exist yet"):
        copying.finish()
