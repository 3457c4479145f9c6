"""How a job's attempts wait: in which queue, how long after a refusal, how often.

The invariant: pure, and the same for the same attempt, so a decision taken again after a crash is the same decision.
Whose turn it is among those that wait is decided where they are claimed (`storage.ledger.fairness`).
"""

from __future__ import annotations

import hashlib

from gpu.steps import ATTEMPTS_PER_STEP_MAX, Step

QUICK, FILMS = "quick", "video"
POOLS: dict[Step, str] = {step: FILMS if step is Step.VIDEO else QUICK for step in Step}
"""Who has had a film rendered does not wait longer for a first panel: each queue counts its own service."""

THROTTLED = "THROTTLED"
"""Code of a refusal that only asks for patience: a rate limit, a full vendor."""

THROTTLED_TRIES_MAX = 8
"""Tries of a step that is put off each time: the waits add up to some eight minutes."""

BACKOFF_FIRST_MS, BACKOFF_MS_MAX = 2_000, 300_000
"""The wait after the first refusal, doubled each time, and the longest."""

ASKED_S_MAX = 3_600.0
"""A vendor that wants more patience than this gets this much."""

JITTER = 0.5
"""Up to this part is added, so that jobs refused together do not come back together."""


HOLDS_MODELS = frozenset({"diffusers"})
"""Kinds of backend whose workers have one model or another in memory, and take long to change it."""


def affinity(kind: str, renderer: str) -> str:
    """The worker to be preferred: as it says itself what it has loaded."""
    return f"{kind}:{renderer}" if kind in HOLDS_MODELS else ""


def tries_max(code: str) -> int:
    return THROTTLED_TRIES_MAX if code == THROTTLED else ATTEMPTS_PER_STEP_MAX


def backoff_ms(attempt: str, tries: int, asked_s: float | None) -> int:
    """How long the next try waits: never less than was asked for."""
    least = min(BACKOFF_FIRST_MS * 2 ** max(0, tries - 1), BACKOFF_MS_MAX)
    if isinstance(asked_s, int | float) and asked_s > 0:
        least = max(least, int(min(asked_s, ASKED_S_MAX) * 1000))
    part = int.from_bytes(hashlib.sha256(attempt.encode()).digest()[:4], "big") / 2**32
    return int(least * (1 + JITTER * part))
