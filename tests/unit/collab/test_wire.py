"""Wire: golden frames of y-protocols both ways, limits, and hostile bytes."""

from __future__ import annotations

import contextlib
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab import wire
from collab.close_codes import REASONS, CloseCode, CollabError, Malformed, TooLarge, reason_for
from collab.lib0 import Reader, var_string, varuint
from collab.limits import Limits
from collab.updates import read_header

pytestmark = pytest.mark.unit

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data/golden/collab-wire.json").read_text())
FRAMES = {name: bytes.fromhex(text) for name, text in GOLDEN["frames"].items()}
UPDATES = [bytes.fromhex(text) for text in GOLDEN["updates"]]
LIMITS = Limits()


def test_integers_and_strings_as_lib0_writes_them() -> None:
    """W-01."""
    for value, text in GOLDEN["varuints"]:
        assert varuint(value).hex() == text
        assert Reader(bytes.fromhex(text)).varuint() == value
    for value, text in GOLDEN["strings"]:
        assert var_string(value).hex() == text
        assert Reader(bytes.fromhex(text)).var_string() == value


def test_golden_frames_both_ways() -> None:
    """W-02."""
    step1 = wire.read_message(FRAMES["sync_step1"], LIMITS)
    assert isinstance(step1, wire.SyncStep1)
    assert wire.sync_step1(wire.state_vector(step1.state_vector)) == FRAMES["sync_step1"]
    step2 = wire.read_message(FRAMES["sync_step2"], LIMITS)
    assert step2 == wire.SyncStep2(bytes.fromhex(GOLDEN["full"]))
    assert wire.sync_step2(bytes.fromhex(GOLDEN["full"])) == FRAMES["sync_step2"]
    assert wire.read_message(FRAMES["sync_update"], LIMITS) == wire.SyncUpdate(UPDATES[0])
    assert wire.sync_update(UPDATES[0]) == FRAMES["sync_update"]
    payload = bytes.fromhex(GOLDEN["awareness_payload"])
    assert wire.read_message(FRAMES["awareness"], LIMITS) == wire.AwarenessMessage(payload)
    assert wire.awareness(payload) == FRAMES["awareness"]
    assert wire.read_message(FRAMES["query_awareness"], LIMITS) == wire.QueryAwareness()
    assert wire.query_awareness() == FRAMES["query_awareness"]
    assert wire.permission_denied("lecture réservée") == FRAMES["permission_denied"]


def test_headers_of_real_updates() -> None:
    """W-03: every content Yjs writes is read; clocks and deletions are exact."""
    doc, other = 1234567890, 7
    header = read_header(bytes.fromhex(GOLDEN["both"]), LIMITS)
    assert {(client, end) for client, _, end in header.structs} == {(doc, GOLDEN["doc_clock"]), (other, 1)}
    assert sorted(header.deletes) == sorted(tuple(each) for each in GOLDEN["deletes"])
    clock = 0
    for update in UPDATES:
        for client, start, end in read_header(update, LIMITS).structs:
            assert (client, start) == (doc, clock)
            clock = end
    assert clock == GOLDEN["doc_clock"]
    assert read_header(bytes.fromhex(GOLDEN["empty_update"]), LIMITS).empty


def test_skips_are_not_content() -> None:
    """W-03: a merge with a gap lists two runs."""
    runs = read_header(bytes.fromhex(GOLDEN["out_of_order"]), LIMITS).structs
    assert len(runs) == 2
    assert runs[0][2] < runs[1][1]


def test_subdocuments_are_refused() -> None:
    """W-04."""
    with pytest.raises(Malformed, match="subdocuments"):
        read_header(bytes.fromhex(GOLDEN["subdocument"]), LIMITS)


@pytest.mark.parametrize(
    ("update", "why"),
    [
        ("", "ends early"),
        ("00", "ends early"),
        ("000000", "after the end"),
        ("01000500" + "00", "without structs"),
        ("010105000000" + "00", "empty range"),
        ("0101050084050004016100", "own future"),
        ("01010500040101740000", "empty range"),
        ("0101050007010174" + "0b00", "unknown type"),
        ("01010500" + "0b010174" + "00", "unknown content"),
        ("01010500" + "05010174" + "017b" + "00", "not JSON"),
        ("01010500" + "04010174" + "01ff" + "00", "not UTF-8"),
        ("02" + "0105000005" + "0105090001" + "00", "listed twice"),
        ("000105010000", "empty range"),
        ("01010500" + "08010174" + "01" + "7501" * 40 + "7e" + "00", "too deep"),
        ("ffffffffffffffffff7f", "too large"),
    ],
)
def test_malformed_updates(update: str, why: str) -> None:
    """W-05: what a stock client could choke on never passes."""
    with pytest.raises(Malformed, match=why):
        read_header(bytes.fromhex(update), LIMITS)


def test_limits_of_frames_and_updates() -> None:
    """W-06."""
    small = Limits(
        frame_bytes_max=100, update_bytes_max=50, awareness_bytes_max=10, state_vector_entries_max=1,
        structs_per_update_max=2, delete_ranges_per_update_max=0,
    )  # fmt: skip
    for frame in (bytes(101), wire.sync_update(bytes(51)), wire.awareness(bytes(11)), wire.sync_step1(b"\x02")):
        with pytest.raises(TooLarge):
            wire.read_message(frame, small)
    for update in ("010305000001", "0001050101"):
        with pytest.raises(TooLarge):
            read_header(bytes.fromhex(update), small)


def test_close_codes_say_stop_or_retry_and_fit_a_frame() -> None:
    """W-07."""
    for code in CloseCode:
        assert 4400 <= code < 4600
        assert code.retryable == (code >= 4500)
        assert len(reason_for(code, "ü" * 200).encode()) <= 123
    assert set(REASONS) == set(CloseCode)
    for error in (Malformed("x"), TooLarge("y"), CollabError(CloseCode.MOVED, "z")):
        again = pickle.loads(pickle.dumps(error))
        assert (again.close_code, again.detail, str(again)) == (error.close_code, error.detail, str(error))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    """W-08."""
    for read in (lambda: wire.read_message(data, LIMITS), lambda: read_header(data, LIMITS)):
        with contextlib.suppress(Malformed, TooLarge):
            read()
