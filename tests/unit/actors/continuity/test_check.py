"""Continuity: each rule on a small story, what it lets pass, and the incremental pass against the whole one."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.continuity.check import Continuity, SceneInput, check
from actors.continuity.findings import FindingDraft
from actors.continuity.rules import Known, Names
from actors.screenplay.breakdown import breakdown
from actors.screenplay.fountain import parse
from actors.screenplay.lists import lists_of
from tests.screenplays import feature_length, last_ferry
from tests.unit.actors.screenplay.test_fountain import documents

pytestmark = pytest.mark.unit

CAST = (Known("MARGARET", ("MARGARET BELL",)), Known("TOMAS"), Known("GUARD 1"))
PLACES = (Known("FERRY PIER"), Known("WHEELHOUSE"), Known("KITCHEN"))


def found(*scripts: str) -> tuple[FindingDraft, ...]:
    return check([SceneInput(f"s{i}", script, i) for i, script in enumerate(scripts)], CAST, PLACES)


def codes(*scripts: str) -> list[str]:
    return [finding.code for finding in found(*scripts)]


def said(name: str) -> str:
    return f"INT. KITCHEN - DAY\n\n{name}\nHello.\n"


def test_somebody_unknown_speaks() -> None:
    """C-10: a speaker who is in no cast list is a new_character WARNING that quotes the cue."""
    (finding,) = found(said("STRANGER"))
    assert (finding.code, finding.severity, finding.suggestion) == (
        "new_character",
        "WARNING",
        "Add STRANGER to the cast.",
    )
    evidence = finding.evidence[0]
    assert said("STRANGER")[evidence.start : evidence.end] == evidence.text == "STRANGER"


def test_offsets_count_code_points() -> None:
    """C-11: evidence counts Unicode code points, whatever the script and however wide its characters."""
    script = "INT. KITCHEN - DAY\n\n🎬 مرحبا 🎬\n\n@ليلى\nأهلا\n"
    (finding,) = found(script)
    assert script[finding.evidence[0].start : finding.evidence[0].end] == "ليلى"


@pytest.mark.parametrize(
    "name", ["MARGARET (V.O.)", "MARGARET BELL", "BELL", "CAPTAIN MARGARET", "ALL", "MARGARET & TOMAS"]
)
def test_known_people_pass(name: str) -> None:
    assert codes(said(name)) == []


def test_a_slip_of_the_pen_offers_the_right_name() -> None:
    """C-12: a spelling one slip from a cast name is name_drift, with a fix that replaces just the name."""
    script = said("MARGRET (O.S.)")
    (finding,) = found(script)
    assert finding.code == "name_drift"
    assert finding.fix is not None
    mended = script[: finding.fix.start] + finding.fix.replacement + script[finding.fix.end :]
    assert mended == said("MARGARET (O.S.)")
    assert codes(mended) == []


@pytest.mark.parametrize("cue", ["A WOMAN'S VOICE", "THE VOICE", "BACK AT THE", "INSERT - SIGN", "MARGARET'S POV"])
def test_a_voice_and_a_line_of_the_camera_are_nobody_new(cue: str) -> None:
    """C-61: a voice is somebody whose face is not seen; capitals that a camera shouts name nobody."""
    assert codes(said(cue)) == []


def test_numbered_parts_are_different_people() -> None:
    assert codes(said("GUARD 2")) == ["new_character"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("EXT. FERRY PIER - NIGHT", "INT. WHEELHOUSE - DAY - CONTINUOUS", [("timeline_error", "ERROR")]),
        ("EXT. FERRY PIER - DAY", "EXT. FERRY PIER - NIGHT", []),
        ("EXT. FERRY PIER - NIGHT", "INT. KITCHEN - DAY - LATER", [("timeline_error", "WARNING")]),
        ("EXT. FERRY PIER - DAY", "INT. KITCHEN - NIGHT - MOMENTS LATER", [("timeline_error", "ERROR")]),
        ("EXT. FERRY PIER - DAY", "EXT. FERRY PIER - NIGHT - LATER", []),
        ("EXT. FERRY PIER - DAY\n\nCUT TO:", "EXT. FERRY PIER - NIGHT", []),
        ("EXT. FERRY PIER - DAY", "INT. KITCHEN - NIGHT", []),
        ("EXT. FERRY PIER - DAY", "EXT. FERRY PIER - DUSK - CONTINUOUS", []),
        ("EXT. FERRY PIER - DAY", "EXT. FERRY PIER - NIGHT (FLASHBACK)", []),
        ("EXT. FERRY PIER - NIGHT", "INT. KITCHEN - NEXT DAY", []),
        ("EXT. FERRY PIER - DAY", "INT. FERRY PIER - CONTINUOUS", [("setting_mismatch", "WARNING")]),
        ("EXT. HOUSE - DAY", "INT. HOUSE - CONTINUOUS", []),
        ("EXT. FERRY PIER - DAY", "EXT. FERY PIER - DAY", [("setting_mismatch", "WARNING")]),
        ("EXT. FERRY PIER - DAY", "EXT. LIGHTHOUSE - DAY", []),
        ("EXT. BOTANICAL GARDENS - DAY", "EXT. BOTANICAL GARDNES - CONTINUOUS", [("setting_mismatch", "WARNING")]),
        ("EXT. NORTHERN GATEHOUSE - DAY", "EXT. SOUTHERN GATEHOUSE - CONTINUOUS", []),
        ("EXT. HOUSE - DAY", "INT. CORNFIELD - DAY", [("setting_mismatch", "WARNING")]),
        ("EXT. HOUSE - DAY", "INT. BEACH HOUSE - DAY", []),
    ],
)
def test_clock_and_setting(first: str, second: str, expected: list[tuple[str, str]]) -> None:
    """C-13 C-14 C-63: contradictions between neighbouring scenes are found; ordinary cuts of film grammar are not."""
    assert [(f.code, f.severity) for f in found(first + "\n\n", second + "\n\n")] == expected


def test_an_hour_of_the_clock_is_a_time_of_day() -> None:
    """C-62: a heading's 9 PM is night, and LATER in one place cannot run the clock back."""
    heading = breakdown("INT. OFFICE - 9 PM\n\n").heading
    assert heading is not None
    assert (heading.place, heading.time_of_day) == ("OFFICE", "night")
    assert [f.code for f in found("INT. OFFICE - 4 PM\n\n", "INT. OFFICE - 2 PM - LATER\n\n")] == ["timeline_error"]
    assert found("INT. OFFICE - 2 PM\n\n", "INT. OFFICE - 4 PM - LATER\n\n") == ()


