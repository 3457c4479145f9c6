"""From a prompt as typed to words, marks of punctuation and quoted speech.

Owns normalisation. Invariant: whatever the text holds, no character but space, punctuation and control codes is lost;
letters of any script, signs and emoji come out as words. Speech keeps its own case. Feeds `phrases`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

SENTENCE, COMMA, COLON = ".", ",", ":"
"""The marks that are left: an end, a pause, and the end of a label."""

_QUOTES = str.maketrans({
    "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "「": '"', "」": '"', "『": '"', "』": '"', "＂": '"',
    "‘": "'", "’": "'", "‛": "'", "`": "'", "´": "'", "＇": "'",
})  # fmt: skip
_SAID = re.compile(r'"([^"]*)"|(?<!\w)\'([^\'\n]{2,})\'(?!\w)')
_SPEAKER = re.compile(r"(?:^|[.,;!?\n\"])[ \t]*([^.,;:!?\n\"]{1,80}):[ \t]*$")
_TOKEN = re.compile(
    r"(?<!\w)-\d+(?:[.,]\d+)*|\d+(?:[.,]\d+)+|[^\W_]+(?:'[^\W_]+)*"
    r"|[.!?;:\n…。！？；：]|[,()\[\]{}/|，、]| [-–—]+ |[–—]|--+|[^\s\w]"
)
_BLANKS = re.compile(r"[^\S\n]+")
_SHORT = (
    (re.compile(r"(?<!\w)w/o(?!\w)", re.I), "without"), (re.compile(r"(?<!\w)w/(?!\w/)", re.I), "with "),
    (re.compile(r"(?<!\w)b/g(?!\w)", re.I), "background"), (re.compile(r"(?<!\w)f/g(?!\w)", re.I), "foreground"),
    (re.compile(r"(?<!\w)b ?[&/] ?w(?!\w)", re.I), "black and white"),
)  # fmt: skip
"""Abbreviations that hold a mark of punctuation."""

_SPACE = re.compile(r"\s+")
_ENDS = frozenset(".!?;:\n…。！？；：")
_PAUSES = frozenset(",()[]{}/|，、")
_CONTRACTED = {
    "can't": ("can", "not"), "won't": ("will", "not"), "shan't": ("shall", "not"), "cannot": ("can", "not"),
    "it's": ("it", "is"), "he's": ("he", "is"), "she's": ("she", "is"), "that's": ("that", "is"),
    "there's": ("there", "is"), "here's": ("here", "is"), "who's": ("who", "is"), "what's": ("what", "is"),
    "let's": ("let", "us"), "i'm": ("i", "am"), "i'd": ("i", "would"),
}  # fmt: skip
_ENDINGS = {"'re": "are", "'ll": "will", "'ve": "have"}


@dataclass(frozen=True, slots=True)
class Text:
    tokens: tuple[str, ...]
    """Words in lower case, and marks between them."""
    said: tuple[tuple[str, str], ...]
    """(speaker or "", what is said) in order; the speaker in lower case."""


def tokens_of(text: str) -> tuple[str, ...]:
    """Words and marks of a text without speech."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).translate(_QUOTES)
    for short, words in _SHORT:
        folded = short.sub(words, folded)
    found: list[str] = []
    for token in _TOKEN.findall(folded):
        found.extend(_one(token))
    return tuple(found)


def split(prompt: str) -> Text:
    rest: list[str] = []
    said: list[tuple[str, str]] = []
    at = 0
    text = _BLANKS.sub(" ", prompt.translate(_QUOTES))
    for match in _SAID.finditer(text):
        before = text[at : match.start()]
        speaker = _SPEAKER.search(before)
        words = _SPACE.sub(" ", match[1] if match[1] is not None else match[2]).strip()
        if words:
            said.append((" ".join(tokens_of(speaker[1])) if speaker else "", words))
        rest += [before[: speaker.start(1)] if speaker else before, " . " if speaker else " , "]
        at = match.end()
    rest.append(text[at:])
    return Text(tokens_of("".join(rest)), tuple(said))


def _one(token: str) -> tuple[str, ...]:
    if token in {":", "："}:
        return (COLON,)
    if token in _ENDS:
        return (SENTENCE,)
    if token in _PAUSES or (token.strip() and not token.strip().strip("-–—")):
        return () if token == "-" else (COMMA,)
    if token in _CONTRACTED:
        return _CONTRACTED[token]
    if token.endswith("n't"):
        return (token[:-3], "not")
    if token[-3:] in _ENDINGS:
        return (token[:-3], _ENDINGS[token[-3:]])
    if token in {"&", "+"}:
        return ("and",)
    if len(token) == 1 and not token.isalnum() and unicodedata.category(token)[0] in "PZ":
        return ()
    if len(token) == 1 and unicodedata.category(token) in {"Cc", "Cf"}:
        return ()
    return (token,)
