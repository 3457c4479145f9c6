"""Screenplays with one slip each, planted where we know it: what shows how many a rule finds, and where.

The sentences stand in `tests/data/planted/*.txt`, one kind a file, written before the words of the rules were, by
somebody who wanted them to read like a screenplay; the generator fills in people and scenes around them from a seed. A
case marks «the slip» and ‹what it contradicts› (any one of several); a line `...` lets other scenes come between.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PLANTED = Path(__file__).parent / "data" / "planted"
_PEOPLE = ("RUTH", "CALEB", "IMANI", "OSKAR", "LENA", "DIEGO", "PRIYA", "HUGO", "MARTA", "JONAS", "FREYA", "TARIQ")
_OTHERS = ("MRS. DOYLE", "SAMIR", "AGNES", "OLD PETE")
_PLACES = ("GREENHOUSE", "BUS DEPOT", "PIANO SHOP", "COURTYARD", "LAUNDRY", "FISH MARKET", "ATTIC STAIRS", "TOLL BOOTH")
_DOES = (
    "{0} waters the geraniums and hums.",
    "Somebody has chalked a number on the wall. {0} rubs at it with a sleeve.",
    "A dog barks at nothing. {0} looks up, then back at the crossword.",
    "{0} folds a paper boat out of a timetable.",
    "The kettle sings. {0} lets it.",
)
_SAYS = (
    "Nobody buys these any more.",
    "My sister had one just like it, and look where she is now.",
    "If it rains, we start late. If it doesn't, we start later.",
    "You can have the window or the quiet, never both.",
    "They said Thursday. They always say Thursday.",
)
_MARKS = {"«": "»", "‹": "›"}


@dataclass(frozen=True)
class Planted:
    """Scenes in order; ``slip`` and ``told``: (scene, start, end), of which one must be quoted."""

    code: str
    scripts: tuple[str, ...]
    cast: tuple[str, ...]
    slip: tuple[int, int, int]
    told: tuple[tuple[int, int, int], ...]
    words: str


def planted(code: str, seed: int = 1) -> Iterator[Planted]:
    """Every case of a kind, each with people and other scenes of its own."""
    text = (PLANTED / f"{code}.txt").read_text(encoding="utf-8")
    cases = re.sub(r"(?m)^# .*\n", "", text).split("\n===\n")
    for number, case in enumerate(cases):
        rng = random.Random(f"{code} {number} {seed}")
        yield _plant(code, case.strip("\n"), rng)


def _plant(code: str, case: str, rng: random.Random) -> Planted:
    people = rng.sample(_PEOPLE, 3)
    names = {letter: name.title() for letter, name in zip("ABC", people, strict=True)}
    names |= {letter * 2: name for letter, name in zip("ABC", people, strict=True)}
    names |= {f"{letter}X": _slipped(name) for letter, name in zip("ABC", people, strict=True)}
    scenes = [_filler(rng) for _ in range(rng.randint(1, 3))]
    for part in _scenes(case.format(**names)):
        scenes += [_filler(rng) for _ in range(rng.randint(1, 3))] if part == "..." else [_written(part)]
    scenes += [_filler(rng) for _ in range(rng.randint(1, 3))]
    scripts: list[str] = []
    slips: list[tuple[int, int, int]] = []
    told: list[tuple[int, int, int]] = []
    for index, marked in enumerate(scenes):
        script, found = _unmarked(marked)
        scripts.append(script)
        slips += [(index, low, high) for mark, low, high in found if mark == "«"]
        told += [(index, low, high) for mark, low, high in found if mark == "‹"]
    (slip,) = slips
    return Planted(code, tuple(scripts), (*people, *_OTHERS, "NURSE", "PRIEST", "DOCTOR"), slip, tuple(told), case)


def _slipped(name: str) -> str:
    """A name with two inner letters the wrong way round."""
    return f"{name[0]}{name[2]}{name[1]}{name[3:]}"


def _scenes(case: str) -> Iterator[str]:
    """Scenes as they stand in a case, one string each, and the gaps between."""
    scene: list[str] = []
    for line in case.split("\n"):
        if (line == "..." or re.match(r"[«‹]?(?:INT|EXT)\.", line)) and scene:
            yield "\n".join(scene)
            scene = []
        if line == "...":
            yield line
        else:
            scene.append(line)
    yield "\n".join(scene)


def _written(scene: str) -> str:
    """Fountain: an empty line after each paragraph, none between a cue and its speech."""
    lines = scene.split("\n")
    written: list[str] = []
    for index, line in enumerate(lines):
        written.append(line)
        cue = index > 0 and line.strip("«»‹›").isupper() and index + 1 < len(lines) and lines[index + 1] != "..."
        if not cue:
            written.append("")
    return "\n".join(written) + "\n"


def _unmarked(marked: str) -> tuple[str, list[tuple[str, int, int]]]:
    """The text without its marks, and where they stood."""
    text: list[str] = []
    found: list[tuple[str, int, int]] = []
    opened = ("", 0)
    for char in marked:
        if char in _MARKS:
            opened = (char, len(text))
        elif char == _MARKS.get(opened[0]):
            found.append((opened[0], opened[1], len(text)))
        else:
            text.append(char)
    return "".join(text), found


def _filler(rng: random.Random) -> str:
    who, other = rng.sample(_OTHERS, 2)
    name = who.title().replace("Mrs. Doyle", "Mrs. Doyle")
    setting = rng.choice(("INT.", "EXT."))
    return (
        f"{setting} {rng.choice(_PLACES)} - DAY\n\n{rng.choice(_DOES).format(name)}\n\n{other}\n{rng.choice(_SAYS)}\n\n"
        f"{who}\n{rng.choice(_SAYS)}\n\n"
    )
