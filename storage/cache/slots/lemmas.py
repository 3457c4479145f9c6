"""From a word as written to its base form and what the ending said: "chasing" is chase + ing, "geese" is goose + s.

Owns the rules of English endings. Invariant: the same word gives the same lemma for ever within a `VERSION` (which is
why no library's dictionary is asked: its next release would move every key). A word no rule knows stays as it is.
"""

from __future__ import annotations

import re
from functools import lru_cache

from storage.cache.slots.verbs import IRREGULAR, VERBS

WORDS_KEPT = 16_384
"""Lemmas kept in memory; the least used goes first."""

_PLURALS = {
    "men": "man", "women": "woman", "children": "child", "people": "person", "persons": "person", "feet": "foot",
    "teeth": "tooth", "geese": "goose", "mice": "mouse", "oxen": "ox", "dice": "die", "wolves": "wolf",
    "leaves": "leaf",
    "knives": "knife", "wives": "wife", "lives": "life", "shelves": "shelf", "loaves": "loaf", "halves": "half",
    "calves": "calf", "scarves": "scarf", "elves": "elf", "thieves": "thief", "hooves": "hoof", "selves": "self",
    "cacti": "cactus", "fungi": "fungus", "firemen": "fireman", "policemen": "policeman", "fishermen": "fisherman",
    "snowmen": "snowman", "businessmen": "businessman", "movies": "movie", "cookies": "cookie", "zombies": "zombie",
    "pies": "pie", "selfies": "selfie", "brownies": "brownie", "smoothies": "smoothie", "ties": "tie",
    "genies": "genie",
    "corgies": "corgi", "shoes": "shoe", "toes": "toe", "canoes": "canoe", "hoes": "hoe", "axes": "axe",
    "horses": "horse", "houses": "house", "noses": "nose", "roses": "rose", "vases": "vase", "causes": "cause",
    "cases": "case", "bases": "base", "purses": "purse", "nurses": "nurse", "mooses": "moose", "buses": "bus",
    "gases": "gas", "lenses": "lens", "caches": "cache", "aches": "ache", "headaches": "headache", "niches": "niche",
}  # fmt: skip
NO_PLURALS = frozenset(
    """
always across towards forwards backwards upwards downwards sideways besides perhaps has was is this his its us as yes
gas bus lens series species news chess tennis gymnastics mathematics physics athletics christmas paris texas athens
james thomas venus mars cosmos chaos atlas canvas kansas tos pus plus thus various famous nervous mysterious furious
glasses sunglasses eyeglasses goggles binoculars headphones earphones earbuds jeans pants trousers shorts leggings
pajamas pyjamas tights scissors pliers tweezers clothes stairs outdoors indoors upstairs downstairs overhead skies
surroundings outskirts barracks headquarters crossroads gallows earnings dentist iris swiss los las alps
himalayas andes emirates states philippines netherlands olympics windows iphones airpods
""".split()
)
"""Words that end in s and are no plural, or have no singular of the same sense."""

_NOUNS_IN_A = frozenset(
    """
area idea sea tea pea panda pizza camera gorilla sofa zebra llama koala umbrella banana hyena piranha alpaca orca opera
villa plaza arena antenna tiara sauna soda pagoda ninja diva ballerina drama formula era lava larva chihuahua cobra
puma guerrilla gondola marina cafeteria veranda pergola tarantula iguana tortilla salsa pasta samba toga kimona vista
saga cinema stamina aroma magnolia petunia begonia bacteria galaxia nebula spa boa bra flea
""".split()
)
_ING_NOUNS = frozenset(
    """
thing nothing something anything everything morning evening king ring spring string wing sling swing sting ceiling
lightning railing clothing wedding being earring herring duckling sibling darling dumpling pudding sterling viking
sapling gosling offspring drawstring hamstring during boeing beijing bowling ping
""".split()
)
_ED_NOT = frozenset(
    """
red bed shed sled seed seaweed weed feed need speed deed reed breed steed bleed greed creed indeed naked wicked rugged
hundred sacred kindred moped biped embed exceed proceed succeed used ted ned fred led med
""".split()
)
_VOICED = re.compile("[aeiouy]")


@lru_cache(maxsize=WORDS_KEPT)
def singular(word: str) -> tuple[str, bool]:
    """The noun's base form, and whether the word was a plural."""
    if word in _PLURALS:
        return _PLURALS[word], True
    if len(word) < 4 or not word.endswith("s") or word in NO_PLURALS or word.endswith(("ss", "us", "is", "'s", "ous")):
        return word, False
    if word.endswith("as") and word[:-1] not in _NOUNS_IN_A:
        return word, False  # Thomas, Texas
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y", True
    if word.endswith(("ches", "shes", "xes", "zzes", "sses", "oes")):
        return word[:-2], True
    return word[:-1], True


@lru_cache(maxsize=WORDS_KEPT)
def verb_base(word: str) -> tuple[str, str]:
    """(base form, "" | "s" | "ing" | "ed" | "en"); a word that is no verb's form comes back with form ""."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word in VERBS:
        return word, ""
    if word.endswith("ing") and len(word) > 4 and word not in _ING_NOUNS and _VOICED.search(word, 0, len(word) - 3):
        return _of_stem(word[:-3]), "ing"
    if word.endswith("ed") and len(word) > 3 and word not in _ED_NOT:
        return _of_stem(word[:-3] + "y" if word.endswith("ied") else word[:-2]), "ed"
    if word.endswith("s") and not word.endswith("ss") and word not in NO_PLURALS:
        bases = [word[:-1]]
        if word.endswith("es"):
            bases.append(word[:-2])
        if word.endswith("ies"):
            bases.append(word[:-3] + "y")
        for base in bases:
            if base in VERBS:
                return base, "s"
    return word, ""


def _of_stem(stem: str) -> str:
    """The verb of a stem such as runn, mak, sing: the table decides, and a rule where it does not know."""
    single = stem[:-1] if len(stem) > 2 and stem[-1] == stem[-2] else ""
    for base in (stem, single, stem + "e", stem.removesuffix("k")):
        if base and base in VERBS:
            return base
    if single and stem[-1] not in "lszf":
        return single
    if (len(stem) > 2 and stem[-1] in "vcuz") or stem.endswith(("at", "dg", "rg", "bl", "pl", "tl", "dl", "gl", "kl")):
        return stem + "e"
    return stem
