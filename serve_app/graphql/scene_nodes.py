"""Job, take, panel and finding as the surface shows them: what generation made of a scene.

The invariant: a node is a read-only face of one committed projection row; the only thing that is not history is the
live progress of a job, which comes from its open attempt row. URLs are signed at the moment they are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import strawberry

from actors.scene import forecast as ahead
from actors.scene.job import SPAN
from actors.views import JOB_CONTINUITY, JobView, TakeView
from gpu.steps import Step
from serve_app.graphql.cache_nodes import TakeCache
from serve_app.graphql.context import Context, Info
from serve_app.graphql.described import described
from serve_app.graphql.enhancement_nodes import Enhancement, EnhancementDraft
from serve_app.graphql.enums import EpistemicState, JobStage, JobState, Severity, WaiverReason
from serve_app.graphql.gate_nodes import JobContinuity
from serve_app.graphql.sent_nodes import Sent, sent_of
from storage.codec import CodecError, decode
from storage.ledger.protocol import Attempt, AttemptState, View


def when(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


@strawberry.type(description="Why a job stopped. `retryable`: asking again can help.")
class JobError:
    code: str
    message: str
    retryable: bool


@strawberry.type(description="What of a continuation's words does not agree with the story, by the rules of findings.")
class ContinuationIssue:
    code: str
    severity: Severity
    message: str
    suggestion: str | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> ContinuationIssue:
        severity = Severity.__members__.get(str(data["severity"]), Severity.WARNING)
        return cls(
            code=data["code"], severity=severity, message=data["message"], suggestion=data.get("suggestion") or None
        )


@strawberry.type(description="One storyboard candidate of a job; pick one to go on to video.")
class Panel:
    id: strawberry.ID
    image_url: str
    seed: str
    votes: int = strawberry.field(description="People who vote for it now, each counted once.")
    picked: bool
    shot: int = strawberry.field(description="Of the scene, from 0. A panel older than boards is of the key shot.")
    candidate: int
    note: str = strawberry.field(description="What somebody asked of it when it was drawn anew; empty: nothing.")
    reused_from: strawberry.ID | None = strawberry.field(
        description="The job this very frame was drawn for, where an equal one was there already (level L3)."
    )

    @classmethod
    def of(cls, data: Mapping[str, Any], context: Context) -> Panel:
        return cls(
            id=strawberry.ID(str(data["id"])),
            image_url=context.ports.sign_media(str(data["key"])),
            seed=str(data.get("seed", "")),
            votes=int(data.get("votes", 0)),
            picked=bool(data.get("picked", False)),
            shot=int(data.get("shot", 0)),
            candidate=int(data.get("candidate", 0)),
            note=str(data.get("note", "")),
            reused_from=strawberry.ID(str(data["reused"].get("job", ""))) if data.get("reused") else None,
        )


@strawberry.type(description="Parts of a job that were there already, made for exactly the same (level L3).")
class ReusedParts:
    level: str
    panels: int = strawberry.field(description="Frames of the board that were not drawn again.")
    of: int = strawberry.field(description="Frames of the board.")
    prompt: bool = strawberry.field(description="Whether its words are an earlier job's.")
    saved_ms: int = strawberry.field(description="What the parts had taken to make.")
    saved_usd: float = strawberry.field(description="What they had been charged.")

    @classmethod
    def told(cls, told: Mapping[str, Any] | None) -> ReusedParts | None:
        if not told:
            return None
        return cls(
            level=told["level"],
            panels=told["panels"],
            of=told["of"],
            prompt=told["prompt"],
            saved_ms=told["savedMs"],
            saved_usd=told["savedUsd"],
        )


@strawberry.type(description="One shot of a board. Its frames are the job's panels with this shot's number.")
class BoardShot:
    shot: int
    words: str = strawberry.field(description="How its prompt begins.")
    note: str = strawberry.field(description="What its newest frames were asked to follow besides; empty: nothing.")
    picked_panel_id: strawberry.ID | None


@strawberry.type(description="Another backend rendered the take than the one that was to.")
class Degradation:
    wanted: str
    used: str
    code: str
    why: str
    at: datetime

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Degradation:
        why = data["why"]
        return cls(
            wanted=data["wanted"],
            used=data["used"],
            code=str(why["code"]),
            why=str(why["message"]),
            at=when(int(data["at_ms"])),
        )


@strawberry.type(description="What a vendor charged for a film, by its price list.")
class TakeCost:
    amount: float
    unit: str
    seconds: float = strawberry.field(description="That were paid for: a vendor's clips are longer than the film.")


@strawberry.type(description="What an observer says that a take's film shows.")
class ShownFact:
    entity: str = strawberry.field(description='As the observer names it; "": the scene itself.')
    attribute: str
    value: str
    confidence: float
    from_s: float
    to_s: float
    observer: str
    observation_id: strawberry.ID

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> ShownFact:
        told = {name: data[name] for name in ("entity", "attribute", "value", "confidence", "from_s", "to_s")}
        return cls(**told, observer=data["observer"], observation_id=strawberry.ID(data["observation"]))


@strawberry.type(description="One generated, playable rendering of a scene.")
class Take:
    id: strawberry.ID
    job_id: strawberry.ID
    playlist_url: str
    video_url: str
    thumbnail_url: str
    captions_url: str | None
    duration_s: float
    backend: str
    degraded: bool
    cache_verdict: str
    quality_score: float | None
    epistemic_state: EpistemicState
    recipe: str = strawberry.field(description="JSON text: everything that decided this take.")
    captions_burned: bool = strawberry.field(description="Every line of dialogue is in the picture already.")
    degradations: list[Degradation] = strawberry.field(description="What was to render it and did not, in order.")
    parent_take_id: strawberry.ID | None = strawberry.field(description="What people had when they asked for this one.")
    cost: TakeCost | None = strawberry.field(description="Null: nobody charged for it, or an earlier take had paid.")
    shows: list[ShownFact] = strawberry.field(description="What observers say it shows; most films nobody reports on.")
    cache: TakeCache | None = strawberry.field(
        description="How the cache came to `cacheVerdict`, and what people said; null for takes older than that."
    )
    created_at: datetime

    @classmethod
    def of(cls, row: View, context: Context) -> Take:
        view = TakeView.from_blob(row.body or b"")
        sign = context.ports.sign_media
        return cls(
            shows=[ShownFact.of(each) for each in view.shows],
            id=strawberry.ID(view.id),
            job_id=strawberry.ID(view.job),
            playlist_url=sign(view.playlist_key),
            video_url=sign(view.video_key),
            thumbnail_url=sign(view.thumbnail_key),
            captions_url=sign(view.captions_key) if view.captions_key else None,
            duration_s=view.duration_s,
            backend=view.backend,
            degraded=view.degraded,
            cache_verdict=view.cache_verdict,
            quality_score=view.quality_score,
            epistemic_state=EpistemicState.__members__.get(view.epistemic_state, EpistemicState.UNCERTAIN_TERMINATION),
            recipe=view.recipe,
            captions_burned=view.captions_burned,
            degradations=[Degradation.of(one) for one in view.degradations],
            parent_take_id=strawberry.ID(view.parent) if view.parent else None,
            cost=TakeCost(**view.cost) if view.cost else None,
            cache=TakeCache.of(view),
            created_at=when(view.created_at_ms),
        )


@strawberry.type(description="One generation of a scene, from words to a take.")
class Job:
    row: strawberry.Private[View]
    view: strawberry.Private[JobView]

    @classmethod
    def of(cls, row: View) -> Job:
        return cls(row=row, view=JobView.from_blob(row.body or b""))

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.view.id)

    @strawberry.field
    def scene_id(self) -> strawberry.ID:
        return strawberry.ID(self.view.scene)

    @strawberry.field
    def state(self) -> JobState:
        return JobState.__members__.get(self.view.state, JobState.PROCESSING)

    @strawberry.field
    async def stage(self, info: Info) -> JobStage | None:
        told, _ = live_words(await self._attempt(info))
        return JobStage.__members__.get(told) or JobStage.__members__.get(self.view.stage or "")

    @described("0..1 of the whole job, live while a step runs.")
    async def progress(self, info: Info) -> float:
        live = await self._attempt(info)
        return overall_progress(self.view, live)

    @strawberry.field
    async def message(self, info: Info) -> str | None:
        _, words = live_words(await self._attempt(info))
        return words or self.view.message or None

    @described("Its place among all steps that wait for the same workers, from 1; null once it runs.")
    async def queue_position(self, info: Info) -> int | None:
        live = await self._attempt(info)
        return ahead.position(live, await info.context.ports.queue.forecast(live.created_at_ms)) if live else None

    @described("Seconds until a person can pick or the job is done, by what such steps have taken lately.")
    async def eta_s(self, info: Info) -> float | None:
        live = await self._attempt(info)
        if live is None:
            return None
        forecast = await info.context.ports.queue.forecast(live.created_at_ms)
        return ahead.eta_s(live, self.view.auto_pick, forecast, drawn=bool(self.view.panels))

    @described("A frame of the film that is being made, the newest there is; null at other times.")
    async def preview_url(self, info: Info) -> str | None:
        key = preview_key(await self._attempt(info))
        return info.context.ports.sign_media(key) if key else None

    @strawberry.field
    def error(self) -> JobError | None:
        given = self.view.error
        if not given:
            return None
        return JobError(
            code=str(given.get("code", "INTERNAL")),
            message=str(given.get("message", "")),
            retryable=bool(given.get("retryable", False)),
        )

    @strawberry.field
    def panels(self, info: Info) -> list[Panel]:
        return [Panel.of(p, info.context) for p in self.view.panels]

    @described("Frames that were drawn anew since. They may still be picked.")
    def earlier_panels(self, info: Info) -> list[Panel]:
        return [Panel.of(p, info.context) for p in self.view.earlier_panels]

    @described("What of it was there already, and what that saved; null: all of it was made.")
    def reused_parts(self) -> ReusedParts | None:
        return ReusedParts.told(self.view.components)

    @described("The board's shots in story order; empty before there is a board.")
    def shots(self) -> list[BoardShot]:
        return [
            BoardShot(shot=n, words=each["words"], note=each["note"], picked_panel_id=each["picked"])
            for n, each in enumerate(self.view.shots)
        ]

    @described("What is sent to draw and film it, word for word and with people's notes; null before that.")
    async def sent(self, info: Info) -> Sent | None:
        return sent_of(await info.context.ports.reader.attempts(self.row.home, job=self.view.id))

    @described("When the votes decide, if nobody has picked; null: nobody waits, or for ever.")
    def pick_by(self) -> datetime | None:
        return None if self.view.pick_by_ms is None else when(self.view.pick_by_ms)

    @strawberry.field
    async def take(self, info: Info) -> Take | None:
        if self.view.take is None:
            return None
        row = await info.context.loaders.one.load(("take", self.row.home, self.view.take))
        return Take.of(row, info.context) if row is not None and row.body is not None else None

    @described("What the continuity gate said of it, and why it waits if it does; null before it came there.")
    async def continuity(self, info: Info) -> JobContinuity | None:
        row = await info.context.loaders.one.load((JOB_CONTINUITY, self.row.home, self.view.id))
        return JobContinuity.of(row) if row is not None and row.body is not None else None

    @described("Why it waits for a person at the continuity gate; null: it does not.")
    def held(self) -> str | None:
        return self.view.held or None

    @described("What a continuation appended, once its take is made; a generation of a scene appends none.")
    def segment_id(self) -> strawberry.ID | None:
        return strawberry.ID(self.view.segment) if self.view.segment else None

    @described("Of a continuation: known before anything is rendered; `continuity` decides whether it goes on.")
    def issues(self) -> list[ContinuationIssue]:
        return [ContinuationIssue.of(each) for each in self.view.issues]

    @strawberry.field
    def updated_bible_version(self) -> int | None:
        return self.view.updated_bible_version

    @strawberry.field
    def created_at(self) -> datetime:
        return when(self.view.created_at_ms)

    @strawberry.field
    def brain(self) -> str:
        return self.view.brain

    @described("Version of the brain it is made with; a retry uses the same.")
    def brain_version(self) -> str:
        return self.view.brain_version

    @described("SHA-256 of that brain's content.")
    def brain_sha256(self) -> str | None:
        return self.view.brain_sha256 or None

    @described("The beat its scene stood in when it was asked for, as its prompt was told.")
    def beat(self) -> str | None:
        return self.view.beat or None

    @strawberry.field
    def auto_pick(self) -> bool:
        return self.view.auto_pick

    @described("Its film came from the cache before a frame was drawn; `drawFrames` draws some to choose from.")
    def shown_first(self) -> bool:
        return self.view.shown_first

    @described("The job whose film from the cache its frames are drawn instead of.")
    def instead_of_job_id(self) -> strawberry.ID | None:
        return strawberry.ID(self.view.instead_of) if self.view.instead_of else None

    @described("What is sent for it to a video model, and how it came about; null until the scene was worked out.")
    async def enhancement(self, info: Info) -> Enhancement | None:
        row = await info.context.loaders.one.load(("enhancement", self.row.home, self.view.id))
        return Enhancement.of(row) if row is not None and row.body is not None else None

    @described("The words of the shot that is being phrased now, as far as they are; null at other times.")
    async def draft(self, info: Info) -> EnhancementDraft | None:
        live = await self._attempt(info)
        return EnhancementDraft.of(live) if live is not None else None

    async def _attempts(self, info: Info) -> list[Attempt]:
        return await info.context.loaders.open_attempts.load(self.row.home)

    async def _attempt(self, info: Info) -> Attempt | None:
        if self.view.attempt is None:
            return None
        return next((a for a in await self._attempts(info) if a.id == self.view.attempt), None)


def overall_progress(view: JobView, live: Attempt | None) -> float:
    """The committed progress; while a step runs, its own 0..1 fills the step's part of the whole bar."""
    if live is None or live.step not in SPAN:
        return view.progress
    low, high = SPAN[Step(live.step)]
    return round(low + (high - low) * min(1.0, max(0.0, live.progress)), 4)


