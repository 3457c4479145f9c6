"""Which thing goes through whose hands in a scene: given, taken, dropped for good, destroyed, used.

Invariant: a thing is a prop the breakdown found, right after its verb: who grabs a lantern from a hook has no hook. A
thing of which there are many (a glass, a cigarette) is nobody's for long and is not followed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from actors.screenplay.happenings import Happening, Kind
from actors.screenplay.heading import Span
from actors.screenplay.sentences import Sentence, Token
from actors.screenplay.vocabulary import words

NOUN_PHRASE_WORDS_MAX = 8
"""Words between a verb and its thing."""

ANYBODY = "*"
"""Gains by somebody whom nobody named: the thing is in other hands."""

_GIVES = words(
    """
    gives hands passes sells slips lends returns throws tosses slides surrenders delivers mails sends presses entrusts
    pawns offers-up relinquishes shoves pushes places puts drops lays bequeaths donates tucks
    """
)
# Given only into a hand: who puts the lamp on RUTH's table gives her nothing.
_INTO_HANDS_ONLY = words("presses shoves pushes places puts drops lays tucks")
_SETS_DOWN = words("sets puts places lays props leans drops")
_GOES_AWAY = words("leaves walks goes exits departs strides runs drives")
_HAND = words("hand hands palm palms pocket fingers lap arms grasp")
_TAKES = words(
    """
    takes grabs gets picks retrieves finds catches receives accepts snatches collects recovers steals buys fetches
    pockets swipes yanks wrests plucks draws pulls digs fishes produces scoops seizes claims borrows confiscates
    rescues reclaims nabs unearths salvages
    """
)
_DESTROYS = words("smashes burns tears shreds crushes destroys shatters incinerates demolishes obliterates melts")
_THROWS = words("throws tosses drops hurls flings lets kicks pitches chucks")
_LEAVES = words("leaves abandons buries forgets discards ditches")
_NO_USE = words(
    """
    is was has sees watches wants needs notices remembers misses spots looks eyes ignores passes follows hears
    recognizes avoids describes mentions asks imagines regards glances glares admires considers crosses circles
    approaches reaches his this its us as demands offers seeks hates loves likes knows means thinks believes doubts
    fears chases hides nears photographs searches leaves drops throws tosses says lacks missed gives
    """
)
_LOOKS = words("looks glances checks stares peers")
_WITH = words(
    """
    unlocks cuts digs strikes opens hits stabs locks pries points gestures taps waves prods slashes scrapes carves hacks
    threatens aims signals draws writes scratches pokes jabs smashes hammers knocks
    """
)
_LOST_TO = words("loses")
_AWAY = words("into over off away out overboard down")
_GONE = words(
    """
    river lake sea ocean water well fire flames furnace edge cliff void abyss window ravine canyon trash garbage
    dumpster sewer overboard rocks below canal harbor harbour fireplace stove incinerator shatters breaks smashes
    sinks
    """
)
_PARTICLES = words("up out down off back over away both")
_DETERMINERS = words("the his her their its this that my your our")
_INDEFINITE = words("a an another some any no new second other fresh spare identical similar different next more")
_OPENING = words("open apart free loose off from")
_BROKEN = words(
    """
    broken burnt burned torn shattered smashed pieces remains ashes shreds half ruined charred fragments scrap
    scraps empty what piece copy repaired mended fixed
    """
)
_MANY = words(
    """
    cigarette match glass cup coin money paper bottle flower coffee wine chair table plate stone stick candle towel
    fork spoon pen pencil needle ice cake card cards boat car cart tray flag bandage book rope glasses flowers
    keys-ring door mask drum piano mirror bed broom oar anchor wheel chain hook trunk cane cigar drink bag dish
    package computer luggage tape file folder crystal dynamite pouch keycard blueprint
    """
)
_FOLLOWS = words(
    """
    to at from with of in on for by about under behind through across against around near between toward towards
    along inside onto upon into over and but then while as until before after so because who that which is was out
    up down off away back open apart aside again high close tight together there here like overboard upside halfway
    once twice today tonight now
    """
)
_HIS_OWN = words(
    """
    pocket pockets bag purse coat jacket drawer holster belt boot sleeve satchel backpack handbag bosom wallet vest
    waistband jeans apron cloak rucksack knapsack glovebox
    """
)
HAND_WORDS = _GIVES | _TAKES | _DESTROYS | _THROWS | _LEAVES | _LOOKS | _WITH | _LOST_TO | {"dials"}


def hands_in(sentence: Sentence, things: Mapping[int, tuple[str, int]]) -> Iterator[Happening]:
    """``things``: where each prop of the scene begins → (its name, its end)."""
    yield from _lost_things(sentence, things)
    if sentence.asks or any(
        t.word.endswith(("n't", "n’t")) or t.word in ("not", "never", "tries", "almost") for t in sentence.tokens
    ):
        return
    for at, token in enumerate(sentence.tokens):
        if token.word in HAND_WORDS or _may_use(token.word):
            yield from _handled(sentence, at, things)


_ENDS = words("burns shatters explodes disintegrates dissolves sinks melts crumbles curls smashes splinters crumples")
_TO_NOTHING = words("ash ashes pieces smithereens flames dust shreds splinters bottom nothing")
_SNATCHES = words("snatches steals grabs swipes seizes confiscates takes pockets")


def _lost_things(sentence: Sentence, things: Mapping[int, tuple[str, int]]) -> Iterator[Happening]:
    """What goes with nobody's name before it: the letter burns to ash; a thief snatches RUTH's handbag."""
    tokens = sentence.tokens
    if sentence.asks or any(t.word in ("not", "never", "almost", "nearly", "if", "tries") for t in tokens):
        return
    for at, token in enumerate(tokens):
        found = _object(sentence, 0, things) if at == 0 and token.word in _DETERMINERS else None
        if (
            found is not None
            and found.definite
            and found.plain
            and found.name not in _MANY
            and found.after < len(tokens)
        ):
            said = {each.word for each in tokens[found.after :]}
            gone = tokens[found.after].word in _ENDS and (said & (_TO_NOTHING | _GONE) or len(said) <= 2)
            if gone or (tokens[found.after].word == "goes" and {"up", "flames"} <= said):
                yield Happening("destroys", ANYBODY, sentence.span, found.name)
        if token.word in _SNATCHES and at and sentence.subject_of(at) is None and not tokens[at - 1].who:
            taken = _object(sentence, at + 1, things)
            if taken is not None and taken.whose and taken.name not in _MANY:
                yield Happening("loses", taken.whose, sentence.span, taken.name)


def _may_use(word: str) -> bool:
    """What somebody does with a thing in hand: any verb of the present but those of looking and of letting go."""
    return len(word) > 3 and word.endswith("s") and not word.endswith("ss") and word not in _NO_USE


def _handled(sentence: Sentence, verb: int, things: Mapping[int, tuple[str, int]]) -> Iterator[Happening]:
    subject = sentence.subject_of(verb)
    if subject is None:
        return
    found = _object(sentence, verb + 1, things)
    if found is None:
        yield from _by_means(sentence, subject, verb, things)
    elif found.name not in _MANY:
        yield from _Move(sentence, subject, verb, found).happenings()


@dataclass(frozen=True, slots=True)
class _Thing:
    """A thing as an object: its name, the index after it, whether it was spoken of before, whose it is."""

    name: str
    after: int
    definite: bool
    whose: str
    plain: bool  # neither broken nor empty nor a piece of it


def _object(sentence: Sentence, at: int, things: Mapping[int, tuple[str, int]]) -> _Thing | None:
    """The thing that a noun phrase at ``at`` ends in; None where something else stands there first."""
    tokens = sentence.tokens
    definite, indefinite, plain, whose = False, False, True, ""
    for i in range(at, min(len(tokens), at + NOUN_PHRASE_WORDS_MAX)):
        token = tokens[i]
        if token.start in things:
            name, end = things[token.start]
            after = next((j for j in range(i, len(tokens)) if tokens[j].start >= end), len(tokens))
            compound = after < len(tokens) and tokens[after].is_word and tokens[after].word not in _FOLLOWS
            if compound and not tokens[after].who and not tokens[after].word.endswith("ly"):
                return None
            return _Thing(one_thing(name), after, definite and not indefinite, whose, plain)
        definite |= token.word in _DETERMINERS or token.owner
        indefinite |= token.word in _INDEFINITE
        plain &= token.word not in _BROKEN
        whose = token.who if token.name and token.owner else whose
        if not token.is_word or (token.word in _FOLLOWS and token.word not in _PARTICLES):
            return None
    return None


def one_thing(name: str) -> str:
    """What happenings call it: its last word, keys and glasses as one."""
    last = name.rsplit(maxsplit=1)[-1]
    return last[:-1] if last in ("keys", "glasses") else last


def _by_means(
    sentence: Sentence, subject: int, verb: int, things: Mapping[int, tuple[str, int]]
) -> Iterator[Happening]:
    """RUTH unlocks the gate with the keys; RUTH looks at her watch."""
    tokens, word = sentence.tokens, sentence.tokens[verb].word
    means = "with" if word in _WITH else "at" if word in _LOOKS else "on" if word == "dials" else ""
    at = next((i for i in range(verb + 1, len(tokens)) if tokens[i].word == means), None) if means else None
    if at is None or (word in _LOOKS and at + 1 < len(tokens) and tokens[at + 1].word not in ("his", "her")):
        return
    found = _object(sentence, at + 1, things)
    if found is not None and found.definite and found.plain and not found.whose and found.name not in _MANY:
        span = Span(tokens[subject].start, sentence.span.end)
        yield Happening("uses", tokens[subject].who, span, found.name)


@dataclass(frozen=True, slots=True)
class _Move:
    """A verb of hands with its subject and its thing."""

    sentence: Sentence
    subject: int
    verb: int
    thing: _Thing

    def happenings(self) -> Iterator[Happening]:
        word = self.sentence.tokens[self.verb].word
        rest = self.sentence.tokens[self.thing.after :]
        first = rest[0].word if rest else ""
        said = {token.word for token in rest}
        given = self._given_to(rest)
        if word in _TAKES:
            yield from self._taken(rest, said)
        elif word in _LOST_TO or (word in _GIVES and given is not None):
            if given is not None:
                yield self._of("loses", self._who, given)
                yield self._of("gains", given or ANYBODY)
        elif word in _DESTROYS:
            if first not in _OPENING and self.thing.definite:
                yield self._of("destroys", self._who)
            elif self.thing.definite and self.thing.plain and first == "open" and not self.thing.whose:
                yield self._of("uses", self._who)
        elif word in _SETS_DOWN and said & _GOES_AWAY and first in ("on", "in", "at", "by", "beside", "under", "down"):
            yield self._of("loses", self._who)
        elif word in _THROWS:
            if said & _GONE or (first in ("away", "overboard") and word != "lets"):
                yield self._of("loses", self._who)
        elif word in _LEAVES:
            if word == "buries" or first in ("on", "in", "at", "behind", "under", "with", "there"):
                yield self._of("loses", self._who)
        elif _may_use(word) and self.thing.definite and self.thing.plain and not self.thing.whose:
            yield self._of("uses", self._who)

    @property
    def _who(self) -> str:
        return self.sentence.tokens[self.subject].who

    def _of(self, kind: Kind, who: str, value: str = "") -> Happening:
        tokens = self.sentence.tokens
        return Happening(kind, who, Span(tokens[self.subject].start, self.sentence.span.end), self.thing.name, value)

    def _given_to(self, rest: Sequence[Token]) -> str | None:
        """Who gets it: a key, "" for somebody unsaid, None for nobody."""
        tokens = self.sentence.tokens
        for token in tokens[self.verb + 1 : self.thing.after] if tokens[self.verb].word not in _INTO_HANDS_ONLY else ():
            if (token.name and not token.owner) or token.word in ("him", "them"):
                return token.who if token.who != self._who else ""
        for i, token in enumerate(rest):
            into = (
                token.word in ("into", "in") and i + 2 < len(rest) and rest[i + 1].owner and rest[i + 2].word in _HAND
            )
            if into and rest[i + 1].who and rest[i + 1].who != self._who:
                return rest[i + 1].who
            if token.word == "to" and i + 1 < len(rest) and tokens[self.verb].word not in _INTO_HANDS_ONLY:
                to = rest[i + 1]
                if to.name and not to.owner:
                    return to.who
                return "" if to.word in ("him", "her", "them") and not to.owner else None
        return None

    def _taken(self, rest: Sequence[Token], said: set[str]) -> Iterator[Happening]:
        named = [i for i, t in enumerate(rest) if t.name and t.who != self._who]
        held = (i for i in named if i and (rest[i - 1].word == "from" or (rest[i - 1].word == "of" and rest[i].owner)))
        source = next((rest[i].who for i in held), self.thing.whose)
        if source:
            yield self._of("loses", source, self._who)
            yield self._of("gains", self._who)
        elif self.thing.definite and said & _HIS_OWN and self.thing.plain:
            yield self._of("uses", self._who)
        else:
            yield self._of("gains", self._who)
