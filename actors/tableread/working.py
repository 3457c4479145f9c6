"""One line's answers, worked out beside the loop: the scene entered, the roles asked, a model's words looked at.

The invariant: what is gathered on the loop are values; the work on them is pure but for its clock, and gives the same
proposals for the same story, line and model's words. Decisions about them are `asking` and `taking`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from actors.continuity.actor import ContinuityActor
from actors.continuity.brain import brain_of
from actors.continuity.check import SCENE_CHARS_READ_MAX, Continuity
from actors.graphs.actor import GraphActor
from actors.graphs.messages import GRAPH
from actors.graphs.parts import cleaned
from actors.project.actor import CONTINUITY, ProjectActor
from actors.runtime.actor import Context
from actors.scene.bible import names_of
from actors.screenplay.names import name_key
from actors.tableread import fountain, grammar, speaking
from actors.tableread.asked import called
from actors.tableread.entry import Entry, Given, enter
from actors.tableread.grammar import GRAMMAR, Answer
from actors.tableread.judging import findings_of
from actors.tableread.knowing import NARRATOR
from actors.tableread.limits import (
    ANSWERS_MAX,
)
from actors.tableread.table import Line
from storage.codec import CodecError, decode
from storage.graphs.calls import CAST_MAX, CastSubgraph
from storage.ledger.protocol import Attempt, AttemptState

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor

PERSON = "person"


@dataclass(frozen=True, slots=True)
class Read:
    """What was worked out beside the loop for one line. `calls`: what a model is to be asked, before anything else."""

    line: str
    entry: Entry
    answers: tuple[Answer, ...]
    proposals: tuple[dict[str, Any], ...] = ()
    calls: tuple[dict[str, Any], ...] = ()
    how: Mapping[str, Any] | None = None
    instead_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gathered:
    """What one look has at hand, all of it values."""

    given: Given
    story: Continuity
    script: str
    line: Line
    before: tuple[Line, ...] = ()
    attempt: Attempt | None = None
    talks_by: tuple[str, ...] = ()
    late: bool = False
    waived: frozenset[str] = field(default_factory=frozenset)


def names_by_spelling(scene: SceneActor, ctx: Context) -> dict[str, str]:
    """Spelling → key of the one name they have, case folded."""
    names = names_of(ctx.peer(ProjectActor, scene.home))
    found: dict[str, str] = {}
    for id, name in names.cast.items():
        for spelling in (name, *names.aliases.get(id, ())):
            found.setdefault(name_key(spelling), name_key(name))
    return found


@dataclass(frozen=True, slots=True)
class Story:
    """The story as it has been read, a fork of it, and the scene's script as it is now."""

    given: Given
    story: Continuity
    script: str

    def __iter__(self) -> Any:
        return iter((self.given, self.story, self.script))


def gather(scene: SceneActor, ctx: Context) -> Story | None:
    """None: nobody has read the story yet."""
    continuity, project = ctx.peer(ContinuityActor, CONTINUITY), ctx.peer(ProjectActor, scene.home)
    story = continuity.story() if continuity is not None else None
    if continuity is None or project is None or story is None:
        return None
    names = names_by_spelling(scene, ctx)
    began = perf_counter()
    graph = ctx.peer(GraphActor, GRAPH)
    cast = tuple(f"character:{cleaned(key)}" for key in sorted(set(names.values())))[:CAST_MAX]
    ties = tuple(graph.ask(CastSubgraph(cast))) if graph is not None and graph.story.begun and cast else ()
    graph_ms = (perf_counter() - began) * 1000
    brain = brain_of(project, ctx)
    style = str((brain.data or {}).get("style", "")) if brain is not None else ""
    given = Given(scene.id, names, ties, graph_ms, style, continuity.caught_up)
    return Story(given, story, ctx.text(scene.doc, "script"))


def entered(gathered: Story) -> Entry | None:
    """The scene as it reads now, entered. For a thread."""
    story, script = gathered.story, gathered.script[:SCENE_CHARS_READ_MAX]
    before = next((text for id, text, _ in story.telling() if id == gathered.given.scene), None)
    if before != script:
        story.update_scene(gathered.given.scene, script)
    return enter(gathered.given, story.heard())


