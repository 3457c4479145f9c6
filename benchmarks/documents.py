"""Updates of the documents that loads type or open, made by pycrdt before any clock runs.

Invariant: pure and seeded: the same arguments give the same text in the same number of updates, for every server.
"""

from __future__ import annotations

import random
from typing import Any

from pycrdt import Doc, Text, TransactionEvent

from benchmarks.markers import marker

WORDS = ("the", "light", "falls", "on", "an", "empty", "street", "and", "nobody", "moves", "until", "it", "rains")
LINE_WORDS = 200


def updates_of(typist: int, count: int) -> list[bytes]:
    """`count` v1 updates, each appending one marker to the typist's own text."""
    return _written(f"t{typist}", [marker(typist, number) for number in range(count)])


def prose(root: str, total_bytes: int, update_bytes: int, seed: int = 0) -> list[bytes]:
    """Updates that write `total_bytes` of ASCII into a text, each one paragraph at a place of its own."""
    chance = random.Random(seed)
    line = " ".join(chance.choice(WORDS) for _ in range(LINE_WORDS)) + ". "
    paragraph = (line * (update_bytes // len(line) + 1))[: update_bytes - 1] + "\n"
    return _written(root, [paragraph] * max(1, total_bytes // update_bytes), random.Random(seed + 1))


def _written(root: str, pieces: list[str], places: random.Random | None = None) -> list[bytes]:
    doc: Doc[Any] = Doc()
    text = doc.get(root, type=Text)
    made: list[bytes] = []

    def note(event: TransactionEvent) -> None:
        made.append(event.update)

    subscription = doc.observe(note)
    length = 0
    for piece in pieces:
        text.insert(length if places is None else places.randint(0, length), piece)
        length += len(piece)
    doc.unobserve(subscription)
    if len(made) != len(pieces):
        raise RuntimeError(f"{len(made)} updates of {len(pieces)} edits")
    return made
