"""Where in the frame somebody is, goes and looks, by the words of the camera: frame left, screen right, left to right.

Invariant: *left* counts only beside frame, screen or camera (or as "left to right" with a verb of motion); what the
camera itself does, what is read, and a crowd that nobody can tell apart have no direction. Whatever lets a direction
change (a turn, a crossing of the line, a mirror, a new angle) is a turn. Pure; feeds the rule `screen_direction`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Span
from actors.screenplay.said_words import said_words
from actors.screenplay.statements import Statement, action_statements
from actors.screenplay.vocabulary import words

Side = Literal["left", "right"]
Kind = Literal["exits", "enters", "travels", "looks", "stands", "turn"]


@dataclass(frozen=True, slots=True)
class FramedTold:
    """``side`` of the frame, or for ``travels`` the side it goes to. ``other``: at whom somebody looks."""

    kind: Kind
    who: str
    side: Side
    span: Span
    other: str = ""


_FRAME = r"(?:frame|screen|camera|shot|picture)"
_SIDE = r"(?P<side>left|right)"
_AT_SIDE = (
    rf"(?:(?:on |at |to |from )?(?:the )?{_FRAME}[- ]{_SIDE}"
    rf"|(?:on |at |from |to )(?:the )?{_SIDE}(?: side)? of (?:the )?{_FRAME})"
)
_GOES = r"(?!look|star|glanc|gaz|point|peer|lean|gestur|nod|wav|reach|fad|zoom|track|pan|is\b)[a-z]+s"
_SIDED = "(?:left|right)"
_PART = (
    rf"{_FRAME}[- ]?{_SIDED}|{_FRAME},? (?:from|on|at|to) (?:the |{_FRAME} )?{_SIDED}"
    rf"|{_FRAME},? (?:{_FRAME})[- ]{_SIDED}|{_SIDED} of (?:the )?{_FRAME}"
)
_OUT = re.compile(
    rf"\s+(?:exits|leaves|{_GOES} out of|{_GOES} (?:off|out),?)(?: to)?(?: the)? (?:{_PART})\b", re.IGNORECASE
)
_IN = re.compile(rf"\s+(?:enters|{_GOES} in(?:to)?,?)(?: from)?(?: the)? (?:{_PART})\b", re.IGNORECASE)
_WHICH = re.compile(r"\b(left|right)\b", re.IGNORECASE)
_TRAVELS = re.compile(
    rf",?\s+(?P<verb>[a-z]+)\b[^.;]{{0,40}}?\b(?:from )?(?:(?:the )?{_FRAME}[- ])?(?P<from>left"
    rf"|right) to (?:{_FRAME}[- ])?(?P<to>left|right)\b",
    re.IGNORECASE,
)
_LOOKS = re.compile(
    rf",?\s+(?:looks|looking|stares|staring|gazes|gazing|glances|glancing|faces|facing|turns to look)"
    rf" (?:(?:to )?{_FRAME}[- ]|off[- ]?(?:{_FRAME}[- ])?)?{_SIDE},? (?:at|to|toward"
    rf"|towards) (?P<at>[\w'’. -]+?)[.,;!]?$",
    re.IGNORECASE,
)
_STANDS = re.compile(
    rf"(?:\s+(?:is|sits|stands|kneels|lies|waits|leans))? (?:{_AT_SIDE})\b|,\s*(?:(?:on "
    rf"|at )?{_FRAME}[- ](?P<side2>left|right))\b".replace("(?P<side>", "(?:"),
    re.IGNORECASE,
)
_NO_MOTION = words(
    """
    looks look glances glance reads read scans scan pans pan wipes wipe turns turn shakes shake sways sway sweeps sweep
    points point writes write gestures gesture waves wave nods nod is are swings swing leans lean types lists has have
    """
)
_CAMERA = words(
    """
    camera shot frame pan dolly crane lens we text titles title credits eyes letters image light headlights
    shadow curtain sign road river path line
    beam gaze wind rain text bus-stop arrow
    """
)
_TURN = re.compile(
    r"\b(?:turns?|turning|u-turn|back again|and back|back and forth|reverses direction|mirror\w*|reflection"
    r"|cross(?:es)? the line|across the line|crosses the (?:room|street|floor|axis)"
    r"|other side|new angle|different angle|swaps?|switch(?:es)?|trades? places|gets up|stands up|rises"
    r"|moves to|moves over|walks (?:to|over|around|past)|circles?"
    r"|returns?|again|forgot|later|paces|spins?|wheels|doubles back|retraces|flips?|flop\w*|jump cut"
    r"|time passes|from behind|from the opposite)\b",
    re.IGNORECASE,
)
_ARTICLE = re.compile(
    r"^(?P<article>The|the|A|An|Another|Two|Three|Some"
    r"|People)\s+(?P<who>(?:[a-z]+\s)??[a-z]+)(?P<rest>(?:,?\s[a-z]+ing\b|\s(?:[a-z]+s\b|pass\b|cross\b|move\b|ride\b"
    r"|march\b|thunder\b|gallop\b|race\b|run\b|roll\b|drive\b|fly\b|,|(?:camera|frame|screen)\b)).*)$"
)
# What names the shot stands before whom it shows: "WIDE: the truck …", "CLOSE ON ANA, …".
_SHOT = re.compile(
    r"^(?:(?:WIDE(?:R)?|CLOSE(?:R)?|MEDIUM|MED|TWO|LONG|FULL|TIGHT|REVERSE|OVERHEAD|TRACKING|ANGLE|INSERT|POV|ECU|CU|MS|LS)\b"
    r"(?: (?:SHOT|ANGLE|ON|UP|OF))*\s*[:.,–—-]*\s+)+|^[A-Z][A-Z -]{2,28}:\s+"
)
_HINT_WORDS = words("left right")
_HINT = re.compile(
    rf"\b(?:{_FRAME})[- ](?:left|right)\b|\b(?:left|right) (?:to (?:\w+ )?(?:left|right)"
    rf"|(?:side )?of (?:the )?{_FRAME})\b|\bframe (?:from|to|on) the\b|\boff[- ](?:left|right)\b",
    re.IGNORECASE,
)
_PICTURED = re.compile(
    r"\b(?:mirror\w*|reflection|photo\w*|on (?:tv|the monitor|the map)|reads|scans|page"
    r"|diagram|map)\b",
    re.IGNORECASE,
)


_Names = dict[int, tuple[Span, str]]  # names in action by where they begin, with the person's key


def framed_in(script: str, scene: Breakdown, key: Callable[[str], str]) -> Iterator[FramedTold]:
    """By position; nothing where no words of the camera are used."""
    if said_words(script).isdisjoint(_HINT_WORDS) or not _HINT.search(script):
        return
    names: _Names = {
        span.start: (span, key(person.key))
        for person in scene.cast
        for span in (*person.introductions, *person.mentions)
    }
    for statement in action_statements(script, scene, key):
        if _TURN.search(statement.text) is not None:
            yield FramedTold("turn", "", "left", statement.span)
        elif _HINT.search(statement.text) is not None and not _PICTURED.search(statement.text):
            for who, rest, at in _clauses(statement, names):
                yield from _clause(who, rest, statement.part(*at), key)


def _clauses(statement: Statement, names: _Names) -> Iterator[tuple[str, str, tuple[int, int]]]:
    """Clauses with their subject: a name at the head of each part between commas or semicolons, or "the" thing."""
    at = 0
    for piece in _PARTS.split(statement.text):
        low = statement.text.index(piece, at)
        shot = _SHOT.match(piece)
        named_shot = shot is not None and shot.end() < len(piece)
        part = piece[shot.end() :] if named_shot and shot is not None else piece
        low += len(piece) - len(part)
        at = low + len(part)
        tail = statement.text[at:].partition(",")[0]
        found = names.get(statement.span.start + low)
        thing = None if found is not None else _ARTICLE.match(part + _goes_on(part, tail))
        if found is not None:
            who, rest, end = found[1], statement.text[found[0].end - statement.span.start : at], at
            # "RUTH, camera left, faces …": the place stands behind the name's comma.
            if tail and (rest.strip() in ("", ",") or _SIDE_NEXT.match(tail)):
                rest, end = f"{rest.rstrip(', ')},{tail}", at + len(tail)
            yield who, rest.rstrip(" ,;"), (low, low + len(statement.text[low:end].rstrip(" ,;")))
        elif thing is not None and thing.group("article") in ("The", "the"):
            end = at + len(_goes_on(part, tail))
            whole = statement.text[low:end].rstrip(" ,;")
            yield "the " + thing.group("who"), thing.group("rest").rstrip(" ,;"), (low, low + len(whole))


def _goes_on(part: str, tail: str) -> str:
    """What a thing named alone does behind its comma: "the truck, moving right to left"."""
    return tail if part.rstrip().endswith(",") and re.match(r"\s*[a-z]+ing\b", tail) else ""


_PARTS = re.compile(r"(?<=[;,])\s+(?:and\s+|while\s+)?")
_SIDE_NEXT = re.compile(rf"\s*(?:{_FRAME}[- ]{_SIDED}|(?:from )?{_SIDED} to {_SIDED})\b", re.IGNORECASE)


def _clause(who: str, rest: str, span: Span, key: Callable[[str], str]) -> Iterator[FramedTold]:
    if who.removeprefix("the ").split()[-1] in _CAMERA or who.removeprefix("the ").split()[0] in _CAMERA:
        return
    travels = _TRAVELS.match(rest)
    if travels is not None and travels.group("verb").casefold() not in _NO_MOTION and _turns_side(travels):
        yield FramedTold("travels", who, _side(travels.group("to")), span)
        return
    looks = _LOOKS.match(rest)
    if looks is not None:
        yield FramedTold("looks", who, _side(looks.group("side")), span, key(looks.group("at")))
        return
    for kind, pattern in _PLACES:
        match = pattern.match(rest)
        if match is not None:
            which = _WHICH.findall(match.group())
            if len(set(map(str.casefold, which))) == 1:
                yield FramedTold(kind, who, _side(which[0]), span)
            return


_PLACES: tuple[tuple[Kind, re.Pattern[str]], ...] = (("exits", _OUT), ("enters", _IN), ("stands", _STANDS))


def _turns_side(travels: re.Match[str]) -> bool:
    return travels.group("from").casefold() != travels.group("to").casefold()


def _side(word: str) -> Side:
    return "left" if word.casefold() == "left" else "right"
