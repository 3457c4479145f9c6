"""Rules of a scene alone and beside the one before it: names, places, the clock between two headings.

Invariant: a rule reads at most one scene and the one before it, so an edit costs its scene and its neighbour. Rules
prefer silence to nagging: each says below what it lets pass. Findings are WARNINGs, except a scene that calls itself
continuous and is not: that one is an ERROR.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from actors.continuity.clock import UNBROKEN, contradicts
from actors.continuity.facts import quote
from actors.continuity.findings import FindingDraft, Fix, finding_id
from actors.continuity.rules.view import Names, SceneView
from actors.screenplay.breakdown import Appearance
from actors.screenplay.heading import Span
from actors.screenplay.names import COLLECTIVE, name_key, near
from actors.screenplay.prose_nouns import KIND_OF
from actors.screenplay.vocabulary import words

# Places that are outdoors or indoors by nature, by their last word.
_OUTDOORS = words(
    "pier beach street road field forest woods park sky sea ocean lake river mountain desert alley highway garden "
    "meadow harbor harbour dock quay cliff shore bridge rooftop courtyard square plaza cemetery"
)
_INDOORS = words(
    "kitchen bedroom bathroom office corridor hallway basement attic cell cockpit elevator lift classroom wheelhouse "
    "lobby cabin ward vault closet cellar room study nursery pantry parlor parlour den stairwell ballroom courtroom"
)
# No house has one inside: INT. before it is a slip, whatever the scene before says.
_NEVER_INDOORS = words(
    "cornfield meadow beach desert prairie moor hillside mountainside riverbank cliff seashore glade orchard"
)


def unknown_people(scene: SceneView, cast: Names) -> Iterator[FindingDraft]:
    """Rules new_character and name_drift.

    Lets pass: crowds, several of a known kind, who is only mentioned, a voice, and a line of the camera in capitals.
    """
    for person in scene.breakdown.cast:
        if not (person.cues or person.introductions) or person.key in COLLECTIVE or cast.find_person(person.key):
            continue
        if _several(person.key, cast) or _nobody(person.key):
            continue
        meant = cast.nearest(person.key)
        yield _drift(scene, person, meant) if meant else _newcomer(scene, person)


_VOICES = words("voice voices voicemail intercom radio narrator announcer")
_CAMERA = words(
    """
    insert angle close closeup close-up cut slam hard smash crash crashes pov we back inside into in on at under up down
    out over from further approaching entering above high moments later begin end title montage series intercut
    dissolve int. ext. int ext night day morning dawn dusk cue which meanwhile suddenly flash wide super card
    """
)


def _nobody(key: str) -> bool:
    """A WOMAN'S VOICE, whose face is somebody's; BACK AT THE, which a reader of cues took for a name."""
    parts = key.replace("’", "'").split()
    return not _VOICES.isdisjoint(parts) or parts[0] in _CAMERA or "pov" in parts


_SEVERAL = words("all some both another several many")


def _several(key: str, cast: Names) -> bool:
    """ATTENDANTS, where the cast has an ATTENDANT; ALL THE LORDS: more of them, and neither a slip nor anybody new."""
    if key.split(maxsplit=1)[0] in _SEVERAL:
        return True
    one = key.removesuffix("s")
    return one != key and KIND_OF.get(one.split()[-1]) == "person" and cast.find(one) is not None


def _newcomer(scene: SceneView, person: Appearance) -> FindingDraft:
    does = "speaks here" if person.speaks else "is introduced here"
    return FindingDraft(
        finding_id("new_character", scene.id, person.key),
        "new_character",
        "WARNING",
        scene.id,
        f"{person.name} {does}, but is not in the cast.",
        tuple(quote(scene.id, scene.script, span) for span in person.spans[:2]),
        f"Add {person.name} to the cast.",
    )


def _drift(scene: SceneView, person: Appearance, meant: str) -> FindingDraft:
    spans = (*person.cues, *person.introductions)
    first = min(spans)
    replacement = meant.upper() if person.name.isupper() else meant
    fix = Fix(scene.id, first.start, first.end, replacement) if len(spans) == 1 else None
    return FindingDraft(
        finding_id("name_drift", scene.id, person.key, name_key(meant)),
        "name_drift",
        "WARNING",
        scene.id,
        f"{person.name} is not in the cast; {meant} is, and looks like the same name.",
        tuple(quote(scene.id, scene.script, span) for span in sorted(spans)[:2]),
        f"Write {meant}, or add {person.name} to the cast if this is somebody else.",
        fix,
    )


def place_drift(scene: SceneView, places: Names) -> Iterator[FindingDraft]:
    """Rule setting_mismatch for a heading whose place is one slip from a known one. Lets pass: new places."""
    heading = scene.breakdown.heading
    if heading is None or heading.place is None or heading.place_span is None:
        return
    key = name_key(heading.place)
    if len(key) < 5 or places.find(key) is not None:
        return
    meant = places.nearest(key, 1 if len(key) < 10 else 2)
    if meant is None:
        return
    span = heading.place_span
    yield FindingDraft(
        finding_id("setting_mismatch", scene.id, key, name_key(meant)),
        "setting_mismatch",
        "WARNING",
        scene.id,
        f"{heading.place} is a new place; {meant} is known, and looks like the same one.",
        (quote(scene.id, scene.script, span),),
        f"Write {meant}, or add {heading.place} to the places if it is another one.",
        Fix(scene.id, span.start, span.end, meant.upper() if heading.place.isupper() else meant),
    )


def broken_clock(scene: SceneView, previous: SceneView) -> Iterator[FindingDraft]:
    """Rule timeline_error. Lets pass: flashbacks and dreams, LATER into the night, NEXT DAY, a cut from day to night.

    A plain heading is how a script says that time has passed.
    """
    heading, last = scene.breakdown.heading, previous.breakdown.heading
    after, before = scene.breakdown.time_of_day, scene.before
    if heading is None or last is None or after is None or before is None or heading.time_span is None:
        return
    if heading.aside or last.aside:
        return
    marked = heading.relation
    wrong_way = marked == "later" and _same_place(scene, previous) and _runs_back(last.text, heading.text)
    if wrong_way and last.time_span is not None:
        severity, message = "WARNING", "This scene is marked LATER, and its clock is before the one above."
        suggestion = "Correct one of the two hours, or say that a day has passed."
    elif marked is not None and contradicts(before, after, marked):
        word = marked.replace("_", " ").upper()
        severity = "ERROR" if marked in UNBROKEN else "WARNING"
        message = f"This scene is marked {word} after a scene at {before}, but it says {after}."
        suggestion = f"Say {before.upper()}, or drop {word}."
    else:
        return
    yield FindingDraft(
        finding_id("timeline_error", scene.id, previous.id, before, after),
        "timeline_error",
        "ERROR" if severity == "ERROR" else "WARNING",
        scene.id,
        message,
        (quote(scene.id, scene.script, heading.time_span), quote(previous.id, previous.script, _clock_span(previous))),
        suggestion,
        Fix(scene.id, heading.time_span.start, heading.time_span.end, before.upper()) if marked in UNBROKEN else None,
    )


_CLOCK = re.compile(r"\b(?P<hour>\d{1,2})(?:[:.](?P<minute>\d\d))?\s*(?P<half>[AP])\.?M\b", re.IGNORECASE)


def _runs_back(before: str, after: str) -> bool:
    """Two hours of the clock of which the second is the earlier, in one half of a day."""
    found = [_CLOCK.search(text) for text in (before, after)]
    if found[0] is None or found[1] is None or found[0]["half"].upper() != found[1]["half"].upper():
        return False
    first, second = (60 * (int(each["hour"]) % 12) + int(each["minute"] or 0) for each in found if each is not None)
    return second < first


def broken_setting(scene: SceneView, previous: SceneView) -> Iterator[FindingDraft]:
    """Rule setting_mismatch between unbroken scenes: a place that flips between INT. and EXT. against its nature.

    Lets pass: going in or out of a house, a car, a tent, which have an inside and an outside.
    """
    heading, last = scene.breakdown.heading, previous.breakdown.heading
    if heading is None or last is None or heading.relation not in UNBROKEN or not _same_place(scene, previous):
        return
    kinds = (last.setting, heading.setting)
    nature = _nature(heading.place or "")
    if nature is None or set(kinds) != {"interior", "exterior"} or heading.setting == nature:
        return
    meant = "EXT." if nature == "exterior" else "INT."
    yield FindingDraft(
        finding_id("setting_mismatch", scene.id, previous.id, name_key(heading.place or ""), nature),
        "setting_mismatch",
        "WARNING",
        scene.id,
        f"{heading.place} was {last.setting} in the scene before; this one goes on there, but says {heading.setting}.",
        (quote(scene.id, scene.script, heading.span), quote(previous.id, previous.script, last.span)),
        f"Begin the heading with {meant}",
        _begun_with(scene, heading.span, meant.removesuffix(".")),
    )


_BEGINS = re.compile(r"\.?(INT|EXT)(?=[.\s])")


def _begun_with(scene: SceneView, heading: Span, word: str) -> Fix | None:
    """Only of a heading that plainly begins so; INT./EXT. and words spelt out are a person's to change."""
    found = _BEGINS.match(scene.script, heading.start, heading.end)
    return None if found is None else Fix(scene.id, *found.span(1), word)