def test_action_may_use_a_last_name_alone() -> None:
    """C-62: AGENT RUIZ is Ruiz in action, and a trade is nobody's name."""
    cast = Names([Known("AGENT RUIZ"), Known("HARBOR MASTER"), Known("OLD TOM")])
    assert cast.spellings == {"AGENT RUIZ", "RUIZ", "HARBOR MASTER", "OLD TOM"}


def test_time_is_carried_through_unbroken_scenes() -> None:
    """C-13: CONTINUOUS scenes pass the hour on, so a contradiction is seen across them with both quotations."""
    three = ("EXT. FERRY PIER - NIGHT\n\n", "INT. WHEELHOUSE - CONTINUOUS\n\n", "INT. KITCHEN - DAY - SAME\n\n")
    (finding,) = found(*three)
    assert [e.scene_id for e in finding.evidence] == ["s2", "s1"]


def test_identity_survives_edits_around_it_and_waivers_hold() -> None:
    """C-15: a finding keeps its id while the words around it change, so its waiver keeps holding."""
    (before,) = found(said("STRANGER"))
    moved = said("STRANGER").replace("- DAY", "- DAY\n\nRain. A long silence.")
    (after,) = check([SceneInput("s0", moved, 0)], CAST, PLACES, [before.id])
    assert after.id == before.id
    assert after.waived
    assert after.evidence != before.evidence


