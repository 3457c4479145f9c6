"""Answers without a model: what a role knows, said in the form the line asks for. Named "grammar" wherever it is shown.

The invariant: pure and seeded; a question about something the role knows is answered with that, quoting where it knows
it from; about something it cannot know it says so, and nothing here knows more than the frame. A role that distrusts
who asks says less. What the narrator answers is action, what a character answers is speech.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from actors.tableread import asked, knowing
from actors.tableread.asked import Question
from actors.tableread.entry import Entry
from actors.tableread.knowing import NARRATOR, Bond, Frame, Piece, Recalled
from actors.tableread.triggers import content
from actors.tableread.wording import as_name, at_place, cut_short, joined, put_by, stem, with_a, with_the

GRAMMAR = "grammar"
DISTRUST_UNDER = -0.3
"""Trust in whoever asks, under which a role keeps things to itself: where tension begins in the story's graph."""

UNKNOWN_CONFIDENCE, KEPT_CONFIDENCE, REMARK_CONFIDENCE = 0.6, 0.5, 0.3


@dataclass(frozen=True, slots=True)
class Answer:
    """`because`: what it rests on; `must`: words that whoever phrases it anew has to keep; `knows`: False where the
    role cannot know."""

    role: str
    words: str
    confidence: float
    because: tuple[Mapping[str, Any], ...] = ()
    must: tuple[str, ...] = ()
    knows: bool = True


@dataclass(frozen=True, slots=True)
class _Said:
    words: str
    pieces: tuple[Piece, ...] = ()
    recalled: tuple[Recalled, ...] = ()
    confidence: float = 0.0
    must: tuple[str, ...] = field(default=())
    knows: bool = True


@dataclass(frozen=True, slots=True)
class _Asked:
    """One role, asked."""

    frame: Frame
    question: Question
    by: str  # key of who asks, "": nobody of the story
    names: Mapping[str, str]  # key → as people write it
    all: Frame  # the narrator's
    seed: str

    def name(self, who: str) -> str:
        if who == self.frame.role:
            return "I"
        if self.by and who == self.by:
            return "you"
        return as_name(self.names.get(who) or who)

    def one_of(self, *ways: str) -> str:
        digest = hashlib.sha256(f"{self.seed}/{self.frame.role}".encode()).digest()
        return ways[digest[0] % len(ways)]


def answers(
    entry: Entry, text: str, roles: Sequence[str], by: str, names: Mapping[str, str], seed: str
) -> list[Answer]:
    """`roles`: who answers, in order; `names`: spelling → key, case folded."""
    question = asked.read(text, names, asked.called(text, names))
    known = {**entry.scene.names, **entry.scene.people}
    told = entry.frames[NARRATOR]
    return [
        _answer(_Asked(entry.frames[role], question, by, known, told, seed)) for role in roles if role in entry.frames
    ]


def _answer(of: _Asked) -> Answer:
    said = _distrusts(of) or _BY_KIND[of.question.kind](of)
    words = cut_short(said.words[:1].upper() + said.words[1:])
    sure = said.confidence or min((each.confidence for each in said.pieces), default=UNKNOWN_CONFIDENCE)
    because = [_because(each.scene, each.start, each.end, each.quote) for each in said.pieces]
    because += [_because(each.scene, each.start, each.end, each.text) for each in said.recalled]
    return Answer(of.frame.role, words, round(sure, 2), tuple(because), said.must, said.knows)


def _because(scene: str, start: int, end: int, text: str) -> dict[str, Any]:
    return {"sceneId": scene, "start": start, "end": end, "text": text[:160]}


def _distrusts(of: _Asked) -> _Said | None:
    """Somebody who does not trust who asks tells nothing."""
    bond = next((each for each in of.frame.bonds if of.by and each.to == of.by), None)
    low = bond is not None and min(_told(bond.trust_benevolence), _told(bond.trust_competence)) < DISTRUST_UNDER
    if not low or of.question.kind in (asked.BOND, asked.REMARK):
        return None
    words = of.one_of("Why would I tell you?", "You of all people ask me that.", "Ask somebody who trusts you.")
    return _Said(words, confidence=KEPT_CONFIDENCE)


def _told(trust: float | None) -> float:
    return 0.0 if trust is None else trust


# what may be asked
def _holder(of: _Asked) -> _Said:
    found = _matching(of, of.frame.about(knowing.HOLDS))
    if found:
        return _has(of, found[0])
    put = _matching(of, of.frame.about(knowing.PUT), by_who=True)
    return _put(of, put[0]) if put else _looked_back(of)


