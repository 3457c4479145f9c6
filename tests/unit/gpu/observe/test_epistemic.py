"""The closed-form rule of the epistemic evaluator, over its whole input space."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest

from gpu.observe.epistemic import EpistemicState, Evidence, Intent, evaluate
from gpu.observe.verdict import Verdict

pytestmark = pytest.mark.unit

HOLDS, FAILS = (Evidence("rendered", True),), (Evidence("rendered", False),)
SEE = Intent(requires_visual_verification=True)
ALL = list(
    itertools.product([(), HOLDS, FAILS], [Intent(), SEE], [None, *get_args(Verdict)], [True, False], [True, False])
)


@pytest.mark.parametrize(
    ("evidence", "intent", "verdict", "available", "expected"),
    [
        (HOLDS, Intent(), None, False, "ACCEPTED"),
        (HOLDS, Intent(), "uncertain", True, "ACCEPTED"),
        (HOLDS, SEE, "valid", True, "ACCEPTED"),
        (HOLDS, SEE, None, False, "EPISTEMICALLY_INCOMPLETE"),
        (HOLDS, SEE, "uncertain", True, "UNCERTAIN_TERMINATION"),
        (HOLDS, SEE, "contradicts", True, "REJECTED"),
        (HOLDS, Intent(), "blocks", True, "REJECTED"),
        (FAILS, Intent(), "valid", True, "REJECTED"),
        ((), Intent(), None, True, "EPISTEMICALLY_INCOMPLETE"),
        ((), Intent(), "uncertain", True, "UNCERTAIN_TERMINATION"),
        (HOLDS, Intent(required_claims=("uploaded",)), "valid", True, "UNCERTAIN_TERMINATION"),
    ],
)
def test_the_rule(
    evidence: tuple[Evidence, ...], intent: Intent, verdict: Verdict | None, available: bool, expected: str
) -> None:
    """G-150: observer optional; success by computation alone where seeing is not required."""
    assert evaluate(evidence, intent, verdict, observer_available=available) == expected


@pytest.mark.parametrize(("evidence", "intent", "verdict", "available", "more"), ALL)
def test_laws_over_all_inputs(
    evidence: tuple[Evidence, ...], intent: Intent, verdict: Verdict | None, available: bool, more: bool
) -> None:
    """G-151: a failing claim always rejects; an absent observer's verdict never counts; only an end without more is
    UNCERTAIN_TERMINATION."""
    state = evaluate(evidence, intent, verdict, observer_available=available, more_can_come=more)
    if evidence == FAILS:
        assert state is EpistemicState.REJECTED
    if not available:
        assert state is evaluate(evidence, intent, None, observer_available=False, more_can_come=more)
        assert state is not EpistemicState.UNCERTAIN_TERMINATION
    if more:
        assert state is not EpistemicState.UNCERTAIN_TERMINATION
    if evidence == HOLDS and not intent.requires_visual_verification and not available:
        assert state is EpistemicState.ACCEPTED
