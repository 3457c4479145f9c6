"""Edits by agents: carried to where the text is now, and yielded where people are."""

from __future__ import annotations

import random
from typing import Any

import pycrdt
import pytest

from collab.agents import Plan, Reason, Wanted, apply, carry, plan
from collab.anchors import anchor
from collab.history import Author, History, Row
from collab.text import byte_offset

pytestmark = pytest.mark.unit

ANA, AGENT, SERVER = Author("u1", "Ana"), Author("a1", "Agent"), Author("@server")
LONG_AGO, NOW = 1_000, 1_000_000


def human(author: Author) -> bool:
    return author not in (AGENT, SERVER)


class Script:
    """A text, its history, and edits by people under their own client ids."""

    def __init__(self, text: str) -> None:
        self.history = History("script")
        self.seq = 0
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc()
        self.write(SERVER, 0, 0, text)

    @property
    def text(self) -> str:
        return str(self.doc.get("script", type=pycrdt.Text))

    def write(self, author: Author, start: int, end: int, what: str, at_ms: int = LONG_AGO) -> int:
        doc: pycrdt.Doc[Any] = pycrdt.Doc()
        doc.apply_update(self.doc.get_update())
        made: list[bytes] = []
        watched = doc.observe(lambda event: made.append(event.update))
        text = doc.get("script", type=pycrdt.Text)
        first, last = byte_offset(str(text), start), byte_offset(str(text), end)
        with doc.transaction():
            if last > first:
                del text[first:last]
            if what:
                text.insert(first, what)
        doc.unobserve(watched)
        for update in made:
            self.doc.apply_update(update)
            self.seq += 1
            self.history.extend([Row(self.seq, at_ms, [(author, update)])])
        return self.seq

    def plan(self, base: int, *wanted: Wanted, **more: Any) -> Plan:
        return plan(self.history, base, wanted, now_ms=NOW, human=human, **more)

    def after(self, planned: Plan) -> str:
        doc: pycrdt.Doc[Any] = pycrdt.Doc()
        doc.apply_update(self.doc.get_update())
        text = doc.get("script", type=pycrdt.Text)
        apply(text, carry(planned, str(text)))
        return str(text)


def where(text: str, words: str) -> tuple[int, int]:
    at = text.index(words)
    return at, at + len(words)


def test_r95_edits_follow_their_words() -> None:
    """R-95: what people wrote elsewhere, in any script, moves an edit and stays."""
    script = Script("🎬 ADA\nHello, مرحبا.\n\nBO\nYes.\n")
    base = script.seq
    wanted = [Wanted(*where(script.text, "Hello"), "Good day"), Wanted(*where(script.text, "Yes"), "No 🙈")]
    script.write(ANA, 0, 0, "EXT. رصيف - ليل 🌙\n\n")
    script.write(ANA, *where(script.text, "مرحبا"), "أهلا")
    planned = script.plan(base, *wanted)
    assert planned.yielded == ()
    assert script.after(planned) == "EXT. رصيف - ليل 🌙\n\n🎬 ADA\nGood day, أهلا.\n\nBO\nNo 🙈.\n"


def test_r95_an_insertion_stays_behind_what_it_was_put_behind() -> None:
    """R-95: at the start, in the middle, at the end; deletions are edits without words."""
    script = Script("one two three")
    base = script.seq
    script.write(ANA, 4, 4, "and ")
    planned = script.plan(base, Wanted(0, 0, ">"), Wanted(8, 13, ""), Wanted(3, 3, ","), Wanted(7, 7, "!"))
    assert script.after(planned) == ">one, and two! "
    assert script.after(script.plan(base, Wanted(13, 13, "."))) == "one and two three."
    assert Script("").after(Script("").plan(0, Wanted(0, 0, "New."))) == "New."


def test_r96_words_that_changed_are_yielded_as_they_are_now() -> None:
    """R-96: whoever changed them, however long ago, and if they are gone; the rest of the batch is made."""
    script = Script("Ada walks. Bo runs. Cy sings.")
    base = script.seq
    edits = [Wanted(*where(script.text, name), "waits") for name in ("walks", "runs", "sings")]
    script.write(ANA, *where(script.text, "al"), "AL")
    script.write(ANA, *where(script.text, "runs"), "")
    planned = script.plan(base, *edits)
    assert [(each.index, each.text, each.reason) for each in planned.yielded] == [
        (0, "wALks", Reason.CHANGED),
        (1, "", Reason.CHANGED),
    ]
    told = planned.yielded[0]
    assert script.text[told.start : told.end] == "wALks"
    assert script.after(planned) == "Ada wALks. Bo . Cy waits."


@pytest.mark.parametrize(("at_ms", "author", "made"), [(NOW - 10, ANA, 0), (LONG_AGO, ANA, 1), (NOW - 10, AGENT, 1)])
def test_r96_what_a_person_changed_a_moment_ago_is_theirs(at_ms: int, author: Author, made: int) -> None:
    """R-96: although the agent has read the change; its own edits and old ones are in nobody's way."""
    script = Script("Ada walks. Bo runs.")
    base = script.write(author, *where(script.text, "walks"), "strolls", at_ms)
    planned = script.plan(base, Wanted(*where(script.text, "strolls"), "waits"))
    assert len(planned.steps) == made
    assert [each.reason for each in planned.yielded] == [Reason.BUSY] * (1 - made)
    removed = script.write(author, *where(script.text, "Bo "), "", at_ms)
    assert len(script.plan(removed, Wanted(*where(script.text, "runs"), "sits")).steps) == made


@pytest.mark.parametrize(("words", "made"), [("Bo runs", 0), ("runs. Cy", 0), ("Ada", 1), ("sings", 1)])
def test_r96_a_caret_or_a_selection_keeps_its_words(words: str, made: int) -> None:
    """R-96: where it touches the edit, wherever else not; it is read as editors write it."""
    script = Script("🎬 Ada walks. Bo runs. Cy sings.")
    ends = anchor(script.history, *where(script.text, words), script.seq)
    assert ends is not None
    planned = script.plan(script.seq, Wanted(*where(script.text, "runs"), "sits"), carets=[ends])
    assert len(planned.steps) == made
    assert [each.reason for each in planned.yielded] == [Reason.CARET] * (1 - made)


@pytest.mark.parametrize("seed", range(200))
def test_r96_the_last_milliseconds_are_carried_too(seed: int) -> None:
    """R-96: after any edits by others, each step is made to its own words, or yielded; nobody's words are lost."""
    random_ = random.Random(seed)
    script = Script("".join(random_.choice("aé🎬 \n") for _ in range(60)))
    starts = sorted(random_.sample(range(0, 56, 4), 5))
    wanted = [Wanted(at, at + random_.randint(1, 3), f"<{index}>") for index, at in enumerate(starts)]
    planned = script.plan(script.seq, *wanted)
    assert len(planned.steps) == 5
    for _ in range(random_.randint(1, 3)):
        at = random_.randint(0, len(script.text))
        script.write(ANA, at, min(len(script.text), at + random_.randint(0, 2)), random_.choice(["", "X", "XYZ🙈"]))
    moved = carry(planned, script.text)
    assert len(moved.steps) + len(moved.yielded) == 5
    for step in moved.steps:
        assert script.text[step.start : step.end] == planned.then[wanted[step.index].start : wanted[step.index].end]
    for told in moved.yielded:
        assert script.text[told.start : told.end] == told.text
    result = script.after(planned)
    assert result.count("X") == script.text.count("X")
    assert all((f"<{step.index}>" in result) for step in moved.steps)
