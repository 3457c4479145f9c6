"""What people wear, put on and take off in a scene, with its colour.

Invariant: a garment is worn by whom the words say so: "RUTH, in a red dress", "wears", "puts on", "her red scarf". Of
a garment without a colour only putting on and taking off is noted.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.screenplay.happenings import Happening, Kind
from actors.screenplay.heading import Span
from actors.screenplay.sentences import Sentence, Token
from actors.screenplay.vocabulary import words

_GARMENTS = words(
    """
    dress gown suit tuxedo uniform coat raincoat overcoat jacket blazer shirt blouse sweater cardigan jumper
    t-shirt skirt jeans trousers pants shorts hat cap helmet scarf gloves glove cloak cape robe kimono sari vest
    tie apron hood hoodie boots shoes wig veil bandana shawl parka poncho tunic jumpsuit overalls pajamas
    nightgown bathrobe swimsuit turban beret sunglasses sundress anorak windbreaker waistcoat tracksuit leotard bikini
    polo sweatshirt pullover turtleneck camisole corset bonnet fedora bowtie necktie stockings tights sandals heels
    sneakers trainers slippers mittens cardigan fleece duffel trenchcoat greatcoat smock pinafore dungarees leggings
    nightshirt nightdress doublet pyjamas kilt headscarf balaclava earmuffs bodice petticoat jersey jerkin
    blouson cassock
    """
)
_COLOURS: dict[str, str] = {}
for _family in (
    "red crimson scarlet maroon burgundy", "blue navy azure turquoise teal", "green olive emerald",
    "yellow golden gold", "black", "white ivory cream", "gray grey silver charcoal",
    "brown tan beige khaki camel", "pink rose fuchsia",
    "purple violet lavender lilac mauve", "orange", "striped pinstriped", "plaid checkered tartan", "polka-dot",
):  # fmt: skip
    _COLOURS.update(dict.fromkeys(_family.split(), _family.split()[0]))
_MORE_COLOURS = {
    "indigo": "blue", "cobalt": "blue", "cherry": "red", "ruby": "red", "magenta": "pink", "mustard": "yellow",
    "lemon": "yellow", "chestnut": "brown", "chocolate": "brown", "slate": "gray", "jade": "green",
    "amethyst": "purple",
}  # fmt: skip
_COLOURS.update(_MORE_COLOURS)
SORT = "sort "
"""What a garment is made as, beside its colour: a straw hat is no bowler hat. Sorts are compared with sorts only."""
for _family in (
    "straw", "bowler", "top", "cowboy", "fur", "felt", "leather", "silk", "denim", "tweed", "velvet",
    "woollen woolen wool", "lace", "linen", "sequined", "rubber", "baseball", "flat", "panama",
):  # fmt: skip
    _COLOURS.update(dict.fromkeys(_family.split(), SORT + _family.split()[0]))
NOUN_PHRASE_WORDS_MAX = 5
_WEARS = words(
    """
    wears wearing dressed dons sports in puts has clad buttons zips ties straightens loosens smooths adjusts
    tightens pulls dresses wearing tugs smoothes hitches tips doffs fastens unbuttons shrugs pats rocks
    """
)
_PUTS_ON = words("puts pulls slips dons throws")
_TAKES_OFF = words("takes pulls removes strips sheds peels throws tears slips kicks shrugs tugs yanks rips whips")
_CHANGES = words(
    """
    changes changed undresses undress dresses strips naked disguise disguised disguises clothes outfit costume
    costumes wardrobe towel
    """
)
_OTHERS = words(
    """
    man woman boy girl guy figure men women child kid stranger somebody someone person people lady gentleman
    mannequin doll statue portrait photograph picture photo painting poster closet hanger rack window nurse
    guard soldier officer waiter body corpse
    """
)
CLOTHES_WORDS = _GARMENTS | _CHANGES


def colour_of(word: str) -> str | None:
    """The family of a colour word: crimson is red; None: it is none (a sort of a garment is no colour)."""
    family = _COLOURS.get(word.casefold())
    return None if family is None or family.startswith(SORT) else family


def clothes_in(sentence: Sentence) -> Iterator[Happening]:
    tokens = sentence.tokens
    said = sentence.words()
    if said & _CHANGES:
        for token in tokens:
            if token.who:
                yield Happening("changes", token.who, sentence.span)
        return
    if sentence.asks or said & {"like", "if", "would", "another", "same", "other"}:
        return
    for at, token in enumerate(tokens):
        if token.word in _GARMENTS and not (at + 1 < len(tokens) and tokens[at + 1].word in _GARMENTS):
            yield from _garment(sentence, at)


def _garment(sentence: Sentence, at: int) -> Iterator[Happening]:
    """The garment at ``at``: walk back over its noun phrase to what is said of it."""
    tokens = sentence.tokens
    colours: list[Token] = []
    owner, i = "", at - 1
    while i >= 0 and at - i <= NOUN_PHRASE_WORDS_MAX:
        token = tokens[i]
        if token.owner or token.word in ("a", "an", "the"):
            owner = token.who if token.owner else ""
            i -= 1
            break
        if token.word in _COLOURS:
            colours.append(token)
        elif not token.is_word or token.who or token.word in _WEARS or token.word in ("of", "and", "with", "on"):
            break
        i -= 1
    colour = colours[0] if len(colours) == 1 else None
    yield from _worn(sentence, at, i, colour, owner)


def _worn(sentence: Sentence, at: int, verb: int, colour: Token | None, owner: str) -> Iterator[Happening]:
    """``verb`` is the index of the word before the noun phrase."""
    tokens, garment = sentence.tokens, sentence.tokens[at].word
    if verb < 0:
        whose = owner or _round_somebody(sentence, at)
        if whose and colour:
            yield _of("wears", whose, sentence, garment, colour, at)
        return
    word = tokens[verb].word
    before = tokens[verb - 1].word if verb else ""
    after = tokens[at + 1].word if at + 1 < len(tokens) else ""
    off = (word == "off" and before in _TAKES_OFF) or (word in _TAKES_OFF and after == "off") or word == "removes"
    on = (word == "on" and before in _PUTS_ON) or (word in _PUTS_ON and after == "on") or word == "dons"
    up = word == "up" and before in _WEARS
    head = verb - 1 if word in ("on", "off") or up else verb
    who = _wearer(sentence, head)
    if who is None:
        if owner and colour and not off:
            yield _of("wears", owner, sentence, garment, colour, at)
        return
    if off:
        yield _of("sheds", who, sentence, garment, None, at)
    elif on:
        yield _of("dons", who, sentence, garment, colour, at)
    elif word in ("in", "into"):
        if word == "in" and garment in _KINDS and owner in ("", who):
            mark = Span(tokens[at].start, tokens[at].end)
            span = Span(sentence.first_of(who, at), tokens[at].end)
            yield Happening("wears", who, span, OUTFIT, _KINDS[garment], mark=mark)
        if colour and word == "in" and (owner in ("", who)):
            yield _of("wears", who, sentence, garment, colour, at)
    elif word in _WEARS or up or (word == "on" and before == "has"):
        around = {token.word for token in tokens[at + 1 : at + 5]}
        if word == "ties" and not around & {"neck", "head", "shoulders", "waist"}:
            return
        if owner in ("", who):
            yield _of("wears", who, sentence, garment, colour, at)
    elif owner and colour:
        yield _of("wears", owner, sentence, garment, colour, at)


OUTFIT = "outfit"
"""What somebody is dressed in as a whole, told without a colour: its kind is its value."""
_KINDS: dict[str, str] = {}
for _kind in (
    "suit tuxedo", "dress gown sundress", "jeans hoodie shorts t-shirt sweatshirt tracksuit sweatpants"
                                          " leggings", "uniform",
    "bathrobe pajamas pyjamas nightgown nightshirt"
    " nightdress", "swimsuit bikini", "overalls jumpsuit dungarees", "kimono sari",
):  # fmt: skip
    _KINDS.update(dict.fromkeys(_kind.split(), _kind.split()[0]))
_HANGS = words("is hangs sits lies rests")
_ROUND = words("neck throat shoulders head waist brow wrist hips back")


def _round_somebody(sentence: Sentence, at: int) -> str:
    """A red scarf is knotted at RUTH's throat: whose."""
    tokens = sentence.tokens
    if at + 1 >= len(tokens) or tokens[at + 1].word not in _HANGS:
        return ""
    owners = [i for i in range(at + 2, min(len(tokens) - 1, at + 7)) if tokens[i].owner and tokens[i].who]
    return tokens[owners[0]].who if owners and tokens[owners[0] + 1].word in _ROUND else ""


def _wearer(sentence: Sentence, verb: int) -> str | None:
    """The nearest person before, with nobody else between."""
    tokens = sentence.tokens
    for i in range(verb, -1, -1):
        token = tokens[i]
        if token.word in _OTHERS:
            return None
        if token.name and not token.owner:
            return token.who
        if token.who and not token.owner and sentence.heads_clause(i):
            return token.who
        if token.name and token.owner:
            return None
    return None


def _of(kind: Kind, who: str, sentence: Sentence, garment: str, colour: Token | None, at: int) -> Happening:
    span = Span(sentence.first_of(who, at), sentence.tokens[at].end)
    if colour is None:
        return Happening(kind, who, span, garment)
    return Happening(kind, who, span, garment, _COLOURS[colour.word], mark=Span(colour.start, colour.end))
