"""From a breakdown to the request for enhancement."""

from __future__ import annotations

import pytest

from actors.screenplay.breakdown import breakdown
from actors.screenplay.fountain import parse
from actors.screenplay.slots import enhance_request
from gpu.enhance.grammar import GrammarWriter
from gpu.enhance.protocol import EnhanceError, EnhanceRequest
from tests.screenplays import last_ferry

pytestmark = pytest.mark.unit

ARABIC = "داخلي. البيت - ليل\n\n"


def ask(script: str, **more: object) -> EnhanceRequest:
    options: dict[str, object] = {"brain": "thriller", "seed": 1, **more}
    return enhance_request(script, breakdown(script, ["MARGARET"]), **options)  # type: ignore[arg-type]


def test_full_name_and_short_name_are_one_figure_with_its_description() -> None:
    """C-21: somebody introduced by a full name and speaking under one word of it is one figure, described."""
    people = ask(parse(last_ferry()).scenes[0].raw).cast
    assert [(p.entity_id, p.name, p.descriptors) for p in people] == [
        ("margaret", "MARGARET", ("60s", "ferry captain for thirty years")),
        ("tomas", "TOMAS", ("20s", "her deckhand")),
    ]


def test_ids_and_descriptors_of_the_outline_win() -> None:
    request = ask(
        "INT. A - DAY\n\nMARGARET (60s) sits.\n",
        entity_ids={"margaret": "chr_1"},
        descriptors={"margaret": ["a red coat"]},
    )
    assert [(p.entity_id, p.descriptors) for p in request.cast] == [("chr_1", ("a red coat",))]


@pytest.mark.parametrize(
    ("heading", "before", "expected"),
    [("INT. A - DUSK", "night", "dusk"), ("INT. A - CONTINUOUS", "night", "night"), ("INT. A", None, "day")],
)
def test_the_hour_comes_from_the_heading_then_from_the_scenes_before(
    heading: str, before: str | None, expected: str
) -> None:
    """C-22: a scene without an hour of its own is drawn at the hour the scenes before left."""
    assert ask(f"{heading}\n\nRain.\n", time_before=before).time_of_day == expected


def test_moments_keep_their_order_and_voices_off_screen_are_marked() -> None:
    script = "INT. A - DAY\n\nRain.\n\nMARGARET (V.O.)\n(softly)\nOnce.\n\nShe waits.\n"
    assert [(m.kind, m.text, m.parenthetical, m.off_screen) for m in ask(script).moments] == [
        ("action", "Rain.", "", False),
        ("line", "Once.", "softly", True),
        ("action", "She waits.", "", False),
    ]


def test_a_script_without_latin_letters_is_carried_whole() -> None:
    """C-23: Arabic, with a forced heading and a forced cue, keeps its people, place, hour and words."""
    script = "." + ARABIC + "ليلى تقف قرب النافذة. 🎬\n\n@ليلى\nمن هناك؟\n"
    request = ask(script)
    assert (request.place, request.time_of_day, request.interior) == ("البيت", "night", True)
    made = GrammarWriter().write(request)
    assert {f.name for shot in made.shots for f in shot.cast} == {"ليلى"}
    assert [line.text for shot in made.shots for line in shot.lines] == ["من هناك؟"]


def test_limits_cut_and_never_refuse() -> None:
    crowd = "".join(f"PERSON NUMBER {n}\nHi.\n\n" for n in range(200))
    request = ask(f"INT. {'LONG ' * 400}- DAY\n\n{crowd}{'word ' * 30_000}\n")
    assert len(request.cast) == 64
    assert GrammarWriter().write(request).shots


def test_arguments_out_of_range_are_refused() -> None:
    with pytest.raises(EnhanceError) as caught:
        ask("INT. A - DAY\n", seed=-1)
    assert caught.value.code == "bad_request"
