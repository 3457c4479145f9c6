"""The codec: what was written is read back, and hostile bytes are refused cheaply (S-40 … S-42)."""

from __future__ import annotations

import json
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import codec
from storage.codec import CodecError

pytestmark = pytest.mark.unit

GOLDEN = Path(__file__).parents[2] / "data" / "golden"
SAMPLE: dict[str, Any] = {
    "none": None,
    "bools": [True, False],
    "ints": [0, -1, 127, 128, 2**31, -(2**63), 2**64 - 1],
    "floats": [0.5, -1e300],
    "text": "Scène 🎬 مشهد",
    "bytes": bytes(range(256)),
    "nested": {"list": [[], [{}], {"k": [1, "two", b"3"]}]},
    "long": list(range(70)),
}

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=20) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=40,
)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("codec-v*.hex")), ids=lambda p: p.stem)
def test_golden_blobs_of_every_version_still_decode(path: Path) -> None:
    """S-40: bytes written by any released version are read for ever."""
    version, value = codec.decode_versioned(bytes.fromhex(path.read_text()))
    assert f"codec-v{version}" == path.stem
    assert value == SAMPLE


def test_there_is_a_golden_blob_of_this_version_and_it_is_what_we_write() -> None:
    """S-40: the current bytes are pinned; a change of format needs a new version and file."""
    assert codec.encode(SAMPLE).hex() == (GOLDEN / "codec-v1.hex").read_text().strip()


@given(values, st.integers(1, 255))
def test_round_trip(value: Any, version: int) -> None:
    """S-41: decode(encode(x)) == x for the closed set."""
    assert codec.decode_versioned(codec.encode(value, version=version)) == (version, value)


@given(st.binary(max_size=200))
def test_strangers_bytes_decode_or_are_refused(blob: bytes) -> None:
    """S-42: any bytes give a value of the closed set, written again the same, or CodecError."""
    try:
        value = codec.decode(b"\xc1\x01" + blob)
    except CodecError:
        return
    assert json.dumps(codec.decode(codec.encode(value)), default=repr) == json.dumps(value, default=repr)


@given(values, st.data())
@settings(max_examples=200)
def test_broken_blobs_never_raise_anything_else(value: Any, data: st.DataObject) -> None:
    """S-42: a flipped byte, a cut or a tail is refused with CodecError or is another value."""
    blob = bytearray(codec.encode(value))
    at = data.draw(st.integers(0, len(blob) - 1))
    blob[at] = data.draw(st.integers(0, 255))
    for broken in (bytes(blob), bytes(blob[:at]), bytes(blob) + b"\x00"):
        with suppress(CodecError):
            found = codec.decode(broken)
            assert repr(codec.decode(codec.encode(found))) == repr(found)


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\xc1",
        b"\xc1\x01",
        b"\xc1\x00\xc0",
        b"\x93\x01\x02\x03",
        b"\xc1\x01\xc0\xc0",
        b"\xc1\x01" + msgpack.packb(msgpack.ExtType(5, b"x")),
        b"\xc1\x01" + msgpack.packb(msgpack.Timestamp(1)),
        b"\xc1\x01" + msgpack.packb({b"k": 1}),
        b"\xc1\x01" + msgpack.packb({1: 1}),
        b"\xc1\x01\xa2\xff\xfe",
        b"\xc1\x01" + b"\x91" * 33 + b"\xc0",
        b"\xc1\x01" + b"\x91" * 5000 + b"\xc0",
    ],
)
def test_named_bad_blobs(blob: bytes) -> None:
    """S-42: foreign format, foreign types, bad text, depth: all refused."""
    with pytest.raises(CodecError):
        codec.decode(blob)


def test_depth_limit_is_exact() -> None:
    """S-41: what can be written can be read, at the limit too."""
    deep: Any = 1
    for _ in range(codec.DEPTH_MAX):
        deep = [deep]
    assert codec.decode(codec.encode(deep)) == deep
    with pytest.raises(CodecError):
        codec.encode([deep])


@pytest.mark.parametrize("value", [2**64, {1: 2}, object(), {"a": {1, 2}}, "\ud800", [1j], msgpack.Timestamp(1)])
def test_what_cannot_be_read_back_is_not_written(value: Any) -> None:
    """S-41: encode refuses values outside the closed set."""
    with pytest.raises(CodecError):
        codec.encode(value)


def test_nested_promises_cost_nothing() -> None:
    """S-42: headers that promise millions of elements are refused before anything is allocated."""
    blob = b"\xc1\x01" + b"\xdd\x00\x0f\xff\xff" * 900 + b"\xc0" * (1024 * 1024)
    tracemalloc.start()
    with pytest.raises(CodecError):
        codec.decode(blob)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 1024


def test_size_limit() -> None:
    """S-42: a blob over the caller's limit is refused unread."""
    blob = codec.encode(b"x" * 100)
    with pytest.raises(CodecError):
        codec.decode(blob, bytes_max=99)
    assert codec.decode(blob, bytes_max=len(blob)) == b"x" * 100
