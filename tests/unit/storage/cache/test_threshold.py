"""The threshold of an entry: cold, taught, refused, and over a long run of synthetic people."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import pytest

from storage.cache.threshold import (
    DELTA,
    SEEN_MAX,
    SURE_MIN,
    Experience,
    Seen,
    learned,
)

pytestmark = pytest.mark.unit


def test_cold_it_answers_only_what_is_very_like() -> None:
    """K-66: with nothing learned the prior decides: identical and closely reworded prompts are answered, others not."""
    curve = learned(())
    cold = curve.threshold(DELTA)
    assert 0.78 < cold < 0.86
    assert curve.sure(cold + 0.001, DELTA) >= 1 - DELTA - 1e-4
    assert curve.explored(cold - 0.1, DELTA) == 1.0
    assert curve.threshold(DELTA / 10) > cold > curve.threshold(DELTA * 10)


@pytest.mark.parametrize("delta", [0.001, 0.005, 0.02, 0.1])
def test_exploring_keeps_the_bound(delta: float) -> None:
    """K-66: whatever is answered, and however rarely, the share of wrong answers stays within the bound; and nothing is
    answered that is likely wrong."""
    for pairs in ((), ((0.95, False),), ((0.8, True),) * 20, ((0.9, True), (0.91, False)) * 10):
        curve = learned(pairs)
        for step in range(101):
            similarity = step / 100
            sure, explored = curve.sure(similarity, delta), curve.explored(similarity, delta)
            assert (1 - explored) * (1 - sure) <= delta + 1e-9
            assert explored == 1.0 or sure >= SURE_MIN


def test_people_move_it() -> None:
    """K-66: what was right under the threshold lowers it; one *not this* above it ends answers of that likeness."""
    cold = learned(()).threshold(DELTA)
    assert learned(((cold - 0.1, True),) * 30).threshold(DELTA) < cold - 0.01
    refused = learned(((0.95, False),))
    assert refused.threshold(DELTA) > 0.95
    assert refused.sure(0.9, DELTA) < learned(()).sure(0.9, DELTA)


def test_every_history_has_a_curve() -> None:
    """K-66: separable, one-sided and contrary histories end in a finite curve."""
    rng = random.Random(7)
    for _ in range(200):
        pairs = tuple((round(rng.random(), 3), rng.random() < 0.5) for _ in range(rng.randrange(SEEN_MAX)))
        curve = learned(pairs)
        assert all(math.isfinite(value) for value in (curve.t, curve.gamma, curve.t_error))
        assert curve.gamma > 0
        assert 0 <= curve.sure(0.9, DELTA) <= 1


def test_what_was_told_is_kept_in_bounds_and_read_back() -> None:
    """K-67: the last word on a question counts, refusals outlast acceptances, and the text of all fits in metadata."""
    known = Experience()
    for n in range(200):
        known = known.told(Seen(round(n / 200, 4), n % 10 != 0, f"{n:032x}"))
    assert len(known.seen) == SEEN_MAX
    assert sum(not each.right for each in known.seen) == 20
    assert known.refused(f"{0:032x}")
    again = known.told(Seen(0.5, True, f"{0:032x}"))
    assert not again.refused(f"{0:032x}")


@dataclass
class World:
    """Entries whose film is right with a likeness of its own, and people who speak up as people do."""

    rng: random.Random
    delta: float
    tolerance: tuple[float, float]

    def __post_init__(self) -> None:
        self.truth = [(self.rng.uniform(*self.tolerance), self.rng.uniform(30, 80)) for _ in range(5)]
        self.known = [Experience() for _ in self.truth]
        self.answers: list[tuple[bool, bool]] = []  # (answered, right)

    def run(self, asks: int) -> None:
        for n in range(asks):
            self.ask(n)

    def ask(self, n: int) -> None:
        at = self.rng.randrange(len(self.truth))
        t, gamma = self.truth[at]
        similarity = round(min(1.0, max(0.4, self.rng.gauss(0.82, 0.1))), 4)
        right = self.rng.random() < 1 / (1 + math.exp(-gamma * (similarity - t)))
        curve = learned(self.known[at].pairs)
        answered = self.rng.random() >= curve.explored(similarity, self.delta)
        self.answers.append((answered, right))
        # A wrong film is always refused; of a right one, or of one that was passed over, a third says so.
        if (answered and not right) or self.rng.random() < 1 / 3:
            self.known[at] = self.known[at].told(Seen(similarity, right, f"{n:x}"))

    def wrong(self) -> float:
        """Of all questions."""
        return sum(answered and not right for answered, right in self.answers) / len(self.answers)

    def recall(self, part: slice) -> float:
        found = [answered for answered, right in self.answers[part] if right]
        return sum(found) / len(found)


TOLERANT, ORDINARY, STRICT = (0.45, 0.6), (0.55, 0.75), (0.7, 0.85)


@pytest.mark.parametrize("tolerance", [TOLERANT, ORDINARY, STRICT], ids=["tolerant", "ordinary", "strict"])
def test_over_a_long_run_the_bound_holds(tolerance: tuple[float, float]) -> None:
    """K-66: with seeded people, false answers stay within δ of all questions, whether films are as the prior takes them
    to be, or must be much more alike; and where they need not, more and more of what may be answered is."""
    worlds = [World(random.Random(seed), 0.02, tolerance) for seed in range(2)]
    for world in worlds:
        world.run(1_500)
        assert world.wrong() <= world.delta
    first, last = (sum(w.recall(part) for w in worlds) / 2 for part in (slice(0, 300), slice(-300, None)))
    assert (last > first + 0.03) == (tolerance != STRICT), (first, last)
