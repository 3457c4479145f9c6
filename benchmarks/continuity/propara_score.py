"""How ProPara is scored: the ten questions of Dalvi et al. 2018 in three categories, restated from their description.

Invariant: pure; a state is a place, `None` for "does not exist" and `"?"` for "somewhere". The scorer is held
against predictions that the authors published of their own models: it gives about the figures of their paper
(tests/unit/benchmarks/test_continuity_propara.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

from actors.screenplay.names import edit_distance

Place = str | None
Grid = Mapping[str, Sequence[Place]]
"""Participant → its places: before the first sentence, and after each."""

UNKNOWN = "?"
SPELLING_SLIPS = 2
_LEADING = ("a ", "an ", "the ", "your ", "his ", "their ", "my ")
_CATEGORIES: dict[str, tuple[int, ...]] = {"whether": (1, 4, 7), "when": (2, 5, 8), "where": (3, 6, 9, 10)}
_QUESTIONS: dict[str, int] = {
    "whether": 750,
    "when": 601,
    "where": 823,
}  # as counted in the paper, for its micro average
_SAME_NAMES = {
    "alternating current": "alternate current", "fixed nitrogen": "nitrogen", "living things": "live thing",
    "red giant star": "star", "refrigerent liquid": "liquid", "remains of living things": "remains of live thing",
    "retina's rods and cones": "retina 's rod and cone",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Label:
    """What one annotator said happened to a participant at a sentence."""

    sentence: int
    participant: str
    kind: Literal["create", "destroy", "move"]
    origin: Place
    goal: Place


@dataclass(slots=True)
class Count:
    right: int = 0
    wrong: int = 0
    silent: int = 0
    rightly_silent: int = 0

    def add(self, said: bool, right: bool) -> None:
        if not said:
            self.silent += 1
        elif right:
            self.right += 1
        else:
            self.wrong += 1

    @property
    def accuracy(self) -> float:
        whole = self.right + self.wrong + self.silent + self.rightly_silent
        return (self.right + self.rightly_silent) / whole if whole else 0.0

    @property
    def f1(self) -> float:
        twice = 2 * self.right
        return twice / (twice + self.wrong + self.silent) if twice else 0.0


@dataclass(slots=True)
class Score:
    """By question, 1 to 10."""

    questions: dict[int, Count] = field(default_factory=lambda: defaultdict(Count))

    def of(self, category: str) -> float:
        """Accuracy in percent, mean of its questions; "at which steps does it move" counts as F1, as the authors do."""
        each = [self.questions[q].f1 if q == 8 else self.questions[q].accuracy for q in _CATEGORIES[category]]
        return 100 * sum(each) / len(each)

    def location_f1(self) -> float:
        """Of the questions that ask for a place, over all their answers."""
        whole = Count()
        for question in _CATEGORIES["where"]:
            count = self.questions[question]
            whole.right += count.right
            whole.wrong += count.wrong
            whole.silent += count.silent
        return 100 * whole.f1

    def told(self) -> dict[str, Any]:
        by = {category: self.of(category) for category in _CATEGORIES}
        micro = sum(by[name] * count for name, count in _QUESTIONS.items()) / sum(_QUESTIONS.values())
        return {
            **{name: round(value, 2) for name, value in by.items()},
            "macro": round(sum(by.values()) / len(by), 2),
            "micro": round(micro, 2),
            "location_f1": round(self.location_f1(), 2),
        }


def labels(text: str, chosen: Iterable[int], known: Mapping[int, Iterable[str]]) -> dict[int, list[list[Label]]]:
    """Paragraph → one list for each annotator, from the published table; only participants that are `known`."""
    wanted, found = frozenset(chosen), defaultdict[int, list[list[Label]]](list)
    current: list[Label] = []
    paragraph = -1
    for line in text.splitlines()[1:]:
        cells = line.rstrip().split("\t")
        if len(cells) < 2:
            if paragraph in wanted:
                found[paragraph].append(current)
            current = []
        elif cells[1] != UNKNOWN:
            paragraph = int(cells[0])
            if paragraph in wanted:
                current.extend(_labels_of(cells, tuple(known[paragraph])))
    return dict(found)


def _labels_of(cells: list[str], known: tuple[str, ...]) -> Iterable[Label]:
    for name in participants([part.strip() for part in cells[3].split(";")], known):
        for origin in cells[5].split(";"):
            for goal in cells[6].split(";"):
                kind: Any = cells[4]
                yield Label(int(cells[1]), name, kind, _place(origin), _place(goal))


def participants(names: Sequence[str], known: Sequence[str]) -> list[str]:
    """The known spellings of these names: equal, within two slips, or by the authors' table."""
    found: list[str] = []
    for name in map(str.lower, names):
        if name in known:
            found.append(name)
            continue
        close = [other for other in known if edit_distance(name, other, SPELLING_SLIPS) <= SPELLING_SLIPS]
        found.extend(close)
        if not close and _SAME_NAMES.get(name) in known:
            found.append(_SAME_NAMES[name])
    return found


