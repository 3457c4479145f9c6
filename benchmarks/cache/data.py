"""The data of the cache benchmark: what is committed, what lies in DATA, and the hashes of both.

Owns `data/manifest.json`. Invariant: nothing is measured on a file whose hash is not the manifest's; a file that is
absent is told with the address where it is published, never replaced by another.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.published import NotRun, Source, digest, sources

__all__ = ["NotRun", "Source", "digest"]
from typing import Any

HERE = Path(__file__).resolve().parent / "data"
QUESTION_PAIRS = 10_000
"""Drawn from the 80,854, with a seed: all of them would be embedded for a quarter of an hour."""

QUESTION_SEED = 6


@dataclass(frozen=True, slots=True)
class Paraphrase:
    of: str
    text: str
    how: str
    source: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two prompts that differ in one thing and are two films."""

    kind: str
    one: str
    other: str


def manifest() -> dict[str, Source]:
    return sources(HERE)


def same_key(prompt: str) -> str:
    """Two prompts with one key are the same words: case, spaces and the last full stop aside."""
    return " ".join(prompt.split()).casefold().rstrip(".")


def distinct(prompts: Iterable[str]) -> list[str]:
    """The first spelling of each, in order."""
    found: dict[str, str] = {}
    for prompt in prompts:
        if prompt.strip():
            found.setdefault(same_key(prompt), " ".join(prompt.split()))
    return list(found.values())


def prompts(*names: str, data: Path | None = None) -> list[str]:
    """Distinct prompts of these sources, one a line. Raises NotRun."""
    known = manifest()
    lines = [line for name in names for line in known[name].path(data).read_text(encoding="utf-8").splitlines()]
    return distinct(lines)


def of_suite(suite: str) -> list[str]:
    """Names of the manifest's files that belong to a suite, such as t2v."""
    return sorted(name for name in manifest() if name.split("/")[0] == suite)


def paraphrases(part: str) -> list[Paraphrase]:
    """`part`: dev or heldout."""
    return [Paraphrase(**line) for line in _lines(f"paraphrases-{part}")]


def pairs(part: str) -> list[Pair]:
    return [Pair(**line) for line in _lines(f"pairs-{part}")]


def same_films() -> dict[str, str]:
    """Published prompts that say one film twice, by our eye: `pair_key` → why."""
    return {line["pair"]: line["why"] for line in _lines("same")}


def pair_key(one: str, other: str) -> str:
    return hashlib.sha256("\n".join(sorted((same_key(one), same_key(other)))).encode()).hexdigest()


def _lines(name: str) -> list[dict[str, Any]]:
    """Of a JSONL file of ours; the first line tells what it is."""
    path = manifest()[name].path(None)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]


def question_pairs(data: Path | None, most: int = QUESTION_PAIRS) -> list[tuple[str, str, bool]]:
    """(question, question, do people call them the same), drawn with a seed. Raises NotRun."""
    path = manifest()["quora"].path(data)
    text = _member(path) if path.suffix == ".gz" else path.read_text(encoding="utf-8")
    lines = json.loads(text)
    draw = random.Random(QUESTION_SEED).sample(lines, min(most, len(lines)))
    return [(line["text_a"], line["text_b"], line["label"] == 1) for line in draw]


def _member(path: Path) -> str:
    """The one JSON of a gzipped archive (the published file is a tar by another name)."""
    with gzip.open(path, "rb") as stream, tarfile.open(fileobj=stream) as archive:
        for member in archive:
            if member.name.endswith(".json") and (file := archive.extractfile(member)) is not None:
                return file.read().decode("utf-8")
    raise NotRun(f"{path.name} holds no JSON")


def rehash(name: str, file: str, count: int) -> None:
    """Writes a committed file's hash and count into the manifest."""
    path = HERE / "manifest.json"
    told = json.loads(path.read_text())
    line = next(line for line in told["sources"] if line["name"] == name)
    line |= {"file": file, "sha256": digest(HERE / file), "count": count}
    path.write_text(json.dumps(told, indent=1) + "\n")
