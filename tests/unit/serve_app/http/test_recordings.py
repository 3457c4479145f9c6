"""Recordings of a voice among uploads (C-157)."""

from __future__ import annotations

import io
import wave
from fractions import Fraction

import av
import numpy as np
import pytest

from serve_app.http.recordings import SECONDS_MAX
from tests.unit.serve_app.conftest import TOKEN, World

pytestmark = pytest.mark.unit

BEARER = {"authorization": f"Bearer {TOKEN}"}
RATE = 8_000


def wav(seconds: float) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        at = np.arange(int(seconds * RATE))
        file.writeframes((8000 * np.sin(at / 6)).astype("<i2").tobytes())
    return out.getvalue()


def encoded(container: str, codec: str, seconds: float = 2.0) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=48_000)
        samples = (8000 * np.sin(np.arange(int(seconds * 48_000)) / 30)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.wav", wav(2.0), "audio/wav"),
        ("a.mp3", encoded("mp3", "libmp3lame"), "audio/mpeg"),
        ("a.ogg", encoded("ogg", "libopus"), "audio/ogg"),
        ("a.m4a", encoded("ipod", "aac"), "audio/mp4"),
    ],
)
async def test_c157_a_recording_is_kept_with_its_length(world: World, name: str, data: bytes, kind: str) -> None:
    """C-157: WAV, MP3, Ogg, M4A, by what they are; the answer says how long it lasts, and it is served as it came."""
    answer = await world.client.put(f"/uploads/{name}", content=data, headers=BEARER)
    told = answer.json()
    assert (answer.status_code, told["kind"], told["contentType"]) == (201, "recording", kind), told
    assert told["seconds"] == pytest.approx(2.0, abs=0.2)
    assert (await world.client.get(told["url"])).content == data


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (wav(SECONDS_MAX + 1), 413, "at most 30 s"),
        (wav(0.1), 415, "less than 0.5 s"),
        (wav(2.0)[:40] + b"\0" * 40, 415, "less than 0.5 s"),
        (b"OggS" + b"\0" * 200, 415, "cannot be read"),
        (b"ID3" + b"x" * 200, 415, "cannot be read"),
        (b"\xff\xd9" + b"x" * 200, 415, "Take PNG"),
    ],
)
async def test_c157_what_is_too_long_or_no_sound_is_refused(world: World, data: bytes, status: int, words: str) -> None:
    """C-157: with what may be sent instead; nothing is kept of it."""
    answer = await world.client.put("/uploads/a.wav", content=data, headers=BEARER)
    assert answer.status_code == status
    assert words in answer.json()["message"]
