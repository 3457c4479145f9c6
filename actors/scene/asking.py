"""Asking for a film of a scene: from the words as they stand to a new job.

Pure decisions of the scene actor. The invariant: what a job is made with (words, brain and its content, beat, seed) is
on the job from its first event; whatever people change afterwards changes another job.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from actors.commands import CommandError, GenerateScene
from actors.project import repairs, share
from actors.project.styles import Chosen
from actors.runtime.actor import Context
from actors.scene import carried_shot, style, videos
from actors.scene.board import Board
from actors.scene.cached import pictures_of
from actors.scene.job import Job
from actors.scene.reading import NEW, verdict_of
from actors.scene.recipe import seed_of
from actors.scene.request import enhance_request, given_of
from actors.screenplay.fountain import parse
from gpu.enhance.formats import Beat

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor


@dataclass(frozen=True, slots=True)
class Asked:
    """What every way of asking settles first: the job's id, its look, its place in the story, its seed."""

    id: str
    brain: Chosen
    beat: Beat | None
    seed: str
    portraits: Mapping[str, str]
    shot_before: dict[str, str] = field(default_factory=dict)

    def job(self, script: str, request: Mapping[str, Any], ctx: Context, *, auto_pick: bool, **more: Any) -> Job:
        """`script`: the words it was asked for with."""
        return Job(
            id=self.id,
            auto_pick=auto_pick,
            brain=self.brain.id,
            brain_version=self.brain.version,
            brain_sha256=self.brain.sha256,
            beat=self.beat.words if self.beat else "",
            seed=self.seed,
            script_sha256=script_sha256(script),
            created_at_ms=ctx.now_ms,
            request=dict(request),
            pictures=pictures_of(request, self.portraits),
            shot_before=self.shot_before,
            by=ctx.principal,
            **more,
        )


def asked(scene: SceneActor, ctx: Context, *, brain: str | None, brain_field: str, seed: str | None = None) -> Asked:
    """Raises `CommandError` UNKNOWN_BRAIN about `brain_field`. Without a seed the job's id is one."""
    project = scene.project(ctx)
    chosen, beat = style.brain_of(scene, project, brain, ctx, brain_field), style.beat_here(scene, project, ctx)
    id = ctx.new_id("job")
    portraits = project.facts.portraits if project.facts else {}
    return Asked(id, chosen, beat, seed_of(seed or id), portraits, carried_shot.told(given_of(ctx)))


def generate(scene: SceneActor, command: GenerateScene, ctx: Context) -> Job:
    project, script = scene.project(ctx), ctx.text(scene.doc, "script")
    repairs.refuse_called_off(project, command.repair)
    if not has_content(script):
        raise CommandError("EMPTY_SCRIPT", "the scene has no text yet", ("input", "sceneId"))
    if command.priority:
        share.refuse_others(ctx, "priority", ("input", "priority"))
        if not 0 <= command.priority <= share.PRIORITY_MAX:
            raise CommandError("BAD_PRIORITY", f"priority is 0 to {share.PRIORITY_MAX}", ("input", "priority"))
    new = asked(scene, ctx, brain=command.brain, brain_field="brain", seed=command.seed)
    verdict = verdict_of(ctx, NEW, script)
    words = verdict.corrected() if verdict is not None else script  # what is safe to mend is mended in the prompt
    request = enhance_request(scene.id, words, brain=new.brain, beat=new.beat, seed=new.seed, project=project, ctx=ctx)
    return new.job(
        script,
        request | videos.asked_of_writer(command.video),
        ctx,
        auto_pick=command.auto_pick,
        backend=command.backend,
        board=Board(candidates=command.candidates, pick_within_ms=_pick_within_ms(command, ctx)),
        priority=command.priority,
        asks_first=not command.auto_pick and command.candidates is None,  # who says how many frames wants frames
        video=dict(command.video) if command.video is not None else None,
        repair=command.repair,
        words=script,
        corrections=list(verdict.corrections()) if verdict is not None else [],
    )


def _pick_within_ms(command: GenerateScene, ctx: Context) -> int:
    within_s = ctx.catalogue.pick_within_s if command.pick_within_s is None else command.pick_within_s
    return within_s * 1000


def has_content(script: str) -> bool:
    """Whether there is anything under the heading."""
    play = parse(script)
    if not play.scenes:
        return bool(script.strip())
    if (play.title_raw + play.preamble_raw).strip() or len(play.scenes) > 1:
        return True
    return any(line.strip() for line in play.scenes[0].raw.lstrip("\n").splitlines()[1:])


def script_sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