def of_scene(scene: SceneView, cast: Names, places: Names) -> tuple[FindingDraft, ...]:
    """Findings that need this scene alone."""
    return (*unknown_people(scene, cast), *place_drift(scene, places), *impossible_setting(scene))


def respelt(scene: SceneView, previous: SceneView, places: Names) -> Iterator[FindingDraft]:
    """Rule setting_mismatch where the scene goes on in a place whose name is a slip of the one before.

    Lets pass: two places that are both known, and what `place_drift` says already.
    """
    heading, last = scene.breakdown.heading, previous.breakdown.heading
    if heading is None or last is None or heading.place_span is None or last.place_span is None:
        return
    here, there = name_key(heading.place or ""), name_key(last.place or "")
    apart = [(a, b) for a, b in zip(here.split(), there.split(), strict=False) if a != b]
    alike = len(here.split()) == len(there.split()) and all(min(len(a), len(b)) >= 5 for a, b in apart)
    if heading.relation is None or len(here) < 8 or not apart or not alike or not near(here, there):
        return
    if places.find(here) is not None and places.find(there) is not None and places.find(here) != places.find(there):
        return
    if places.find(here) is None and places.nearest(here, 1 if len(here) < 10 else 2) is not None:
        return
    yield FindingDraft(
        finding_id("setting_mismatch", scene.id, previous.id, here, there),
        "setting_mismatch",
        "WARNING",
        scene.id,
        f"{heading.place} goes on from {last.place}, and looks like the same place.",
        (quote(scene.id, scene.script, heading.place_span), quote(previous.id, previous.script, last.place_span)),
        f"Write {last.place}, if it is the same.",
        Fix(scene.id, heading.place_span.start, heading.place_span.end, last.place or ""),
    )


