"""The blast radius against a rebuild: of random stories and random changes, exactly those scenes whose prompt inputs
differ are told."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from actors.continuity.by_hand import as_facts
from actors.continuity.check import Continuity, SceneInput
from actors.continuity.hearing import hear
from actors.continuity.rules import Known
from actors.project.beats import beat_of, beats_by_scene
from actors.scene import so_far
from actors.scene.gate import told
from actors.scene.injection import brought_into
from actors.scene.radius import Change, Look, Story, differing, facts_followed, reach
from actors.scene.request import Names, request_of
from gpu.enhance.formats import shipped_format

pytestmark = pytest.mark.unit

CAST = {"cst_m": "MARA", "cst_t": "TOM", "cst_g": "MARGARET"}
SPARE = ("MARIA", "TIM", "GRETA", "")
PLACES = ("KITCHEN", "CORRIDOR", "STREET", "ATTIC")
HOURS = ("NIGHT", "DAY", "DAWN", "CONTINUOUS", "LATER", "DAY - CONTINUOUS", "MORNING", "DREAM")
DID = (
    "{} (30s, tall, freckled) enters.", "{} puts on a red coat.", "{} puts on a blue coat.", "{} wears a red coat.",
    "{} grabs the lantern.", "{} drops the lantern.", "{} cuts his left hand.", "{}'s right hand bleeds.",
    "{} takes off the coat.", "{} waits 🫖.", "{} runs.", "Rain falls.", "{} breaks a leg.", "The lantern flickers.",
)  # fmt: skip
SAID = ("Still here.", "Soup! 🥄", "I know about the bomb.", "Gone.")
FACTS = (("holds", "map"), ("holds", "lantern"), ("wears", "green coat"), ("hurt", "left hand"), ("lacks", "lantern"),
         ("well", ""), ("knows", "the bomb"), ("alive", "no"))  # fmt: skip
STYLES = ("thriller", "pixar")


@dataclass(frozen=True)
class Told:
    """Everything that decides a prompt, as plain values."""

    texts: Mapping[str, str]
    cast: Mapping[str, str]
    kept: Mapping[str, Mapping[str, Any]]
    looks: Mapping[str, Look]


def a_scene(dice: random.Random) -> str:
    act = f"# Act {dice.randrange(3)}\n\n" if dice.random() < 0.15 else ""
    name = dice.choice(list(CAST.values()))
    lines = [dice.choice(DID).format(dice.choice([name, *CAST.values()])) for _ in range(dice.randrange(1, 5))]
    who = dice.choice([name, "MARGERET", "STRANGER"])
    return (
        f"{act}{dice.choice(('INT', 'EXT'))}. {dice.choice(PLACES)} - {dice.choice(HOURS)}\n\n"
        + "\n\n".join(lines)
        + (f"\n\n{who}\n{dice.choice(SAID)}" if dice.random() < 0.6 else "")
        + "\n"
    )


def a_look(dice: random.Random) -> Look:
    brain = dice.choice(STYLES)
    return Look(
        brain,
        {"id": brain, "words": {"palette": "cold"}},
        shipped_format(dice.choice(("short", "three-act"))),
        dice.random() < 0.2,
        dice.random() < 0.2,
    )


def a_fact(dice: random.Random, texts: Mapping[str, str]) -> dict[str, Any]:
    scene = dice.choice(list(texts))
    attribute, value = dice.choice(FACTS)
    quote = dice.choice(["", *texts[scene].split()])
    who = dice.choice(["mara", "tom", "margaret"])
    id = f"fct_{scene}_{who}_{attribute}_{value}"
    return {"id": id, "scene": scene, "entity": who, "attribute": attribute, "value": value, "quote": quote, "by": "x"}


def a_told(dice: random.Random) -> Told:
    texts = {f"scn_{number}": a_scene(dice) for number in range(dice.randrange(2, 9))}
    kept = {fact["id"]: fact for fact in (a_fact(dice, texts) for _ in range(dice.randrange(3)))}
    shared = a_look(dice)
    looks = {scene: a_look(dice) if dice.random() < 0.2 else replace(shared, own_brain=False) for scene in texts}
    return Told(texts, CAST, kept, looks)


def a_change(dice: random.Random, it: Told) -> tuple[Change, Told]:
    """The change, and everything as it is after it."""
    match dice.choice(("text", "word", "cast", "brain", "format", "fact", "fact", "back", "nothing")):
        case "text" | "word" as kind:
            scene = dice.choice(list(it.texts))
            words = it.texts[scene].split(" ")
            words[dice.randrange(len(words))] = dice.choice(("DAY", "blue", "TOM", "quietly", ""))
            text = a_scene(dice) if kind == "text" else " ".join(words)
            return Change(scene, text), replace(it, texts={**it.texts, scene: text})
        case "cast":
            id, name = dice.choice(list(it.cast)), dice.choice(SPARE)
            cast = {k: v for k, v in it.cast.items() if k != id} | ({id: name} if name else {})
            cast = {k: name if k == id else v for k, v in it.cast.items() if name or k != id}
            return Change(cast=id, name=name), replace(it, cast=cast)
        case "brain":
            new = a_look(dice)
            looks = {k: v if v.own_brain else replace(v, brain=new.brain, data=new.data) for k, v in it.looks.items()}
            return Change(brain=new), replace(it, looks=looks)
        case "format":
            new = a_look(dice)
            looks = {k: v if v.own_format else replace(v, format=new.format) for k, v in it.looks.items()}
            return Change(format=new), replace(it, looks=looks)
        case "fact":
            fact = a_fact(dice, it.texts)
            kept = {**{k: v for k, v in it.kept.items() if k != fact["id"]}, fact["id"]: fact}
            return Change(fact=fact), replace(it, kept=kept)
        case "back" if it.kept:
            id, fact = dice.choice(list(it.kept.items()))
            kept = {k: v for k, v in it.kept.items() if k != id}
            return Change(fact=fact, holds=False), replace(it, kept=kept)
    return Change(), it


def rebuilt(it: Told) -> dict[str, dict[str, Any]]:
    """The whole request of every scene, from nothing: no engine is shared, none is updated."""
    names = Names(it.cast, {})
    facts = as_facts(it.kept.values(), it.texts)
    lengths = {scene: len(text) for scene, text in it.texts.items()}
    engine = Continuity(names.known(), [Known(place) for place in PLACES], facts=facts)
    engine.set_scenes([SceneInput(id, words, at) for at, (id, words) in enumerate(it.texts.items())])
    heard = hear(it.texts.items(), names.known(), facts)
    found = {}
    for scene, text in it.texts.items():
        look = it.looks[scene]
        assert look.format is not None
        given = brought_into(scene, heard)
        before = so_far.before(scene, engine.telling(), beats_by_scene(look.format, lengths))
        beat = beat_of(look.format, lengths, scene)
        found[scene] = request_of(
            told(engine, scene, text).corrected(),
            names,
            look={"brain": look.brain, "brain_data": look.data, "beat": beat.words if beat else ""},
            seed="0",
            clock=engine.time_before(scene),
            given=replace(given, so_far=before),
        )
    return found


def a_story(it: Told) -> Story:
    names = Names(it.cast, {})
    engine = Continuity(names.known(), [Known(place) for place in PLACES])
    engine.set_scenes([SceneInput(id, words, at) for at, (id, words) in enumerate(it.texts.items())])
    summaries: dict[tuple[str, str], so_far.SceneSoFar] = {}

    def given(id: str, _text: str, story: Story) -> Any:
        told = so_far.before(id, story.engine.telling(), story.beat_names(id), summaries)
        return replace(brought_into(id, story.engine.heard()), so_far=told)

    places = tuple(Known(place) for place in PLACES)
    return facts_followed(Story(it.texts, names, places, engine, frozenset(), given, it.looks, it.kept))


def exact(seed: int) -> None:
    dice = random.Random(seed)
    it = a_told(dice)
    change, then = a_change(dice, it)
    was, will = rebuilt(it), rebuilt(then)
    now, after = reach(a_story(it), change)
    assert {scene for scene in it.texts if was[scene] != will[scene]} == set(after), (seed, change)
    for scene, parts in after.items():
        assert differing(now[scene], parts, so_far=True), (seed, scene)


def test_c172_exactly_the_scenes_whose_prompt_inputs_differ_are_told() -> None:
    """C-172: of a text, a word, a name, a brain, a format, a fact set or taken back, or nothing at all."""
    for seed in range(25):
        exact(seed)


@pytest.mark.proof
def test_c172_exactly_those_of_two_thousand_stories() -> None:
    """C-172: the same, at length."""
    for seed in range(1_000, 3_000):
        exact(seed)


def test_c172_longer_words_elsewhere_may_move_a_scene_to_another_beat() -> None:
    """C-172: its own words are as they were, and its prompt is told another beat."""
    texts = {f"scn_{n}": f"INT. ATTIC - DAY\n\nTOM waits {n}.\n" for n in range(8)}
    look = Look("thriller", None, shipped_format("three-act"))
    it = Told(texts, CAST, {}, dict.fromkeys(texts, look))
    now, after = reach(a_story(it), Change("scn_0", texts["scn_0"] + "\nTOM waits on.\n" * 60))
    moved = {scene: differing(now[scene], parts) for scene, parts in after.items()}
    assert moved.pop("scn_0")[0] == "words"
    assert set(map(tuple, moved.values())) <= {("beat",), ()}  # (): only the story so far
    assert ("beat",) in map(tuple, moved.values())


def test_c173_a_film_does_not_tell_what_its_writer_was_not_told() -> None:
    """C-173: the story so far counts where it was read; what a brain says, where the film's row has it; another brain
    is one reason, not two."""
    made = {"brain": "a", "style": "1", "so_far": "x"}
    assert differing(made, {**made, "so_far": "y"}) == []
    assert differing(made, {**made, "so_far": "y"}, so_far=True) == ["so_far"]
    assert differing(made, {**made, "style": "2"}) == ["style"]
    assert differing({**made, "style": ""}, {**made, "style": "2"}) == []
    assert differing(made, {**made, "brain": "b", "style": "2"}) == ["brain"]
