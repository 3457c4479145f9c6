"""Takes the language of film out of a prompt: what is left are the words of the scene.

Owns the search for phrases. Invariant: a word is taken only by a phrase of the tables, by a camera move, or as one of
the few link words beside such a phrase; everything else comes back in its order. Between `text` and `tagging`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from storage.cache.slots import film
from storage.cache.slots.camera import ALONE, CameraMove, after_camera, direct_rows, directed, direction_at, move_at
from storage.cache.slots.text import COLON, COMMA, SENTENCE

Value = str | CameraMove
_Row = tuple[tuple[str, ...], bool, str, Value]

_BEFORE = frozenset("a an the in from with at as using shot filmed captured seen viewed taken recorded".split())
"""Dropped directly before a phrase of a picture: "in close-up", "shot from a low angle"."""

_BEFORE_CAMERA = frozenset("the a with as while and our when then where".split())
_PICTURE = frozenset("shot shots view video footage clip image scene angle sequence framing perspective".split())
_LINKS = frozenset("of on showing featuring capturing depicting".split())
_TARGET_LINKS = frozenset("on across over around to toward towards along into of onto at".split())
_REVEALS = frozenset("reveal revealing show showing capture capturing".split())
_FOLLOWED = frozenset("him her it them".split())
_ONLY_FILM = frozenset(
    "then and with a an the in of shot shots view camera movement motion scene light lighting".split()
)
_LEADING = frozenset(("size", "angle", "lens", "speed", "style", "palette"))
"""May stand before "video of", or as "CU of", at the beginning of a segment."""

_PICTURE_SLOTS = frozenset(("size", "angle", "lens", "speed", "camera"))
_LABELS = frozenset(
    "scene video cast props setting camera style prompt continuity lighting place time mood subject action".split()
) | {"dramatic beat", "camera movement", "time of day", "shot size"}


@dataclass(slots=True)
class Found:
    """What the tables took, slot by slot in the prompt's order, and the words that are left, segment by segment."""

    slots: dict[str, list[Value]] = field(default_factory=dict)
    fillers: list[str] = field(default_factory=list)
    segments: list[tuple[list[str], str]] = field(default_factory=list)
    """(words, the mark that ended them)"""

    def put(self, slot: str, value: Value) -> None:
        if slot == "filler":
            self.fillers.append(str(value))
            return
        for name, each in film.HAND_OVER.get(str(value), ((slot, value),)) if slot == "weather" else ((slot, value),):
            self.slots.setdefault(name, []).append(each)


@cache
def _index() -> dict[str, list[_Row]]:
    """First word → rows, the longest first."""
    index: dict[str, list[_Row]] = {}
    rows: list[_Row] = []
    for slot, table in film.SLOT_TABLES.items():
        rows += [(tuple(phrase.split()), alone, slot, value) for phrase, alone, value in film.rows(table)]
    rows += [(tuple(phrase.split()), alone, "camera", move) for phrase, alone, move in direct_rows()]
    rows += [(tuple(phrase.split()), True, "filler", phrase) for phrase in film.fillers()]
    for row in rows:
        index.setdefault(row[0][0], []).append(row)
    for each in index.values():
        each.sort(key=lambda row: -len(row[0]))
    return index


def find(tokens: Sequence[str]) -> Found:
    found = Found()
    first = True
    camera_before = -1
    for words, mark in _segments(tokens):
        left = _lead(words, mark, found, first)
        if _directs(left, found, camera_before):
            left = []
        camera_before = len(found.slots.get("camera", ()))
        if not _only_film(left, found):
            left = _scan(left, found)
            left = [] if len(left) < len(words) and _only_film(left, found) else left
        else:
            left = []
        camera_before = camera_before if len(found.slots.get("camera", ())) > camera_before else -1
        if left:
            found.segments.append((left, SENTENCE if mark == COLON else mark))
        elif found.segments and mark != COMMA:
            found.segments[-1] = (found.segments[-1][0], SENTENCE)
        first = False
    return found


