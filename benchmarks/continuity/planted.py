"""Planted slips: how many of those that the project's own generators write are found, and with both quotations.

Invariant: sentences and generators are those of the rules' tests (people and places of what happens are drawn with a
seed that no test uses); a kind whose rule is not there is told as not run. What is planted was written
here, by us: it says what the rules know, not what stories hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from actors.continuity.check import SceneInput, check
from actors.continuity.codes import CODES
from actors.continuity.findings import FindingDraft
from actors.continuity.rules import Known
from benchmarks.cache.rates import Rate
from benchmarks.continuity.data import NotRun

SEED = 2_026
HAPPENED = {
    "alive_dead": "alive_dead",
    "two_places": "two_places",
    "prop_custody": "prop_custody",
    "wardrobe": "wardrobe_break",
    "injury": "injury_break",
    "knowledge": "knows_too_early",
}
TOLD = {
    "personality": ("personality_contradiction",),
    "age": ("age_mismatch", "date_mismatch"),
    "daylight": ("light_mismatch", "weather_break", "season_mismatch"),
    "counts": ("count_drift",),
    "world_rules": ("world_rule_broken",),
    "setups": ("abandoned_setup",),
    "directions": ("screen_direction",),
    "styles": ("style_drift",),
}

Place = tuple[int, int, int]
Row = tuple[str, int, int, int]
"""(kind, planted, found, with both quotations)"""


def measure(_: Path | None = None) -> dict[str, Any]:
    try:
        rows = [*_happened(), *_told()]
    except ImportError as why:
        raise NotRun(f"the generators lie in tests/, which is not here: {why}") from why
    planted, found, right = (sum(column) for column in zip(*(row[1:] for row in rows), strict=True))
    return {
        "planted": planted,
        "found": Rate(found, planted).told(),
        "both": Rate(right, planted).told(),
        "kinds": {kind: {"planted": n, "found": f, "both": r} for kind, n, f, r in rows if n},
        "without_rule": [kind for kind, n, _, _ in rows if not n],
    }


def _happened() -> Iterator[Row]:
    from tests.planted import planted

    for kind, code in HAPPENED.items():
        cases = list(planted(kind, SEED)) if code in CODES else []
        found = right = 0
        for case in cases:
            scenes = [SceneInput(f"s{at}", script, at) for at, script in enumerate(case.scripts)]
            told = [f for f in check(scenes, [Known(name) for name in case.cast], []) if f.code == code]
            found += int(bool(told))
            right += int(any(_both(f, case.slip, case.told) for f in told))
        yield kind, len(cases), found, right


def _both(finding: FindingDraft, slip: Place, told: Sequence[Place]) -> bool:
    return _covers(finding, 0, slip) and any(_covers(finding, 1, each) for each in told)


def _covers(finding: FindingDraft, at: int, span: Place) -> bool:
    """Its quotation meets the planted words."""
    if at >= len(finding.evidence):
        return False
    evidence = finding.evidence[at]
    return evidence.scene_id == f"s{span[0]}" and evidence.start < span[2] and span[1] < evidence.end


def _told() -> Iterator[Row]:
    from tests.unit.actors.continuity.slips import score

    for kind, codes in TOLD.items():
        known = frozenset(codes) & frozenset(CODES)
        if not known:
            yield kind, 0, 0, 0
            continue
        got = score(kind, known)
        yield kind, got.planted, got.found, got.right
