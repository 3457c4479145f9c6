"""The kinds of findings: each code with its usual severity, what it is called, and what may excuse it.

Invariant: every code a rule uses is declared here once; a test holds both directions. Others read a finding's
``severity``, ``code``, ``evidence``, ``fix`` and ``waived``, and need no list of codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Severity = Literal["ERROR", "WARNING"]
Reason = Literal["dream", "flashback", "lie", "unreliable_narrator", "intended"]

REASONS: frozenset[Reason] = frozenset(get_args(Reason))
_TOLD: frozenset[Reason] = REASONS
_SEEN: frozenset[Reason] = frozenset(("dream", "flashback", "intended"))
_NAMED: frozenset[Reason] = frozenset(("intended",))


@dataclass(frozen=True, slots=True)
class Declared:
    """``words`` name the slip in a list; ``reasons`` are those a waiver of it may give."""

    code: str
    severity: Severity
    words: str
    reasons: frozenset[Reason]


_ALL = (
    Declared("new_character", "WARNING", "Somebody new", _NAMED),
    Declared("name_drift", "WARNING", "A name spelt two ways", _NAMED),
    Declared("timeline_error", "WARNING", "The clock runs wrong", _SEEN),
    Declared("setting_mismatch", "WARNING", "A place that changes", _SEEN),
    Declared("alive_dead", "ERROR", "The dead come back", _TOLD),
    Declared("two_places", "ERROR", "In two places at once", _TOLD),
    Declared("prop_custody", "WARNING", "A thing in the wrong hands", _SEEN),
    Declared("wardrobe_break", "WARNING", "Clothes that change", _SEEN),
    Declared("injury_break", "WARNING", "A wound that changes", _SEEN),
    Declared("told_seen_conflict", "WARNING", "The film shows something else", _SEEN),
    Declared("knows_too_early", "WARNING", "Known before it is learned", _TOLD),
    Declared("personality_contradiction", "WARNING", "Out of character", _TOLD),
    Declared("age_mismatch", "WARNING", "An age that does not add up", _TOLD),
    Declared("date_mismatch", "WARNING", "A date that does not add up", _TOLD),
    Declared("light_mismatch", "WARNING", "Light of another hour", _SEEN),
    Declared("weather_break", "WARNING", "Weather that changes", _SEEN),
    Declared("season_mismatch", "WARNING", "Weather of another season", _SEEN),
    Declared("count_drift", "WARNING", "Counted two ways", _SEEN),
    Declared("world_rule_broken", "WARNING", "A rule of the world broken", _TOLD),
    Declared("abandoned_setup", "WARNING", "A set-up left behind", _NAMED),
    Declared("screen_direction", "WARNING", "Left and right exchanged", _SEEN),
    Declared("light_state_break", "WARNING", "Lights that change by themselves", _SEEN),
    Declared("space_flip", "WARNING", "Left and right of a place changed", _SEEN),
    Declared("style_drift", "WARNING", "Against the project's style", _SEEN),
)

CODES: Mapping[str, Declared] = {each.code: each for each in _ALL}