def preview_key(live: Attempt | None) -> str | None:
    """What a running attempt told of last as `preview_key`; a key that is not the attempt's own is not signed."""
    if live is None or live.state is not AttemptState.CLAIMED or live.result is None:
        return None
    try:
        key = decode(live.result)["preview_key"]
    except (CodecError, KeyError, TypeError):
        return None
    return key if isinstance(key, str) and f"/{live.id}/" in key else None


def live_words(live: Attempt | None) -> tuple[str, str]:
    """(stage, words) of an attempt's message, which is "words" or "STAGE|words"."""
    stage, bar, words = (live.message if live else "").partition("|")
    return (stage, words) if bar else ("", stage)


@strawberry.type(description="A passage of a script (offsets count Unicode code points), or with `takeId` of a film.")
class Evidence:
    scene_id: strawberry.ID
    start: int
    end: int
    text: str
    take_id: strawberry.ID | None = strawberry.field(default=None, description="Whose film shows it; null: words do.")
    from_s: float | None = strawberry.field(default=None, description="Between which seconds of that film.")
    to_s: float | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Evidence:
        return cls(
            scene_id=strawberry.ID(data["sceneId"]),
            start=data["start"],
            end=data["end"],
            text=data["text"],
            take_id=strawberry.ID(data["take"]) if data.get("take") else None,
            from_s=data.get("fromS"),
            to_s=data.get("toS"),
        )