def _directs(words: list[str], found: Found, camera_before: int) -> bool:
    """ "Tracking shot, right": a direction alone belongs to the move directly before it."""
    moves = found.slots.get("camera", [])
    if camera_before < 0 or not words or not moves or not isinstance(moves[-1], CameraMove):
        return False
    direction, after = direction_at(words, 0)
    if not direction or after != len(words) or moves[-1].direction:
        return False
    moves[-1] = directed(moves[-1], direction)
    return True


def _segments(tokens: Sequence[str]) -> list[tuple[list[str], str]]:
    segments: list[tuple[list[str], str]] = []
    words: list[str] = []
    for token in tokens:
        if token in {SENTENCE, COMMA, COLON}:
            if words:
                segments.append((words, token))
                words = []
            elif segments and token != COMMA:
                segments[-1] = (segments[-1][0], SENTENCE)
        else:
            words.append(token)
    if words:
        segments.append((words, SENTENCE))
    return segments


def _lead(words: list[str], mark: str, found: Found, first: bool) -> list[str]:
    """Without "a beautiful video of", "there is", "the scene shows"."""
    if mark == COLON and " ".join(words) in _LABELS:
        found.fillers.append(words[0])
        return []
    if (
        mark == COLON
        and words[-1] in film.LEAD_NOUNS
        and set(words[:-1]) <= film.LEAD_ADJECTIVES | {"a", "the", "this"}
    ):
        found.fillers.append(" ".join(words))
        return []
    at = 0
    for phrase in _lead_phrases():
        if tuple(words[: len(phrase)]) == phrase and (first or phrase not in _FIRST_ONLY):
            at = len(phrase)
            break
    if at and words[0] in {"imagine", "picture"} and words[1:2] not in (["a"], ["an"], ["the"]):
        at = 0
    after = _pictured(words, at, found) if first or at == 0 else at
    if at and at == after and words[0] in _ASKS:
        return words
    if after:
        found.fillers.append(" ".join(words[:after]))
    return words[after:]


_ASKS = frozenset("generate create make render produce show".split())
_FIRST_ONLY = frozenset((("picture",), ("imagine",), ("please",)))


@cache
def _lead_phrases() -> tuple[tuple[str, ...], ...]:
    return tuple(sorted((tuple(phrase.split()) for phrase in film.leads()), key=lambda phrase: -len(phrase)))


def _pictured(words: list[str], start: int, found: Found) -> int:
    """Past "[a] [beautiful] video of"; `start` where there is no such thing."""
    at = start
    if at < len(words) and words[at] in {"a", "an", "the", "this"}:
        at += 1
    took: list[tuple[str, Value]] = []
    while at < len(words):
        row = _rows_at(words, at, True)
        if row and row[0] in _LEADING:
            took.append(row[:2])
            at = row[2]
        elif words[at] in film.LEAD_ADJECTIVES:
            at += 1
        else:
            break
    if took and at < len(words) and words[at] in {"of", "on"}:
        _put_all(found, took)
        return at + 1
    if at < len(words) and words[at] in film.LEAD_NOUNS:
        at += 1
        while at < len(words) and words[at] in film.LEAD_NOUNS:
            at += 1
        link = 1 if at < len(words) and words[at] in film.LEAD_LINKS else 2 * (words[at : at + 2] == ["in", "which"])
        if link:
            _put_all(found, took)
            return at + link
    return start


def _put_all(found: Found, took: list[tuple[str, Value]]) -> None:
    for slot, value in took:
        found.put(slot, value)


def _rows_at(words: Sequence[str], at: int, alone: bool) -> tuple[str, Value, int] | None:
    for phrase, only_alone, slot, value in _index().get(words[at], ()):
        size = len(phrase)
        if (alone or not only_alone) and tuple(words[at : at + size]) == phrase:
            return slot, value, at + size
    return None


