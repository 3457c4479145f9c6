"""What becomes stale when something of the story changes: what each scene's film would be asked with, before and after.

The invariant: a film is stale exactly where it would be asked with something else now than it was made with; both are
requests of the same making (`actors.scene.request.request_of`), compared part by part, so a change of nothing touches
nothing, and a scene is left out only where everything its request is made of is equal. Pure: texts, names, facts, looks
and the story's clock come in, parts go out. Heavy (every scene is read): for a thread.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from actors.continuity.by_hand import as_facts
from actors.continuity.check import SCENE_CHARS_READ_MAX, Continuity
from actors.continuity.facts import Fact
from actors.continuity.rules import Known
from actors.project.beats import beats_by_scene, positions
from actors.scene.gate import told
from actors.scene.request import Names, request_of
from actors.screenplay.heading import TimeOfDay
from actors.workflow.carry import Given
from gpu.enhance.formats import Format

PARTS = ("words", "hour", "weather", "cast", "looks", "before", "light", "beat", "brain", "style", "so_far")
"""What decides a film, apart from its seed. `style`: what its brain says; `so_far`: of writers that read prose."""

Parts = dict[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """How a scene is seen: its brain with what that says, and the format its beat is of."""

    brain: str = ""
    data: Mapping[str, Any] | None = None
    format: Format | None = None
    own_brain: bool = False  # it was given to the scene, so another one of the project's does not reach it
    own_format: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """A project as films are asked of it. `texts` in story order; `given`: by scene, its text and the story, what those
    before give it; `kept`: facts set by hand, by id, as the continuity actor has them; `seen`: those of takes."""

    texts: Mapping[str, str]
    names: Names
    places: tuple[Known, ...]
    engine: Continuity
    waived: Collection[str]
    given: Callable[[str, str, Story], Given]
    looks: Mapping[str, Look] = field(default_factory=dict)
    kept: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    seen: tuple[Fact, ...] = ()

    def beat_names(self, scene: str) -> dict[str, str]:
        """By scene, the name of its beat by the format of this one: what acts are made of where no script has any."""
        look = self.looks.get(scene)
        return beats_by_scene(look.format if look else None, self._lengths())

    def _lengths(self) -> dict[str, int]:
        return {scene: len(text) for scene, text in self.texts.items()}

    def beats(self) -> dict[str, str]:
        """By scene, the words of the beat it stands in."""
        at = positions(self._lengths())
        formats = {scene: self.looks[scene].format for scene in at if scene in self.looks}
        return {scene: each.beats[each.beat_at(at[scene])].words for scene, each in formats.items() if each is not None}


@dataclass(frozen=True, slots=True)
class Change:
    """What would change. `scene` reads `text`; the cast member `cast` is called `name`, "": is in the cast no more;
    the project's brain and format are `look`'s, None: as they are; `fact` is set by hand, or, not `holds`, taken back:
    both as `Story.kept` has them."""

    scene: str = ""
    text: str = ""
    cast: str = ""
    name: str = ""
    brain: Look | None = None
    format: Look | None = None
    fact: Mapping[str, Any] | None = None
    holds: bool = True

    @property
    def nothing(self) -> bool:
        return not (self.scene or self.cast or self.brain or self.format or self.fact)


def parts_of(request: Mapping[str, Any]) -> Parts:
    """Of a request, made or to be made; each part short enough to be kept and compared."""
    cast = request.get("cast") or ()
    words = [request.get(name) for name in ("heading", "place", "interior", "moments", "props")]
    data = request.get("brain_data")
    return {
        "words": _digest(words),
        "hour": str(request.get("time_of_day") or ""),
        "weather": str(request.get("weather") or ""),
        "cast": ", ".join(sorted(str(each["name"]) for each in cast)),
        "looks": _digest([[each["entity_id"], list(each.get("descriptors") or ())] for each in cast]),
        "before": _digest(list(request.get("continuity_notes") or ())),
        "light": _digest([request["shot_before"]]) if request.get("shot_before") else "",
        "beat": str(request.get("beat") or ""),
        "brain": str(request.get("brain") or ""),
        "style": _digest(data) if data else "",
        "so_far": _digest(list(request.get("so_far") or ())),
    }


def differing(made: Mapping[str, str], now: Mapping[str, str], so_far: bool = False) -> list[str]:
    """`so_far`: the film's words were written by somebody who was told the story before it."""
    found = [part for part in PARTS if made.get(part) != now.get(part)]
    if "style" in found and ("brain" in found or not made.get("style")):
        found.remove("style")  # another brain says other things; a film older than contents does not tell its own
    if "so_far" in found and not so_far:
        found.remove("so_far")
    return found


