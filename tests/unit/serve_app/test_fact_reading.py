"""Facts by a model over the wire a vendor speaks, and the setting that asks for them (C-165, C-168)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from actors.reading.asking import calls_of, read_answers
from gpu.enhance.budget import Budget, Limits, TokenBucket
from gpu.enhance.chain import Chain, Rung
from gpu.enhance.openai_writer import Endpoint, OpenAICompleter
from gpu.enhance.phrasing import PhrasingWriter
from serve_app.config import Settings, SettingsError
from serve_app.steps.talk import Talk
from serve_app.steps.writers import LedgerSpending
from serve_app.stores import open_ledger
from storage.ledger.protocol import Attempt, AttemptState
from tests.unit.gpu.enhance import endpoint as wire

pytestmark = pytest.mark.unit

SCENE = "INT. BARN - DAY\n\nRuth lifts the lantern.\n"
SAID = {
    "facts": [
        {"who": "RUTH", "what": "holds", "which": "lantern", "quote": "lifts the lantern", "sure": "high"},
        {"who": "RUTH", "what": "holds", "which": "sword", "quote": "draws a sword", "sure": "high"},
    ]
}


class _Report:
    def __call__(self, progress: float, message: str, partial: dict[str, Any] | None = None) -> None: ...
    def cancelled(self) -> bool:
        return False

    def durable(self, partial: dict[str, Any]) -> None: ...
    async def stored(self, partial: dict[str, Any]) -> None: ...
    async def unwanted(self) -> bool:
        return False


async def test_a_scene_is_read_by_a_model_behind_an_endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """C-165: the schema goes out with the people of the scene, and of what comes back the quoted stands."""
    monkeypatch.setattr(wire, "faithful", lambda _asked: json.dumps(SAID))
    ledger = open_ledger(Settings.from_args({"data_dir": str(tmp_path)}, {}))
    await ledger.open()
    async with wire.endpoint("ok") as there:
        writer = PhrasingWriter(OpenAICompleter(Endpoint(there.url, "m", "sk-secret")))
        budget = Budget(Limits(0, 0), LedgerSpending(ledger))
        chain = Chain(
            [Rung(writer, TokenBucket(0, 1, time.monotonic), 20)], budget, currency="USD", clock=time.monotonic
        )
        attempt = Attempt(
            "att_1",
            "prj",
            "scn",
            "att_1",
            "talk",
            1,
            AttemptState.CLAIMED,
            b"",
            1,
            -1,
            0,
            *[None] * 3,  # type: ignore[arg-type]
            0.0,
            "",
            False,
            None,
            None,
            1,
        )
        told = await Talk(chain).wait(attempt, {"calls": calls_of(SCENE, ("RUTH",))}, _Report())
        (body,) = there.bodies
        await chain.close()
    await ledger.close()
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["facts"]["items"]["properties"]["who"] == {"enum": ["RUTH"]}
    found = read_answers(told["said"], SCENE, ("RUTH",))
    assert ([fact["value"] for fact in found.facts], found.dropped) == (["lantern"], 1)
    assert told["how"]["writer"] == "openai"


@pytest.mark.parametrize(
    ("given", "words"),
    [({"continuity_facts": "llm"}, "llm_roles names none"), ({"continuity_facts": "oracle"}, "known are rules, llm")],
)
def test_who_reads_facts_is_said_at_the_start(given: dict[str, str], words: str) -> None:
    """C-168: rules alone unless a model is named; a word that does not work is refused with the fix."""
    assert Settings.from_args({}, {}).fact_readers == ()
    roles = {"llm_roles": "enhance: openai", "openai_base_url": "http://127.0.0.1:1/v1", "openai_model": "m"}
    assert Settings.from_args({"continuity_facts": "llm", **roles}, {}).fact_readers == ("openai",)
    with pytest.raises(SettingsError, match=words):
        Settings.from_args(given, {})