def _only_film(words: list[str], found: Found) -> bool:
    """Whether the whole segment is the language of film; then it is taken."""
    if not words:
        return True
    if words[0] in {"a", "an"} and len(words) == 2:
        return False  # "a clear, blue sky"
    took: list[tuple[str, Value]] = []
    at = 0
    while at < len(words):
        row = _rows_at(words, at, True)
        move, verb, after = move_at(words, at)
        if row and (move is None or row[2] >= after):
            took.append(row[:2])
            at = row[2]
        elif move is not None and ("camera" in words or _says_camera(words, at, after, move, verb)):
            took.append(("camera", move))
            at = after
        elif words[at] in _ONLY_FILM or (words[at] == "is" and "camera" in words):
            at += 1
        else:
            return False
    if not took:
        return False
    _put_all(found, took)
    return True


def _says_camera(words: list[str], at: int, after: int, move: CameraMove, verb: str) -> bool:
    """Whether a move without "camera" is one: "tilt up" is; "crane", "in orbit" and "pulling back" may be things."""
    if verb not in ALONE:
        return False
    last = words[after - 1]
    if not move.direction and verb in {"pan", "tilt", "dolly", "crane"}:
        return last in {"panning", "tilting", "dollying"} or (bool(move.manner) and verb != "crane")
    if verb == "track" and move.move == "follow":
        return False
    if verb == "orbit" and not move.direction:
        return at == 0 or words[at - 1] != "in"
    return not ("pulling" in words[at:after] and "back" in words[at:after])


def _scan(words: list[str], found: Found) -> list[str]:
    left: list[str] = []
    at = 0
    while at < len(words):
        row = _rows_at(words, at, False)
        if row:
            slot, value, at = row
            found.put(slot, value)
            if slot in _PICTURE_SLOTS or slot in {"palette", "style"}:
                _drop_before(left, _BEFORE)
            if slot in _PICTURE_SLOTS:
                at = _past_picture(words, at)
            continue
        taken = _camera(words, at, found, left)
        if taken > at:
            at = taken
            continue
        left.append(words[at])
        at += 1
    return left


def _camera(words: list[str], at: int, found: Found, left: list[str]) -> int:
    """Past the camera's move that begins here; `at` where none does."""
    if words[at] == "camera" and not _is_films_camera(left):
        return at
    begin = after_camera(words, at + 1) if words[at] == "camera" else at
    move, verb, after = move_at(words, begin)
    if move is None:
        return at
    if words[at] != "camera":
        shot = after < len(words) and words[after] in {"shot", "movement", "motion", "move", "effect"}
        opening = not [word for word in left if word not in _BEFORE] and verb in ALONE
        linked = (
            after < len(words) and words[after] in _TARGET_LINKS | {"from"} and bool(move.direction or verb == "pan")
        )
        with_it = bool(left) and left[-1] in {"with", "a"} and verb in ALONE and after == len(words)
        if not (shot and (verb in ALONE or verb == "follow")) and not (opening and linked) and not with_it:
            return at
        after += shot
    found.put("camera", move)
    _drop_before(left, _BEFORE_CAMERA if words[at] == "camera" else _BEFORE)
    if move.direction == "out" and after < len(words) and words[after] == "from":
        after += 1
    return _past_target(words, after)


def _is_films_camera(left: list[str]) -> bool:
    """Not a camera that somebody holds: it opens the segment, or follows "as", "with the", "while the"."""
    before = [word for word in left if word not in {"the", "our"}]
    if not before:
        return True
    if before[-1] == "a":
        return len(before) == 1
    return before[-1] in {"as", "with", "while", "and", "when", "then", "where", "but", "until", "before", "after"}


def _drop_before(left: list[str], droppable: frozenset[str]) -> None:
    while left and left[-1] in droppable:
        left.pop()


def _past_picture(words: list[str], at: int) -> int:
    while at < len(words) and words[at] in _PICTURE:
        at += 1
    return at + (at < len(words) and words[at] in _LINKS)


def _past_target(words: list[str], at: int) -> int:
    """Past what links a move to what it shows: "to reveal", "across", "on"."""
    if at < len(words) and words[at] in _FOLLOWED:
        return at + 1
    while at < len(words) and words[at] in _TARGET_LINKS:
        at += 1
    return at + (at < len(words) and words[at] in _REVEALS)
