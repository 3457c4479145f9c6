"""Votes on the frames of a board: entries of root `votes` in the scene's notes, counted by who wrote them.

Owns the shape of that root (`panel/principal` → {"name", "at"}) and the vote that comes by command. The invariant: a
principal counts once for a panel, and only for an entry that is written under a client id of their own: a name in a key
is a claim, not a proof. Browsers write the entries, partners vote by command, the scene actor counts.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from actors.commands import CommandError, VotePanel
from actors.runtime.actor import Context, Needs
from actors.runtime.edits import DropKey, Edit, Op, SetMap
from actors.scene.comments import notes_of

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor
    from actors.scene.flow import Run

ROOT = "votes"


def needs(scene: SceneActor, *, writes: bool = False) -> Needs:
    """The notes are read; `writes`: a vote goes into them."""
    notes = notes_of(scene.id)
    return (
        Needs(docs=(scene.doc,), edits=("live", notes)) if writes else Needs(docs=(scene.doc, notes), edits=("live",))
    )


def choosing(scene: SceneActor) -> bool:
    """Whether somebody may be voting in it: a board is there and nothing is picked."""
    return any(job.live and job.panels and job.picked is None for job in scene.jobs.values())


def counts(scene: str, ctx: Context) -> dict[str, int]:
    """Panel → how many principals vote for it now."""
    found = Counter[str]()
    for key, principal in ctx.writers(notes_of(scene), ROOT).items():
        panel, _, who = key.partition("/")
        if who == principal:
            found[panel] += 1
    return dict(found)


def vote(scene: SceneActor, run: Run, command: VotePanel, ctx: Context) -> Edit:
    """Emits the count with this vote in it; the vote itself is the edit. Raises `CommandError`."""
    job = run.job
    if not any(panel["id"] == command.panel for panel in job.panels):
        raise CommandError("NOT_FOUND", "this job has no such panel", ("input", "panelId"))
    if not job.live or job.picked is not None:
        raise CommandError("ILLEGAL_MOVE", "nobody chooses at this board any more", ("input", "jobId"))
    notes, key = notes_of(scene.id), f"{command.panel}/{ctx.principal}"
    before = ctx.writers(notes, ROOT).get(key) == ctx.principal
    votes = counts(scene.id, ctx)
    votes[command.panel] = votes.get(command.panel, 0) + int(command.vote) - int(before)
    known = {panel["id"] for panel in job.panels}
    run.emit("job.voted", votes={panel: count for panel, count in sorted(votes.items()) if panel in known and count})
    op: Op = SetMap(ROOT, key, {"name": command.by, "at": ctx.now_ms}) if command.vote else DropKey(ROOT, key)
    return Edit(notes, (op,), author=ctx.principal, author_name=command.by)