@strawberry.type(description="A safe edit that settles a finding. Offsets count Unicode code points.")
class Fix:
    scene_id: strawberry.ID
    start: int
    end: int
    replacement: str


@strawberry.type(description="Why a break of continuity is meant, and who says so.")
class Waiver:
    reason: WaiverReason
    note: str
    by: str = strawberry.field(description="As they wished to be shown.")
    at: datetime

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Waiver:
        return cls(reason=WaiverReason(data["reason"]), note=data["note"], by=data["name"], at=when(data["at"]))


@strawberry.type(description="Something the continuity pass noticed about the story.")
class Finding:
    id: strawberry.ID
    scene_id: strawberry.ID
    code: str
    severity: Severity
    message: str
    evidence: list[Evidence]
    suggestion: str | None
    fix: Fix | None
    waived: bool
    stale: bool
    reasons: list[WaiverReason] = strawberry.field(description="What a waiver of it may give as its reason.")
    waiver: Waiver | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Finding:
        fix = data.get("fix")
        return cls(
            id=strawberry.ID(str(data["id"])),
            scene_id=strawberry.ID(str(data["sceneId"])),
            code=str(data["code"]),
            severity=Severity.__members__.get(str(data["severity"]), Severity.WARNING),
            message=str(data["message"]),
            evidence=[Evidence.of(each) for each in data.get("evidence", ())],
            suggestion=data.get("suggestion"),
            fix=Fix(
                scene_id=strawberry.ID(fix["sceneId"]),
                start=fix["start"],
                end=fix["end"],
                replacement=fix["replacement"],
            )
            if fix
            else None,
            waived=bool(data.get("waived", False)),
            stale=bool(data.get("stale", False)),
            reasons=[WaiverReason(each) for each in data.get("reasons", ())],
            waiver=Waiver.of(data["waiver"]) if data.get("waiver") else None,
        )
