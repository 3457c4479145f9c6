"""How long until a job stops: for a person to pick, or for good. Pure: of its attempt and one look at the queue.

The invariant: measured or unknown, never guessed. What has taken long lately is how long it takes; a running step's own
pace is better than that.
"""

from __future__ import annotations

from gpu.steps import Step
from storage.ledger.protocol import Attempt
from storage.ledger.queue_board import Forecast

TO_THE_END = (Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)
TO_THE_PICK = (Step.ENHANCE, Step.CACHE, Step.STORYBOARD)
FROM_THE_PICK = (Step.CACHE, Step.VIDEO, Step.OBSERVE)

PACE_FROM = 0.05
"""Progress below this says nothing about the pace."""


def position(attempt: Attempt, forecast: Forecast) -> int | None:
    """In the queue of its kind of step, from 1; None once it runs, or behind all that was looked at."""
    place = forecast.places.get(attempt.id)
    return None if place is None or attempt.deadline_at_ms is not None else place.position


def eta_s(attempt: Attempt, auto_pick: bool, forecast: Forecast, *, drawn: bool = False) -> float | None:
    """Seconds; None while something that decides it was never measured. `drawn`: there are frames, so a question to the
    cache is the one after the pick."""
    here_ms = _running_ms(attempt, forecast) if attempt.deadline_at_ms is not None else _waiting_ms(attempt, forecast)
    if here_ms is None:
        return None
    for step in _rest(Step(attempt.step), auto_pick, drawn):
        mean = forecast.queue.mean_ms(step)
        if mean is None and step is Step.VIDEO:
            return None  # it is most of the time; the others are not worth silence
        here_ms += mean or 0
    return round(here_ms / 1000, 1)


def _rest(step: Step, auto_pick: bool, drawn: bool) -> tuple[Step, ...]:
    picked = step not in TO_THE_PICK or (drawn and step is Step.CACHE)
    road = TO_THE_END if auto_pick else FROM_THE_PICK if picked else TO_THE_PICK
    return road[road.index(step) + 1 :]


def _waiting_ms(attempt: Attempt, forecast: Forecast) -> int | None:
    place, mean = forecast.places.get(attempt.id), forecast.queue.mean_ms(attempt.step, attempt.needs)
    if place is None or place.starts_in_ms is None or mean is None:
        return None
    return place.starts_in_ms + mean


def _running_ms(attempt: Attempt, forecast: Forecast) -> int | None:
    assert attempt.deadline_at_ms is not None, "it runs"
    taken_ms = (attempt.heartbeat_at_ms or 0) - (attempt.deadline_at_ms - attempt.timeout_ms)
    if attempt.progress >= PACE_FROM:
        return max(0, int(taken_ms * (1 - attempt.progress) / attempt.progress))
    mean = forecast.queue.mean_ms(attempt.step, attempt.needs)
    return None if mean is None else max(0, mean - taken_ms)