def impossible_setting(scene: SceneView) -> Iterator[FindingDraft]:
    """Rule setting_mismatch for a heading alone: INT. before a place that no house has inside."""
    heading = scene.breakdown.heading
    if heading is None or heading.setting != "interior" or not heading.place or heading.relation in UNBROKEN:
        return
    parts = name_key(heading.place).split()
    if not parts or parts[-1] not in _NEVER_INDOORS or len(parts) > 2:
        return
    yield FindingDraft(
        finding_id("setting_mismatch", scene.id, parts[-1], "outdoors"),
        "setting_mismatch",
        "WARNING",
        scene.id,
        f"{heading.place} is outdoors, and the heading says INT.",
        (quote(scene.id, scene.script, heading.span),),
        "Begin the heading with EXT.",
    )


def of_neighbours(scene: SceneView, previous: SceneView | None, places: Names) -> tuple[FindingDraft, ...]:
    """Findings between a scene and the one before it."""
    if previous is None:
        return ()
    return (*broken_clock(scene, previous), *broken_setting(scene, previous), *respelt(scene, previous, places))


def _same_place(scene: SceneView, previous: SceneView) -> bool:
    here, there = scene.breakdown.place, previous.breakdown.place
    return here is not None and there is not None and name_key(here) == name_key(there)


def _clock_span(scene: SceneView) -> Span:
    heading = scene.breakdown.heading
    if heading is None:
        return Span(0, 0)
    return heading.time_span or heading.span


def _nature(place: str) -> str | None:
    parts: Sequence[str] = name_key(place).split()
    if not parts:
        return None
    return "exterior" if parts[-1] in _OUTDOORS else "interior" if parts[-1] in _INDOORS else None
