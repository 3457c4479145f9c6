"""What roles of a scene know, what a line touches and asks, and what film grammar answers: pure parts."""

from __future__ import annotations

import pytest

from actors.continuity.check import Continuity, SceneInput
from actors.continuity.rules import Known
from actors.tableread import fountain, grammar
from actors.tableread.asked import called, read
from actors.tableread.entry import STEPS, Entry, Given, enter
from actors.tableread.knowing import NARRATOR, Frame
from actors.tableread.limits import ANSWER_CHARS_MAX
from actors.tableread.table import Line
from actors.tableread.triggers import touched
from storage.graphs.calls import Tie

pytestmark = pytest.mark.unit

KITCHEN = """INT. KITCHEN - NIGHT

NORA (34), a tired captain, takes the LANTERN. She hides the pistol in the drawer. A rifle hangs on the wall.

NORA
I know about the tunnel under the mill.

BEN, 40, wears a red coat.

BEN
The boat leaves at dawn.
"""
HARBOUR = """EXT. HARBOUR - NIGHT

BEN cuts his left hand. CARL stacks crates.

CARL
The mayor is a thief.
"""
MILL = """INT. MILL - CONTINUOUS

NORA waits. CARL comes in.

CARL
You are late.
"""
DREAM = """INT. THEATRE - NIGHT - DREAM

CARL takes the crown. NORA bows.
"""
NAMES = {"nora": "nora", "ben": "ben", "benny": "ben", "carl": "carl"}
TIES = (Tie("character:nora", "character:carl", 1.0, 0.9, -0.6, -0.5, 0.2),)


def story(*scripts: str) -> Continuity:
    made = Continuity([Known("NORA"), Known("BEN", ("BENNY",)), Known("CARL")])
    made.set_scenes([SceneInput(f"scn_{at}", script, at) for at, script in enumerate(scripts)])
    return made


def entry_of(*scripts: str, ties: tuple[Tie, ...] = ()) -> Entry:
    found = enter(Given(f"scn_{len(scripts) - 1}", NAMES, ties), story(*scripts).heard())
    assert found is not None
    return found


@pytest.fixture(scope="module")
def mill() -> Entry:
    return entry_of(KITCHEN, HARBOUR, MILL, ties=TIES)


def knows(frame: Frame, about: str) -> set[tuple[str, str]]:
    return {(each.who, each.words) for each in frame.about(about)}


def ask(entry: Entry, role: str, text: str, by: str = "") -> grammar.Answer:
    (answer,) = grammar.answers(entry, text, [role], by, NAMES, "seed")
    return answer


def test_c130_a_role_knows_what_happened_where_it_was_and_nothing_else(mill: Entry) -> None:
    """C-130: each piece names the words it rests on; the narrator was everywhere."""
    nora, carl, told = mill.frames["nora"], mill.frames["carl"], mill.frames[NARRATOR]
    assert knows(nora, "holds") == {("nora", "lantern")}
    assert [(each.who, each.words.split()[0]) for each in nora.about("knows")] == [("nora", "tunnel")]
    assert knows(nora, "wears") == {("ben", "red coat")}
    assert (knows(nora, "hurt"), knows(carl, "hurt")) == (set(), {("ben", "left hand")})
    assert (knows(carl, "holds"), knows(carl, "knows"), knows(carl, "age")) == (set(), set(), set())
    assert knows(told, "hurt") == {("ben", "left hand")}
    assert knows(told, "knows")
    assert knows(nora, "seen_at") == {("ben", "KITCHEN")}
    assert knows(carl, "seen_at") == {("ben", "HARBOUR")}
    assert knows(nora, "age") == {("nora", "34"), ("ben", "40")}
    scripts = {"scn_0": KITCHEN, "scn_1": HARBOUR, "scn_2": MILL}
    for frame in mill.frames.values():
        for piece in frame.pieces:
            assert " ".join(scripts[piece.scene][piece.start : piece.end].split())[:160] == piece.quote
    assert {each.scene for each in nora.recalls} == {"scn_0", "scn_2"}
    assert [each.scene for each in carl.remembers] == ["scn_1"]


def test_c130_a_dream_teaches_nobody_and_a_thing_seen_to_change_hands_is_with_whoever_took_it_last() -> None:
    """C-130."""
    after = entry_of(KITCHEN, DREAM, MILL)
    assert knows(after.frames["nora"], "holds") == {("nora", "lantern")}
    given = "INT. YARD - NIGHT\n\nNORA gives the LANTERN to BEN.\n"
    apart = entry_of(KITCHEN, given, MILL)
    assert knows(apart.frames["nora"], "holds") == {("ben", "lantern")}
    assert knows(apart.frames["carl"], "holds") == set()


