"""Single flight: attempts of different jobs that ask for the same pictures carry the same name, and one is worked on.

Pure. The invariants: whatever may change a picture is in the name, and nothing else; films fly together within the
scope in which they may be shared at all. The ledger does the rest (`Ledger.claim_attempt`): who waits holds no worker,
is done with the first, and takes over where that gives up.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from gpu.steps import Step

SHARED = "flown_with"
"""In a media dict: the job that rendered it, where that was another one asking at the same time."""


def flight_of(step: Step, request: Mapping[str, Any], scope: str) -> str:
    """ "": flies alone. Words and looks at films cost little, and are each scene's own."""
    match step:
        case Step.STORYBOARD:
            asked: Any = {name: value for name, value in request.items() if name != "prefix"}
        case Step.VIDEO:
            asked = [request["backend"], request["recipe_hash"]]
        case _:
            return ""
    words = json.dumps([step.value, scope, asked], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()
