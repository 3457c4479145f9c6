"""Facts a person sets by hand: "Ruth holds the map from here on". They win over what was read, and say who said so.

Pure decisions of the continuity actor. Invariants: event, `notes` of the scene and projection change in one append; a
fact begins at words of a scene, which are quoted, so it moves with them; setting it again with nothing takes it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from actors.commands import CommandError, SetFact
from actors.continuity.facts import Beat, Evidence, Fact
from actors.continuity.waivers import notes_of
from actors.project.actor import CONTINUITY, ProjectActor
from actors.runtime.actor import Context, Decision, Draft, Notice, ViewDraft
from actors.runtime.edits import DropKey, Edit, Op, SetKey
from actors.runtime.ids import derive_id
from actors.screenplay.names import name_key
from actors.views import SetFactsView

if TYPE_CHECKING:
    from actors.continuity.actor import ContinuityActor

ROOT = "facts"
ATTRIBUTES = ("alive", "holds", "lacks", "wears", "hurt", "well", "knows", "at")
"""What people may set; `lacks` and `well` end what `holds` and `hurt` began."""

FACTS_MAX = 2_000
"""Facts set by hand in one project. Over: refused until some are taken back."""


def fact_id(home: str, scene: str, entity: str, attribute: str, value: str) -> str:
    """One fact of a scene has one id, however often it is set."""
    return derive_id("fct", home, scene, entity, attribute, value.casefold())


def set_fact(actor: ContinuityActor, command: SetFact, ctx: Context, then: Notice) -> Decision:
    """Raises `CommandError` NOT_FOUND, BAD_FACT, TOO_MANY_FACTS."""
    project = ctx.peer(ProjectActor, actor.home)
    if project is None or command.scene not in project.scenes:
        raise CommandError("NOT_FOUND", "this project has no such scene", ("input", "sceneId"))
    entity, value = checked(command.entity, command.attribute, command.value)
    id = fact_id(actor.home, command.scene, entity, command.attribute, value)
    known = actor.facts.get(id)
    if not command.holds and known is None:
        raise CommandError("NOT_FOUND", "nobody has set this fact here", ("input", "entity"))
    if command.holds and known is None and len(actor.facts) >= FACTS_MAX:
        words = f"a project has at most {FACTS_MAX} facts set by hand: take some back"
        raise CommandError("TOO_MANY_FACTS", words, ("input", "entity"))
    fact = {
        "id": id,
        "scene": command.scene,
        "entity": entity,
        "attribute": command.attribute,
        "value": value,
        "quote": command.quote,
        "by": ctx.principal,
        "name": command.by,
        "at": ctx.now_ms,
    }
    return _decision(actor, fact, command, ctx, then)


def checked(entity: str, attribute: str, value: str, path: tuple[str, ...] = ("input",)) -> tuple[str, str]:
    """Whom it is about, as a key, and the value. Raises `CommandError` BAD_FACT."""
    if attribute not in ATTRIBUTES:
        raise CommandError("BAD_FACT", f"a fact is one of {', '.join(ATTRIBUTES)}", (*path, "attribute"))
    if not name_key(entity):
        raise CommandError("BAD_FACT", "a fact is about somebody by name", (*path, "entity"))
    return name_key(entity), " ".join(value.split())


def _decision(actor: ContinuityActor, fact: dict[str, Any], command: SetFact, ctx: Context, then: Notice) -> Decision:
    scene, id = command.scene, fact["id"]
    op: Op = SetKey(ROOT, id, fact) if command.holds else DropKey(ROOT, id)
    left = {**actor.facts, id: fact}
    if not command.holds:
        del left[id]
    view = SetFactsView(scene, actor.home, tuple(each for each in left.values() if each["scene"] == scene))
    return Decision(
        events=[Draft("fact.set" if command.holds else "fact.taken_back", {"fact": fact}, scene=scene)],
        edits=[Edit(notes_of(scene), (op,), author=ctx.principal, author_name=command.by)],
        views=[ViewDraft("set_facts", scene, actor.home, scene, view)],
        notices=[(CONTINUITY, then)],
        ids={"project": actor.home, "scene": scene, "fact": id},
    )


def views(actor: ContinuityActor) -> Iterator[ViewDraft]:
    """The projection of all of them."""
    for scene in dict.fromkeys(each["scene"] for each in actor.facts.values()):
        here = tuple(each for each in actor.facts.values() if each["scene"] == scene)
        yield ViewDraft("set_facts", scene, actor.home, scene, SetFactsView(scene, actor.home, here))


def as_facts(kept: Iterable[Mapping[str, Any]], texts: Mapping[str, str]) -> tuple[Fact, ...]:
    """Where the quoted words stand now; a fact whose words are gone begins with its scene."""
    found = []
    for each in kept:
        text, quote = texts.get(each["scene"], ""), each["quote"]
        at = max(0, text.find(quote)) if quote else 0
        evidence = Evidence(each["scene"], at, at + len(quote), quote) if text.startswith(quote, at) else None
        evidence = evidence or Evidence(each["scene"], 0, 0, "")
        beat = Beat(each["scene"], evidence.start)
        what = (each["entity"], each["attribute"], each["value"])
        found.append(Fact(*what, evidence, valid_from=beat, author=each["by"], reader="person"))
    return tuple(sorted(found, key=lambda fact: (fact.evidence.scene_id, fact.evidence.start, fact.entity, fact.value)))
