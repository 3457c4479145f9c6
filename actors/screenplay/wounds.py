"""Who is hurt in a scene, where and on which side; who shows a wound had before; who is well again.

Invariant: a wound is a word of hurting right beside a part of the body, by name or pronoun of one person. A hand that
holds a wound is not hurt itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.screenplay.happenings import Happening, Kind
from actors.screenplay.heading import Span
from actors.screenplay.sentences import Sentence
from actors.screenplay.vocabulary import words

_PARTS = words(
    """
    arm hand leg eye shoulder thigh knee wrist ankle foot ear elbow hip cheek shin calf forearm finger thumb palm
    temple eyebrow
    """
)
_FRESH = words(
    """
    breaks cuts twists scrapes burns dislocates fractures sprains slices slashes injures wounds bruises grazes
    shatters mangles crushes snaps cracks gashes nicks punctures scalds sprains pierces lacerates wrenches impales skins
    stubs jams rips tears flays smashes
    """
)
_GIVES_WAY = words("snaps breaks cracks shatters pops dislocates fractures splits bursts bleeds")
_STRIKES = words(
    """
    hits shoots stabs slashes strikes grazes bites cuts hurts burns catches shot stabbed hit grazed wounded cut
    bitten burned hurt
    """
)
_STATES = words(
    """
    broken bleeding wounded swollen sprained bandaged scraped burned burnt dislocated fractured injured bruised
    bloody bloodied mangled splinted shattered severed blackened bitten twisted gashed lacerated punctured throbbing
    crushed black blackened purple torn wrenched injured scalded blistered stitched plastered strapped
    """
)
_TAKES_A = words("takes took taken catches stops gets receives")
_MISSILES = words("bullet round slug arrow bolt knife blade shrapnel splinter spear dart shot")
_SPOILT = words("mess raw pulp useless ruin agony stump swollen bandaged cast sling splint tatters ribbons shreds")
_TENDS = words(
    "bandages dresses wraps cleans binds ices splints stitches sutures examines straps bathes disinfects treats"
)
_MARKS = words(
    """
    wound bandage cut gash scar bruise splint tourniquet stitches burn cast sling iodine gauze ointment plaster ice
    antiseptic
    dressing blood swelling bite puncture
    """
)
_HEALS = words("heals healed healing cured recovers recovered")
_LEGS = words("leg ankle foot knee thigh shin hip calf")
_RUNS = words("runs sprints jumps leaps dances races bolts vaults dashes climbs skips jogs")
_STILL = words(
    """
    limps limping limp crutch crutches hobbles hobbling pain despite bandage brace cast stumbles staggers winces
    dream
    """
)
WOUND_WORDS = _PARTS | _HEALS | _RUNS


def wounds_in(sentence: Sentence) -> Iterator[Happening]:
    tokens, said = sentence.tokens, sentence.words()
    if sentence.asks or said & {
        "nearly",
        "almost",
        "if",
        "would",
        "could",
        "might",
        "like",
        "not",
        "fake",
        "mirror",
        "reflection",
    }:
        return
    if said & _HEALS:
        for token in tokens:
            if token.who:
                yield Happening("heals", token.who, sentence.span)
        return
    for at, token in enumerate(tokens):
        if token.word in _PARTS:
            yield from _part(sentence, at)
    if not said & _STILL:
        for at, token in enumerate(tokens):
            subject = sentence.subject_of(at) if token.word in _RUNS else None
            if subject is not None:
                yield Happening("runs", tokens[subject].who, Span(tokens[subject].start, sentence.span.end))


def _part(sentence: Sentence, at: int) -> Iterator[Happening]:
    """The part of the body at ``at``: ``[owner] [state] [side] [state] part``."""
    tokens = sentence.tokens
    side, state, i = "", False, at - 1
    mark: Span | None = None
    while i >= 0 and at - i <= 4:
        word = tokens[i].word
        if word in ("left", "right") and mark is None:
            side, mark = word, Span(tokens[i].start, tokens[i].end)
        elif word in _STATES:
            state = True
        elif word != "the":
            break
        i -= 1
    before = tokens[i] if i >= 0 else None
    owner = before.who if before is not None and before.owner else ""
    if before is not None and before.owner:
        i -= 1
    verb = tokens[i].word if i >= 0 else ""
    part = tokens[at].word
    kind, who = _told(sentence, at, i, verb, state, owner)
    if who and (side or part in _LEGS) and kind:
        start = sentence.first_of(who, at)
        told: Kind = "is_hurt" if kind == "fresh" else "shows_wound"
        yield Happening(told, who, Span(start, sentence.span.end), part, side, mark)


def _told(sentence: Sentence, at: int, i: int, verb: str, state: bool, owner: str) -> tuple[str, str]:
    """("fresh" | "state" | "", who): what the words around a part say of it."""
    tokens = sentence.tokens
    after = [token.word for token in tokens[at + 1 : at + 4]]
    subject = sentence.subject_of(i) if i >= 0 else None
    doer = tokens[subject].who if subject is not None else ""
    if state or (after[:1] in (["is"], ["was"], ["are"], ["still"]) and any(w in _STATES | _SPOILT for w in after[1:])):
        return "state", owner or doer or _only(sentence)
    if owner and after[:1] and after[0] in _GIVES_WAY:
        return "fresh", owner
    if owner and verb in _TENDS and owner != doer:
        return "state", owner
    if verb in _FRESH and (not owner or owner == doer or not doer):
        return "fresh", doer or owner
    if verb in _FRESH:
        return "fresh", owner
    marked = i >= 1 and verb in ("on", "in", "around", "over", "to", "from") and tokens[i - 1].word in _MARKS
    if marked:
        return "state", owner or doer or _only(sentence)
    if verb in ("in", "through", "across", "on"):
        victim = _struck(sentence, i)
        return ("fresh", victim) if victim else ("", "")
    return "", ""


def _struck(sentence: Sentence, at: int) -> str:
    """``hits RUTH in the left leg`` and ``RUTH is shot in the left leg``; ``at`` is "in"."""
    tokens = sentence.tokens
    before = tokens[at - 1]
    took = next((i for i in range(at - 1, max(-1, at - 6), -1) if tokens[i].word in _TAKES_A), None)
    if before.word in _MISSILES and took is not None:
        subject = sentence.subject_of(took)
        return tokens[subject].who if subject is not None else ""
    if before.name and not before.owner and at >= 2 and tokens[at - 2].word in _STRIKES:
        return before.who
    if before.word in _STRIKES and at >= 2 and tokens[at - 2].word in ("is", "was", "gets", "been"):
        subject = sentence.subject_of(at - 1)
        return tokens[subject].who if subject is not None else ""
    return ""


def _only(sentence: Sentence) -> str:
    found = {token.who for token in sentence.tokens if token.who}
    return found.pop() if len(found) == 1 else ""
