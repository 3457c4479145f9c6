"""Anchors and comments as stock Yjs means them; golden file: `tests/interop/anchors_golden.mjs`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pycrdt
import pytest

from collab.anchors import AFTER, Position, anchor, read_position, resolve, write_position
from collab.history import History, Row
from collab.notes import Notes
from tests.unit.collab.test_history import ANA, BO, Desk

pytestmark = pytest.mark.unit

GOLDEN = json.loads((Path(__file__).parents[2] / "data/golden/collab-anchors.json").read_text(encoding="utf-8"))


def golden() -> History:
    history = History("script")
    history.extend(
        [
            Row(1, 1, [(ANA, bytes.fromhex(GOLDEN["first"]))]),
            Row(2, 2, [(BO, bytes.fromhex(GOLDEN["then"]))]),
        ]
    )
    return history


def test_r87_positions_of_stock_yjs_resolve_as_yjs_resolves_them() -> None:
    """R-87: every place of a text with non-ASCII and cut surrogates, before and after edits."""
    history = golden()
    assert (history.text(1), history.text(2)) == (GOLDEN["before"], GOLDEN["after"])
    for each in GOLDEN["anchors"]:
        position = read_position(each["json"])
        assert position is not None, each
        assert resolve(history, [position], 1)[position] == each["at"], each
        assert resolve(history, [position], 2)[position] == each["later"], each


def test_r87_anchors_made_here_are_those_yjs_makes() -> None:
    """R-87: the start sticks to its first character, the end to its last, by the ids stock Yjs would name."""
    history = golden()
    by_place = {(each["at"], each["assoc"]): each["json"] for each in GOLDEN["anchors"]}
    for start in range(len(GOLDEN["before"])):
        for end in range(start + 1, len(GOLDEN["before"]) + 1):
            ends = anchor(history, start, end, 1)
            assert ends is not None
            assert write_position(ends[0], "script")["item"] == by_place[start, 0]["item"]
            assert write_position(ends[1], "script")["item"] == by_place[end, -1]["item"]
    assert anchor(history, 0, len(GOLDEN["before"]) + 1, 1) is None
    assert anchor(history, 3, 3, 1) is None


@pytest.mark.parametrize("seed", range(6))
def test_r87_words_keep_their_anchor_while_others_write_around_them(seed: int) -> None:
    """R-87: whatever happens elsewhere, the anchored words are found; once they are deleted the span is empty."""
    desk = Desk(seed, peers=2)
    desk.write(0, "start 🎬 the words themselves é end")
    first = desk.send(0, ANA)
    desk.hear(1)
    history = desk.history()
    text = history.text(first)
    start = text.index("the words")
    ends = anchor(history, start, start + len("the words"), first)
    assert ends is not None
    for _ in range(20):
        before, after = desk.text(1).split("the words")
        cut = desk.dice.randrange(len(before) + 1)
        desk.write(1, before[:cut] + "🎬x"[: desk.dice.randrange(3)] + before[cut + 1 :] + "the words" + after + "é")
        desk.send(1, BO)
    history = desk.history()
    found = resolve(history, ends, history.seq)
    assert history.text()[found[ends[0]] : found[ends[1]]] == "the words"
    desk.write(1, desk.text(1).replace("the words", ""))
    desk.send(1, BO)
    history = desk.history()
    found = resolve(history, ends, history.seq)
    assert found[ends[0]] == found[ends[1]]


def test_r88_only_well_formed_comments_are_read_and_the_log_says_whose_they_are() -> None:
    """R-88: clients write any values; what is no comment is left out, and a claimed name changes no author."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    made: list[bytes] = []
    watched = doc.observe(lambda event: made.append(event.update))
    root = doc.get("comments", type=pycrdt.Map)
    ends = {"start": {"item": {"client": 7.0, "clock": 3}, "assoc": 0}, "end": {"tname": "script", "assoc": -1}}
    root["cmt_1"] = pycrdt.Map({"text": "Why 🎬?", "name": "Bo", "at": 5, "anchor": ends, "quote": "soup"})
    root["cmt_2"] = pycrdt.Map({"text": "Because.", "name": "Ana", "at": 6.0, "parent": "cmt_1"})
    root["bad"] = pycrdt.Map({"text": 7})
    root["worse"] = "not a map"
    root["odd"] = pycrdt.Map(
        {"text": "t", "at": float("inf"), "name": [1], "anchor": 5, "resolved": "yes", "parent": 2}
    )
    doc.unobserve(watched)
    notes = Notes()
    notes.extend(Row(seq, seq, [((ANA, BO)[seq % 2], update)]) for seq, update in enumerate(made))
    odd, one, two = notes.comments()
    assert (one.text, one.name, one.author, one.quote) == ("Why 🎬?", "Bo", ANA, "soup")
    assert one.start == Position((7, 3), AFTER)
    assert one.end == Position(None, -1)
    assert (two.parent, two.author, two.at_ms) == ("cmt_1", BO, 6)
    assert (odd.at_ms, odd.name, odd.start, odd.resolved, odd.parent) == (0, "", None, None, None)
    for nothing in (
        None,
        3,
        {},
        {"item": {"client": -1, "clock": 0}},
        {"item": {"client": "a"}},
        {"assoc": float("nan")},
    ):
        assert read_position(nothing) is None
    assert Notes().comments() == []
