"""Gives a flat cut-out volume: a soft core shadow on one side, a rim of light on the other, paper grain, blur.

Invariant: only colour changes, never coverage (blur excepted), so trimmed sprites stay where they were.
"""

from __future__ import annotations

import cv2
import numpy as np

from gpu.video.animatic.canvas import Pixels
from gpu.video.animatic.colour import RGB


def _shifted(mask: Pixels, dx: float, dy: float) -> Pixels:
    h, w = mask.shape
    moved: Pixels = cv2.warpAffine(mask, np.array([[1, 0, dx], [0, 1, dy]], np.float32), (w, h))
    return moved


def sculpt(image: Pixels, side: int, rim: RGB, rim_px: float, strength: float, shade: float = 0.34) -> None:
    """Shade away from the key light at `side` and edge towards it, `rim_px` pixels wide; in place."""
    alpha = cv2.extractChannel(image, 3)
    h, w = alpha.shape
    reach = max(2.0, rim_px * 5)
    small = cv2.resize(alpha, (max(1, w // 4), max(1, h // 4)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(0.6, reach / 4))
    small = _shifted(small, -side * reach / 4 * -1.6, reach / 4 * 0.5)
    soft = cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)
    factor = cv2.addWeighted(soft, shade, np.full_like(soft, 255), 1 - shade, 0)
    full = np.full_like(factor, 255)
    cv2.multiply(image, cv2.merge([factor, factor, factor, full]), dst=image, scale=1 / 255)
    edge = cv2.subtract(alpha, _shifted(alpha, -side * rim_px, rim_px * 0.55))
    edge = cv2.GaussianBlur(edge, (0, 0), max(0.5, rim_px * 0.3))
    light = [cv2.multiply(edge, 1.0, scale=strength * c / 255.0) for c in rim]
    cv2.add(image, cv2.merge([*light, np.zeros_like(edge)]), dst=image)
    # Premultiplied colour may not exceed coverage, or edges would glow on compositing.
    np.minimum(image[..., :3], alpha[..., None], out=image[..., :3])


def paper(image: Pixels, amount: float, rng: np.random.Generator) -> None:
    """Lay a fixed grain into an opaque plane; it moves with the picture and breaks banding in skies."""
    h, w = image.shape[:2]
    tile = rng.normal(0, 1, (128, 192)).astype(np.float32)
    tile = (tile * 0.6 + cv2.GaussianBlur(tile, (0, 0), 1.5) * 1.6) * (0.7 + 3.2 * amount)
    for sign, apply in ((1, cv2.add), (-1, cv2.subtract)):
        grain = np.clip(tile * sign, 0, 255).astype(np.uint8)
        grain = cv2.repeat(cv2.merge([grain, grain, grain, np.zeros_like(grain)]), h // 128 + 1, w // 192 + 1)
        apply(image, grain[:h, :w], dst=image)


def blurred(image: Pixels, sigma: float) -> Pixels:
    """A defocused copy; `sigma` in pixels. Large blurs run at a fraction of the size."""
    if sigma < 0.5:
        return image
    shrink = max(1, min(8, int(sigma / 1.5)))
    h, w = image.shape[:2]
    small = cv2.resize(image, (max(1, w // shrink), max(1, h // shrink)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(0.4, sigma / shrink))
    out: Pixels = cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)
    return out
