"""From parts to the scene in a fixed order: who, does what, to whom, where.

Owns what may move: passives become active, a place told first is told last, adjectives are sorted, "and" between equals
is sorted. Invariant: each rule keeps every content word, and moves one only where its owner cannot change by it.
Between `parts` and `reading`.
"""

from __future__ import annotations

from collections.abc import Sequence

from storage.cache.slots.parts import BARE, Part
from storage.cache.slots.tagging import ENTITY, STATE
from storage.cache.slots.words import CLOTHES, CONVERSE, GIVING, LIVING, OPEN_PLACES, PLACES, STAYING

PLACE_PREPOSITIONS = frozenset("in on at inside".split())
WAYS = frozenset("off from into onto over through across toward towards out up down along around".split()) | {"out of"}
"""Prepositions of a way, which belongs to what happens. "On the table by the door" tells where the table is."""


def sentence(segments: Sequence[list[Part]]) -> list[Part]:
    """One sentence, its segments put together and in order."""
    joined: list[Part] = []
    acted = False
    for index, segment in enumerate(_listed(segments)):
        some = active(segment)
        if joined and some and some[0].kind == "n" and acted:
            joined.append(Part("b", "|"))
        if joined and some and _lists_traits(joined[-1], some[0]):
            bare = joined.pop()
            some[0].traits.extend([*bare.traits, bare.text] if bare.text else bare.traits)
        joined.extend(some)
        acted = acted or any(part.kind == "v" for part in some)
        if index == 0 and len(segments) > 1 and _is_adjunct(some):
            joined = [*some, Part("m", "")]
    joined = _front_last(joined)
    joined = _given(_predicates(_clothes(joined)))
    return _meanwhile(_adverbs(_joined_sorted(joined)))


def _listed(segments: Sequence[list[Part]]) -> list[list[Part]]:
    """ "Neon lights, a robot dancing, a wet street": things between commas have no order, and what happens is first."""
    if len(segments) < 2 or not all(segment and _is_whole(segment) for segment in segments):
        return list(segments)
    acting = [segment for segment in segments if any(part.kind not in "np" for part in segment)]
    if len(acting) > 1:
        return list(segments)
    still = [segment for segment in segments if segment not in acting]
    return [*acting, *sorted(still, key=lambda segment: [str(part) for part in segment])]


def _is_whole(segment: list[Part]) -> bool:
    """It begins with a thing, and nothing in it joins it to another segment."""
    return segment[0].kind == "n" and all(part.kind in "npva" for part in segment) and segment[0].form != BARE


def _lists_traits(before: Part, after: Part) -> bool:
    """ "A brown, big bear"."""
    bare = (before.kind == "j" and bool(before.traits) and not before.helped) or before.form == BARE
    return bare and not before.number and after.kind == "n" and not after.opens and not after.number


def _given(parts: list[Part]) -> list[Part]:
    """ "Gives a student a book" as "gives a book to a student"."""
    told: list[Part] = []
    at = 0
    while at < len(parts):
        told.append(parts[at])
        if _gives(parts[at : at + 3]):
            told += [parts[at + 2], Part("p", "to"), parts[at + 1]]
            at += 2
        at += 1
    return told


def _gives(some: Sequence[Part]) -> bool:
    if [part.kind for part in some] != ["v", "n", "n"] or some[0].text not in GIVING:
        return False
    return some[2].opens or bool(some[2].number)


def _meanwhile(parts: list[Part]) -> list[Part]:
    """ "While one, other" and "other while one" in one order, where "while" stands once."""
    at = [index for index, part in enumerate(parts) if part.kind == "s"]
    if len(at) != 1 or parts[at[0]].text != "while":
        return parts
    one, other = parts[: at[0]], parts[at[0] + 1 :]
    if not one:
        pause = next((index for index, part in enumerate(other) if part.kind == "b"), 0)
        one, other = other[:pause], other[pause + 1 :]
    if not one or not other:
        return parts
    first, second = sorted((one, other), key=lambda side: [str(part) for part in side])
    return [*first, parts[at[0]], *second]


