"""What a model is asked about a scene, and what of its answer stands: facts that quote the scene word for word.

Pure. Invariant: whatever a model answers, a fact that leaves here is about somebody of the scene, of a listed kind,
quotes words that stand in the scene as they are, names its value in them, and is never surer than `SURE_MAX`; the rest
is dropped and counted. Nothing here is told to a rule: see decision 0046.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actors.screenplay.names import name_key

ATTRIBUTES = ("alive", "holds", "wears", "hurt", "knows", "at")
"""What a model may say of somebody: of what people may set, that which begins something."""

SURE: Mapping[str, float] = {"low": 0.3, "middle": 0.45, "high": 0.6}
SURE_MAX = max(SURE.values())
"""A model that says it is sure is wrong too often to be believed more."""

PIECE_CHARS = 4_000
"""Script in one question, cut between paragraphs. More: a small model's context is full before it answers."""

PIECES_MAX = 4
"""Questions about one scene. A longer scene is read by its beginning."""

PEOPLE_MAX = 20
"""Of a scene, by first entrance. The rest is nobody a model may name."""

FACTS_PER_ANSWER_MAX, FACTS_MAX = 8, 32
"""Of one answer, and of a scene. Over: the first."""

VALUE_CHARS_MAX, QUOTE_CHARS_MIN, QUOTE_CHARS_MAX = 60, 4, 200
ANSWER_TOKENS_MAX = 700

RULES = (
    "You are the script supervisor of a film. Read the scene and list what it says, in so many words, of the people "
    "named. Kinds: alive (which: yes or no), holds (a thing in their hands), wears (a garment), hurt (a wound or the "
    "part of the body), knows (what they have learned), at (where they are). For each give who, what kind, which, and "
    "a quote: words of the scene, copied exactly, in which it is said. Say nothing that is not written there, nothing "
    "of dreams, lies, plans or the past. Answer as JSON."
)
EXAMPLE = (
    "NORA, in a grey shawl, takes the iron key.",
    {
        "facts": [
            {"who": "NORA", "what": "wears", "which": "grey shawl", "quote": "NORA, in a grey shawl", "sure": "high"},
            {"who": "NORA", "what": "holds", "which": "iron key", "quote": "takes the iron key", "sure": "high"},
        ]
    },
)
_WORD = re.compile(r"[^\W_]{2,}")


@dataclass(frozen=True, slots=True)
class Read:
    """Facts as rows keep them {"entity","attribute","value","quote","at","confidence"}, and how many were dropped."""

    facts: tuple[dict[str, Any], ...]
    dropped: int


def key_of(script: str, people: Sequence[str]) -> str:
    """Of all that decides what is asked: the same key is not asked twice."""
    return hashlib.sha256("\0".join((RULES, script, *people)).encode("utf-8", "surrogatepass")).hexdigest()


def pieces(script: str) -> list[tuple[int, str]]:
    """(where it begins, words), cut between paragraphs where there are any."""
    found: list[tuple[int, str]] = []
    at = 0
    while at < len(script) and len(found) < PIECES_MAX:
        end = len(script)
        if end - at > PIECE_CHARS:
            end = script.rfind("\n\n", at + 1, at + PIECE_CHARS) + 2
            end = end if end > at + 2 else at + PIECE_CHARS
        if script[at:end].strip():
            found.append((at, script[at:end]))
        at = end
    return found


def calls_of(script: str, people: Sequence[str]) -> list[dict[str, Any]]:
    """Bodies of `gpu.enhance.phrasing.Call`, one a piece; none where nobody is in the scene."""
    if not people:
        return []
    scene, answer = EXAMPLE
    rules = f"{RULES}\nScene: {scene}\n{json.dumps(answer)}"
    schema, named = schema_of(people), ", ".join(people)
    return [
        {
            "rules": rules,
            "scene": f"Scene:\n{words.strip()}",
            "ask": f"People: {named}.",
            "schema": schema,
            "tokens_max": ANSWER_TOKENS_MAX,
            "seed": 0,
        }
        for _, words in pieces(script)
    ]


def schema_of(people: Sequence[str]) -> dict[str, Any]:
    """Quotation marks, backslashes and line ends have no place in an answer's words."""

    def words(least: int, most: int) -> dict[str, Any]:
        return {"type": "string", "pattern": rf'^[^"\\\x00-\x1f]{{{least},{most}}}$'}

    fact = {
        "who": {"enum": list(people)},
        "what": {"enum": list(ATTRIBUTES)},
        "which": words(1, VALUE_CHARS_MAX),
        "quote": words(QUOTE_CHARS_MIN, QUOTE_CHARS_MAX),
        "sure": {"enum": list(SURE)},
    }
    item = {"type": "object", "properties": fact, "required": list(fact), "additionalProperties": False}
    return {
        "type": "object",
        "properties": {"facts": {"type": "array", "items": item, "maxItems": FACTS_PER_ANSWER_MAX}},
        "required": ["facts"],
        "additionalProperties": False,
    }


def read_answers(texts: Sequence[Any], script: str, people: Sequence[str]) -> Read:
    """``texts``: a model's answers, one a piece, as they came; what broke off counts as far as it is whole."""
    known = {name_key(name): name for name in people}
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    dropped = 0
    for (begin, words), text in zip(pieces(script), texts, strict=False):
        for said in list(_said(text))[:FACTS_PER_ANSWER_MAX]:
            fact = _fact(said, words, begin, known)
            if fact is None or len(found) >= FACTS_MAX:
                dropped += 1
            else:
                found.setdefault((fact["entity"], fact["attribute"], fact["value"]), fact)
    return Read(tuple(sorted(found.values(), key=lambda fact: (fact["at"], fact["entity"]))), dropped)


def _said(text: Any) -> Iterator[Any]:
    """What is in the answer's list, also of one that broke off in the middle."""
    _head, bracket, rest = text.partition("[") if isinstance(text, str) else ("", "", "")
    decoder = json.JSONDecoder()
    while bracket and (rest := rest.lstrip(" ,\n\t\r")) and not rest.startswith("]"):
        try:
            said, end = decoder.raw_decode(rest)
        except (ValueError, RecursionError):
            return
        yield said
        rest = rest[end:]


def _fact(said: Any, words: str, begin: int, known: Mapping[str, str]) -> dict[str, Any] | None:
    if not isinstance(said, dict) or not all(isinstance(said.get(k), str) for k in ("who", "what", "which", "quote")):
        return None
    who, what, quote = name_key(said["who"]), said["what"], said["quote"].strip()
    which = " ".join(said["which"].split())
    at = words.find(quote)
    if who not in known or what not in ATTRIBUTES or len(quote) < QUOTE_CHARS_MIN or at < 0:
        return None
    if not which or len(which) > VALUE_CHARS_MAX or not _stands(what, which, quote):
        return None
    sure = SURE.get(str(said.get("sure")), SURE["low"])
    value = which.casefold() if what == "alive" else which
    return {"entity": who, "attribute": what, "value": value, "quote": quote, "at": begin + at, "confidence": sure}


def _stands(what: str, which: str, quote: str) -> bool:
    """Whether the quotation names the value; of life only yes and no are values."""
    if what == "alive":
        return which.casefold() in ("yes", "no")
    heard = set(_WORD.findall(quote.casefold()))
    return bool(heard.intersection(_WORD.findall(which.casefold())[-1:])) or which.casefold() in quote.casefold()
