"""The descriptor of pictures, and how large a picture says it is."""

from __future__ import annotations

import struct
import time
import zlib

import cv2
import numpy as np
import pytest

from gpu.embed.image_descriptor import DIMENSION, ImageDescriptor
from gpu.embed.picture_size import size_of
from gpu.embed.protocol import EmbedError

pytestmark = pytest.mark.unit

FORMATS = (".png", ".jpg", ".webp")


def picture(seed: int, width: int = 320, height: int = 240) -> np.ndarray:
    """A scene of flat shapes, as different from another seed's as two photographs are."""
    chance = np.random.default_rng(seed)
    found = np.full((240, 320, 3), chance.integers(0, 255, 3), np.uint8)
    for _ in range(6):
        colour = tuple(int(c) for c in chance.integers(0, 255, 3))
        cv2.circle(found, tuple(int(v) for v in chance.integers(0, 240, 2)), int(chance.integers(15, 80)), colour, -1)
    return cv2.resize(found, (width, height))


def file_of(found: np.ndarray, ending: str = ".png", **how: int) -> bytes:
    done, data = cv2.imencode(ending, found, [cv2.IMWRITE_JPEG_QUALITY, how["quality"]] if how else [])
    assert done
    return bytes(data)


def test_it_finds_a_picture_again_and_tells_others_apart() -> None:
    """K-91: 512 numbers of unit length; scaled or recompressed it is near, another picture is not."""
    embed = ImageDescriptor().embed_picture
    rows = [embed(file_of(picture(seed))) for seed in range(8)]
    assert all(row.shape == (DIMENSION,) == (512,) and row.dtype == np.float32 for row in rows)
    assert max(abs(float(np.linalg.norm(row)) - 1) for row in rows) < 1e-5
    across = [float(a @ b) for n, a in enumerate(rows) for b in rows[:n]]
    again = [
        float(rows[seed] @ embed(made))
        for seed in range(8)
        for made in (
            file_of(picture(seed, 640, 480)),
            file_of(picture(seed, 200, 150), ".webp"),
            file_of(picture(seed), ".jpg", quality=40),
        )
    ]
    assert min(again) > 0.97
    assert max(across) < 0.9
    assert (embed(file_of(picture(3))) == rows[3]).all()


def test_what_is_no_picture_is_refused() -> None:
    """K-91: words, a cut file, a grey field, and a small file that holds an enormous picture, at once."""
    embed = ImageDescriptor().embed_picture
    flat = embed(file_of(np.zeros((10, 10, 3), np.uint8)))
    assert np.isfinite(flat).all()
    assert float(np.linalg.norm(flat)) == pytest.approx(1.0, abs=1e-5)
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    began = time.process_time()
    for bad in (b"", b"words", bomb, file_of(picture(1))[:40], file_of(picture(1), ".jpg")[:30]):
        with pytest.raises(EmbedError) as refused:
            embed(bad)
        assert (refused.value.code, refused.value.retryable) == ("REFUSED", False)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("size", [(320, 240), (1, 1), (37, 501)])
def test_a_picture_s_size_is_read_from_its_beginning(ending: str, size: tuple[int, int]) -> None:
    """K-91: as its encoder wrote it; any cut of it is a size or none, never an error."""
    made = file_of(picture(1, *size), ending)
    assert size_of(made) == size
    assert {size_of(made[:n]) for n in range(200)} <= {size, None}


def test_a_lossless_webp_has_its_size_elsewhere() -> None:
    """K-91"""
    done, data = cv2.imencode(".webp", picture(1, 33, 44), [cv2.IMWRITE_WEBP_QUALITY, 101])
    assert done
    assert size_of(bytes(data)) == (33, 44)
