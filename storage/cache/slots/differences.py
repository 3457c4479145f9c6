"""Says in words of film how two prompts differ: people read it on the take.

Owns those words. Invariant: empty exactly when the slots are equal (the remainder aside); no inner mark and, where
names are given, no entity's id. Reads `shape`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from storage.cache.slots.camera import CameraMove
from storage.cache.slots.shape import Action, Slots
from storage.cache.slots.tagging import ENTITY, PLURAL, STATE
from storage.cache.slots.verbs import IRREGULAR

T = TypeVar("T")

NOTHING = "none"
TELLS_MAX = 8
"""Differences told; two prompts with more have little in common."""

_NAMES = {
    "time": "time of day", "weather": "weather", "season": "season", "place": "place", "inside": "inside or outside",
    "size": "shot size", "angle": "angle", "lens": "lens", "speed": "speed", "palette": "light and palette",
    "style": "style", "version": "reading",
}  # fmt: skip
_SCENE = (
    ("actions", "who does what"), ("counts", "how many"), ("negations", "what is not there"),
    ("relations", "where things are"), ("subjects", "who and what"),
)  # fmt: skip
_SIZES = {
    "EWS": "extreme wide shot", "ESTABLISHING": "establishing shot", "WS": "wide shot", "FS": "full shot",
    "MLS": "medium long shot", "MS": "medium shot", "MCU": "medium close-up", "CU": "close-up",
    "ECU": "extreme close-up", "INSERT": "insert", "TWO-SHOT": "two-shot", "OTS": "over the shoulder",
    "POV": "point of view", "REACTION": "reaction shot", "PORTRAIT": "portrait",
}  # fmt: skip
_PARTICIPLES = {base: word for word, (base, form) in IRREGULAR.items() if form in {"en", "ed"}}
_PLURALS = {"man": "men", "woman": "women", "child": "children", "person": "people", "mouse": "mice", "foot": "feet",
            "tooth": "teeth", "goose": "geese", "wolf": "wolves", "leaf": "leaves", "knife": "knives"}  # fmt: skip


def differences(one: Slots, other: Slots, names: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """One entry for each slot that differs, "slot: of one / of other". `names`: an entity's id → its name."""
    told: list[str] = []
    if one.camera != other.camera:
        told.append(_camera(one.camera, other.camera))
    for name, words in _NAMES.items():
        mine, its = getattr(one, name), getattr(other, name)
        if mine != its:
            told.append(f"{words}: {_list(mine)} / {_list(its)}")
    if one.dialogue != other.dialogue:
        told.append(f"dialogue: {_said(one)} / {_said(other)}")
    told.extend(_scene(one, other))
    return tuple(_with_names(each, names or {}) for each in told[:TELLS_MAX])


def _camera(one: tuple[CameraMove, ...], other: tuple[CameraMove, ...]) -> str:
    if [each.move for each in one] == [each.move for each in other]:
        for words, at in (("camera direction", 1), ("camera manner", 2)):
            if [each[at] for each in one] != [each[at] for each in other]:
                return f"{words}: {_list(each[at] for each in one)} / {_list(each[at] for each in other)}"
    mine, its = ([" ".join(filter(None, move)) for move in moves] for moves in (one, other))
    return f"camera: {_list(mine)} / {_list(its)}"


def _scene(one: Slots, other: Slots) -> list[str]:
    if one.scene == other.scene:
        return []
    told: list[str] = []
    for name, words in _SCENE:
        mine, its = _apart(getattr(one, name), getattr(other, name))
        if (mine or its) and not (told and name in {"subjects", "relations"}):
            told.append(f"{words}: {_list(mine)} / {_list(its)}")
    if not told:
        mine, its = _apart(one.scene, other.scene)
        told.append(f"words: {_list(mine or one.scene)} / {_list(its or other.scene)}")
    return told


def _apart(one: tuple[T, ...], other: tuple[T, ...]) -> tuple[list[T], list[T]]:
    """What each has beyond the other; all of both where only the order differs."""
    mine, its = [each for each in one if each not in other], [each for each in other if each not in one]
    if one != other and not mine and not its:
        return list(one), list(other)
    return mine, its


def _said(slots: Slots) -> str:
    return "; ".join(f'{_shown(who) + ": " if who else ""}"{words}"' for who, words in slots.dialogue) or NOTHING


def _list(values: str | Iterable[object]) -> str:
    each = [values] if isinstance(values, str) else list(values)
    shown = (_sentence(value) if isinstance(value, Action) else _shown(str(value)) for value in each)
    return ", ".join(text for text in shown if text) or NOTHING


def _sentence(action: Action) -> str:
    """ "dog, chase, cat" as it is said."""
    verb = _shown(action.verb)
    many = action.agent.endswith(PLURAL) or not action.agent or action.verb.endswith(STATE)
    return " ".join(filter(None, (_shown(action.agent), verb if many else _with_s(verb), _shown(action.patient))))


def _shown(text: str) -> str:
    """Without inner marks: "n:dog+" is dogs, "close~ed" closed."""
    bare = text.split(":", 1)[1] if text[1:2] == ":" else text
    return " ".join(_inflected(word) for word in _SIZES.get(bare, bare).split())


def _inflected(word: str) -> str:
    if word.endswith(PLURAL):
        noun = word.removesuffix(PLURAL)
        return _PLURALS.get(noun) or _with_s(noun)
    if word.endswith(STATE):
        base = word.removesuffix(STATE)
        return _PARTICIPLES.get(base) or base + ("d" if base.endswith("e") else "ed")
    if word.endswith("~ing"):
        return word.removesuffix("~ing").removesuffix("e") + "ing"
    return word


def _with_s(word: str) -> str:
    if word == "have":
        return "has"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh", "z", "go", "do")) else "s")


def _with_names(text: str, names: Mapping[str, str]) -> str:
    """Ids as names, the longest id first; the mark of an id goes in any case."""
    for entity in sorted(names, key=len, reverse=True):
        text = text.replace(ENTITY + entity, names[entity])
    return text.replace(ENTITY, "")
