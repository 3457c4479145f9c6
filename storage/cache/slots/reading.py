"""Reads a prompt into its slots.

Owns the order of the steps: text → phrases of film → words → clauses → slots. Invariant: pure and total; any text gives
slots, the same text the same slots, and a text over `PROMPT_CHARS_MAX` slots that equal only its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from storage.cache.slots.camera import CameraMove
from storage.cache.slots.clauses import from_one_side, place_taken, sentence, without_pauses
from storage.cache.slots.found import Found, Value
from storage.cache.slots.parts import Part, parts_of
from storage.cache.slots.phrases import find
from storage.cache.slots.shape import Action, Slots
from storage.cache.slots.tagging import ENTITY, tag
from storage.cache.slots.text import COMMA, SENTENCE, split, tokens_of

PROMPT_CHARS_MAX = 8_000
"""Longer prompts are not read: their slots are a digest, so that a read takes at most some milliseconds."""

ENTITIES_MAX = 256
"""Names looked for; those beyond it, in the order of the mapping, stay plain words."""

_AGE = re.compile(r"\d{1,3}s?$")
"""As a screenplay introduces people: (60s), (8)."""

_SORTED = ("size", "angle", "lens", "palette", "style", "inside", "season", "weather", "speed")
"""Slots where the order of the words in the prompt says nothing."""


def read(prompt: str, entities: Mapping[str, str] | None = None) -> Slots:
    """`entities`: a name as written → the entity's id; several names may have one id."""
    if len(prompt) > PROMPT_CHARS_MAX:
        digest = hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()
        return Slots(scene=(f"overlong:{digest}",))
    text = split(prompt)
    names = _names(entities or {})
    found = find(_ages_last(_named(text.tokens, names)))
    sentences = _sentences(found)
    place, sentences = place_taken(sentences)
    parts = from_one_side([part for each in sentences for part in without_pauses(each)])
    said = tuple((" ".join(_named(speaker.split(), names)), words) for speaker, words in text.said)
    sets: dict[str, Any] = {name: tuple(sorted(set(_texts(found, name)))) for name in _SORTED}
    return Slots(
        **_views(parts),
        place=place,
        time=_texts(found, "time"),
        camera=_once([each for each in found.slots.get("camera", []) if isinstance(each, CameraMove)]),
        dialogue=said,
        scene=tuple(f"{part.kind}:{part}" for part in parts),
        remainder=" ".join(found.fillers),
        **sets,
    )


def _names(entities: Mapping[str, str]) -> list[tuple[tuple[str, ...], str]]:
    named = [(tokens_of(name), entity) for name, entity in list(entities.items())[:ENTITIES_MAX]]
    return sorted(((tokens, entity) for tokens, entity in named if tokens), key=lambda each: -len(each[0]))


def _named(tokens: Sequence[str], names: list[tuple[tuple[str, ...], str]]) -> list[str]:
    """With each name as one token that no word of a prompt can be."""
    if not names:
        return list(tokens)
    firsts = {name[0].removesuffix("'s") for name, _ in names}
    told: list[str] = []
    at = 0
    while at < len(tokens):
        size = 0
        if tokens[at].removesuffix("'s") in firsts:
            for name, entity in names:
                some = tuple(tokens[at : at + len(name)])
                if some == name or (len(some) == len(name) and (*some[:-1], some[-1].removesuffix("'s")) == name):
                    owner = "'s" if some != name else ""
                    told.append(f"{ENTITY}{entity}{owner}")
                    size = len(name)
                    break
        if not size:
            told.append(tokens[at])
        at += size or 1
    return told


def _ages_last(tokens: list[str]) -> list[str]:
    """ "RUTH (50s) pours" as "RUTH pours. RUTH 50s": an age between a name and its verb is not who pours."""
    told: list[str] = []
    ages: list[str] = []
    at = 0
    while at < len(tokens):
        told.append(tokens[at])
        aside = tokens[at].startswith(ENTITY) and tokens[at + 1 : at + 4 : 2] == [COMMA, COMMA]
        if aside and _AGE.match(tokens[at + 2]):
            ages += [SENTENCE, tokens[at], tokens[at + 2]]
            at += 3
        at += 1
    return told + ages


def _sentences(found: Found) -> list[list[Part]]:
    people: set[str] = set()
    sentences: list[list[Part]] = []
    segments: list[list[Part]] = []
    for words, mark in found.segments:
        segments.append(parts_of(tag(words, people, not segments)))
        if mark == SENTENCE:
            sentences.append(sentence(segments))
            segments = []
    if segments:
        sentences.append(sentence(segments))
    return [each for each in sentences if each]


def _texts(found: Found, slot: str) -> tuple[str, ...]:
    values: list[Value] = found.slots.get(slot, [])
    return tuple(dict.fromkeys(str(value) for value in values))


def _once(moves: list[CameraMove]) -> tuple[CameraMove, ...]:
    """A move told twice is one."""
    return tuple(dict.fromkeys(moves))


def _views(parts: Sequence[Part]) -> dict[str, Any]:
    """What the scene says, by question: who, does what, where, how many, what not."""
    subjects: list[str] = []
    actions: list[Action] = []
    relations: list[str] = []
    negations: list[str] = []
    for at, part in enumerate(parts):
        after = parts[at + 1] if at + 1 < len(parts) else None
        if part.kind == "n":
            subjects.append(str(part))
        elif part.kind == "v":
            patient = str(after) if after is not None and after.kind == "n" else ""
            actions.append(Action(_agent(parts, at), str(part), patient))
        elif part.kind == "p" and after is not None and after.kind == "n":
            relations.append(f"{_agent(parts, at, near=True)} {part} {after}".strip())
        elif part.kind == "x":
            negations.append(f"{part} {after}" if after is not None else str(part))
    counts = tuple(str(part) for part in parts if part.number)
    return {
        "subjects": tuple(subjects), "actions": tuple(actions), "relations": tuple(relations), "counts": counts,
        "negations": tuple(negations),
    }  # fmt: skip


def _agent(parts: Sequence[Part], at: int, near: bool = False) -> str:
    """Who does it: the noun before, but not one that only tells where (unless `near`)."""
    for index in range(at - 1, -1, -1):
        part = parts[index]
        if part.kind in {"b", "s"}:
            return ""
        if part.kind == "n" and (near or index == 0 or parts[index - 1].kind not in {"p", "v"}):
            return str(part)
    return ""
