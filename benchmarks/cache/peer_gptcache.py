"""Our statement of GPTCache's rule, held against its own class where it is installed.

    GPTCACHE_PYTHON=/path/to/python   of a venv of its own with gptcache in it: its import installs packages by itself

Invariant: only `SearchDistanceEvaluation` of its package decides here, on distances that we compute as faiss does.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from benchmarks.cache.rules import GPTCACHE_BENCHMARK, GPTCACHE_DEFAULT, gptcache_least

POINTS = 2_001
IMPORT_S_MAX = 120.0
ASK = """
import json, sys
from importlib.metadata import version
from gptcache.config import Config
from gptcache.similarity_evaluation.distance import SearchDistanceEvaluation
rule = SearchDistanceEvaluation()
low, high = rule.range()
def says(cosine, threshold):  # as in its adapter: rank against the threshold's share of the range
    rank = rule.evaluation({}, {"search_result": (2 - 2 * cosine, None)})
    return rank >= min(high, max(low, (high - low) * threshold))
asked = json.load(sys.stdin)
told = [[says(c, t) for c in asked["cosines"]] for t in asked["thresholds"]]
json.dump({"version": version("gptcache"), "default": Config().similarity_threshold, "says": told}, sys.stdout)
"""


def checked() -> dict[str, Any]:
    """{"version", "default", "points", "differ"} or {"not_run": why}."""
    python = os.environ.get("GPTCACHE_PYTHON", "")
    if not python:
        return {"not_run": "GPTCACHE_PYTHON names no interpreter with gptcache: its rule is ours, restated"}
    cosines = [-1 + 2 * n / (POINTS - 1) for n in range(POINTS)]
    thresholds = [GPTCACHE_DEFAULT, GPTCACHE_BENCHMARK]
    asked = json.dumps({"cosines": cosines, "thresholds": thresholds})
    try:
        found = subprocess.run([python, "-c", ASK], input=asked, capture_output=True, text=True, check=True,
                               timeout=IMPORT_S_MAX)  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return {"not_run": f"gptcache could not be asked: {type(error).__name__}"}
    told = json.loads(found.stdout[found.stdout.index("{") :])
    mine = [[cosine >= gptcache_least(threshold) - 1e-9 for cosine in cosines] for threshold in thresholds]
    differ = sum(a != b for one, other in zip(told["says"], mine, strict=True) for a, b in zip(one, other, strict=True))
    return {"version": told["version"], "default": told["default"], "points": 2 * POINTS, "differ": differ}