def without_pauses(parts: Sequence[Part]) -> list[Part]:
    """A pause is kept only where it keeps a verb from what stands behind it: "he eats, a dog sleeps"."""
    return [part for at, part in enumerate(parts) if part.kind != "b" or (at > 0 and parts[at - 1].kind == "v")]


def _is_adjunct(parts: Sequence[Part]) -> bool:
    return len(parts) == 2 and parts[0].kind == "p" and parts[1].kind == "n"


def active(parts: list[Part]) -> list[Part]:
    """ "The cat is chased by the dog" as "the dog chases the cat"; "is carried into the house by the dog" as well."""
    done: list[Part] = []
    begin = at = 0
    while at < len(parts):
        part = parts[at]
        if part.kind == "v" and part.form in {"passive", "state"} and (told := _by(parts, at + 1)) < len(parts):
            by, patient, way = parts[told], parts[begin:at], parts[at + 1 : told - 1]
            if by.kind == "n" and patient and patient[0].kind == "n" and all(each.kind in "npcja" for each in patient):
                adverbs = [each for each in patient if each.kind == "a"]
                rest = [each for each in patient if each.kind != "a"]
                done += [by, *adverbs, Part("v", part.text.removesuffix(STATE)), *rest, *way]
                begin = at = told + 1
                continue
        at += 1
    done += parts[begin:]
    return [Part(p.kind, p.text + STATE, form="state") if p.kind == "v" and p.form == "passive" else p for p in done]


def _by(parts: list[Part], at: int) -> int:
    """Where the one stands who does what the participle before `at` tells; past the end where nobody does. Behind a way
    only somebody who lives, at the very end: "through the wood by the lake" tells of the wood."""
    way = at
    while way + 1 < len(parts) and parts[way].kind == "p" and parts[way].text in WAYS and parts[way + 1].kind == "n":
        way += 2
    if way + 1 >= len(parts) or parts[way].text != "by":
        return len(parts)
    one = parts[way + 1]
    lives = one.kind == "n" and (one.text.startswith(ENTITY) or one.text.split(" ")[-1] in LIVING)
    return way + 1 if way == at or (lives and way + 2 == len(parts)) else len(parts)


def _front_last(parts: list[Part]) -> list[Part]:
    """A place told before the subject goes to the end, where there is one clause for it to belong to."""
    marked = [part for part in parts if part.kind != "m"]
    if [part.kind for part in marked] == ["p", "n", "v", "n"] and marked[2].text in STAYING:
        return [marked[3], marked[2], *marked[:2]]
    front = 0
    while [part.kind for part in marked[front : front + 2]] == ["p", "n"]:
        front += 2
    if not front or marked[front : front + 1] == [] or marked[front].kind != "n" or clauses_in(marked) > 1:
        return marked
    return [*marked[front:], *marked[:front]]


def clauses_in(parts: Sequence[Part]) -> int:
    """How many subjects with a verb of their own, about."""
    if any(part.kind == "s" for part in parts):
        return 2
    count, fresh = 0, True
    for at, part in enumerate(parts):
        if part.kind in {"c", "b"}:
            fresh = fresh or (at + 1 < len(parts) and parts[at + 1].kind == "n")
        elif part.kind == "v" and fresh:
            count, fresh = count + 1, False
    return count


def _clothes(parts: list[Part]) -> list[Part]:
    """ "In a red hat" and "with a red hat" as "wearing a red hat"."""
    for at in range(len(parts) - 1):
        noun = parts[at + 1]
        if (
            parts[at].kind == "p"
            and parts[at].text == "in"
            and noun.kind == "n"
            and noun.text.split(" ")[-1] in CLOTHES
        ):
            parts[at] = Part("v", "wear")
    return parts


def _predicates(parts: list[Part]) -> list[Part]:
    """ "A car that is red" and "the car is red" as "a red car"."""
    kept: list[Part] = []
    for at, part in enumerate(parts):
        ends = at + 1 == len(parts) or parts[at + 1].kind in "cspbv"
        alone = at > 0 and parts[at - 1].kind == "n" and (at == 1 or parts[at - 2].kind in "cbs")
        if part.kind == "j" and part.helped and part.traits and not part.number and ends and alone:
            kept[-1].traits.extend(part.traits)
        elif part.kind == "j" and part.traits and at > 2 and parts[at - 1].kind == "c" and _told(parts, at - 2, kept):
            kept.pop()
            kept[-1].traits.extend(part.traits)
        else:
            kept.append(part)
    return kept