def _has(of: _Asked, piece: Piece) -> _Said:
    who, thing = of.name(piece.who), with_the(piece.words)
    if who in ("I", "you"):
        words = f"{who} have {thing}."
    else:
        words = f"{who} has {thing}." if piece.now else f"{who} had {thing}, when I last saw it."
    if of.frame.role == NARRATOR:
        words = f"{who} {'has' if piece.now else 'had'} {thing}."
    return _Said(words, (piece,), must=(*content(piece.words)[-1:], *_must(of, piece.who)))


def _put(of: _Asked, piece: Piece) -> _Said:
    words = f"{with_the(piece.who)} {'is' if piece.now else 'was'} {at_place(piece.words, put_by(piece.words))}."
    return _Said(words, (piece,), must=tuple(content(piece.words)[-1:]))


def _where(of: _Asked) -> _Said:
    people, you = of.question.people, of.question.you
    if people or (you and not of.question.words):
        who = people[0] if people else of.frame.role
        return _whereabouts(of, who)
    put = _matching(of, of.frame.about(knowing.PUT), by_who=True)
    held = _matching(of, of.frame.about(knowing.HOLDS))
    if held and (held[0].now or not put):
        return _has(of, held[0])
    if put:
        return _put(of, put[0])
    return _looked_back(of) if of.question.words else _whereabouts(of, of.frame.role)


def _whereabouts(of: _Asked, who: str) -> _Said:
    here = next(of.frame.about(knowing.HERE), None)
    if who == of.frame.role or any(each.who == who for each in of.frame.about(knowing.WITH)):
        if here is None:
            return _Said("Here.", confidence=UNKNOWN_CONFIDENCE)
        name = of.name(who)
        verb = {"I": "am", "you": "are"}.get(name, "is")
        start = f"{name} {verb} here" if of.frame.role != NARRATOR else f"{name} is here"
        return _Said(f"{start}, {at_place(here.words)}.", (here,), must=tuple(content(here.words)[-1:]))
    seen = next((each for each in of.frame.about(knowing.SEEN_AT) if each.who == who), None)
    if seen is None:
        return _unknown(of, [each for each in of.all.about(knowing.SEEN_AT, knowing.HERE) if each.who == who])
    name, place = of.name(who), at_place(seen.words)
    words = f"{name} was last seen {place}." if of.frame.role == NARRATOR else f"I last saw {name} {place}."
    return _Said(words, (seen,), must=(*content(seen.words)[-1:], *_must(of, who)))


def _holding(of: _Asked) -> _Said:
    return _list(of, knowing.HOLDS, "have", "has", "Nothing in my hands.")


def _wearing(of: _Asked) -> _Said:
    return _list(of, knowing.WEARS, "wear", "wears", "Nothing anybody has remarked on.")


def _list(of: _Asked, about: str, mine: str, theirs: str, nothing: str) -> _Said:
    who = _subject(of)
    found = tuple(each for each in of.frame.about(about) if each.who == who)
    if not found:
        if who == of.frame.role and who != NARRATOR:
            return _Said(nothing, confidence=UNKNOWN_CONFIDENCE)
        return _unknown(of, [each for each in of.all.about(about) if each.who == who])
    name = of.name(who)
    verb = mine if name in ("I", "you") else theirs
    words = f"{name} {verb} {joined(with_a(each.words) for each in found)}."
    return _Said(words, found, must=tuple(word for each in found for word in content(each.words)[-1:]))


def _hurting(of: _Asked) -> _Said:
    who = _subject(of)
    found = tuple(each for each in of.frame.about(knowing.HURT) if each.who == who)
    if not found:
        mine = who == of.frame.role and who != NARRATOR
        return (
            _Said(of.one_of("I am not hurt.", "I am all right."), confidence=UNKNOWN_CONFIDENCE)
            if mine
            else _unknown(of, ())
        )
    name, wounds = of.name(who), joined(each.words for each in found)
    own = {"I": "my", "you": "your"}.get(name, f"{name}’s")
    verb = ("are" if len(found) > 1 else "is") if found[0].now else ("were" if len(found) > 1 else "was")
    must = tuple(word for each in found for word in content(each.words)[-1:])
    return _Said(f"{own} {wounds} {verb} hurt.", found, must=must)


