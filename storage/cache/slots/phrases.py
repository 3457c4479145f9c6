"""Takes the language of film out of a prompt: what is left are the words of the scene.

Owns the search for phrases. Invariant: a word is taken only by a phrase of the tables, by a camera move, or as one of
the few link words beside such a phrase; everything else comes back in its order. Between `text` and `tagging`.
"""

from __future__ import annotations

from collections.abc import Sequence

from storage.cache.slots.camera import ALONE, CameraMove, after_camera, directed, direction_at, move_at
from storage.cache.slots.found import Found, Value, row_at
from storage.cache.slots.leads import after_lead
from storage.cache.slots.text import COLON, COMMA, SENTENCE

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
_PICTURE_SLOTS = frozenset(("size", "angle", "lens", "speed", "camera"))


def find(tokens: Sequence[str]) -> Found:
    found = Found()
    first = True
    camera_before = -1
    for words, mark in _segments(tokens):
        left = after_lead(words, mark, found, first)
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


def _only_film(words: list[str], found: Found) -> bool:
    """Whether the whole segment is the language of film; then it is taken."""
    if not words:
        return True
    if words[0] in {"a", "an"} and len(words) == 2:
        return False  # "a clear, blue sky"
    took: list[tuple[str, Value]] = []
    at = 0
    while at < len(words):
        row = row_at(words, at, True)
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
    found.put_all(took)
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
        row = row_at(words, at, False)
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
    linked = bool(left) and left[0] in {"as", "while"} and words[0] != left[0]
    return left[linked:]  # "zoom in as a shark swims"


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