@pytest.mark.parametrize(
    ("role", "text", "words"),
    [
        ("nora", "Nora, who has the lantern?", "I have the lantern."),
        (NARRATOR, "Who has the lantern?", "Nora has the lantern."),
        ("nora", "What are you holding?", "I have a lantern."),
        ("nora", "What do you know about the tunnel?", "I know about the tunnel under the mill."),
        ("nora", "Where is Ben?", "I last saw Ben at the Kitchen."),
        ("carl", "Where's Benny?", "I last saw Ben at the Harbour."),
        ("carl", "Where are you?", "I am here, at the Mill."),
        ("nora", "What is Ben wearing?", "Ben wears a red coat."),
        ("carl", "Is Ben hurt?", "Ben’s left hand was hurt."),
        ("nora", "How old are you?", "I am 34."),
        ("nora", "Do you trust Carl?", "I do not trust Carl, and I owe Carl."),
        ("nora", "What did Ben say about the boat?", "Ben said: “The boat leaves at dawn.”"),
        ("nora", "Where is the pistol?", "The pistol was in the drawer."),
        (NARRATOR, "Who is here?", "Nora and Carl are here."),
    ],
)
def test_c131_a_question_about_what_a_role_knows_is_answered_with_it(
    mill: Entry, role: str, text: str, words: str
) -> None:
    """C-131: with what it rests on, and how sure it is."""
    answer = ask(mill, role, text)
    assert answer.words == words
    assert answer.knows
    assert 0 < answer.confidence <= 1
    assert answer.because or "trust" in text


@pytest.mark.parametrize(
    ("role", "text"),
    [
        ("carl", "Who has the lantern?"),
        ("carl", "What do you know about the tunnel?"),
        ("carl", "What did Ben say about the boat?"),
        ("nora", "Is Ben hurt?"),
        ("carl", "How old is Ben?"),
        ("nora", "Who ate the elephant?"),
    ],
)
def test_c131_what_a_role_cannot_know_it_says_so(mill: Entry, role: str, text: str) -> None:
    """C-131: no word of the answer comes from where it was not."""
    answer = ask(mill, role, text)
    assert (answer.knows, answer.because) == (False, ())
    assert not {"lantern", "tunnel", "boat", "hand", "40", "elephant"} & set(answer.words.lower().split())


def test_c131_a_role_that_distrusts_who_asks_says_less_and_the_same_seed_says_the_same(mill: Entry) -> None:
    """C-131."""
    answer = ask(mill, "nora", "Who has the lantern?", by="carl")
    assert "lantern" not in answer.words
    assert answer.confidence == grammar.KEPT_CONFIDENCE
    assert ask(mill, "nora", "Who has the lantern?", by="carl") == answer
    assert "lantern" in ask(mill, "nora", "Who has the lantern?", by="ben").words
    again = entry_of(KITCHEN, HARBOUR, MILL, ties=TIES)
    assert (again.frames, again.triggers, again.narrated) == (mill.frames, mill.triggers, mill.narrated)


def test_c132_entering_a_scene_is_six_steps_each_timed_and_a_word_names_what_it_touches(mill: Entry) -> None:
    """C-132: facts with the roles that have them, ties, set-ups."""
    assert tuple(name for name, _ in mill.steps) == STEPS
    assert all(ms >= 0 for _, ms in mill.steps)
    assert mill.total_ms == round(sum(ms for _, ms in mill.steps), 2)
    found = touched("Does Benny know that the lantern and the rifle matter to Carl?", mill.triggers)
    touches = {(word, touch.kind, touch.about) for word, touch in found}
    assert {("lantern", "fact", "holds"), ("carl", "tie", ""), ("rifle", "setup", "")} <= touches
    lantern = next(touch for word, touch in found if word == "lantern")
    assert lantern.roles == (NARRATOR, "nora")
    assert "the" not in mill.triggers
    assert enter(Given("scn_9", NAMES), story(KITCHEN).heard()) is None


def test_c132_who_is_called_and_who_is_only_spoken_of() -> None:
    """C-132."""
    assert called("Nora, where is Ben?", NAMES) == ("nora",)
    assert called("Where is Ben, Carl?", NAMES) == ("carl",)
    assert called("Carl and Nora: listen.", NAMES) == ("carl", "nora")
    assert called("Ben left.", NAMES) == ()
    question = read("Nora, where is Ben?", NAMES, ("nora",))
    assert (question.kind, question.people, question.you) == ("where", ("ben",), False)
    assert read("The rain begins.", NAMES).kind == "remark"


@pytest.mark.parametrize(
    "text", ["", "?", "who who who", "(((", "ｎｏｒａ？", "🎬" * 200, "Nora,,,,, Ben", "who's\x00"]
)
def test_c131_any_text_has_an_answer(mill: Entry, text: str) -> None:
    """C-131: bounded, whatever people type."""
    for role in mill.frames:
        assert 0 < len(ask(mill, role, text).words) <= ANSWER_CHARS_MAX


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        (fountain.DIALOGUE, "Nora", "I have it."),
        (fountain.DIALOGUE, "Nora", "(quietly) > go <"),
        (fountain.DIALOGUE, "娜拉", "Here."),
        (fountain.ACTION, "", "Nora waits."),
        (fountain.ACTION, "", "INT. HERE - DAY"),
        (fountain.ACTION, "", "CUT TO:"),
    ],
)
def test_c133_a_proposal_reads_back_as_what_it_is(kind: str, name: str, words: str) -> None:
    """C-133: whatever its words look like."""
    script = f"INT. HERE - DAY\n\nRain.{fountain.appended('Rain.', fountain.written(kind, name, words))}"
    kinds = [str(each.kind) for each in fountain.elements(script)]
    assert kinds[2:] == (["character", "dialogue"] if kind == fountain.DIALOGUE else ["action"])


def test_c137_a_line_survives_its_form() -> None:
    """C-137: what a snapshot keeps of a line is the line."""
    line = Line("lin_a", 1, "Hello", "", ("nora",), "usr", "Anna", 5, proposals=[{"id": "prp_a", "state": "OPEN"}])
    assert Line.from_dict(line.to_dict()) == line
