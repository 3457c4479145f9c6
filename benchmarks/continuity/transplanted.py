"""Slips planted in texts that nobody here wrote: the committed plays and photoplays with one word changed at a time.

Five kinds whose slip is a word of the script's frame: a cue spelt another way, a speaker in no list, a heading whose
place is misspelt, an hour that cannot follow, a film lit against its heading. Invariant: the cast and places are those
that an import of the untouched text makes; where a slip goes and what it is follow from a seed that no test uses; the
untouched text is read first, and what is said of it there counts for no slip.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.continuity.check import Continuity, SceneInput
from actors.continuity.facts import Beat, Evidence, Fact
from actors.continuity.findings import FindingDraft
from actors.continuity.rules import Known
from actors.screenplay.breakdown import breakdown
from actors.screenplay.fountain import parse
from actors.screenplay.lists import Lists, lists_of
from actors.screenplay.names import name_key
from benchmarks.cache.rates import Rate
from benchmarks.continuity import data

SEED = 2_611
EACH = 20
"""Slips of each kind."""

PLAYS = ("play-antony", "play-macbeth")
PHOTOPLAYS = ("play-everybodys-girl", "play-without-reward")
STRANGERS = (
    "PERDITA", "LODOVICO", "FLORIZEL", "HERMIONE", "TRINCULO", "BEROWNE", "JESSICA", "GONZALO", "TITANIA", "MERCUTIO",
    "OPHELIA", "PROTEUS", "CORDELIA", "BENVOLIO", "ROSALIND", "SHYLOCK", "VIOLA", "ORLANDO", "IMOGEN", "TIMON",
)  # fmt: skip
HOURS = (
    ("NIGHT", "DAY", "CONTINUOUS"), ("DAY", "NIGHT", "MOMENTS LATER"), ("MORNING", "EVENING", "CONTINUOUS"),
    ("EVENING", "MORNING", "SAME TIME"), ("NIGHT", "AFTERNOON", "CONTINUOUS"), ("DUSK", "MORNING", "CONTINUOUS"),
    ("NIGHT", "DAY", "LATER"), ("EVENING", "DAY", "LATER"), ("MORNING", "NIGHT", "SAME TIME"),
    ("MIDNIGHT", "NOON", "MOMENTS LATER"),
)  # fmt: skip

Row = tuple[int, int, int]
Place = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Planted:
    """Scenes with the slip in them, by number; where it is, and what it contradicts where that is another place."""

    changed: dict[int, str]
    slip: Place
    told: Place | None = None


class Text:
    """One published text, read as an import reads it."""

    def __init__(self, name: str) -> None:
        self.scenes = [scene.raw for scene in parse(data.text(name)).scenes]
        self.lists: Lists = lists_of([breakdown(raw) for raw in self.scenes])
        self.story = Continuity(
            [Known(each.name, each.aliases) for each in self.lists.cast], [Known(e.name) for e in self.lists.places]
        )
        self.story.set_scenes([SceneInput(str(at), raw, at) for at, raw in enumerate(self.scenes)])
        self.before = {finding.id for finding in self.story.findings()}

    def said_of(self, slip: Planted, facts: tuple[Fact, ...] = ()) -> list[FindingDraft]:
        """What is said with the slip in it and was not said before. The text is put right again."""
        for at, script in slip.changed.items():
            self.story.update_scene(str(at), script)
        self.story.set_premise(facts)
        found = [finding for finding in self.story.findings() if finding.id not in self.before]
        for at in slip.changed:
            self.story.update_scene(str(at), self.scenes[at])
        self.story.set_premise(())
        return found


def measure(_: Path | None = None) -> dict[str, Any]:
    plays, photoplays = [Text(name) for name in PLAYS], [Text(name) for name in PHOTOPLAYS]
    rows = {
        "name_drift": _score("name_drift", plays, _drifts),
        "new_character": _score("new_character", plays, _strangers),
        "setting_mismatch": _score("setting_mismatch", [*photoplays[:1], plays[0]], _misspelt),
        "timeline_error": _score("timeline_error", [*photoplays, *plays], _hours),
        "told_seen_conflict": _score("told_seen_conflict", photoplays, _films),
    }
    planted, found, both = (sum(row[at] for row in rows.values()) for at in range(3))
    return {
        "planted": planted,
        "found": Rate(found, planted).told(),
        "both": Rate(both, planted).told(),
        "kinds": {kind: dict(zip(("planted", "found", "both"), row, strict=True)) for kind, row in rows.items()},
    }


def _score(code: str, texts: list[Text], plant: Callable[[Text, random.Random], Iterator[Planted]]) -> Row:
    planted = found = both = 0
    for at, text in enumerate(texts):
        share = EACH // len(texts) + (at < EACH % len(texts))
        for slip, _ in zip(plant(text, random.Random(f"{SEED} {code} {at}")), range(share), strict=False):
            told = [each for each in text.said_of(slip, _seen(text, slip, code)) if each.code == code]
            planted += 1
            found += bool(told)
            both += any(_right(each, slip) for each in told)
    return planted, found, both


def _right(finding: FindingDraft, slip: Planted) -> bool:
    return _meets(finding, 0, slip.slip) and (slip.told is None or _meets(finding, 1, slip.told))


def _meets(finding: FindingDraft, at: int, place: Place) -> bool:
    if at >= len(finding.evidence):
        return False
    each = finding.evidence[at]
    return each.scene_id == str(place[0]) and each.start < place[2] and place[1] < each.end


def _cues(text: Text, rng: random.Random) -> Iterator[tuple[int, int, int, str]]:
    """(scene, start, end, name) of cues that stand alone on their line, in an order of the seed."""
    found = [
        (at, cue.start, cue.end, person.name)
        for at, raw in enumerate(text.scenes)
        for person in breakdown(raw).cast
        for cue in person.cues
        if raw[cue.start : cue.end] == person.name
    ]
    rng.shuffle(found)
    return iter(found)


def _drifts(text: Text, rng: random.Random) -> Iterator[Planted]:
    often = {each.key for each in text.lists.cast if each.count >= 6 and len(each.key) >= 6 and " " not in each.key}
    for at, start, end, name in _cues(text, rng):
        if name_key(name) in often:
            yield _written(text, at, start, end, _slipped(name, rng))


def _strangers(text: Text, rng: random.Random) -> Iterator[Planted]:
    strangers = list(STRANGERS)
    rng.shuffle(strangers)
    for (at, start, end, _), name in zip(_cues(text, rng), strangers, strict=False):
        yield _written(text, at, start, end, name)


def _misspelt(text: Text, rng: random.Random) -> Iterator[Planted]:
    """The place of a heading, where the place comes again elsewhere."""
    often = {each.key for each in text.lists.places if each.count >= 2 and len(each.key) >= 8}
    order = list(range(len(text.scenes)))
    rng.shuffle(order)
    for at in order:
        heading = breakdown(text.scenes[at]).heading
        if heading is not None and heading.place and heading.place_span and name_key(heading.place) in often:
            span = heading.place_span
            yield _written(text, at, span.start, span.end, _slipped(heading.place, rng))


def _hours(text: Text, rng: random.Random) -> Iterator[Planted]:
    """Two headings: the second goes on from the first, at an hour that it cannot have."""
    order = list(range(len(text.scenes) - 1))
    rng.shuffle(order)
    for number, at in enumerate(order):
        before, after, relation = HOURS[number % len(HOURS)]
        first, told = _with_hour(text.scenes[at], before)
        second, slip = _with_hour(text.scenes[at + 1], after, f" - {relation}")
        yield Planted({at: first, at + 1: second}, (at + 1, *slip), (at, *told))


def _films(text: Text, rng: random.Random) -> Iterator[Planted]:
    """An exterior whose heading says one thing of the light, and a take that is another."""
    order = [at for at, raw in enumerate(text.scenes) if raw.startswith("EXT.")]
    rng.shuffle(order)
    for number, at in enumerate(order):
        changed, span = _with_hour(text.scenes[at], ("NIGHT", "DAY")[number % 2])
        yield Planted({at: changed}, (at, *span))


def _seen(text: Text, slip: Planted, code: str) -> tuple[Fact, ...]:
    if code != "told_seen_conflict":
        return ()
    at, start, end = slip.slip
    value = "bright" if slip.changed[at][start:end] == "NIGHT" else "dark"
    evidence = Evidence(str(at), 0, 0, "take 1: mean light")
    return (Fact(str(at), "light", value, evidence, 0.9, "seen", valid_from=Beat(str(at), 0), author="observer"),)


def _with_hour(raw: str, hour: str, relation: str = "") -> tuple[str, tuple[int, int]]:
    """The heading without an hour of its own, with this one; and where it stands."""
    line, _, rest = raw.partition("\n")
    place = re.sub(r"\s*#[^#]*#\s*$", "", line)
    place = re.sub(r"\s+-\s+[A-Z ]+$", "", place)
    start = len(place) + 3
    return f"{place} - {hour}{relation}\n{rest}", (start, start + len(hour))


def _written(text: Text, at: int, start: int, end: int, words: str) -> Planted:
    raw = text.scenes[at]
    return Planted({at: raw[:start] + words + raw[end:]}, (at, start, start + len(words)))


def _slipped(name: str, rng: random.Random) -> str:
    """One slip of the pen past the first letter: two letters exchanged, one lost, or one doubled."""
    places = [at for at in range(1, len(name) - 1) if name[at].isalpha() and name[at + 1].isalpha()]
    at = rng.choice([p for p in places if name[p] != name[p + 1]])
    return rng.choice(
        (
            name[:at] + name[at + 1] + name[at] + name[at + 2 :],
            name[:at] + name[at + 1 :],
            name[: at + 1] + name[at] + name[at + 1 :],
        )
    )