def _place(text: str) -> Place:
    text = text.strip()
    return None if text == "-" else text


def score(told: Mapping[int, Sequence[Sequence[Label]]], grids: Mapping[int, Grid]) -> Score:
    result = Score()
    for paragraph, annotators in told.items():
        grid = grids[paragraph]
        everybody = {label.participant for labels in annotators for label in labels}
        for labels in annotators:
            _whether(result, labels, everybody, grid)
            _when(result, labels, grid)
            _where(result, labels, grid)
    return result


def created_at(places: Sequence[Place]) -> int | None:
    """The sentence at which it comes into being; None: it was there before, or never is."""
    if places[0] is not None:
        return None
    return next((at for at, place in enumerate(places) if place is not None), None)


def destroyed_at(places: Sequence[Place]) -> int | None:
    if places[-1] is not None:
        return None
    last = max((at for at, place in enumerate(places) if place is not None), default=None)
    return None if last is None else last + 1


def moved_at(places: Sequence[Place]) -> list[int]:
    steps = pairwise(places)
    return [
        at
        for at, (before, after) in enumerate(steps, 1)
        if before is not None and after is not None and before != after
    ]


def _whether(result: Score, labels: Sequence[Label], everybody: Iterable[str], grid: Grid) -> None:
    for question, kind, said in ((1, "create", created_at), (4, "destroy", destroyed_at), (7, "move", moved_at)):
        true = {label.participant for label in labels if label.kind == kind}
        for name in everybody:
            answer = said(grid[name])
            count = result.questions[question]
            if answer is None or answer == []:
                count.silent += name in true
                count.rightly_silent += name not in true
            else:
                count.add(True, name in true)


def _when(result: Score, labels: Sequence[Label], grid: Grid) -> None:
    moved: dict[str, set[int]] = defaultdict(set)
    for label in labels:
        if label.kind == "create":
            at = created_at(grid[label.participant])
            result.questions[2].add(at is not None, at == label.sentence)
        elif label.kind == "destroy":
            at = destroyed_at(grid[label.participant])
            result.questions[5].add(at is not None, at == label.sentence)
        else:
            moved[label.participant].add(label.sentence)
    for name, true in moved.items():
        said = set(moved_at(grid[name]))
        result.questions[8].right += len(said & true)
        result.questions[8].wrong += len(said - true)
        result.questions[8].silent += len(true - said)


def _where(result: Score, labels: Sequence[Label], grid: Grid) -> None:
    for label in labels:
        places = grid[label.participant]
        before, after = places[label.sentence - 1], places[label.sentence]
        if label.kind == "create" and label.goal != UNKNOWN:
            _asked(result.questions[3], after, label.goal)
        if label.kind == "destroy" and label.origin != UNKNOWN:
            _asked(result.questions[6], before, label.origin)
        if label.kind == "move" and label.origin != UNKNOWN:
            _asked(result.questions[9], before, label.origin)
        if label.kind == "move" and label.goal != UNKNOWN:
            _asked(result.questions[10], after, label.goal)


def _asked(count: Count, said: Place, true: Place) -> None:
    known = said is not None and said != UNKNOWN
    count.add(known, known and true is not None and said is not None and same_place(said, true))


def same_place(said: str, true: str) -> bool:
    """Whether the words of the answer stand in the annotator's, word endings aside."""
    return said == true or f" {_stems(said)} " in f" {_stems(true)} "


def _stems(text: str) -> str:
    return " ".join(stem(word) for word in text.lower().replace('"', "").split())


def stem(word: str) -> str:
    """Without the commonest English endings; enough for the places of ProPara."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("e", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: len(word) - len(ending)] + instead
    return word
