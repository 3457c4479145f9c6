"""The technical observer: measures the frames of a finished video against its plan. No model; it sees that something
moves and cuts where it should, never what it is.

Invariant: one decoding pass over at most `frames_max` frames, each reduced to a few numbers at once, so memory hardly
grows with the film. Video in (a path or an open file), numbers out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

import av
import numpy as np
from numpy.typing import NDArray

from gpu.observe.verdict import Observation, Verdict
from gpu.video.protocol import Look, Shot

OBSERVER_NAME = "technical"
frames_max = 30_000
sample_width_px, sample_height_px = 64, 36

# Thresholds, in 0..255 of luma or shares of 0..1; each was set on encodes of synthetic clips (see the tests).
black_luma_max = 14.0
frozen_difference_max = 0.02
cut_difference_min = 9.0
cut_over_neighbours_min = 2.6
cut_tolerance_s = 0.13

black_share_impossible = 0.95
frozen_share_impossible = 0.98
duration_off_contradicts = 0.10
duration_off_uncertain = 0.03
duration_slack_s = 0.25
cut_recall_contradicts = 0.4
cut_recall_uncertain = 0.75
cuts_judged_min = 2
black_share_uncertain = 0.3
frozen_share_uncertain = 0.6
palette_distance_uncertain = 0.55

pixel_sample_every = 12
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_Picture = NDArray[np.float32]


class Cancelled(Exception):
    """The caller's `cancelled()` said yes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the video should be: when it cuts, how long it lasts, which look it has."""

    duration_s: float
    cuts_s: tuple[float, ...] = ()
    look: Look = field(default_factory=Look)


def plan_of(shots: Sequence[Shot], look: Look) -> Plan:
    """The plan of an enhanced scene."""
    ends = np.cumsum([shot.duration_s for shot in shots]) if shots else np.zeros(1)
    return Plan(float(ends[-1]), tuple(float(at) for at in ends[:-1]), look)


def observe(
    source: str | IO[bytes],
    plan: Plan,
    cancelled: Callable[[], bool] = lambda: False,
    beside: Callable[[Any, float], None] = lambda frame, time_s: None,
) -> Observation:
    """Measure and judge. A file that cannot be decoded is an observation ("blocks"), not an error.

    `beside` gets every decoded frame with its seconds since the first.

    The quality score is 0.30·duration + 0.30·cuts + 0.20·motion + 0.10·light + 0.10·colour, each 0..1: 1 − (departure
    from the planned duration / 20 %), the F1 of found against planned cuts, the share of moving frames, the share of
    frames that are not black, 1 − (distance to the palette / 0.6). It is 0 where there is nothing to see.
    Raises Cancelled.
    """
    try:
        meter, facts = _decode(source, cancelled, beside)
    except (av.FFmpegError, OSError, ValueError) as error:
        return Observation(OBSERVER_NAME, "blocks", {}, (f"The file is not a video: {type(error).__name__}.",), 0.0)
    if not meter.times:
        return Observation(OBSERVER_NAME, "blocks", facts, ("The video has no frames.",), 0.0)
    measures = facts | _measure(meter, facts["duration_s"], plan)
    verdict, reasons = _judge(measures, plan)
    score = 0.0 if verdict in {"impossible", "blocks"} else _score(measures)
    return Observation(OBSERVER_NAME, verdict, measures, reasons, round(score, 4))