def work(of: Gathered) -> Read | None:
    """Enter the scene, answer by grammar, and where a model is to speak: what to ask it, or what of it stands."""
    entry = entered(Story(of.given, of.story, of.script))
    if entry is None:
        return None
    line = of.line
    roles = line.roles or roles_of(line, entry, of.given.names)
    answers = grammar.answers(entry, line.text, roles, line.speaks_as, of.given.names, line.id)
    if of.talks_by and not line.attempt and answers:
        seed = int.from_bytes(line.id.encode()[-4:], "big")
        return Read(line.id, entry, tuple(answers), calls=tuple(speaking.calls(entry, line, answers, of.before, seed)))
    said, how, instead_of = _from_model(of)
    proposals = [_own(line, entry, of)] if line.speaks_as else []
    for at, answer in enumerate(answers):
        proposals.append(_proposal(answer, said[at] if at < len(said) else None, how, entry, of))
    return Read(line.id, entry, tuple(answers), tuple(proposals), (), how, instead_of)


def _from_model(of: Gathered) -> tuple[Sequence[Any], Mapping[str, Any] | None, tuple[str, ...]]:
    """(what it said by role, the record, whom the grammar stands in for)."""
    attempt = of.attempt
    if not of.line.attempt:
        return (), None, ()
    if attempt is None or attempt.state is not AttemptState.DONE or attempt.result is None or of.late:
        return (), None, of.talks_by
    try:
        found = decode(attempt.result)
        said, how = list(found["said"]), dict(found["how"])
    except (CodecError, LookupError, TypeError, ValueError):
        return (), None, of.talks_by
    return said, how, tuple(how.get("degraded_from", ()))


def roles_of(line: Line, entry: Entry, names: Mapping[str, str]) -> tuple[str, ...]:
    """Who answers: whom it is said to; else whom the words call; else the others of the scene, by who speaks or is seen
    first, if the person plays somebody; else the narrator."""
    here = [who for who in entry.scene.people if who != line.speaks_as]
    meant = [who for who in (*line.to, *called(line.text, names)) if who in here]
    if not meant and line.speaks_as:
        meant = here
    return tuple(dict.fromkeys(meant))[:ANSWERS_MAX] or (NARRATOR,)


def _own(line: Line, entry: Entry, of: Gathered) -> dict[str, Any]:
    """What the person said in a role is a line of the script, too, if they want it."""
    name = entry.scene.people.get(line.speaks_as) or entry.scene.names.get(line.speaks_as) or line.speaks_as
    return _proposed(line.speaks_as, name, fountain.DIALOGUE, line.text, 1.0, PERSON, of)


def _proposal(answer: Answer, said: Any, how: Mapping[str, Any] | None, entry: Entry, of: Gathered) -> dict[str, Any]:
    words, lost = speaking.heard(answer, said, entry, of.line) if said is not None else (None, ())
    writer = str((how or {}).get("writer", GRAMMAR)) if words is not None else GRAMMAR
    sure = round(answer.confidence * (speaking.PHRASED if words is not None else 1.0), 2)
    kind = fountain.ACTION if answer.role == NARRATOR else fountain.DIALOGUE
    made = _proposed(answer.role, entry.frames[answer.role].name, kind, words or answer.words, sure, writer, of)
    return {**made, "because": [dict(each) for each in answer.because], "knows": answer.knows, "lost": list(lost)}


def _proposed(role: str, name: str, kind: str, words: str, sure: float, writer: str, of: Gathered) -> dict[str, Any]:
    written = fountain.written(kind, name, words)
    found = findings_of(of.story, of.given.scene, of.script, written, of.waived)
    return {
        "role": role,
        "name": name,
        "kind": kind,
        "words": words,
        "fountain": written,
        "confidence": sure,
        "because": [],
        "knows": True,
        "writer": writer,
        "lost": [],
        "findings": found,
        "state": "OPEN",
        "by": "",
    }