def _aged(of: _Asked) -> _Said:
    who = _subject(of)
    found = next((each for each in of.frame.about(knowing.AGE) if each.who == who), None)
    if found is None:
        return _unknown(of, [each for each in of.all.about(knowing.AGE) if each.who == who])
    name = of.name(who)
    verb = {"I": "am", "you": "are"}.get(name, "is")
    return _Said(f"{name} {verb} {found.words}.", (found,), must=(found.words.split()[0],))


def _bond(of: _Asked) -> _Said:
    who = of.question.people[0] if of.question.people else of.by
    bond = next((each for each in of.frame.bonds if each.to == who), None)
    if bond is None or not who:
        return _Said(
            of.one_of("I have not made up my mind.", "I could not say."), confidence=REMARK_CONFIDENCE, knows=False
        )
    felt = _feels(of, bond)
    kept = tuple(word for word in ("trust", "owe", "sure") if word in content(felt))
    return _Said(felt, confidence=0.8, must=(*kept, *_must(of, bond.to)))


def _feels(of: _Asked, bond: Bond) -> str:
    name = "you" if bond.to == of.by else as_name(bond.name)
    known = [each for each in (bond.trust_benevolence, bond.trust_competence) if each is not None]
    parts = []
    if known:
        low, high = min(known), max(known)
        parts.append(
            f"I do not trust {name}"
            if low < DISTRUST_UNDER
            else f"I trust {name}"
            if high > 0.3
            else f"I am not sure of {name}"
        )
    if bond.debt is not None and bond.debt > 0:
        parts.append(f"I owe {name}" if known else f"I owe {name} something")
    return f"{', and '.join(parts)}." if parts else f"{name} and I have stood in the same rooms. That is all."


def _company(of: _Asked) -> _Said:
    found = tuple(of.frame.about(knowing.WITH))
    if not found:
        return _Said("Nobody else is here.", confidence=UNKNOWN_CONFIDENCE)
    names = joined(as_name(each.words) for each in found)
    return _Said(
        f"{names} {'is' if len(found) == 1 else 'are'} here.",
        found,
        must=tuple(content(each.words)[-1] for each in found if content(each.words)),
    )


def _hour(of: _Asked) -> _Said:
    hour = next(of.frame.about(knowing.HOUR), None)
    if hour is None:
        return _unknown(of, ())
    word = hour.words.replace("_", " ").lower()
    return _Said(f"It is {word}.", (hour,), must=(word.split()[-1],))


def _fate(of: _Asked) -> _Said:
    people = of.question.people
    who = people[0] if people else of.frame.role
    found = next((each for each in of.frame.about(knowing.ALIVE) if each.who == who), None)
    if found is not None:
        name = of.name(who)
        verb = {"I": "am", "you": "are"}.get(name, "is")
        return _Said(f"{name} {verb} {found.words}.", (found,), must=(found.words,))
    if who == of.frame.role or any(each.who == who for each in of.frame.about(knowing.WITH)):
        name = of.name(who)
        verb = {"I": "am", "you": "are"}.get(name, "is")
        return _Said(f"{name} {verb} alive, as you can see.", confidence=0.8)
    return _unknown(of, [each for each in of.all.about(knowing.ALIVE) if each.who == who])


def _whois(of: _Asked) -> _Said:
    who = _subject(of)
    found = next((each for each in of.frame.about(knowing.LOOKS) if each.who == who), None)
    if found is not None:
        name = of.name(who)
        words = (
            f"{as_name(of.frame.name)}. {found.words.capitalize()}."
            if who == of.frame.role
            else f"{name}: {found.words}."
        )
        return _Said(words, (found,), must=tuple(content(found.words)[:1]))
    if who == of.frame.role and who != NARRATOR:
        return _Said(f"I am {as_name(of.frame.name)}.", confidence=0.8)
    return _recall(of)


def _recall(of: _Asked) -> _Said:
    """What they know of it; else the last thing they saw or heard about it, word for word."""
    knows = _matching(of, of.frame.about(knowing.KNOWS))
    if knows:
        piece = knows[0]
        name = of.name(piece.who) if piece.who != "*" else "everybody"
        mine = name == "I" and piece.quote.startswith("I ")
        words = (
            piece.quote if mine else f"{name} {'know' if name in ('I', 'you') else 'knows'} about the {piece.words}."
        )
        return _Said(words, (piece,), must=tuple(content(piece.words)[-1:]))
    return _looked_back(of)


def _looked_back(of: _Asked) -> _Said:
    """The newest words about it that they were there for; if there are none, that they do not know."""
    found = recalled(of.frame, of.question)
    if found is not None:
        return _Said(_quoted(of, found), recalled=(found,), confidence=knowing.RECALLED_CONFIDENCE)
    elsewhere = _matching(of, of.all.about(knowing.KNOWS, knowing.HOLDS))
    return _unknown(of, elsewhere or recalled(of.all, of.question) is not None)


