"""What people decide about proposals, and what the table shows of a scene: decisions of the scene actor.

The invariant: taking a proposal is an edit of the script by the person who takes it, at the scene's end as it reads by
then, in the append that decides it; it is decided once. One that contradicts the story by then is refused with the
finding, unless the person says that it is meant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.commands import SCRIPT_CHARS_MAX, AcceptLine, CommandError, DeclineLine
from actors.runtime.actor import Beside, Context, Decision, Needs
from actors.runtime.edits import AppendText, Edit
from actors.scene.reading import story_now, waived_in
from actors.scene.status import refuse_locked
from actors.tableread.asking import changed
from actors.tableread.entry import Entry
from actors.tableread.fountain import appended
from actors.tableread.judging import contradicts, findings_of
from actors.tableread.table import Line, ProposalState
from actors.tableread.working import entered, gather
from actors.workflow import exits

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor


def needs(scene: SceneActor, command: AcceptLine) -> Needs:
    return Needs(edits=("live", scene.doc), beside=partial(_judged, scene, command))


def _judged(scene: SceneActor, command: AcceptLine, ctx: Context) -> Beside:
    found = scene.table.proposal(command.proposal)
    if found is None or command.anyway:
        return lambda: None
    script, story, waived = ctx.text(scene.doc, "script"), story_now(scene, ctx), waived_in(ctx)
    return lambda: (script, findings_of(story, scene.id, script, found[1]["fountain"], waived))


def accept(scene: SceneActor, command: AcceptLine, ctx: Context) -> Decision:
    """Raises `CommandError` NOT_FOUND, ALREADY_DECIDED, SCENE_LOCKED, CONTRADICTS, TOO_LONG, BUSY."""
    line, proposal = _open(scene, command.proposal, ctx)
    refuse_locked(scene, ctx)
    script = ctx.text(scene.doc, "script")
    if not command.anyway:
        read, findings = ctx.computed or ("", [])
        if read != script:
            words = "somebody is writing in this scene: try again"
            raise CommandError("BUSY", words, ("input", "proposalId"), True)
        if contradicts(findings):
            words = next(each["message"] for each in findings if contradicts([each]))
            raise CommandError("CONTRADICTS", f"{words} Take it anyway, or decline it.", ("input", "proposalId"))
    more = appended(script, proposal["fountain"])
    if len(script) + len(more) > SCRIPT_CHARS_MAX:
        raise CommandError("TOO_LONG", f"a scene has at most {SCRIPT_CHARS_MAX} characters", ("input", "proposalId"))
    told = {"line": line.id, "proposal": proposal["id"], "by": ctx.principal}
    decision = changed(scene, ("table.accepted", {**told, "anyway": command.anyway, "words": proposal["words"]}))
    edit = Edit(scene.doc, (AppendText("script", more),), scene=scene.id, author=ctx.principal, author_name=command.by)
    decision.edits.append(edit)
    decision.views += exits.pending(scene, ctx)
    decision.ids |= {"line": line.id, "proposal": proposal["id"]}
    return decision


def decline(scene: SceneActor, command: DeclineLine, ctx: Context) -> Decision:
    """Raises `CommandError` NOT_FOUND, ALREADY_DECIDED."""
    line, proposal = _open(scene, command.proposal, ctx)
    decision = changed(scene, ("table.declined", {"line": line.id, "proposal": proposal["id"], "by": ctx.principal}))
    decision.ids |= {"line": line.id, "proposal": proposal["id"]}
    return decision


def _open(scene: SceneActor, id: str, ctx: Context) -> tuple[Line, dict[str, Any]]:
    scene.place(ctx)
    found = scene.table.proposal(id)
    if found is None:
        raise CommandError("NOT_FOUND", "this scene has no such proposal", ("input", "proposalId"))
    state = found[1]["state"]
    if state != ProposalState.OPEN:
        raise CommandError("ALREADY_DECIDED", f"it was {state.lower()} before", ("input", "proposalId"))
    return found


# what it shows
def needs_entry(scene: SceneActor) -> Needs:
    return Needs(docs=(scene.doc,), beside=partial(_entered, scene))


def _entered(scene: SceneActor, ctx: Context) -> Beside:
    gathered = gather(scene, ctx)
    return partial(entered, gathered) if gathered is not None else (lambda: None)


def entry(scene: SceneActor, ctx: Context) -> Decision:
    """`entry` in its ids: JSON of `Entry.told`. Raises `CommandError` NOT_FOUND, BUSY until the story is read."""
    scene.place(ctx)
    found = ctx.computed
    if not isinstance(found, Entry):
        raise CommandError("BUSY", "the story is still being read: ask again in a moment", (), True)
    told: Mapping[str, Any] = found.told()
    return Decision(ids={**scene.ids(), "entry": json.dumps(told, ensure_ascii=False)})
