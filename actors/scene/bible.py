"""The Scene Bible: what holds of a scene at one version, as one readable value.

The invariant: a version's bible is written once, in the append that made the version (or that first asked for it), and
never changed; versions of a scene only count up. It is a pure function of the script, the project's names, the hour the
story has reached and what the scenes before leave, so that any part can be traced to words somebody wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.commands import HEADING_CHARS_MAX
from actors.continuity.actor import ContinuityActor
from actors.continuity.facts import facts_of
from actors.project.actor import CONTINUITY, ProjectActor
from actors.runtime.actor import Context, Draft, ViewDraft, Wanted
from actors.runtime.ids import derive_id
from actors.scene import injection
from actors.scene.request import Names, given_before
from actors.scene.summary import LONG_CHARS_MAX, summary_of
from actors.screenplay import slots
from actors.screenplay.breakdown import Breakdown, breakdown
from actors.screenplay.heading import TimeOfDay
from actors.views import BibleView
from actors.workflow.carry import Given
from actors.workflow.weather import weather_in
from gpu.enhance.section import content_sha256

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor

FACTS_MAX = 120
"""Facts of one bible, in the order of the text. A long scene tells about 60."""

ITSELF = "scene"
"""What facts call the scene they are of: a copy of a project has other ids and the same bible."""

QUOTE_CHARS_MAX = 120
READ_CHARS_MAX = 30_000
"""A longer scene is read by its last 30,000 characters behind its heading: what comes next follows on the end."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was read of a scene beside the loop. `text`: the words it was read with; `bible`: all but its version;
    `issues`: of words that would follow, see `actors.scene.validation`."""

    text: str
    found: Breakdown
    bible: Mapping[str, Any]
    summary: str
    given: Given
    issues: tuple[Mapping[str, Any], ...] = ()


def names_of(project: ProjectActor | None) -> Names:
    facts = project.facts if project is not None else None
    if facts is None:
        return Names({}, {})
    return Names(dict(facts.cast), {k: tuple(v) for k, v in facts.aliases.items()}, tuple(facts.places.values()))


def names_from(cast: Sequence[Mapping[str, str]], aliases: Mapping[str, Sequence[str]]) -> Names:
    """The same from a project's view."""
    return Names({each["id"]: each["name"] for each in cast}, aliases)


def part_of(text: str, chars_max: int = READ_CHARS_MAX) -> str:
    """What of a text is read."""
    if len(text) <= chars_max:
        return text
    return f"{text.splitlines()[0][:HEADING_CHARS_MAX]}\n\n{text[-chars_max:]}"


def read(scene: str, text: str, names: Names, hour: TimeOfDay | None, given: Given) -> Prepared:
    """Pure and, for a long scene, heavy: for a thread."""
    part = part_of(text)
    found = breakdown(part, names.cast.values())
    asked = slots.enhance_request(
        part, found, brain="", seed=0, entity_ids=names.ids(), time_before=hour, descriptors=given.looks
    )
    told = weather_in(part, found.actions)
    bible = {
        "sceneId": scene,
        "heading": asked.heading,
        "place": asked.place,
        "interior": asked.interior,
        "timeOfDay": asked.time_of_day,
        "weather": told[0] if told else given.weather,
        "cast": [{"id": each.entity_id, "name": each.name, "looks": list(each.descriptors)} for each in asked.cast],
        "props": list(asked.props),
        "facts": [
            {
                "entity": ITSELF if fact.entity == scene else fact.entity,
                "attribute": fact.attribute,
                "value": ITSELF if fact.value == scene else fact.value,
                "confidence": fact.confidence,
                "quote": fact.evidence.text[:QUOTE_CHARS_MAX],
            }
            for fact in facts_of(scene, part, found)[:FACTS_MAX]
        ],
        "carried": list(injection.merged(given)),
    }
    return Prepared(text, found, bible, summary_of(found, LONG_CHARS_MAX), given)


def reading(scene: SceneActor, ctx: Context, text: str, *, goes_on: bool = False) -> Callable[[], Prepared]:
    """The reading of a scene, as work that touches nothing live. `goes_on`: for words that follow on its end."""
    given = given_before(scene, ctx, goes_on=goes_on)
    continuity = ctx.peer(ContinuityActor, CONTINUITY)
    hour = continuity.time_before(scene.id) if continuity is not None else None
    names, id = names_of(ctx.peer(ProjectActor, scene.home)), scene.id

    def work() -> Prepared:
        return read(id, text, names, hour, given())

    return work


def prepared(scene: SceneActor, ctx: Context, text: str) -> Prepared:
    """What was read beside the loop, alone or with verdicts (`actors.scene.reading`), if this text; else read now."""
    found = getattr(ctx.computed, "prepared", ctx.computed)
    return found if isinstance(found, Prepared) and found.text == text else reading(scene, ctx, text)()


def bible_id(scene: str, version: int) -> str:
    return derive_id("bib", scene, str(version))


def wanted(scene: str, version: int) -> Wanted:
    return Wanted("scene_bible", id=bible_id(scene, version))


def written(scene: str, home: str, version: int, bible: Mapping[str, Any], at_ms: int) -> tuple[Draft, ViewDraft]:
    """The event and the row of one version."""
    whole = {**bible, "version": version}
    fact = {"version": version, "sha256": sha256_of(whole), "bible": whole, "at_ms": at_ms}
    return Draft("bible.written", fact, scene=scene), view(scene, home, fact)


def sha256_of(bible: Mapping[str, Any]) -> str:
    """Of all it says, whichever scene says it."""
    return content_sha256({name: value for name, value in bible.items() if name != "sceneId"})


def view(scene: str, home: str, fact: Mapping[str, Any]) -> ViewDraft:
    version = int(fact["version"])
    body = BibleView(
        id=bible_id(scene, version),
        scene=scene,
        project=home,
        version=version,
        sha256=fact["sha256"],
        bible=dict(fact["bible"]),
        created_at_ms=fact["at_ms"],
    )
    return ViewDraft("scene_bible", body.id, scene, f"{version:08d}", body)
