"""Who dies in a scene, and who is alive again: from plain statements in action.

Invariant: a death is a statement about somebody of the scene by name (or a pronoun that can mean nobody else), in the
indicative. Nearly, as if, would, in a question, in speech: no death. "Dead tired" and "dies down" neither, nor a look
that kills, nor any death in a scene that may show something else than what happens (`actors.screenplay.unreal`).
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.screenplay.happenings import Happening, Kind
from actors.screenplay.heading import Span
from actors.screenplay.sentences import Sentence
from actors.screenplay.vocabulary import words

DEATH_WORDS = words(
    """
    dead dies died killed kills drowns drowned passes passed executed executes hanged beheaded murdered murders
    slain lifeless buries bury perishes perished breathing alive revives revived resurrected resurrects ghost zombie
    undead awakens coma survives survived stabs shoots strangles hangs poisons clubs slashes spears impales beheads
    """
)
_UNSURE = words(
    """
    not n't never nearly almost if like seems seem appears pretend pretends pretending would could might may should
    wants want wish about think thinks thought believe believes hope hopes afraid fears maybe perhaps probably until
    unless playing plays play half supposed supposedly presumed looks who everyone nobody dream dreams imagines
    threatens tries trying wounded unconscious possum no or joke jokes laughing laughs
    paper papers headline headlines effigy absentia declared karaoke chess cards poker game games dream dreamt
    """
)
_DOUBTED = words(
    "seems seem appears pretend pretends pretending dream dreams imagines if like possum joke supposedly almost"
)
_DIES = words("dies drowns perishes passes passed")
_DIED = words("dead died drowned killed executed hanged beheaded murdered slain lifeless perished")
_KILLS = words("kills murders executes beheads hangs")
_STOPS = frozenset((",", ".", "!", "?", ";", ":", "—", "–", "-", "…", ")", '"', "”"))
_DEAD_THEN = words("in at by before under beneath beside now and when from after")
"""What may follow "is dead" and leave it a death: not "dead tired", "dead last", "dead to the world"."""

_DEAD_IN = words("tracks water silence earnest bed centre center")
_DIES_THEN = words("in at on by before of from and as when with under alone there here peacefully quietly instantly")
_FIGURES = words(
    """
    shame embarrassment boredom envy curiosity laughter mortification happiness joy excitement anticipation longing
    stage up jealousy look glance smile wink kindness kisses sorrows light sound silence noise sand snow neck waist
    blankets pillows work dry papers camera lens selfie flash song tune joke punchline
    """
)
_BODILESS = words("off out")
_HIDES = words("they he she we men women mourners soldiers villagers family")
_LETHAL = words(
    """
    bomb bullet bullets shot blast explosion grenade mine poison venom knife blade sword axe spear arrow arrows beast
    car truck train bus crash fall shark lion tiger wolf wolves bear snake killer sniper assassin gunman gunmen soldier
    soldiers guard guards executioner hangman stranger man men woman hitman officer cop cops agent agents monster
    creature dragon mob lightning disease plague fever cancer
    """
)
_VIOLENCE = words("stabs shoots strangles hangs poisons clubs slashes spears impales")
_FALLS = words("falls drops collapses slumps lands sinks")
_LIVES = words("alive revives revived resurrected resurrects awakens ghost zombie undead survives survived")


def deaths_in(sentence: Sentence) -> Iterator[Happening]:
    said = sentence.words()
    if said & _LIVES or "coma" in said:
        for token in sentence.tokens:
            if token.who:
                yield _of("lives", token.who, sentence.span)
        return
    if sentence.asks or said & _DOUBTED:
        return
    if said & _FIGURES:
        return
    for at, token in enumerate(sentence.tokens):
        who = _dead(sentence, at) if token.word in DEATH_WORDS and _plainly(sentence, at) else None
        if who is not None:
            yield _of("dies", who, sentence.span)
            return


def _plainly(sentence: Sentence, at: int) -> bool:
    """Nothing up to the end of this clause takes it back."""
    for i, token in enumerate(sentence.tokens):
        if i > at and token.word in (",", ";", ":", "—", "–"):
            return True
        if token.word in _UNSURE or token.word.endswith(("n't", "n’t")):
            return False
    return True


def _dead(sentence: Sentence, at: int) -> str | None:
    """Who is dead by the word at ``at``."""
    tokens, word = sentence.tokens, sentence.tokens[at].word
    after = tokens[at + 1].word if at + 1 < len(tokens) else ""
    if word in ("passes", "passed"):
        then = tokens[at + 2].word if at + 2 < len(tokens) else ""
        return _subject(sentence, at) if after == "away" and _ends(then, _DIES_THEN) else None
    if word in _DIES and _ends(after, _DIES_THEN):
        return _subject(sentence, at)
    if word in _DIED and _stays_dead(sentence, at):
        return _state(sentence, at, word)
    if word in _KILLS or word in ("bury", "buries"):
        return _object(sentence, at, plain=True) if _does_it(sentence, at) else None
    if word == "breathing" and at > 0 and tokens[at - 1].word == "stopped":
        return _subject(sentence, at - 1)
    if word in _VIOLENCE:
        victim = _object(sentence, at, plain=True)
        rest = {token.word for token in tokens[at + 1 :]}
        dead = next((i for i in range(at, len(tokens)) if tokens[i].word in ("dead", "lifeless")), None)
        sure = dead is not None and _stays_dead(sentence, dead)
        return victim if victim is not None and rest & _FALLS and sure else None
    return None


def _ends(after: str, then: frozenset[str]) -> bool:
    return not after or after in _STOPS or after in then


def _stays_dead(sentence: Sentence, at: int) -> bool:
    """No "dead tired", no "was killed off", no "dead in her tracks"."""
    tokens = sentence.tokens
    after = tokens[at + 1].word if at + 1 < len(tokens) else ""
    if tokens[at].word in ("dead", "lifeless"):
        return _ends(after, _DEAD_THEN) and not (after == "in" and sentence.words() & _DEAD_IN)
    return after not in _BODILESS


def _does_it(sentence: Sentence, verb: int) -> bool:
    """Whoever or whatever does it can: a person by name, or something deadly. A look, a heat, a suspense cannot."""
    before = [token for token in sentence.tokens[:verb] if token.is_word]
    subject = sentence.subject_of(verb)
    if subject is not None and sentence.tokens[subject].who:
        return True
    word = before[-1].word if before else ""
    return word in (_HIDES if sentence.tokens[verb].word in ("bury", "buries") else _LETHAL | _HIDES)


def _subject(sentence: Sentence, verb: int) -> str | None:
    """By name: a pronoun may mean somebody who was found, not whoever found them."""
    at = sentence.subject_of(verb)
    if at is None:
        return None
    token = sentence.tokens[at]
    named = token.name or any(each.who == token.who and each.name for each in sentence.tokens[:at])
    return token.who if named else None


def _state(sentence: Sentence, at: int, word: str) -> str | None:
    """RUTH is dead; RUTH falls dead; RUTH collapses, dead; It is RUTH, dead; RUTH was killed instantly."""
    tokens = sentence.tokens
    before = tokens[at - 1].word if at else ""
    if word == "died" or before in ("is", "was", "are", "been", "gets", "lies", "lie", "being"):
        if before == "lies":
            return _subject(sentence, at - 1)
        return _subject(sentence, at)
    if word not in ("dead", "lifeless"):
        return None
    if before in _FALLS:
        return _subject(sentence, at - 1)
    if before == "," and at >= 2:
        ahead = tokens[at - 2]
        if ahead.word in _FALLS:
            return _subject(sentence, at - 2)
        if ahead.name and not ahead.owner and tokens[at - 3].word in ("is", "'s", "’s", "it's", "it’s"):
            return ahead.who if at >= 3 else None
    return None


def _object(sentence: Sentence, verb: int, *, plain: bool) -> str | None:
    """The person right after the verb; ``plain``: somebody or something must do it."""
    tokens = sentence.tokens
    if verb + 1 >= len(tokens) or (plain and verb == 0):
        return None
    after = tokens[verb + 1]
    return after.who if after.name and not after.owner else None


def _of(kind: Kind, who: str, span: Span) -> Happening:
    return Happening(kind, who, span)
