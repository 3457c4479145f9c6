"""A model speaks for a role: what it is asked under a JSON schema, and what of its words stands.

The invariant: a model only phrases. The grammar's answer is the truth it is given, and its words stand only if they
keep what that answer rests on, say yes or no as it does, name nothing else of the story and do not run on; else the
grammar's stand, and say why. What changes least comes first in a question, so that a prefix cache keeps it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from actors.tableread.entry import Entry
from actors.tableread.grammar import Answer
from actors.tableread.knowing import HOLDS, KNOWS, NARRATOR, PUT, SEEN_AT, Frame
from actors.tableread.limits import ANSWER_CHARS_MAX
from actors.tableread.table import Line
from actors.tableread.triggers import content

SAID_CHARS_MIN = 2
SENTENCES_MAX = 3
LONGER_MAX, LONGER_CHARS = 3, 60
"""How much longer than the truth an answer may be. More: it says something else besides."""

_NOT = re.compile(
    r"\b(?:not|no|never|nobody|none|nothing|nowhere|cannot|neither|nor|without|distrust|hardly|unsure"
    r"|more than i know|how should i)\b|n['’]t\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=[a-z,;:] )[A-Z][a-z]+")
_SENTENCE = re.compile(r"[^.!?…]+")
BYTES_PER_CHAR_MAX, ENVELOPE_TOKENS = 4, 24
KNOWN_TOLD_MAX = 24
"""Pieces of a frame that a model is told. Over: the rest stays with the grammar's answer."""

PHRASED = 0.9
"""Of the grammar's confidence, where a model's words stand: it may have added a shade."""

RULES = (
    "You read one role at the table read of a screenplay. Answer the last line in that role, in one or two short "
    "sentences, in the language of the line. The TRUTH is what the answer has to say: keep its names and things word "
    "for word, add no fact, no name and no thing of your own, and where it says that the role does not know, do not "
    'guess. A character speaks; the narrator tells what is seen, in the present tense. Answer as JSON: {"said": "..."}.'
)
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "said": {"type": "string", "pattern": rf'^[^"\\\x00-\x1f]{{{SAID_CHARS_MIN},{ANSWER_CHARS_MAX}}}$'},
    },
    "required": ["said"],
    "additionalProperties": False,
}


def calls(
    entry: Entry, line: Line, answers: Sequence[Answer], before: Sequence[Line], seed: int
) -> list[dict[str, Any]]:
    """`gpu.enhance.phrasing.Call`s as dicts, one for each role that answers."""
    scene = _scene(entry)
    tokens = ANSWER_CHARS_MAX * BYTES_PER_CHAR_MAX + ENVELOPE_TOKENS
    said = _conversation(entry, line, before)
    return [
        {
            "rules": RULES,
            "scene": scene,
            "ask": f"{_role(entry.frames[answer.role])}\n{said}\nTRUTH: {answer.words}",
            "schema": dict(SCHEMA),
            "tokens_max": tokens,
            "seed": (seed + at) % 2**31,
        }
        for at, answer in enumerate(answers)
    ]


def _scene(entry: Entry) -> str:
    told = entry.narrated
    lines = [f"So far: {each}" for each in told.so_far]
    lines.append(f"Scene: {told.setting}. With {', '.join(told.people) or 'nobody'}.")
    if told.style:
        lines.append(f"Style: {told.style}.")
    return "\n".join(lines)


def _role(frame: Frame) -> str:
    who = "the narrator" if frame.role == NARRATOR else frame.name
    known = [f"{each.about} {each.who}: {each.words}" for each in frame.pieces[:KNOWN_TOLD_MAX]]
    ties = [
        f"trust in {each.name}: {each.trust_benevolence}" for each in frame.bonds if each.trust_benevolence is not None
    ]
    return "\n".join([f"You are {who}.", *(f"Known: {each}" for each in (*known, *ties))])


def _conversation(entry: Entry, line: Line, before: Sequence[Line]) -> str:
    names = entry.scene.people
    told: list[str] = []
    for each in before:
        told.append(f"{names.get(each.speaks_as, 'Somebody')}: {each.text}")
        told += [f"{answer['name']}: {answer['words']}" for answer in each.proposals]
    return "\n".join([*told, f"{names.get(line.speaks_as, 'Somebody')}: {line.text}"])


def heard(answer: Answer, text: Any, entry: Entry, line: Line) -> tuple[str | None, tuple[str, ...]]:
    """(the model's words if they stand, what was lost or let slip). `text`: what the schema's answer should be."""
    said = _said(text)
    if said is None:
        return None, ("not what the schema asked for",)
    words = set(content(said))
    wrong = [word for word in answer.must if word not in words]
    wrong += sorted(_foreign(entry, line, answer) & words)
    wrong += _strangers(said, entry, line, answer)
    if bool(_NOT.search(said)) is not bool(_NOT.search(answer.words)):
        wrong.append("yes and no")
    if len(said) > len(answer.words) * LONGER_MAX + LONGER_CHARS or _repeats(said):
        wrong.append("it runs on")
    return (None, tuple(dict.fromkeys(wrong))) if wrong else (said, ())


def _said(text: Any) -> str | None:
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    said = found.get("said") if isinstance(found, dict) else None
    if not isinstance(said, str):
        return None
    flat = " ".join(said.split())
    return flat if SAID_CHARS_MIN <= len(flat) <= ANSWER_CHARS_MAX else None


def _foreign(entry: Entry, line: Line, answer: Answer) -> set[str]:
    """People, things, places and topics of the story that neither the line nor the truth speaks of: whether the role
    knows them or not, they answer something else. Of wounds, clothes and looks nothing: anybody has a hand."""
    told = entry.frames[NARRATOR].about(HOLDS, PUT, KNOWS, SEEN_AT)
    return {word for piece in told for word in _of(piece.who, piece.words)} - _allowed(entry, line, answer)


def _strangers(said: str, entry: Entry, line: Line, answer: Answer) -> list[str]:
    """Names that came from nowhere: capitals inside a sentence."""
    allowed = _allowed(entry, line, answer)
    return [word for found in _NAME.findall(said) for word in content(found) if word not in allowed]


def _allowed(entry: Entry, line: Line, answer: Answer) -> set[str]:
    here = {word for name in entry.scene.people.values() for word in content(name)}
    return {*content(line.text), *content(answer.words), *here}


def _repeats(said: str) -> bool:
    sentences = [each.strip().casefold() for each in _SENTENCE.findall(said) if each.strip()]
    return len(sentences) > SENTENCES_MAX or len(set(sentences)) < len(sentences)


def _of(who: str, words: str) -> list[str]:
    return [*content(who), *content(words)]
