"""Formats: data files, checked when read; and brains that travel in a request."""

from __future__ import annotations

import pickle
from importlib import resources

import pytest

from gpu.enhance.brains import brain, brain_for, brain_of, list_brains
from gpu.enhance.formats import BEATS_MAX, format_of, list_formats, read_format, shipped_format
from gpu.enhance.grammar import GrammarWriter
from gpu.enhance.protocol import CastSlot, EnhanceError, EnhanceRequest, Moment
from gpu.enhance.section import BadField, read_text

pytestmark = pytest.mark.unit


def text_of(id: str) -> str:
    return resources.files("gpu.enhance").joinpath("formats", f"{id}.yaml").read_text(encoding="utf-8")


def request(**more: object) -> EnhanceRequest:
    return EnhanceRequest(
        heading="INT. KITCHEN - NIGHT",
        place="KITCHEN",
        interior=True,
        cast=(CastSlot("cst_1", "EDWARD"),),
        moments=(Moment("action", "EDWARD stirs a pot."), Moment("line", "Soup!", "EDWARD")),
        **more,  # type: ignore[arg-type]
    )


def test_g201_six_formats_cover_the_story() -> None:
    """G-201: every position from 0 to 1 has one beat, in order, and the last ends at 1."""
    found = list_formats()
    assert [each.id for each in found] == [
        "fifteen-beat", "five-act", "k-drama-episode", "short", "three-act", "vertical-series",
    ]  # fmt: skip
    for each in found:
        assert each.ends == sorted(set(each.ends))
        assert each.ends[-1] == 1.0
        numbers = [each.beat_at(n / 1000) for n in range(1001)]
        assert numbers == sorted(numbers)
        assert set(numbers) == set(range(len(each.beats)))
        assert format_of("again", each.to_data()) == each
    assert shipped_format("feature") is shipped_format("three-act")
    assert shipped_format("series") is shipped_format("five-act")
    assert shipped_format("opera") is None


@pytest.mark.parametrize(
    ("id", "old", "new", "names"),
    [
        ("short", "share: 0.15", "share: 0.35", "beats must share the whole: their shares add up to 1.2"),
        ("short", "share: 0.3", "share: many", "beats.2.share"),
        ("short", "purpose: One image that asks something.", "because: x", "beats.0.purpose is missing"),
        ("short", "suits: [SHORT]", "suits: [OPERA]", "suits must be of SERIES, MOVIE, SHORT"),
        ("short", "id: short", "id: Short Film", "id must be of small letters"),
        ("short", "name: Short", "name: Short\nmood: dark", "mood is not a field here"),
        ("fifteen-beat", "pages: [2, 11]", "pages: [3, 11]", "beats.1.pages must begin at 2"),
        ("fifteen-beat", "pages: [12, 12]", "pages: [12]", "beats.2.pages must be [first, last]"),
        ("fifteen-beat", "pages: [110, 110]", "share: 0.1", "beats.14.pages is missing"),
    ],
)
def test_g201_a_fault_names_file_and_field(id: str, old: str, new: str, names: str) -> None:
    """G-201: a bad format file is refused with its name, the field, and what would be right."""
    text = text_of(id)
    assert old in text
    changed = text.replace(old, new) if new != "share: 0.35" else text.replace(old, new, 1)
    with pytest.raises(BadField) as caught:
        read_format("mine.yaml", changed)
    assert caught.value.code == "bad_format_file"
    assert caught.value.message.startswith("mine.yaml: ")
    assert names in caught.value.message
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.code, again.field, str(again)) == (caught.value.code, caught.value.field, str(caught.value))


def test_g201_a_list_of_beats_has_an_end() -> None:
    """G-201: more beats than a format may have are refused by name."""
    data = {**shipped_format("short").to_data(), "beats": [{}] * (BEATS_MAX + 1)}  # type: ignore[union-attr]
    with pytest.raises(BadField, match=f"beats must be a list of 1 to {BEATS_MAX}"):
        format_of("mine", data)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &x [1]\nb: *x", "anchors and aliases"),
        ("made: 2024-01-01", "made must be a text"),
        ("a: .nan", "a is no finite number"),
        ("1: x", "has the name 1"),
        ("a: {b: {c: {d: {e: {f: {g: 1}}}}}}", "nested deeper"),
        ("x" * 16_001, "at most 16000 fit"),
        ("a: [", "is not YAML"),
        ('a: ["\\ud83d"]', "a.0 holds half a character"),
        ("[" * 5000, "is not YAML"),
    ],
)
def test_q91_only_plain_small_definitions_are_read(text: str, says: str) -> None:
    """Q-91: what could explode, or has no word in JSON, is refused where it is read."""
    with pytest.raises(BadField, match=says):
        read_text("BAD_BRAIN", "the definition", text)


@pytest.mark.parametrize("id", [each.id for each in list_brains()])
def test_g200_a_request_carries_its_brain(id: str) -> None:
    """G-200: with its content in the request the shots are those of the shipped file, after a journey as JSON too."""
    shipped = brain(id)
    plain = GrammarWriter().write(request(brain=id, seed=7))
    sent = EnhanceRequest.from_dict(request(brain=id, seed=7, brain_data=shipped.to_data()).to_dict())
    assert brain_for(sent) == shipped
    assert GrammarWriter().write(sent) == plain
    assert brain_of("again", shipped.to_data()).sha256 == shipped.sha256


def test_g200_a_worker_need_not_know_the_brain() -> None:
    """G-200: an own brain shows in the scene under its id and version; another content has another hash."""
    data = {**brain("pixar").to_data(), "id": "mine", "version": 3}
    data["prompt"] = {**data["prompt"], "style": "cut-out paper theatre"}
    made = GrammarWriter().write(request(brain="mine", brain_data=data))
    assert (made.brain, made.brain_version) == ("mine", 3)
    assert "cut-out paper theatre" in made.prompt
    assert brain_of("x", data).sha256 != brain("pixar").sha256
    with pytest.raises(EnhanceError, match=r"look\.palette must hold #rrggbb"):
        GrammarWriter().write(request(brain="mine", brain_data={**data, "look": {**data["look"], "palette": ["red"]}}))
