"""vLLM for real: the production deployment on the CPU build, in its own environment, fed by attempt rows."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gpu.enhance.protocol import EnhancedScene
from gpu.enhance.survival import lost
from gpu.enhance.writer import Enhancement
from gpu.steps import Step
from serve_app.config import Settings
from serve_app.stores import open_ledger
from storage.codec import decode, encode
from storage.ledger.protocol import Append, AttemptState, HostRow, NewAttempt
from tests.unit.gpu.enhance.stage import REQUEST

pytestmark = pytest.mark.models

PYTHON = os.environ.get("STORYFORGE_VLLM_PYTHON", "")
ROOT = Path(__file__).parents[2]
SCENES = 30
if not PYTHON:
    pytest.skip("not run: STORYFORGE_VLLM_PYTHON names no interpreter with vLLM", allow_module_level=True)


@pytest.mark.filterwarnings("ignore")
async def test_the_deployment_writes_what_rows_ask_for(tmp_path: Path) -> None:
    """G-234, G-222, G-230: scenes at once on one engine, each answer under its schema, every slot in what is sent."""
    model = tmp_path / "tiny"
    maker = [PYTHON, str(ROOT / "tests" / "models" / "llm_models.py"), "tiny", str(model)]
    await asyncio.to_thread(subprocess.run, maker, check=True, timeout=300, capture_output=True)
    args = {
        "data_dir": str(tmp_path / "data"),
        "llm_roles": "enhance: vllm",
        "vllm_model": str(model),
        "vllm_python": PYTHON,
        "llm_seconds_max": 300,
    }
    settings = Settings.from_args(args, {})
    ledger = open_ledger(settings)
    await ledger.open()
    claim = await ledger.claim("prj_models", await ledger.heartbeat(HostRow("h", "i", 1, "127.0.0.1:1"), 600_000))
    ids = [f"att_{at:04}" for at in range(SCENES)]
    rows = tuple(
        NewAttempt(
            id, "prj_models", "scn_x", f"job_{at}", Step.ENHANCE, 1,
            encode({"enhance": {**REQUEST.to_dict(), "seed": at}}), 600_000, affinity="vllm",
        )
        for at, id in enumerate(ids)
    )  # fmt: skip
    await ledger.append(Append("prj_models", claim.epoch, claim.seq, (), attempts=rows))
    story = Path(__file__).with_name("vllm_story.py")
    await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(story), str(tmp_path / "data"), *(f"{k}={v}" for k, v in args.items())],
        check=True,
        timeout=500,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"},
    )
    shots = 0
    for id in ids:
        row = await ledger.attempt(id)
        assert row is not None
        said = decode(row.error) if row.error else None
        assert (row.state, (row.worker or "")[:4], said) == (AttemptState.DONE, "enh-", None)
        told: dict[str, Any] = decode(row.result or b"")
        scene, how = EnhancedScene.from_dict(told["enhanced"]), Enhancement.from_dict(told["enhancement"])
        assert [(tried.writer, tried.code) for tried in how.tries] == [("vllm", "")]
        for shot, prompt, words in zip(scene.shots, scene.shot_prompts, how.shots, strict=True):
            assert words.writer == "vllm" or words.lost, "not what the schema asks for"
            assert lost(shot, prompt) == ()
            shots += 1
    assert shots >= 200
    await ledger.close()
