"""Every rule over any language, half-typed slips of every kind, and text made to hold a reader up (C-98)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.continuity.check import Continuity, SceneInput
from actors.continuity.codes import CODES
from actors.continuity.rules import Known
from benchmarks.continuity import fresh

CASES = [case for entry in fresh.measured() for case in fresh.cases(entry["file"])]
_SENTENCES = sorted({line for case in CASES for scene in case.scenes for line in scene.splitlines() if line})
_ODD = (
    "\u200f", "\u202e", "e\u0301\u0323\u0330", "\U0001f469\u200d\U0001f692", "\ufdfa",
    "\U0001d517\U0001d525\U0001d522", "\u00df", "\u0130",
    "\ud800", "\x00", "\u00a0", "\u200b", "\u2026", "\u00ab", "'\u2019'",
)  # fmt: skip
"""Marks of direction, stacked and joined marks, one sign for a phrase, a lone half of a pair, nothing at all."""
_BRAIN = {"id": "b", "name": "B", "words": {"palette": "black and white"}, "prompt": {"negative": "neon, handheld"}}

SPOKEN = {
    "arabic": (
        "ليلى", "داخلي. المطبخ - ليل",
        "تضع ليلى السكين على الطاولة. ثلاثة رجال ينتظرون. المطر يهطل.",
        "أعرف كل شيء.",
    ),
    "hebrew": (
        "נועה", "פנים. מטבח - לילה",
        "נועה מניחה את הסכין על השולחן. השמש זורחת. שלושה גברים מחכים.",
        "אני יודעת הכול.",
    ),
    "chinese": (
        "小明", "内景 厨房 夜",
        "小明把刀放在桌上，三个人在等他，外面下着大雨，他穿着红色的大衣。", "我什么都知道。",
    ),
    "japanese": (
        "健太", "屋内・台所・夜",
        "健太はナイフを机に置く。三人の男が待っている。雨が降っている。", "全部知ってるよ。",
    ),
    "thai": (
        "มานะ", "ภายใน ห้องครัว กลางคืน",
        "มานะวางมีดลงบนโต๊ะ ชายสามคนรออยู่ข้างนอก ฝนตกหนัก",
        "ฉันรู้ทุกอย่าง",
    ),
    "hindi": (
        "रवि", "अंदर. रसोई - रात",
        "रवि मेज़ पर चाकू रखता है। तीन आदमी बाहर इंतज़ार करते हैं। बारिश होती है।",
        "मुझे सब पता है।",
    ),
    "greek": (
        "ΝΙΚΟΣ", "ΕΣΩΤ. ΚΟΥΖΙΝΑ - ΝΥΧΤΑ",
        "Ο Νίκος αφήνει το μαχαίρι στο τραπέζι. Βρέχει.",
        "Τα ξέρω όλα.",
    ),
    "emoji": ("👩‍🚒", "INT. 🔥🏠 - NIGHT", "👩‍🚒 🔪 ➡️ 🪑. ☔️☔️☔️. 👨‍👨‍👦‍👦 ⏳.", "🤫🤫"),
    "combining": (
        "Z̷̢a̸l̵g̶o̴", "INT. K̈ïẗc̈ḧën̈ - NIGHT",
        "Z̷̢a̸l̵g̶o̴ p̈üẗs̈ the k̈n̈ïf̈ë on the table.",
        "Ï k̈n̈öẅ.",
    ),
    "mixed": (
        "RUTH", "INT. المطبخ 厨房 - NIGHT",
        "RUTH תופסת את 刀. \u202eRuth\u202c waits for ليلى and 小明.",
        "我知道 כל דבר.",
    ),
}  # fmt: skip
"""A name, a heading, action and a line of ordinary scenes: nothing in them is wrong."""


def _story(scripts: list[str], names: list[str]) -> Continuity:
    story = Continuity([Known(name) for name in names], [], brain=_BRAIN)
    story.set_scenes([SceneInput(f"s{at}", script, at) for at, script in enumerate(scripts)])
    return story


@pytest.mark.unit
@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(st.sampled_from([*_SENTENCES, *_ODD, "\n\n"]), max_size=12).map("\n".join), max_size=4))
def test_sentences_of_every_kind_in_any_order_are_quoted_as_they_stand(scripts: list[str]) -> None:
    """C-98: of slips of every kind, shuffled with marks of many scripts, each quotation is what stands there."""
    for finding in _story(scripts, ["RUTH", "OLD PIET", "ليلى", ""]).findings():
        assert finding.code in CODES
        for each in finding.evidence:
            assert scripts[int(each.scene_id[1:])][each.start : each.end] == each.text


@pytest.mark.unit
@pytest.mark.parametrize("language", SPOKEN)
def test_a_scene_in_another_language_is_read_and_nothing_is_said(language: str) -> None:
    """C-98: right to left, without spaces, in marks that combine: read, in both orders, and not spoken of."""
    name, heading, action, line = SPOKEN[language]
    scene = f"{heading}\n\n{action}\n\n@{name}\n{line}\n\n"
    assert _story([scene, scene * 2, action, f"@{name}\n{line}"], [name]).findings() == ()


def _half_typed(step: int) -> Iterator[tuple[fresh.Fresh, Continuity, list[str]]]:
    seen: set[str] = set()
    for case in CASES:
        if case.code in seen and step > 1:
            continue
        seen.add(case.code)
        story = Continuity([Known(name) for name in case.cast], [], brain=case.brain)
        story.set_scenes([SceneInput(f"s{at}", script, at) for at, script in enumerate(case.scenes)])
        yield case, story, [f"s{at}" for at in range(len(case.scenes))]


def _type(step: int) -> set[str]:
    """Type each case's slipped scene letter by letter; what is said at the end is what was said before."""
    typed: set[str] = set()
    for case, story, _ in _half_typed(step):
        at, whole, before = case.slip[0], case.scenes[case.slip[0]], story.findings()
        for end in range(0, len(whole), step):
            story.update_scene(f"s{at}", whole[:end])
        story.update_scene(f"s{at}", whole)
        assert story.findings() == before
        typed.add(case.code)
    return typed


