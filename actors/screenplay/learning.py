"""Who knows of something, and who learns of it for the first time: by words that say so and nothing less.

Invariant: learning is a marked first time in action ("learns", "finds out", "for the first time"); knowing is a claim
in somebody's own line or a statement in action. What it is about is compared by its content words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.happenings import Happening, Kind
from actors.screenplay.heading import Span
from actors.screenplay.names import people_of
from actors.screenplay.sentences import Sentence
from actors.screenplay.vocabulary import words

TOPIC_WORDS_MAX = 6
_IDLE = words(
    """
    a an the his her their my your our its this that these those of to for in on at by with from and or about
    all it is was are were be been has have had he she they him them we you i me us very really still already
    everything anything nothing something truth thing things what that's first time
    """
)
LEARN_WORDS = words(
    """
    learns learn finds find discovers hears hear told reveals tells knows informs heard realises realizes realise
    realize
    reads uncovers figures works stumbles overhears gets comes shown understands
    """
)
_TOPIC = r"(?:(?P<about>about|of)\s+)?(?P<topic>(?:who|where|that|how|why|the|his|her|their|a)\b[^.!?;:—\n]{3,80})"
_LEARNS = re.compile(
    rf"^\s*(?:(?:only\s+now|now|finally|at\s+last)[, ]+(?:does\s+)?)?(?:learns?|finds?\s+out|discovers?"
    rf"|realis?z?es?|uncovers?"
    rf"|figures?\s+out|works?\s+out|stumbles?\s+(?:on|upon|across)|overhears?|gets?\s+wind\s+of|comes\s+to\s+know"
    rf"|is\s+shown|understands?\s+at\s+last)\s+{_TOPIC}",
    re.IGNORECASE,
)
_FIRST = re.compile(
    r"for the first time|\bnews to\b|\bfirst\b.{0,30}\bheard\b|\bsurprised to\b|\bonly now\b", re.IGNORECASE
)
_HEARS = re.compile(rf"^\s*(?:hears|reads|is\s+told|is\s+surprised\s+to\s+hear|has\s+heard)\s+{_TOPIC}", re.IGNORECASE)
_TELLS = re.compile(rf"^\s*(?:tells|informs)\s+(?P<to>\S.{{0,40}}?)\s+{_TOPIC}", re.IGNORECASE)
_REVEALS = re.compile(
    r"^\s*(?:reveals)\s+(?P<topic>(?:the|his|her|their|a|who|where|that)\b[^.!?;:—\n]{3,80}?)\s+to\s+", re.IGNORECASE
)
_KNOWS = re.compile(rf"^\s*(?:already\s+|still\s+)?(?:knows)\s+{_TOPIC}", re.IGNORECASE)
_CLAIM = re.compile(
    r"\b(?:(?:I|we|we both|I've|I have)\s+(?:already\s+|always\s+|all\s+)?(?:know|knew|known|heard"
    r"|have\s+known)(?:\s+all)?"
    r"|I(?:['’]m|\s+am)\s+(?:well\s+|fully\s+)?aware(?:\s+of)?"
    r"|(?:you|he|she|they|(?-i:[A-Z][a-z]+))\s+(?:already\s+|never\s+should\s+have\s+)?told\s+me)\s+" + _TOPIC,
    re.IGNORECASE,
)
CLAIM_WORDS = re.compile(r"\b(?:know|knew|known|heard|told|aware)\b", re.IGNORECASE)
_DENIES = re.compile(
    r"n['’]t\b|\bnot\b|\bnever\s+(?!should)|\bif\b|\bwish\b|\bwould\b|\bno idea\b|\bwant to\b", re.IGNORECASE
)


def learning_in(
    script: str, scene: Breakdown, sentences: Sequence[Sentence], key: Callable[[str], str]
) -> Iterator[Happening]:
    for sentence in sentences:
        yield from _in_action(script, sentence)
    for line in scene.lines:
        if CLAIM_WORDS.search(line.text) is None:
            continue
        people = people_of(line.speaker)
        for claim in _claims(script, line.span) if len(people) == 1 else ():
            yield Happening("knows", key(people[0]), claim[0], claim[1])


def _claims(script: str, span: Span) -> Iterator[tuple[Span, str]]:
    for part in re.finditer(r"[^.!?\n]+[.!?]?", script[span.start : span.end]):
        text = part.group()
        found = _CLAIM.search(text)
        if found is None or text.endswith("?") or _DENIES.search(text):
            continue
        topic = topic_of(found.group("topic"))
        if topic:
            at = span.start + part.start() + found.start()
            yield Span(at, span.start + part.start() + len(text.rstrip())), topic


def _in_action(script: str, sentence: Sentence) -> Iterator[Happening]:
    if sentence.asks or sentence.words() & {"not", "never", "if", "would"}:
        return
    first = _FIRST.search(script, sentence.span.start, min(len(script), sentence.span.end + 60)) is not None
    for i, token in enumerate(sentence.tokens):
        if not token.who or token.owner or not _speaks_first(sentence, i):
            continue
        tail = script[token.end : sentence.span.end]
        found = _LEARNS.match(tail) or (_HEARS.match(tail) if first or tail.lstrip().startswith("is told") else None)
        if found is not None:
            yield from _happening("learns", token.who, sentence.span, found.group("topic"))
        elif (found := _KNOWS.match(tail)) is not None:
            yield from _happening("knows", token.who, sentence.span, found.group("topic"))
        elif (found := _TELLS.match(tail)) is not None and first:
            to = _person_in(sentence, token.end + found.start("to"), token.end + found.end("to"))
            yield from _happening("learns", to, sentence.span, found.group("topic"))
        elif (found := _REVEALS.match(tail)) is not None:
            to = _person_in(sentence, token.end + found.end(), sentence.span.end)
            yield from _happening("learns", to, sentence.span, found.group("topic"))


def _speaks_first(sentence: Sentence, at: int) -> bool:
    """The person does it: at the head of a clause, or after "does" (Only now does RUTH find out)."""
    return sentence.heads_clause(at) or (at > 0 and sentence.tokens[at - 1].word == "does")


def _person_in(sentence: Sentence, low: int, high: int) -> str:
    return next((t.who for t in sentence.tokens if t.name and not t.owner and low <= t.start < high), "")


def _happening(kind: Kind, who: str, span: Span, said: str) -> Iterator[Happening]:
    topic = topic_of(said)
    if who and topic:
        yield Happening(kind, who, span, topic)


_TOPIC_ENDS = re.compile(
    r",|\b(?:from|for the first|for years|for weeks|for months|all along|since|when|because|but|until|before"
    r"|after|yet|behind|among|amid|inside"
    r"|beneath|under|inside|already|too|last|this (?:morning|week|year)|and (?:[a-z]+s|can|the)|in the|on the|at the)\b"
)
"""What only says from whom, when or where ends the topic: "the tunnel behind the altar" is the tunnel."""


def topic_of(said: str) -> str:
    """Content words in order, cut at what only says from whom or when."""
    said = _TOPIC_ENDS.split(said, maxsplit=1)[0]
    found = [word for word in re.findall(r"[^\W\d_]+", said.casefold()) if word not in _IDLE]
    return " ".join(found[:TOPIC_WORDS_MAX])
