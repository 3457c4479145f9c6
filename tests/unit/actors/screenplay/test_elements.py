"""Elements of a scene as Fountain 1.1 defines them."""

from __future__ import annotations

import pytest

from actors.screenplay.elements import elements
from actors.screenplay.heading import read_heading
from tests.screenplays import feature_length, last_ferry

pytestmark = pytest.mark.unit


def kinds(text: str) -> list[tuple[str, str]]:
    return [(e.kind, e.text) for e in elements(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INT. HOUSE - DAY", [("heading", "INT. HOUSE - DAY")]),
        (".THE VOID #7#", [("heading", "THE VOID")]),
        ("...and then", [("action", "...and then")]),
        ("STEEL\nBeer.", [("character", "STEEL"), ("dialogue", "Beer.")]),
        ("STEEL", [("action", "STEEL")]),
        ("@McCLANE\nYippie.", [("character", "McCLANE"), ("dialogue", "Yippie.")]),
        ("@مريم\nمرحبا", [("character", "مريم"), ("dialogue", "مرحبا")]),
        ("A\n(b)\nC\nD", [("character", "A"), ("parenthetical", "b"), ("dialogue", "C\nD")]),
        ("A\nB\n  \nC", [("character", "A"), ("dialogue", "B\n\nC")]),
        ("A\nB\n\nC d", [("character", "A"), ("dialogue", "B"), ("action", "C d")]),
        ("!BANG\nHe falls.", [("action", "BANG\nHe falls.")]),
        ("CUT TO:", [("transition", "CUT TO:")]),
        ("> Burn to white.", [("transition", "Burn to white.")]),
        ("> THE END <", [("centered", "THE END")]),
        ("===", [("page_break", "")]),
        ("## Act", [("section", "Act")]),
        ("= What happens", [("synopsis", "What happens")]),
        ("~Row me\n~over", [("lyric", "Row me\nover")]),
        ("Hi [[a note]] there", [("action", "Hi there"), ("note", "a note")]),
        ("[[open\n\nB", [("action", "[[open"), ("action", "B")]),
        ("/* gone */", [("boneyard", "gone")]),
    ],
)
def test_each_kind(text: str, expected: list[tuple[str, str]]) -> None:
    """C-03: every element of the syntax is told apart."""
    assert kinds(text) == expected


def test_cue_slots_and_spans() -> None:
    cue = elements("MOM (O. S.) (CONT'D) ^\nHi.")[0].cue
    assert cue is not None
    assert (cue.name, cue.start, cue.end, cue.extensions, cue.dual) == ("MOM", 0, 3, ("O. S.", "CONT'D"), True)


@pytest.mark.parametrize(
    ("line", "setting", "place", "time", "relation", "number"),
    [
        ("INT. HOUSE - DAY", "interior", "HOUSE", "day", None, None),
        ("EXT. PIER - NIGHT - CONTINUOUS #4A#", "exterior", "PIER", "night", "continuous", "4A"),
        ("INT./EXT. CAR (MOVING) - DUSK", "interior_exterior", "CAR", "dusk", None, None),
        ("INT. MARGARET'S HOUSE - KITCHEN - NIGHT", "interior", "MARGARET'S HOUSE - KITCHEN", "night", None, None),
        ("INT. HOTEL - DAY ROOM - NIGHT", "interior", "HOTEL - DAY ROOM", "night", None, None),
        ("INT. HOUSE. DAY.", "interior", "HOUSE", "day", None, None),
        ("INT. HALL - MOMENTS LATER", "interior", "HALL", None, "moments_later", None),
        ("INT. HALL - NEXT DAY", "interior", "HALL", None, "next_day", None),
        ("I/E CAR – NUIT", "interior_exterior", "CAR", "night", None, None),
        (".داخلي. البيت - ليل", "interior", "البيت", "night", None, None),
        ("INT.", "interior", None, None, None, None),
        ("EXT. NIGHT MARKET", "exterior", "NIGHT MARKET", None, None, None),
    ],
)
def test_heading_slots(
    line: str, setting: str, place: str | None, time: str | None, relation: str | None, number: str | None
) -> None:
    """C-06: a heading's slots are read with their spans; what is missing is missing."""
    heading = read_heading(line, 10)
    got = (heading.setting, heading.place, heading.time_of_day, heading.relation, heading.scene_number)
    assert got == (setting, place, time, relation, number)
    if heading.place_span is not None:
        assert line[heading.place_span.start - 10 : heading.place_span.end - 10].startswith(place or "?")


ORACLE_NAMES = {
    "HEADING": "heading", "ACTION": "action", "CHARACTER": "character", "DIALOGUE": "dialogue", "LYRIC": "lyric",
    "PARENTHETICAL": "parenthetical", "TRANSITION": "transition", "SECTION": "section", "SYNOPSIS": "synopsis",
}  # fmt: skip


@pytest.mark.parametrize("text", [last_ferry(), feature_length(3)], ids=["last-ferry", "feature"])
def test_agrees_with_screenplay_tools(text: str) -> None:
    """C-03: on ordinary scripts the reading is that of an independent parser (screenplay-tools, MIT)."""
    parser_module = pytest.importorskip("screenplay_tools.fountain.parser")
    oracle = parser_module.Parser()
    oracle.mergeActions = False
    oracle.add_text(text)
    theirs = [
        (ORACLE_NAMES[e.type.value], (e.name if e.type.value == "CHARACTER" else e.text).strip())
        for e in oracle.script.elements
        if e.type.value in ORACLE_NAMES and not getattr(e, "centered", False)
    ]
    body = text[text.index("FADE IN:") :]
    ours = [(e.kind, e.text) for e in elements(body) if e.kind in ORACLE_NAMES.values()]
    # They read FADE IN: as a heading, one line of lyrics at a time, and leave an empty line where a note stood.
    ours = [(kind, line) for kind, shown in ours for line in (shown.split("\n") if kind == "lyric" else [shown])]
    theirs = [("transition", t) if t == "FADE IN:" else (kind, t) for kind, t in theirs if t]
    assert ours == theirs