class _Meter:
    """Numbers of a film, gathered frame by frame; keeps one picture and a thin sample of pixels."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.brightness: list[float] = []
        self.saturation: list[float] = []
        self.warmth: list[float] = []
        self.moved: list[float] = []
        self.pixels: list[_Picture] = []
        self._last: _Picture | None = None

    def take(self, picture: _Picture, time_s: float) -> None:
        """`picture`: float32 (36, 64, 3), RGB 0..255."""
        luma = picture @ _LUMA
        top = picture.max(axis=2)
        if self._last is not None:
            self.moved.append(float(np.abs(luma - self._last).mean()))
        self._last = luma
        if len(self.times) % pixel_sample_every == 0:
            self.pixels.append(picture[::3, ::3].reshape(-1, 3))
        self.times.append(time_s)
        self.brightness.append(float(luma.mean()))
        self.saturation.append(float(((top - picture.min(axis=2)) / np.maximum(top, 1.0)).mean()))
        self.warmth.append(float((picture[..., 0] - picture[..., 2]).mean()))


def _decode(
    source: str | IO[bytes], cancelled: Callable[[], bool], beside: Callable[[Any, float], None]
) -> tuple[_Meter, dict[str, float]]:
    meter = _Meter()
    with av.open(source) as container:
        if not container.streams.video:
            raise ValueError("no video stream")
        stream: Any = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            if cancelled():
                raise Cancelled
            small = frame.reformat(sample_width_px, sample_height_px, "rgb24", interpolation="AREA").to_ndarray()
            meter.take(small.astype(np.float32), float(frame.time or 0.0))
            beside(frame, meter.times[-1] - meter.times[0])
            if len(meter.times) >= frames_max:
                break
        rate = float(stream.average_rate or 0)
        last_s = 1 / rate if rate else 0.0
        facts = {
            "frames": float(len(meter.times)),
            "width_px": float(stream.codec_context.width),
            "height_px": float(stream.codec_context.height),
            "fps": rate,
            "duration_s": meter.times[-1] - meter.times[0] + last_s if meter.times else 0.0,
        }
    return meter, facts


def _measure(meter: _Meter, duration_s: float, plan: Plan) -> dict[str, float]:
    moved = np.asarray(meter.moved, np.float32)
    cuts = _cuts(moved, meter.times)
    matched = _matched(cuts, plan.cuts_s)
    return {
        "planned_duration_s": plan.duration_s,
        "duration_off": abs(duration_s - plan.duration_s) / max(plan.duration_s, 0.1),
        "black_share": float((np.asarray(meter.brightness) < black_luma_max).mean()),
        "frozen_share": float((moved < frozen_difference_max).mean()) if len(moved) else 1.0,
        "cuts": float(len(cuts)),
        "planned_cuts": float(len(plan.cuts_s)),
        "cut_recall": matched / len(plan.cuts_s) if plan.cuts_s else 1.0,
        "cut_precision": matched / len(cuts) if cuts else 1.0 if not plan.cuts_s else 0.0,
        "mean_luma": float(np.mean(meter.brightness)),
        "mean_saturation": float(np.mean(meter.saturation)),
        "warmth": float(np.mean(meter.warmth)),
        "palette_distance": _palette_distance(np.concatenate(meter.pixels), plan.look),
    }


def _cuts(moved: NDArray[np.float32], times: Sequence[float]) -> list[float]:
    """Times at which a picture differs far more from the one before than its neighbours do."""
    found: list[float] = []
    for at in np.flatnonzero(moved > cut_difference_min).tolist():
        around = np.concatenate((moved[max(0, at - 4) : at], moved[at + 1 : at + 5]))
        usual = float(np.median(around)) if len(around) else 0.0
        peak = float(around.max()) if len(around) else 0.0
        if moved[at] > cut_over_neighbours_min * max(usual, 1.0) and moved[at] >= peak:
            found.append(times[at + 1] - times[0])
    return found


def _matched(found: Sequence[float], planned: Sequence[float]) -> int:
    """How many planned cuts have a found cut of their own within the tolerance; both lists ascend."""
    matched = at = 0
    for wanted in planned:
        while at < len(found) and found[at] < wanted - cut_tolerance_s:
            at += 1
        if at < len(found) and found[at] <= wanted + cut_tolerance_s:
            matched += 1
            at += 1
    return matched


def _palette_distance(pixels: _Picture, look: Look) -> float:
    """Mean RGB distance (0..1, 1 = black to white) of pixels (N, 3) to the nearest palette colour."""
    if not look.palette:
        return 0.0
    nearest = np.full(len(pixels), np.inf, np.float32)
    for code in look.palette:
        colour = np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)], np.float32)
        nearest = np.minimum(nearest, np.sqrt(((pixels - colour) ** 2).sum(axis=1)))
    return float(nearest.mean() / (255 * np.sqrt(3)))


def _judge(m: dict[str, float], plan: Plan) -> tuple[Verdict, tuple[str, ...]]:
    off_s = abs(m["duration_s"] - plan.duration_s)
    late = off_s > duration_slack_s
    many = m["planned_cuts"] >= cuts_judged_min
    scattered = m["cuts"] > 2 * m["planned_cuts"] + 4
    rules: tuple[tuple[Verdict, bool, str], ...] = (
        ("impossible", m["black_share"] >= black_share_impossible, "The picture is black throughout."),
        ("impossible", m["frozen_share"] >= frozen_share_impossible, "The picture never moves."),
        ("contradicts", late and m["duration_off"] > duration_off_contradicts, _lasts(m)),
        ("contradicts", many and m["cut_recall"] < cut_recall_contradicts, _cut_words(m)),
        ("contradicts", scattered, f"It cuts {m['cuts']:.0f} times; {m['planned_cuts']:.0f} were planned."),
        ("uncertain", late and m["duration_off"] > duration_off_uncertain, _lasts(m)),
        ("uncertain", many and m["cut_recall"] < cut_recall_uncertain, _cut_words(m)),
        ("uncertain", m["black_share"] > black_share_uncertain, f"{m['black_share']:.0%} of it is black."),
        ("uncertain", m["frozen_share"] > frozen_share_uncertain, f"{m['frozen_share']:.0%} of it stands still."),
        ("uncertain", m["palette_distance"] > palette_distance_uncertain, "Its colours are far from the brain's."),
    )
    broken = [(verdict, reason) for verdict, applies, reason in rules if applies]
    if not broken:
        return "valid", ("Duration, cuts, motion and colour are as planned.",)
    return broken[0][0], tuple(dict.fromkeys(reason for _, reason in broken))


def _lasts(m: dict[str, float]) -> str:
    return f"It lasts {m['duration_s']:.1f} s; {m['planned_duration_s']:.1f} s were planned."


def _cut_words(m: dict[str, float]) -> str:
    return f"{m['cut_recall']:.0%} of the {m['planned_cuts']:.0f} planned cuts are where they should be."


def _score(m: dict[str, float]) -> float:
    recall, precision = m["cut_recall"], m["cut_precision"]
    f1 = 2 * recall * precision / (recall + precision) if recall + precision else 0.0
    duration = max(0.0, 1 - m["duration_off"] / 0.2)
    colour = max(0.0, 1 - m["palette_distance"] / 0.6)
    return 0.3 * duration + 0.3 * f1 + 0.2 * (1 - m["frozen_share"]) + 0.1 * (1 - m["black_share"]) + 0.1 * colour