def recalled(frame: Frame, question: Question) -> Recalled | None:
    """The newest sentence with most of what is asked about: with half of the things, where things are named."""
    things = {stem(word) for word in question.words}
    people = {stem(word) for who in question.people for word in content(who)}
    best: tuple[int, Recalled] | None = None
    for unit in frame.recalls if things or people else ():
        words = {stem(word) for word in (*content(unit.text), *content(unit.speaker))}
        about = len(things & words)
        count = about * 2 + len(people & words)
        if (about * 2 >= len(things) if things else count) and count and (best is None or count > best[0]):
            best = count, unit
    return best[1] if best is not None else None


def _quoted(of: _Asked, found: Recalled) -> str:
    text = found.text.strip(' “”"')
    for name in of.names.values():
        text = text.replace(name.upper(), as_name(name.upper()))
    if not found.speaker:
        return text if of.frame.role == NARRATOR else f"I was there. {text}"
    name = of.name(found.speaker)
    return f"{name} said: “{text}”"


def _remark(of: _Asked) -> _Said:
    """Nothing was asked: the narrator looks around, a character answers as they feel."""
    if of.frame.role == NARRATOR:
        here, hour = next(of.frame.about(knowing.HERE), None), next(of.frame.about(knowing.HOUR), None)
        people = joined(as_name(each) for each in dict.fromkeys(e.words for e in of.frame.about(knowing.WITH)))
        place = f"{at_place(here.words)}" if here is not None else "here"
        words = f"{people or 'Nobody'} {'wait' if ' and ' in people else 'waits'} {place}."
        found = tuple(each for each in (here, hour) if each is not None)
        return replace(_Said(words, found), confidence=REMARK_CONFIDENCE)
    bond = next((each for each in of.frame.bonds if of.by and each.to == of.by), None)
    trust = 0.0 if bond is None else max(_told(bond.trust_benevolence), _told(bond.trust_competence), key=abs)
    if trust < DISTRUST_UNDER:
        words = of.one_of("I do not believe you.", "So you say.", "That is not for you to say.")
    elif trust > -DISTRUST_UNDER:
        words = of.one_of("I believe you.", "Then so be it.", "I am with you.")
    else:
        words = of.one_of("Go on.", "And then?", "If you say so.")
    return _Said(words, confidence=REMARK_CONFIDENCE)


_BY_KIND = {
    asked.HOLDER: _holder,
    asked.WHERE: _where,
    asked.HOLDING: _holding,
    asked.WEARING: _wearing,
    asked.HURTING: _hurting,
    asked.AGED: _aged,
    asked.BOND: _bond,
    asked.COMPANY: _company,
    asked.HOUR: _hour,
    asked.FATE: _fate,
    asked.WHOIS: _whois,
    asked.RECALL: _recall,
    asked.REMARK: _remark,
}


# words
def _unknown(of: _Asked, elsewhere: Sequence[Piece] | bool) -> _Said:
    """`elsewhere`: what the story says of it where this role was not."""
    if of.frame.role == NARRATOR:
        return _Said("The story has not said.", confidence=UNKNOWN_CONFIDENCE, knows=False)
    if elsewhere:
        words = of.one_of(
            "I cannot know. I was not there.", "I was not there. How should I know?", "Nobody has told me that."
        )
    else:
        words = of.one_of("I do not know.", "I could not tell you.", "That is more than I know.")
    return _Said(words, confidence=UNKNOWN_CONFIDENCE, knows=False)


def _matching(of: _Asked, pieces: Iterable[Piece], *, by_who: bool = False) -> list[Piece]:
    """Those about what the line names, the best match first, then what still holds."""
    wanted = {stem(word) for word in of.question.words}
    found: list[tuple[int, bool, int, Piece]] = []
    for at, each in enumerate(pieces):
        words = {stem(word) for word in content(each.who if by_who else each.words)}
        if wanted & words:
            found.append((-len(wanted & words), not each.now, at, each))
    return [each for *_, each in sorted(found, key=lambda row: row[:3])]


def _subject(of: _Asked) -> str:
    return of.question.people[0] if of.question.people else of.frame.role


def _must(of: _Asked, who: str) -> tuple[str, ...]:
    name = of.name(who)
    return () if name in ("I", "you") else tuple(content(name)[-1:])