@dataclass(frozen=True, slots=True)
class _Inputs:
    """Everything a request is made of, apart from the names of the cast."""

    words: str
    clock: TimeOfDay | None
    given: Given
    brain: str
    data: Mapping[str, Any] | None
    beat: str


def reach(story: Story, change: Change) -> tuple[dict[str, Parts], dict[str, Parts]]:
    """By scene: what a film of it would be asked with, now and, where that is not the same, after the change."""
    was = _inputs(story)
    now = {scene: _parts(story, inputs) for scene, inputs in was.items()}
    if change.nothing:
        return now, {}
    other = changed(story, change)
    same_names = other.names == story.names
    then = {
        scene: _parts(other, inputs)
        for scene, inputs in _inputs(other).items()
        if not same_names or inputs != was[scene]
    }
    return now, {scene: parts for scene, parts in then.items() if parts != now[scene]}


def _inputs(story: Story) -> dict[str, _Inputs]:
    """Lets others have the processor between two scenes, as everything here does."""
    beats, found = story.beats(), {}
    for scene, text in story.texts.items():
        verdict = told(story.engine, scene, text, waived=story.waived)
        clock, look = story.engine.time_before(scene), story.looks.get(scene) or Look()
        given = story.given(scene, text, story)
        found[scene] = _Inputs(verdict.corrected(), clock, given, look.brain, look.data, beats.get(scene, ""))
        time.sleep(0)
    return found


def _parts(story: Story, inputs: _Inputs) -> Parts:
    look = {"brain": inputs.brain, "brain_data": inputs.data, "beat": inputs.beat}
    made = request_of(inputs.words, story.names, look=look, seed="0", clock=inputs.clock, given=inputs.given)
    time.sleep(0)
    return parts_of(made)


def changed(story: Story, change: Change) -> Story:
    """The story as it would be. What workflows leave is as it is now: that is worked out when it happened; what people
    have on them follows the words."""
    engine, texts, names = story.engine.fork(), dict(story.texts), story.names
    kept = dict(story.kept)
    if change.scene in texts:
        texts[change.scene] = change.text
        engine.update_scene(change.scene, change.text[:SCENE_CHARS_READ_MAX])
    if change.cast in names.cast:
        names = renamed(names, change.cast, change.name)
        engine.set_lists(names.known(), story.places)
    if change.fact is not None:
        kept.pop(change.fact["id"], None)
        kept |= {change.fact["id"]: change.fact} if change.holds else {}
    looks = {scene: _restyled(look, change) for scene, look in story.looks.items()}
    return facts_followed(replace(story, engine=engine, texts=texts, names=names, kept=kept, looks=looks))


def _restyled(look: Look, change: Change) -> Look:
    if change.brain is not None and not look.own_brain:
        look = replace(look, brain=change.brain.brain, data=change.brain.data)
    if change.format is not None and not look.own_format:
        look = replace(look, format=change.format.format)
    return look


def facts_followed(story: Story) -> Story:
    """Its engine, a fork, knows the facts set by hand as they are, where their words stand in these texts."""
    facts = (*as_facts(story.kept.values(), story.texts), *story.seen)
    if facts != story.engine.premise.facts:
        story.engine.set_premise(facts, story.engine.premise.brain)
    return story


def renamed(names: Names, id: str, name: str) -> Names:
    cast = {k: v for k, v in names.cast.items() if k != id or name}
    if name:
        cast[id] = name
    return Names(cast, {k: v for k, v in names.aliases.items() if k in cast}, names.places)


def _digest(value: Sequence[Any] | Mapping[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=list)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
