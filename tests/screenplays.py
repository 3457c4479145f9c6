"""Screenplays for tests: the short we ship, and a feature-length one made from a seed."""

from __future__ import annotations

import random
from pathlib import Path

LAST_FERRY = Path(__file__).parent / "data" / "the-last-ferry.fountain"

_PEOPLE = ["ADA", "MARGARET", "TOMAS", "ELIAS", "RUTH", "OFFICER DUNE", "YUSUF", "MRS. KEMP", "JUNO", "THE PILOT"]
_PLACES = ["KITCHEN", "PIER", "CONTROL ROOM", "TRAIN CAR", "MARGARET'S HOUSE - PORCH", "ROOFTOP", "FIELD", "COURTHOUSE"]
_TIMES = ["DAY", "NIGHT", "DAWN", "DUSK", "MORNING", "EVENING"]
_TEXT = """
the rain keeps falling on a road nobody uses and every window holds one small lamp that someone forgot to turn off
while the radio talks about a bridge a letter a key and a door that would not open
"""
_WORDS = _TEXT.split()


def last_ferry() -> str:
    return LAST_FERRY.read_text(encoding="utf-8")


def _sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(words)).capitalize() + "."


def _speech(rng: random.Random, speaker: str) -> str:
    extension = rng.choice(["", "", "", " (V.O.)", " (CONT'D)", " (O.S.)"])
    aside = rng.choice(["", "", "(quietly)\n"])
    return f"{speaker}{extension}\n{aside}{_sentence(rng, rng.randint(3, 22))}\n\n"


def _scene(rng: random.Random, number: int) -> str:
    setting = rng.choice(["INT.", "EXT.", "INT./EXT."])
    cast = rng.sample(_PEOPLE, rng.randint(1, 4))
    parts = [f"{setting} {rng.choice(_PLACES)} - {rng.choice(_TIMES)} #{number}#\n\n"]
    for _ in range(rng.randint(5, 14)):
        parts.append(
            _speech(rng, rng.choice(cast)) if rng.random() < 0.7 else _sentence(rng, rng.randint(8, 40)) + "\n\n"
        )
    if rng.random() < 0.1:
        parts.append("CUT TO:\n\n")
    return "".join(parts)


def feature_length(seed: int = 7, scenes: int = 120) -> str:
    """About 120 pages; the same text for the same seed."""
    rng = random.Random(seed)
    introductions = "".join(f"{name} (40s) waits.\n\n" for name in _PEOPLE)
    opening = f"INT. STATION - DAY #1#\n\n{introductions}"
    return (
        "Title: A Long One\nAuthor: Seed\n\nFADE IN:\n\n"
        + opening
        + "".join(_scene(rng, number) for number in range(2, scenes + 1))
    )