def test_the_sample_shows_its_two_slips_and_nothing_else() -> None:
    """C-16: the shipped short yields exactly its planted day/night jump and its unknown stranger."""
    scenes = parse(last_ferry()).scenes
    lists = lists_of([breakdown(scene.raw) for scene in scenes])
    findings = check(
        [SceneInput(f"s{i}", scene.raw, i) for i, scene in enumerate(scenes)],
        [Known(entry.name, entry.aliases) for entry in lists.cast],
        [Known(entry.name) for entry in lists.places],
    )
    assert [(f.code, f.scene_id, f.evidence[0].text) for f in findings] == [
        ("timeline_error", "s2", "DAY"),
        ("new_character", "s3", "STRANGER"),
    ]


LINES = [
    "EXT. FERRY PIER - NIGHT\n\n", "INT. WHEELHOUSE - CONTINUOUS\n\n", "INT. KITCHEN - DAY - LATER\n\n",
    "EXT. FERRY PIER - DAY\n\nMARGRET\nHi.\n", said("STRANGER"), "CUT TO:\n\n", "",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_incremental_equals_from_scratch(seed: int) -> None:
    """C-17: after any updates the findings are those of a fresh check, and the reported changes add up to them."""
    rng = random.Random(seed)
    story = Continuity(CAST, PLACES)
    scripts: dict[str, str] = {}
    shown: dict[str, tuple[FindingDraft, ...]] = {}
    for _ in range(30):
        scene_id = f"s{rng.randrange(8)}"
        if rng.random() < 0.15 and scene_id in scripts:
            del scripts[scene_id]
            changes = story.remove_scene(scene_id)
        else:
            scripts[scene_id] = rng.choice(LINES)
            changes = story.update_scene(scene_id, scripts[scene_id])
        shown.update(changes.scenes)
        fresh = check([SceneInput(each, script, i) for i, (each, script) in enumerate(scripts.items())], CAST, PLACES)
        assert story.findings() == fresh
        assert [f for each in scripts for f in shown.get(each, ())] == list(fresh)


@settings(max_examples=80, deadline=None)
@given(st.lists(documents, max_size=5), st.lists(st.text(max_size=9), max_size=4))
def test_no_text_is_refused(scripts: list[str], names: list[str]) -> None:
    """C-18: any text, names and order are checked without raising, and every quotation is exact."""
    known = [Known(name, (name * 2,)) for name in names]
    scenes = [SceneInput(f"s{i}", script, i % 3) for i, script in enumerate(scripts)]
    by_id = {scene.id: scene.script for scene in scenes}
    for finding in check(scenes, known, known):
        for evidence in finding.evidence:
            assert by_id[evidence.scene_id][evidence.start : evidence.end] == evidence.text
        assert finding.message
        assert finding.suggestion


def test_facts_quote_their_source() -> None:
    story = Continuity(CAST, PLACES)
    script = parse(last_ferry()).scenes[0].raw
    story.update_scene("s0", script)
    facts = story.facts("s0")
    assert {("s0", "place", "ferry pier"), ("margaret", "speaks", "s0"), ("s0", "time_of_day", "night")} <= {
        (f.entity, f.attribute, f.value) for f in facts
    }
    assert all(script[f.evidence.start : f.evidence.end] == f.evidence.text for f in facts)


def test_an_edit_in_a_feature_costs_its_scene() -> None:
    """C-19: one edit in a 120-page screenplay is checked within 50 ms of processor time."""
    scenes = parse(feature_length()).scenes
    names = [Known(name) for name in ("ADA", "MARGARET", "TOMAS", "ELIAS", "RUTH", "YUSUF", "JUNO")]
    story = Continuity(names, [])
    story.set_scenes([SceneInput(f"s{i}", scene.raw, i) for i, scene in enumerate(scenes)])
    costs: list[float] = []
    for turn in range(20):
        began = time.process_time()
        story.update_scene("s60", scenes[60].raw + f"Somebody waits {turn} minutes.\n")
        costs.append(time.process_time() - began)
    assert sorted(costs)[10] < 0.05
