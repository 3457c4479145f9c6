"""The epistemic evaluator: may we say that the scene was made as intended? A closed-form rule, no model, no clock.

Invariant: an observer is a witness, not a judge. Its absence never blocks an intent that does not require seeing; its
contradiction always counts. Same inputs, same state; all inputs have a state.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from gpu.observe.verdict import Verdict


class EpistemicState(enum.StrEnum):
    ACCEPTED = "ACCEPTED"
    EPISTEMICALLY_INCOMPLETE = "EPISTEMICALLY_INCOMPLETE"
    REJECTED = "REJECTED"
    UNCERTAIN_TERMINATION = "UNCERTAIN_TERMINATION"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One entry of the evidence ledger: something computed, and whether the intent holds by it."""

    claim: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Intent:
    """What was asked for; `required_claims` must each have evidence before anything can be accepted."""

    requires_visual_verification: bool = False
    required_claims: tuple[str, ...] = ()


def evaluate(
    evidence: Sequence[Evidence],
    intent: Intent,
    verdict: Verdict | None,
    *,
    observer_available: bool = True,
    more_can_come: bool = False,
) -> EpistemicState:
    """The rule, first line that applies:

    1. some evidence does not hold, or the verdict is contradicts, impossible or blocks  → REJECTED
    2. a required claim has no evidence, or there is neither evidence nor a valid verdict → open
    3. verdict valid                                                                     → ACCEPTED
    4. seeing is not required                                                            → ACCEPTED (solver alone)
    5. anything else: uncertain, or nobody to look                                       → open

    *open* is EPISTEMICALLY_INCOMPLETE while more can come (another observation, another attempt) or when no observer
    was there to look; otherwise UNCERTAIN_TERMINATION. A verdict given while no observer was available does not count.
    """
    seen = verdict if observer_available else None
    if not all(entry.holds for entry in evidence) or seen in {"contradicts", "impossible", "blocks"}:
        return EpistemicState.REJECTED
    undecided = (
        EpistemicState.EPISTEMICALLY_INCOMPLETE
        if more_can_come or not observer_available or seen is None
        else EpistemicState.UNCERTAIN_TERMINATION
    )
    proven = {entry.claim for entry in evidence}
    if any(claim not in proven for claim in intent.required_claims) or not (evidence or seen == "valid"):
        return undecided
    if seen == "valid" or not intent.requires_visual_verification:
        return EpistemicState.ACCEPTED
    return undecided