@pytest.mark.unit
def test_a_slip_of_every_kind_may_be_half_typed() -> None:
    """C-98: one of each kind, a few letters at a time."""
    assert _type(5) == {case.code for case in CASES}


@pytest.mark.proof
def test_every_fresh_slip_may_be_typed_letter_by_letter() -> None:
    """C-98: all of them, each letter."""
    assert _type(1) == {case.code for case in CASES}


_HELD_UP = (
    "It is a the in deep late early high hot warm ", "the bright midday noon blazing hot harsh ", "Ruth is Ruth is ",
    "Rays of sunlight ", "the red blue green old torn ", "twenty thirty forty ", "from left to right to left to ",
    "my father died my father died ", "left right left hand arm ", "never never never drinks ", "Nobody can open the ",
    "hides a silver old key under ", "(early twenties), (", "CLOSE ON WIDE ANGLE ON ", "a golden old cold October ",
    "knows about the the the ", "It's It's It's ", "eats eats a big old red ", "Not a breath not a cloud ",
    "- 9 PM - 7 ",
)  # fmt: skip


@pytest.mark.unit
@pytest.mark.parametrize("piece", _HELD_UP)
def test_nothing_repeated_holds_a_reader_up(piece: str) -> None:
    """C-98: words that a pattern waits for, again and again without an end, take time as any text of that length."""
    for script in (f"INT. BARN - DAY\n\n{piece * 400}\n", f"INT. BARN - DAY\n\nRUTH\n{piece * 400}\n"):
        began = time.process_time()
        _story([script, script], ["RUTH"])
        assert time.process_time() - began < 2 * (20e-6 * len(script) + 0.5)


@pytest.mark.proof
def test_ten_thousand_lines_of_slips_take_bounded_time() -> None:
    """C-98: every sentence of every kind, 10,000 lines as one scene and as a thousand; a portion stays short."""
    lines = [_SENTENCES[at % len(_SENTENCES)] for at in range(10_000)]
    one = "INT. BARN - DAY\n\n" + "\n\n".join(line for line in lines if not line.startswith(("INT", "EXT")))
    began = time.process_time()
    _story([one], ["RUTH"])
    assert time.process_time() - began < 20e-6 * len(one) + 5
    scenes = ["INT. BARN - DAY\n\n" + "\n\n".join(lines[at : at + 10]) for at in range(0, 10_000, 10)]
    story = _story(scenes, ["RUTH"])
    portions: list[float] = []
    story.update_scene("s500", scenes[500] + "\n\nRuth waits.", judge=False)
    while not story.judged:
        began = time.process_time()
        story.judge_next()
        portions.append((time.process_time() - began) * 1e3)
    assert sorted(portions)[int(len(portions) * 0.95)] < 15.0
