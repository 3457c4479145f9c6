"""The breakdown of a scene, and the lists an import makes of all of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.screenplay.breakdown import breakdown
from actors.screenplay.fountain import parse
from actors.screenplay.lists import lists_of
from actors.screenplay.names import edit_distance, name_key, near
from tests.screenplays import last_ferry
from tests.unit.actors.screenplay.test_fountain import documents

pytestmark = pytest.mark.unit


@settings(max_examples=150, deadline=None)
@given(documents, st.lists(st.text(max_size=8), max_size=4))
def test_never_raises_and_every_span_holds_its_words(text: str, known: list[str]) -> None:
    """C-07: any text has a breakdown; a person's span holds a spelling of that person's name."""
    found = breakdown(text, known)
    for person in found.cast:
        for span in person.spans:
            assert name_key(text[span.start : span.end]) == person.key
    for line in found.lines:
        assert text[line.span.start : line.span.end].strip() != ""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("*/INT. HOUSE - DAY/*/*/*\nINT. HOUSE - DAY", ["INT. HOUSE - DAY"]),
        ("AN/*x*/NA\nHello.", []),
        ("ANNA /* she lies */\nHello.", ["ANNA"]),
        ('"ANNA"\nHello.', ["ANNA"]),
    ],
)
def test_a_span_never_reaches_into_hidden_text(text: str, names: list[str]) -> None:
    """C-07, found by hypothesis: marks around a name, and a boneyard in it."""
    found = breakdown(text)
    assert [person.name for person in found.cast] == names
    assert [text[span.start : span.end] for person in found.cast for span in person.spans] == names


def test_a_scene_of_the_sample() -> None:
    scene = parse(last_ferry()).scenes[0].raw
    found = breakdown(scene)
    people = {person.name: person for person in found.cast}
    assert people["MARGARET"].speaks
    assert not people["MARGARET BELL"].speaks
    assert found.lines[0].parenthetical == "out of breath"
    assert {"lantern", "envelope"} <= {prop.name for prop in found.props}
    assert found.ends_in_transition
    assert (found.place, found.setting, found.time_of_day) == ("FERRY PIER", "exterior", "night")


def test_dual_and_group_cues() -> None:
    found = breakdown("INT. A - DAY\n\nANNA\nNow!\n\nBEN ^\nNow!\n\nANNA & BEN\nTogether.\n\nALL\nHooray!\n")
    assert {p.name: len(p.cues) for p in found.cast} == {"ANNA": 2, "BEN": 2}
    assert [line.dual for line in found.lines] == [False, True, False, False]


def test_shouted_action_is_nobody() -> None:
    assert breakdown("THE DOOR SLAMS SHUT!\nHe turns.\n").cast == ()


def test_known_people_are_found_in_action_with_a_capital_only() -> None:
    found = breakdown("INT. A - DAY\n\nWill Bell waits. She will go.\n", ["WILL BELL", "Will"])
    assert [(p.name, len(p.mentions)) for p in found.cast] == [("WILL BELL", 1)]


@pytest.mark.parametrize(
    ("action", "names"),
    [
        ("MRS. KEMP (40s) waits.", ["MRS. KEMP"]),
        ("A tired man, ELIAS VOSS, 71, coughs.", ["ELIAS VOSS"]),
        ("GUARD 2, a giant, nods. A GUN. CRASH!", ["GUARD 2"]),
        ("The BBC (a radio) hums. O'BRIEN (30s) sleeps.", ["BBC", "O'BRIEN"]),
        ("NASA calls. THE DOOR opens.", []),
    ],
)
def test_introductions(action: str, names: list[str]) -> None:
    """C-20: capitals followed by a description introduce somebody; capitals alone do not."""
    assert [person.name for person in breakdown(f"INT. A - DAY\n\n{action}\n").cast] == names


def test_lists_of_an_import() -> None:
    """C-08: full names join the name they speak under; who speaks once unseen is left for a person to decide."""
    lists = lists_of([breakdown(scene.raw) for scene in parse(last_ferry()).scenes])
    assert {p.name: p.aliases for p in lists.cast} == {
        "TOMAS": (),
        "MARGARET": ("MARGARET BELL",),
        "HARBOR MASTER": (),
        "ELIAS": ("ELIAS VOSS",),
    }
    assert [p.name for p in lists.places] == ["FERRY PIER", "WHEELHOUSE", "FERRY DECK", "OPEN WATER"]


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("margaret", "margret", True),
        ("margaret", "marragets", False),
        ("guard 1", "guard 2", False),
        ("king henry iv", "king henry v", False),
        ("attendant", "attendants", False),
        ("gentleman", "gentlemen", False),
        ("anna", "hanna", False),
        ("tom", "tim", False),
        ("elias", "eilas", True),
        ("مريم", "مريام", True),
        ("miss eynsford hill", "mrs. eynsford hill", False),
        ("young man", "young woman", False),
        ("mrs. hushaye", "mrs. hushabye", True),
    ],
)
def test_near_names(one: str, two: str, expected: bool) -> None:
    """C-09: near means a slip of the pen, never another number, several of one, another title or first letter."""
    assert near(one, two) is expected


def test_an_import_takes_parts_told_by_what_they_are_and_asks_about_names() -> None:
    """C-61: who speaks once is in the cast as a part, or where somebody names them; an unknown name is asked about."""
    script = "INT. INN - DAY\n\n{}\nGood evening.\n\nBELLA\nIs that you, Shaneen?\n\nBELLA\nSit.\n"

    def cast(cue: str) -> set[str]:
        return {each.name for each in lists_of([breakdown(script.format(cue))]).cast}

    for cue in ("TOWN CRIER", "SERVANT", "THE MAN", "SHANEEN", "GUARD #2"):
        assert cast(cue) == {cue, "BELLA"}
    for cue in ("LORENZO", "STRANGER"):
        assert cast(cue) == {"BELLA"}


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_edit_distance_is_symmetric_and_zero_only_for_equals(one: str, two: str) -> None:
    assert edit_distance(one, two, 9) == edit_distance(two, one, 9)
    assert (edit_distance(one, two, 9) == 0) == (one == two)


def test_what_people_do_is_no_thing() -> None:
    """A verb that looks like a noun of the table, after who does it; the same word after an article is a thing."""
    told = "BEN (30s) watches her. He drums on the sill. Anna files past and masks her face. Then she torches it."
    assert breakdown(f"INT. ROOM - DAY\n\n{told}\n").props == ()
    kept = breakdown("INT. ROOM - DAY\n\nBEN (30s) has two watches. The drums play. BEN's keys fall.\n")
    assert {prop.name for prop in kept.props} == {"watch", "drum", "keys"}
