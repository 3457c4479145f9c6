"""vLLM for real: the production deployment on the CPU build, in its own environment, fed by attempt rows."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gpu.enhance.llm_weights import packaged_weights
from gpu.enhance.protocol import EnhancedScene
from gpu.enhance.survival import lost
from gpu.enhance.writer import Enhancement, WriterError
from gpu.steps import Step
from serve_app.config import Settings
from serve_app.stores import open_ledger
from storage.codec import decode, encode
from storage.ledger.protocol import Append, Attempt, AttemptState, HostRow, NewAttempt
from tests.unit.gpu.enhance.stage import REQUEST

pytestmark = pytest.mark.models

PYTHON = os.environ.get("STORYFORGE_VLLM_PYTHON", "")
ROOT = Path(__file__).parents[2]
MAKER, STORY = (str(Path(__file__).with_name(name)) for name in ("llm_models.py", "vllm_story.py"))
SHOTS = 200
SCENES = 27  # of seven or eight shots each: 206
TINY_S, SMOLLM2_S = 120, 500  # on two cores 12 and 260; a machine that does something else takes longer
if not PYTHON:
    pytest.skip("not run: STORYFORGE_VLLM_PYTHON names no interpreter with vLLM", allow_module_level=True)


@pytest.mark.filterwarnings("ignore")
async def test_the_deployment_writes_what_rows_ask_for(tmp_path: Path) -> None:
    """G-234, G-222, G-230: scenes at once on one engine, each answer under its schema, every slot in what is sent."""
    model = tmp_path / "tiny"
    await made(model, "tiny")
    written = await asked(tmp_path, model, TINY_S)
    assert len(written) >= SHOTS


@pytest.mark.filterwarnings("ignore")
async def test_smollm2_in_the_deployment_loses_no_slot(tmp_path: Path) -> None:
    """G-316: the same of a model that speaks, its folder made here out of the package's GGUF file."""
    try:
        gguf = packaged_weights()
    except WriterError as missing:
        pytest.skip(f"not run: {missing.message}")
    model = cached(gguf) or tmp_path / "smollm2"
    await made(model, "smollm2", gguf)
    written = await asked(tmp_path, model, SMOLLM2_S)
    own = sum(writer == "vllm" for writer in written)
    print(f"{len(written)} shots, {own} of them in the model's own words")
    assert len(written) >= SHOTS
    assert own > 0, "the deployment ran, the model was never taken at its word"


def cached(gguf: Path) -> Path | None:
    """Where it may stay for the next run: named by what it is made of and by what makes it."""
    cache = os.environ.get("STORYFORGE_MODELS_CACHE")
    if not cache:
        return None
    digest = hashlib.sha256(Path(MAKER).read_bytes())
    with gguf.open("rb") as file:
        digest.update(hashlib.file_digest(file, "sha256").digest())
    return Path(cache) / f"smollm2-{digest.hexdigest()[:16]}"


async def made(model: Path, kind: str, *of: Path) -> None:
    maker = [sys.executable, MAKER, kind, str(model), *map(str, of)]
    done = await asyncio.to_thread(subprocess.run, maker, timeout=300, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


async def asked(tmp_path: Path, model: Path, wait_s: int) -> list[str]:
    """Who wrote each shot of the scenes, after all that was asked of them has been looked at."""
    args = {
        "data_dir": str(tmp_path / "data"),
        "llm_roles": "enhance: vllm",
        "vllm_model": str(model),
        "vllm_python": PYTHON,
        "llm_seconds_max": 300,
    }
    ledger = open_ledger(Settings.from_args(args, {}))
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
    await asyncio.to_thread(
        subprocess.run,
        [sys.executable, STORY, str(wait_s), *(f"{name}={value}" for name, value in args.items())],
        check=True,
        timeout=wait_s + 100,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"},
    )
    writers = [writer for id in ids for writer in looked_at(await ledger.attempt(id))]
    await ledger.close()
    return writers


def looked_at(row: Attempt | None) -> list[str]:
    """Every answer under its schema, every slot in what is sent; who wrote each shot."""
    assert row is not None
    said = decode(row.error) if row.error else None
    assert (row.state, (row.worker or "")[:4], said) == (AttemptState.DONE, "enh-", None)
    told: dict[str, Any] = decode(row.result or b"")
    scene, how = EnhancedScene.from_dict(told["enhanced"]), Enhancement.from_dict(told["enhancement"])
    assert [(tried.writer, tried.code) for tried in how.tries] == [("vllm", "")]
    for shot, prompt, words in zip(scene.shots, scene.shot_prompts, how.shots, strict=True):
        assert words.writer == "vllm" or words.lost, "not what the schema asks for"
        assert lost(shot, prompt) == ()
    return [words.writer for words in how.shots]
