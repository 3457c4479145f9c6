"""The curve as a picture: false hits against recall, as SVG text. Numbers in, text out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import log
from typing import Any

Results = Mapping[str, Any]

WIDTH, HEIGHT = 760, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 30, 56, 60
FALSE_MIN, FALSE_MAX = 0.0005, 1.0
"""The axis of false hits is logarithmic; what is under its end is drawn on it."""

TICKS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0)
INK, FAINT, OURS, PLAIN, WANTED = "#24292f", "#d0d7de", "#1a7f37", "#b35900", "#0969da"
FALSE_WANTED, RECALL_WANTED = 0.005, 0.6
MARKED = {"cosine ≥ 0.95": "plain cosine 0.95", "RedisVL (distance 0.1)": "RedisVL, GPTCache 0.95",
          "GPTCache, its default (0.8)": "GPTCache, its default"}  # fmt: skip


def curve(lines: Mapping[str, Sequence[Results]], false_hits: Results, recall: Results) -> str:
    ours = next(name for name in recall if name.startswith("StoryForge"))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(LEFT, 22, "Films answered wrongly, and re-worded prompts answered rightly, over all thresholds", size=15),
        _text(LEFT, 40, "Left and up is better. Same prompts, same embedder (MiniLM); paraphrases held out."),
        *_axes(),
        _line(lines["cosine alone"], PLAIN),
        _line(lines["slots, then cosine"], OURS),
    ]
    for name, words in MARKED.items():
        parts += _point(false_hits["rules"][name]["share"], recall[name]["share"], words, PLAIN)
    parts += _point(false_hits["rules"][ours]["share"], recall[ours]["share"], "StoryForge", OURS)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(share: float) -> float:
    at = log(max(share, FALSE_MIN) / FALSE_MIN) / log(FALSE_MAX / FALSE_MIN)
    return LEFT + at * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _axes() -> list[str]:
    parts = []
    for tick in TICKS:
        parts.append(_stroke(_x(tick), _y(0), _x(tick), _y(1), FAINT))
        parts.append(_text(_x(tick), HEIGHT - BOTTOM + 18, f"{tick:.1%}", anchor="middle"))
    for tenth in range(0, 11, 2):
        parts.append(_stroke(LEFT, _y(tenth / 10), WIDTH - RIGHT, _y(tenth / 10), FAINT))
        parts.append(_text(LEFT - 8, _y(tenth / 10) + 4, f"{tenth * 10} %", anchor="end"))
    x, y, top = _x(FALSE_WANTED), _y(RECALL_WANTED), _y(1)
    parts.append(f'<rect x="{LEFT}" y="{top:.1f}" width="{x - LEFT:.1f}" height="{y - top:.1f}" fill="{WANTED}"'
                 ' fill-opacity="0.08"/>')  # fmt: skip
    parts.append(_text(LEFT + 6, top + 16, "promised", colour=WANTED))
    parts.append(
        _text(WIDTH / 2, HEIGHT - 16, "false hits: asked prompts shown another prompt's film", anchor="middle")
    )
    turned = f'transform="rotate(-90 18 {HEIGHT / 2})"'
    parts.append(_text(18, HEIGHT / 2, "paraphrases answered", anchor="middle", more=turned))
    return parts


def _line(points: Sequence[Results], colour: str) -> str:
    drawn = " ".join(f"{_x(p['false_hits']):.1f},{_y(p['recall']):.1f}" for p in points)
    return f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _point(false_hits: float, recall: float, words: str, colour: str) -> list[str]:
    x, y = _x(false_hits), _y(recall)
    over = x > WIDTH * 0.85  # no room beside it
    return [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>',
        _text(
            x if over else x + 10, y - 12 if over else y + 16, words, anchor="end" if over else "start", colour=colour
        ),
    ]


def _stroke(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", size: int = 12, colour: str = INK, more: str = ""
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}" {more}>'
        f"{escape(words)}</text>"
    )