def _told(parts: list[Part], at: int, kept: list[Part]) -> bool:
    """Whether the adjective before "and" was told of the noun that is last among those kept."""
    return parts[at].kind == "j" and parts[at].helped and len(kept) > 1 and kept[-2].kind == "n"


def _joined_sorted(parts: list[Part]) -> list[Part]:
    """Sorts "a cat and a dog" where nothing else hangs on one of the two; "and" itself says nothing more."""
    at = 1
    while at + 1 < len(parts):
        left, right = parts[at - 1], parts[at + 1]
        if parts[at].kind == "c" and left.kind == right.kind == "n":
            opening = at == 1 or parts[at - 2].kind == "b"
            after = parts[at + 2].kind if at + 2 < len(parts) else ""
            if (after == "" or (opening and after in {"v", "a"})) and str(right) < str(left):
                parts[at - 1], parts[at + 1] = right, left
        at += 1
    return [part for part in parts if part.kind != "c"]


def _adverbs(parts: list[Part]) -> list[Part]:
    """An adverb stands before its verb: directly after it, or at the end of the only clause, it moves there."""
    verbs = [at for at, part in enumerate(parts) if part.kind == "v"]
    if len(verbs) == 1 and parts[0].kind == "a" and verbs[0] > 1:
        parts = [*parts[1 : verbs[0]], parts[0], *parts[verbs[0] :]]
    if len(verbs) == 1 and len(parts) > 1 and parts[-1].kind == "a" and verbs[0] < len(parts) - 1:
        parts = [*parts[: verbs[0]], parts[-1], *parts[verbs[0] : -1]]
    at = 0
    while at + 1 < len(parts):
        if parts[at].kind == "v" and parts[at + 1].kind == "a":
            parts[at], parts[at + 1] = parts[at + 1], parts[at]
            at += 1
        at += 1
    return parts


def from_one_side(parts: list[Part]) -> list[Part]:
    """ "A right of B" and "B with A on its right" as "B left of A", where a prompt says nothing else."""
    if [part.kind for part in parts] == ["n", "p", "n"] and parts[1].text in CONVERSE:
        return [parts[2], Part("p", CONVERSE[parts[1].text]), parts[0]]
    if (
        [part.kind for part in parts] == ["n", "p", "n", "p", "n"]
        and parts[1].text == "with"
        and parts[3].text in {"on", "to"}
    ):
        side = str(parts[4]).removesuffix(" side")
        if side in {"left", "right"}:
            one, other = (parts[2], parts[0]) if side == "left" else (parts[0], parts[2])
            return [one, Part("p", "left of"), other]
    return parts


def place_taken(sentences: list[list[Part]]) -> tuple[str, list[list[Part]]]:
    """The one place of the prompt, taken out of its sentence; "" where there are several or several clauses."""
    at_place = [
        (index, at)
        for index, parts in enumerate(sentences)
        for at in range(len(parts) - 1)
        if parts[at].kind == "p" and parts[at].text in PLACE_PREPOSITIONS and _is_place(parts[at + 1])
    ]
    if len(at_place) != 1 or len(sentences) > 1:
        return "", sentences
    index, at = at_place[0]
    parts = sentences[index]
    after = parts[at + 2] if at + 2 < len(parts) else None
    if clauses_in(parts) > 1 or (at == 0 and after is None) or (after is not None and after.text in {"of", "with"}):
        return "", sentences
    kept = [[*parts[:at], *parts[at + 2 :]]]
    where = "in" if parts[at].text == "inside" else parts[at].text
    open_air = parts[at + 1].text.split(" ")[-1] in OPEN_PLACES
    return str(parts[at + 1]) if open_air or where == "in" else f"{where} {parts[at + 1]}", kept


def _is_place(part: Part) -> bool:
    return part.kind == "n" and part.text.split(" ")[-1] in PLACES and not part.number
