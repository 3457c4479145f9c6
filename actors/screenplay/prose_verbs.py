"""Verbs of moving, making and ending, with all their forms: what prose readers know about English verbs.

Invariant: a table and no cleverness. A form maps to every verb it may be a form of; whether a word is a verb at all is
the reader's question. Verbs were chosen by hand from everyday English and the training split of ProPara.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from actors.screenplay.vocabulary import words

Role = Literal[
    "go",  # who does it goes somewhere: walk
    "carry",  # what it is done to goes somewhere: put
    "take_in",  # what it is done to goes to the doer: absorb
    "give_off",  # what it is done to comes out of the doer: exhale
    "leave",  # the doer leaves what it is done to: leave
    "reach",  # the doer goes to what it is done to: enter
    "make",  # what it is done to is there from now on: produce
    "become",  # the doer is gone, and what it becomes is there: turn (into)
    "convert",  # what it is done to is gone, and what follows "into" is there
    "arise",  # the doer is there from now on: hatch
    "end",  # the doer is gone: die
    "destroy",  # what it is done to is gone: burn
]
Form = Literal["base", "third", "past", "ing"]

_ROLES: dict[Role, str] = {
    "go": """go travel flow move rise fall sink drift fly swim walk run rush come return pass seep drip drain slide roll
        spread float climb crawl descend arrive head proceed circulate settle escape migrate step
        hurry race jump leap drive sail ride cross slip wander retreat shoot erupt bounce trickle stream
        soak leak sneak stumble creep""",
    "carry": """put place carry bring push pull pour pump send take move transport transfer deliver deposit drop throw
        set add load lift blow drag force wash pick remove collect gather pack inject insert dump attach hang
        bury store ship transmit return raise lower leave stick toss hand slide squeeze spray stuff tuck hide unload
        discharge wheel roll lead guide fling hurl shove empty spill plant dip mix""",
    "take_in": """absorb eat swallow drink inhale catch collect receive suck trap capture grab seize pocket
        ingest attract gather fetch""",
    "give_off": "release emit exhale expel excrete secrete eject discharge shed spit transpire",
    "leave": "leave exit depart quit flee escape vacate",
    "reach": "enter reach penetrate hit strike approach board invade strike fill visit",
    "make": """produce create make generate build lay develop grow construct cause weave form carve dig
        manufacture print write draw""",
    "become": "become turn develop change transform grow evolve convert morph condense harden form freeze solidify",
    "convert": "convert turn transform change break make process grind crush cut split shape melt recycle",
    "arise": "form appear emerge hatch develop grow arise sprout occur bud born",
    "end": """die evaporate dissolve disappear vanish burn decompose decay perish melt explode crumble disintegrate rot
        erode hatch germinate condense combine""",
    "destroy": """destroy consume burn use eat kill digest dissolve decompose erode crush shred incinerate melt kill
        evaporate demolish combine metabolize fuse""",
}

_IRREGULAR: dict[str, tuple[str, ...]] = {
    "go": ("went", "gone"), "fall": ("fell", "fallen"), "sink": ("sank", "sunk"), "fly": ("flew", "flown"),
    "swim": ("swam", "swum"), "run": ("ran",), "come": ("came",), "rise": ("rose", "risen"), "slide": ("slid",),
    "put": (), "bring": ("brought",), "send": ("sent",), "take": ("took", "taken"), "throw": ("threw", "thrown"),
    "set": (), "blow": ("blew", "blown"), "hang": ("hung",), "stick": ("stuck",), "hide": ("hid", "hidden"),
    "eat": ("ate", "eaten"), "drink": ("drank", "drunk"), "catch": ("caught",), "leave": ("left",), "hit": (),
    "make": ("made",), "build": ("built",), "lay": ("laid",), "grow": ("grew", "grown"), "freeze": ("froze", "frozen"),
    "become": ("became",), "break": ("broke", "broken"), "cut": (), "split": (), "burn": ("burned", "burnt"),
    "lead": ("led",), "spread": (), "creep": ("crept",), "leap": ("leaped", "leapt"), "drive": ("drove", "driven"),
    "ride": ("rode", "ridden"), "shoot": ("shot",), "sneak": ("sneaked", "snuck"), "flee": ("fled",), "dig": ("dug",),
    "write": ("wrote", "written"),
    "draw": ("drew", "drawn"), "weave": ("wove", "woven"), "grind": ("grinded",), "strike": ("struck",),
    "shed": (), "spit": ("spat",), "fling": ("flung",), "arise": ("arose", "arisen"), "seek": ("sought",),
    "fuse": ("fused",), "die": ("died",), "born": ("born",),
}  # fmt: skip
_DOUBLED = words("drop drag drip stop slip trap grab swim run put set hit cut split dig wrap bud ship rot"
                 " tuck step shed spit dip rub")  # fmt: skip
_VOWELS = "aeiou"


@dataclass(frozen=True, slots=True)
class Verb:
    """A form of a verb; a past form may be a participle."""

    lemma: str
    form: Form


def _third(lemma: str) -> str:
    if lemma.endswith(("s", "x", "z", "ch", "sh", "o")):
        return lemma + "es"
    if lemma.endswith("y") and lemma[-2] not in _VOWELS:
        return lemma[:-1] + "ies"
    return lemma + "s"


def _past(lemma: str) -> str:
    if lemma in _DOUBLED:
        return lemma + lemma[-1] + "ed"
    if lemma.endswith("e"):
        return lemma + "d"
    if lemma.endswith("y") and lemma[-2] not in _VOWELS:
        return lemma[:-1] + "ied"
    return lemma + "ed"


def _ing(lemma: str) -> str:
    if lemma in _DOUBLED:
        return lemma + lemma[-1] + "ing"
    if lemma.endswith("ie"):
        return lemma[:-2] + "ying"
    if lemma.endswith("e") and not lemma.endswith("ee"):
        return lemma[:-1] + "ing"
    return lemma + "ing"


def _roles() -> dict[str, frozenset[Role]]:
    found: dict[str, set[Role]] = {}
    for role, table in _ROLES.items():
        for lemma in table.split():
            found.setdefault(lemma, set()).add(role)
    return {lemma: frozenset(roles) for lemma, roles in found.items()}


def _forms() -> dict[str, Verb]:
    found: dict[str, Verb] = {}
    for lemma in ROLES:
        pasts = _IRREGULAR.get(lemma)
        for past in (_past(lemma),) if pasts is None else (pasts or (lemma,)):
            found[past] = Verb(lemma, "past")
        found[_third(lemma)] = Verb(lemma, "third")
        found[_ing(lemma)] = Verb(lemma, "ing")
    for lemma in ROLES:  # a form that is also another verb's plain form is the plain form
        if _IRREGULAR.get(lemma) != ():
            found[lemma] = Verb(lemma, "base")
    return found


ROLES: dict[str, frozenset[Role]] = _roles()
FORMS: dict[str, Verb] = _forms()
