"""What a turn of a scene had read beside the loop before it decides: the words' verdicts, and what came with them.

The invariant: a verdict is used only for the very words it judged, in the story as it was when they were handed over;
whoever needs one that is not there waits for it. Reading is for a thread: on the loop, only what it reads is gathered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from actors.commands import HEADING_CHARS_MAX
from actors.continuity.actor import ContinuityActor
from actors.continuity.check import SCENE_CHARS_READ_MAX, Continuity
from actors.continuity.rules import Known
from actors.project.actor import CONTINUITY, ProjectActor
from actors.runtime.actor import Beside, Context
from actors.scene.bible import Prepared, names_of, part_of
from actors.scene.gate import Verdict, judge
from actors.scene.job import Job
from actors.scene.request import given_before
from actors.workflow.carry import Given
from gpu.steps import Step
from storage.ledger.protocol import AttemptState

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor

GAPS_CHARS = 5
"""Line ends between a heading, the end of a scene, and words that follow."""

NEW = ""
"""Whose verdict it is when no job has the words yet: the scene's script as it reads now."""


@dataclass(frozen=True, slots=True)
class Read:
    """`verdicts`: by job, or `NEW`; `whole`: of a story that is read to its end. `given` and `prepared`: as whoever
    else asked for them has them."""

    given: Given = field(default_factory=Given)
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    prepared: Prepared | None = None
    whole: bool = False


def verdict_of(ctx: Context, job: str, words: str | None = None) -> Verdict | None:
    """`words`: those it must be about; None: whatever it is about."""
    found = ctx.computed.verdicts.get(job) if isinstance(ctx.computed, Read) else None
    return found if found is not None and words in (None, found.asked) else None


def at_gate(ctx: Context, job: Job) -> Verdict | None:
    """The verdict that lets a job through or holds it: of its own words, in the whole story."""
    if not isinstance(ctx.computed, Read) or not ctx.computed.whole:
        return None
    return verdict_of(ctx, job.id) or (verdict_of(ctx, NEW, job.words) if job.continuation is None else None)


def before_asking(scene: SceneActor, ctx: Context) -> Beside:
    """What the scenes before give it, and what of its script does not agree, before a request is made of it."""
    given, script, id = given_before(scene, ctx), ctx.text(scene.doc, "script"), scene.id
    story, waived, whole = story_now(scene, ctx), waived_in(ctx), _whole(ctx)

    def work() -> Read:
        return Read(given(), {NEW: judge(story, id, script, waived=waived)}, whole=whole)

    return work


def after_words(scene: SceneActor, ctx: Context, more: Callable[[Context], Beside] | None = None) -> Beside:
    """The verdicts of every job that stands at the gate. `more`: what else this turn wants read, a `Prepared`."""
    also = more(ctx) if more is not None else None
    waiting = [job for job in scene.jobs.values() if _at_gate(job, ctx)]
    if not waiting or not _whole(ctx):
        return also or (lambda: None)
    story, id, script = story_now(scene, ctx), scene.id, ctx.text(scene.doc, "script")
    words = {job.id: words_of(job, script) for job in waiting}
    waived = {job.id: waived_in(ctx, job) for job in waiting}
    again = any(job.held is not None for job in waiting)

    def work() -> Read:
        found = {job: judge(story, id, *words[job], waived[job]) for job in words}
        if again:
            found[NEW] = judge(story, id, script, 0, frozenset[str]().union(*waived.values()))
        prepared = also() if also is not None else None
        return Read(verdicts=found, prepared=prepared if isinstance(prepared, Prepared) else None, whole=True)

    return work


def _whole(ctx: Context) -> bool:
    continuity = ctx.peer(ContinuityActor, CONTINUITY)
    return continuity is not None and continuity.caught_up


def _at_gate(job: Job, ctx: Context) -> bool:
    """Whether it is judged next: it has its shots, or its writer has answered."""
    if not job.live or job.findings is not None:
        return False
    if job.enhanced is not None:
        return True
    attempt = ctx.attempt(job.attempt) if job.attempt is not None and job.step is Step.ENHANCE else None
    return attempt is not None and attempt.state is AttemptState.DONE


def words_of(job: Job, script: str) -> tuple[str, int]:
    """What is judged of a job, and from where on it is its own: of a continuation, the words that would follow."""
    if job.continuation is None:
        return job.words or script, 0
    return followed(script, job.continuation["continuationText"])


def followed(script: str, words: str) -> tuple[str, int]:
    """A scene as it would read with these words behind it, and where they begin. Of a scene longer than a rule reads,
    its end: cut at the usual place, the words themselves would not be judged."""
    before = part_of(script, max(0, SCENE_CHARS_READ_MAX - HEADING_CHARS_MAX - GAPS_CHARS - len(words)))
    return f"{before}\n\n{words}\n", len(before) + 2


def story_now(scene: SceneActor, ctx: Context) -> Continuity:
    """A fork of the story as it has been read; of one that nobody has read yet, its names."""
    continuity = ctx.peer(ContinuityActor, CONTINUITY)
    found = continuity.story() if continuity is not None else None
    if found is not None:
        return found
    names = names_of(ctx.peer(ProjectActor, scene.home))
    return Continuity(names.known(), [Known(name) for name in names.places])


def waived_in(ctx: Context, job: Job | None = None) -> frozenset[str]:
    continuity = ctx.peer(ContinuityActor, CONTINUITY)
    told: Collection[str] = continuity.waivers if continuity is not None else ()
    return frozenset(told) | frozenset(job.waived if job is not None else ())
