"""What becomes stale when something of the story changes: what each scene's film would be asked with, before and after.

The invariant: a film is stale exactly where it would be asked with something else now than it was made with; both are
requests of the same making (`actors.scene.request.request_of`), compared part by part, so a change of nothing touches
nothing. Pure: texts, names and the story's clock come in, parts go out. Heavy (every scene is read): for a thread.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from actors.continuity.check import Continuity
from actors.continuity.rules import Known
from actors.scene.gate import told
from actors.scene.request import Names, request_of
from actors.screenplay.names import name_key
from actors.workflow.carry import Given

PARTS = ("words", "hour", "weather", "cast", "looks", "before", "light")
"""What decides a film, apart from its brain and its seed."""

NOTHING = {"brain": "", "brain_data": None, "beat": ""}

Parts = dict[str, str]


@dataclass(frozen=True, slots=True)
class Story:
    """A project as films are asked of it. `texts` in story order; `given`: by scene, its text and the story, what those
    before give it."""

    texts: Mapping[str, str]
    names: Names
    places: tuple[Known, ...]
    engine: Continuity
    waived: Collection[str]
    given: Callable[[str, str, Continuity], Given]


@dataclass(frozen=True, slots=True)
class Change:
    """What would change. `scene` reads `text`; the cast member `cast` is called `name`, "": is in the cast no more."""

    scene: str = ""
    text: str = ""
    cast: str = ""
    name: str = ""


def parts_of(request: Mapping[str, Any]) -> Parts:
    """Of a request, made or to be made; each part short enough to be kept and compared."""
    cast = request.get("cast") or ()
    words = [request.get(name) for name in ("heading", "place", "interior", "moments", "props")]
    return {
        "words": _digest(words),
        "hour": str(request.get("time_of_day") or ""),
        "weather": str(request.get("weather") or ""),
        "cast": ", ".join(sorted(str(each["name"]) for each in cast)),
        "looks": _digest([[each["entity_id"], list(each.get("descriptors") or ())] for each in cast]),
        "before": _digest(list(request.get("continuity_notes") or ())),
        "light": _digest([request["shot_before"]]) if request.get("shot_before") else "",
    }


def differing(made: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [part for part in PARTS if made.get(part) != now.get(part)]


def asked_now(story: Story, scenes: Collection[str] | None = None) -> dict[str, Parts]:
    """By scene: what a film of it would be asked with. Lets others have the processor between two scenes."""
    found: dict[str, Parts] = {}
    for scene, text in story.texts.items():
        if scenes is None or scene in scenes:
            verdict = told(story.engine, scene, text, waived=story.waived)
            clock, given = story.engine.time_before(scene), story.given(scene, text, story.engine)
            made = request_of(verdict.corrected(), story.names, look=NOTHING, seed="0", clock=clock, given=given)
            found[scene] = parts_of(made)
            time.sleep(0)
    return found


def after(story: Story, change: Change, now: Mapping[str, Parts]) -> dict[str, Parts]:
    """The same after the change, of the scenes for which it is not the same."""
    other = changed(story, change)
    touched = {scene for scene, text in other.texts.items() if _touched(story, other, change, scene, text)}
    return {scene: parts for scene, parts in asked_now(other, touched).items() if parts != now.get(scene)}


def changed(story: Story, change: Change) -> Story:
    """The story as it would be. What workflows leave is as it is now: that is worked out when it happened; what people
    have on them follows the words."""
    engine, texts, names = story.engine.fork(), dict(story.texts), story.names
    if change.scene in texts:
        texts[change.scene] = change.text
        engine.update_scene(change.scene, change.text)
    if change.cast in names.cast:
        names = renamed(names, change.cast, change.name)
        engine.set_lists(names.known(), story.places)
    return replace(story, engine=engine, texts=texts, names=names)


def renamed(names: Names, id: str, name: str) -> Names:
    cast = {k: v for k, v in names.cast.items() if k != id or name}
    if name:
        cast[id] = name
    return Names(cast, {k: v for k, v in names.aliases.items() if k in cast})


def _touched(story: Story, other: Story, change: Change, scene: str, text: str) -> bool:
    """Whether it could be asked with something else; a scene nothing of this reaches is not read again."""
    if text != story.texts[scene] or story.engine.time_before(scene) != other.engine.time_before(scene):
        return True
    if change.scene and story.given(scene, text, story.engine) != other.given(scene, text, other.engine):
        return True
    if not change.cast:
        return False
    spellings = {*_spellings(story.names, change.cast), *_spellings(other.names, change.cast)}
    words = f" {name_key(text)} "
    return any(spelling and f"{spelling.split()[0]}" in words for spelling in spellings)


def _spellings(names: Names, id: str) -> list[str]:
    return [name_key(each) for each in (names.cast.get(id, ""), *names.aliases.get(id, ()))]


def _digest(value: Sequence[Any]) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=list)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
