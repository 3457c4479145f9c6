"""Brains and formats of a project: which one is meant by an id, and those the project defined itself.

Pure decisions of the project actor. Invariants: whatever is chosen is complete and in range, by the same schema that
the shipped files are read with; each change of a definition is a new version, and a choice is its content with its
hash, so whoever recorded one (a job) needs nobody to look it up again. An own definition never takes a shipped id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from actors.commands import CommandError, DefineBrain, DefineFormat, SetFormat, WithdrawDefinition
from actors.runtime.actor import Catalogue, Context, Decision, Draft, Fact, Needs, ViewDraft, Wanted
from actors.runtime.edits import Edit, SetKey
from actors.runtime.ids import derive_id
from actors.views import DefinitionView, SceneView
from gpu.enhance.brains import brain as shipped_brain
from gpu.enhance.brains import brain_of, list_brains
from gpu.enhance.formats import Format, format_of, list_formats, shipped_format
from gpu.enhance.section import BadField, content_sha256

if TYPE_CHECKING:
    from actors.project.actor import ProjectActor

OWN_MAX = 32
"""Own brains of one project, and as many formats. They stay in memory with it: about 2 kB each."""

OWN_EVER_MAX = 512
"""The same with those that were withdrawn, which keep their version in memory. Over: refused."""

VERSIONS_MAX = 1_000
"""Versions of one definition. Over: refused; a new id begins anew."""

SCENES_READ_MAX = 5_000
"""As many as a project has (`actors.project.rules.SCENES_MAX`)."""

_TYPE_FORMATS = {"MOVIE": "three-act", "SERIES": "five-act", "SHORT": "short"}


@dataclass(frozen=True, slots=True)
class Definition:
    """An own brain or format as it is now. `data`: the whole content, its id and version included."""

    id: str
    version: int
    sha256: str
    data: Mapping[str, Any]
    by: str
    at_ms: int
    gone: bool = False  # withdrawn: only its number is kept, so that a version never means two contents


@dataclass(frozen=True, slots=True)
class Chosen:
    """A brain somebody chose, with its content."""

    id: str
    version: str
    sha256: str
    data: Mapping[str, Any]


def format_for(project_type: str) -> str:
    """The format a project begins with."""
    return _TYPE_FORMATS.get(project_type, "short")


def standing(own: Mapping[str, Definition]) -> dict[str, Definition]:
    """Those that are not withdrawn."""
    return {id: each for id, each in own.items() if not each.gone}


def choose_brain(project: ProjectActor, id: str, catalogue: Catalogue, field: str = "brain") -> Chosen:
    """Raises `CommandError` UNKNOWN_BRAIN naming the known ones."""
    mine = standing(project.own_brains)
    own = mine.get(id)
    if own is not None:
        return Chosen(id, str(own.version), own.sha256, own.data)
    if id not in catalogue.brains or all(each.id != id for each in list_brains()):
        known = ", ".join(sorted({*catalogue.brains, *mine}))
        raise CommandError("UNKNOWN_BRAIN", f"no such brain; known are {known}", ("input", field))
    shipped = shipped_brain(id)
    return Chosen(id, str(shipped.version), shipped.sha256, shipped.to_data())


def choose_format(own: Mapping[str, Definition], id: str) -> Format:
    """Raises `CommandError` UNKNOWN_FORMAT naming the known ones."""
    found = known_format(own, id)
    if found is None:
        known = ", ".join(sorted({*(each.id for each in list_formats()), *standing(own)}))
        raise CommandError("UNKNOWN_FORMAT", f"no such format; known are {known}", ("input", "format"))
    return found


def known_format(own: Mapping[str, Definition], id: str) -> Format | None:
    mine = standing(own).get(id)
    return format_of(id, mine.data) if mine is not None else shipped_format(id)


def needs() -> Needs:
    """Of a withdrawal: what scenes have chosen."""
    return Needs(views=(Wanted("scene", limit=SCENES_READ_MAX),))


def decide(
    project: ProjectActor, command: SetFormat | DefineBrain | DefineFormat | WithdrawDefinition, ctx: Context
) -> Decision:
    match command:
        case WithdrawDefinition():
            return _withdraw(project, command, ctx)
        case SetFormat():
            return _set_format(project, command, ctx)
        case DefineBrain():
            ids = tuple(each.id for each in list_brains())
            return _define(project, "brain", command.definition, project.own_brains, ids, ctx)
        case DefineFormat():
            ids = tuple(id for each in list_formats() for id in (each.id, *each.aliases))
            return _define(project, "format", command.definition, project.own_formats, ids, ctx)


def _set_format(project: ProjectActor, command: SetFormat, ctx: Context) -> Decision:
    id = choose_format(project.own_formats, command.format).id
    return Decision(
        events=[Draft("project.format_set", {"format": id, "by": ctx.principal})],
        views=[project.changed(format=id)],
        edits=[Edit("outline", (SetKey("meta", "format", id),))],
        ids={"project": project.home},
    )


def _define(
    project: ProjectActor,
    kind: str,
    asked: Mapping[str, Any],
    own: Mapping[str, Definition],
    taken: tuple[str, ...],
    ctx: Context,
) -> Decision:
    id = asked.get("id") if isinstance(asked, Mapping) else None
    before = own.get(id) if isinstance(id, str) else None
    data = _checked(kind, asked, before)
    path = ("input", "definition", "id")
    if data["id"] in taken:
        raise CommandError("ID_TAKEN", f"{data['id']} is a {kind} that ships: choose another id", path)
    if before is None and len(own) >= OWN_EVER_MAX:
        raise CommandError("TOO_MANY", f"a project defines at most {OWN_EVER_MAX} {kind}s in its life", path)
    if (before is None or before.gone) and len(standing(own)) >= OWN_MAX:
        raise CommandError("TOO_MANY", f"a project has at most {OWN_MAX} {kind}s of its own: withdraw one", path)
    if data["version"] > VERSIONS_MAX:
        raise CommandError("TOO_MANY", f"a {kind} has at most {VERSIONS_MAX} versions: give it a new id", path)
    made = Definition(data["id"], data["version"], content_sha256(data), data, ctx.principal, ctx.now_ms)
    if before is not None and before.sha256 == made.sha256:
        made = before
    return Decision(
        events=[Draft(f"{kind}.defined", asdict(made))],
        views=[view(project.home, kind, made)],
        ids={"project": project.home, kind: made.id},
    )


def _checked(kind: str, asked: Mapping[str, Any], before: Definition | None) -> dict[str, Any]:
    """The content in its one form, under the version it would have. An unchanged content keeps its version."""
    last = before.version if before is not None else 0
    make = brain_of if kind == "brain" else format_of
    try:
        given = {**asked, "version": max(1, last)} if isinstance(asked, Mapping) else asked
        same = make("the definition", given).to_data()
        return same if before is not None and same == before.data else {**same, "version": last + 1}
    except BadField as error:
        path = ("input", "definition", *error.field.split(".")) if error.field else ("input", "definition")
        words = f"{error.field or 'the definition'} {error.why}"
        raise CommandError(f"BAD_{kind.upper()}", words, path) from error


def _withdraw(project: ProjectActor, command: WithdrawDefinition, ctx: Context) -> Decision:
    """Jobs keep the content they were made with; what is chosen now has to be chosen otherwise first."""
    assert project.facts is not None, "checked before"
    kind, path = command.kind, ("input", "id")
    own = project.own_brains if kind == "brain" else project.own_formats
    made = standing(own).get(command.id)
    if made is None:
        known = ", ".join(sorted(standing(own))) or "none"
        raise CommandError("NOT_FOUND", f"the project has no such {kind} of its own; it has {known}", path)
    if getattr(project.facts, kind) == made.id:
        raise CommandError("IN_USE", f"the project uses this {kind}: choose another first", path)
    scenes = [SceneView.from_blob(row.body) for row in ctx.views() if row.body is not None]
    user = next((scene for scene in scenes if getattr(scene, kind) == made.id), None)
    if user is not None:
        raise CommandError("IN_USE", f"the scene {user.heading} uses this {kind}: choose another there first", path)
    gone = replace(made, data={}, by=ctx.principal, at_ms=ctx.now_ms, gone=True)
    return Decision(
        events=[Draft(f"{kind}.withdrawn", asdict(gone))],
        views=[view(project.home, kind, gone)],
        ids={"project": project.home, kind: made.id},
    )


def apply(own: dict[str, Definition], fact: Fact) -> None:
    made = Definition(**fact.data)
    own[made.id] = made


def view(home: str, kind: str, made: Definition) -> ViewDraft:
    id = derive_id("brn" if kind == "brain" else "fmt", home, made.id)
    told = {name: value for name, value in asdict(made).items() if name != "gone"}
    body = None if made.gone else DefinitionView(project=home, **told)
    return ViewDraft(f"own_{kind}", id, home, made.id, body)


def views(project: ProjectActor) -> Iterator[ViewDraft]:
    """Every definition's row as it is now."""
    for kind, own in (("brain", project.own_brains), ("format", project.own_formats)):
        for made in own.values():
            yield view(project.home, kind, made)


def dump(own: Mapping[str, Definition]) -> list[dict[str, Any]]:
    return [asdict(each) for each in own.values()]


def load(rows: Any) -> dict[str, Definition]:
    return {row["id"]: Definition(**row) for row in rows}
