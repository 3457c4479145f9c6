"""Projections: what partners and lists read without waking an actor.

Owns the shape of every view body. The invariant: a view is written in the append that made it true, so it is never
ahead of the ledger. Actors write them; GraphQL loaders, exports and the editor's lists read them.

Kinds and keys in the ledger's `View` rows (kind · id · parent · order_key):
  project · prj · ""        · created_at (zero-padded ms)   -> ProjectView
  scene   · scn · project   · fractional order key          -> SceneView
  job     · job · scene     · created_at (zero-padded ms)   -> JobView
  open_job· job · scene     · when it is due (ms)           -> OpenJobView (jobs that have not ended)
  video   · job · principal · created_at (zero-padded ms)   -> VideoView (jobs asked for by `/v1/videos`)
  take    · tak · scene     · created_at (zero-padded ms)   -> TakeView
  enhancement · job · scene · written at (zero-padded ms)   -> EnhancementView
  job_continuity · job · scene · created_at (zero-padded ms) -> JobContinuityView (once it came to the gate)
  spend   · job · scene     · spent at (zero-padded ms)     -> SpendView (only what a model was asked for)
  version · ver · scene     · how many came before          -> VersionView
  access  · lnk · project   · created_at (zero-padded ms)   -> AccessLinkView
  checkpoint      · chk · project · sequence               -> CheckpointView
  checkpoint_body · chk · project · sequence               -> CheckpointBodyView
  webhook · whk · project   · created_at (zero-padded ms)   -> WebhookView
  outbox, outbox_dead, delivery: see `actors.outbox.protocol`
  session · prj · project   · ""                            -> SessionView
  findings· scn · project   · scene's id                    -> FindingsView (all findings of one scene)
  segment · seg · scene     · how many came before          -> SegmentView
  scene_bible · bib · scene · its version                   -> BibleView
  own_brain, own_format · brn, fmt · project · its id    -> DefinitionView
  repair  · rep · project   · ordered at (zero-padded ms)   -> RepairView (of the newest orders)
  background · prj · ""     · when it is due (ms)           -> BackgroundView (only while it is switched on)
What the workflow writes stands in `actors.workflow.views`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from storage.codec import decode, encode


def order_ms(at_ms: int) -> str:
    """Milliseconds as a sortable order key."""
    return f"{at_ms:015d}"


@dataclass(frozen=True, slots=True)
class Body:
    """Common form of the view bodies: versioned msgpack of a flat dict; unknown keys are ignored."""

    def blob(self) -> bytes:
        return encode({f.name: getattr(self, f.name) for f in fields(self)})  # flat: `asdict` would copy what it holds

    @classmethod
    def from_blob(cls, blob: bytes) -> Self:
        return cls.from_dict(decode(blob))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        known = {f.name for f in fields(cls)}
        return cls(**{k: v for k, v in data.items() if k in known})


@dataclass(frozen=True, slots=True)
class ProjectView(Body):
    id: str
    title: str
    type: str
    brain: str
    format: str
    status: str  # "draft"
    revision: str  # sequence of the last event that changed the project
    owner: str  # principal
    created_at_ms: int
    title_page: str = ""  # raw Fountain title page and front matter, for a lossless way out
    newline: str = "\n"  # with `bom` and `mixed_newlines`: what `screenplay.fountain.join_parts` takes
    bom: bool = False
    mixed_newlines: str = ""
    cast: tuple[dict[str, str], ...] = ()  # {"id","name"}
    places: tuple[dict[str, str], ...] = ()
    background: bool = False  # whether the story is looked over while nobody has it open
    aliases: dict[str, list[str]] = field(default_factory=dict)  # cast id → other spellings
    portraits: dict[str, str] = field(default_factory=dict)  # cast id → key of their reference picture
    voices: dict[str, dict[str, str]] = field(default_factory=dict)  # cast id → {"timbre","accent","pace","key"}
    share_percent: int = 100  # of an ordinary part of the workers
    cache_bound: int = 0  # wrong answers of the cache among 10,000; 0: as the installation has it
    ahead_renders: int = 0  # films a day made before anybody asks
    left_out: dict[str, list[str]] = field(default_factory=dict)  # scene → sections its prompt is not told


class SceneStatus(enum.StrEnum):
    """What `actors.scene.status` makes of a scene; nobody else decides it."""

    PENDING = "PENDING"
    GENERATING = "GENERATING"
    COMPLETE = "COMPLETE"
    LOCKED = "LOCKED"


@dataclass(frozen=True, slots=True)
class SceneView(Body):
    id: str
    project: str
    heading: str
    script: str  # may lag the document by at most 2 s
    status: str  # a SceneStatus
    bible_version: int
    revision: str
    created_at_ms: int
    thumbnail_key: str | None = None
    brain: str = ""  # its own; "": the project's
    format: str = ""


@dataclass(frozen=True, slots=True)
class JobView(Body):
    id: str
    scene: str
    project: str
    state: str
    stage: str | None
    progress: float
    message: str
    created_at_ms: int
    auto_pick: bool
    brain: str
    seed: str
    error: dict[str, Any] | None = None  # {"code","message","retryable"}
    panels: tuple[dict[str, Any], ...] = ()  # see `actors.scene.board.panel_of`; "picked", "votes"
    take: str | None = None
    attempt: str | None = None  # id of the attempt now open: live progress is on its row
    revision: str = "0"
    updated_bible_version: int | None = None
    brain_version: str = ""
    brain_sha256: str = ""
    beat: str = ""  # words of the beat its scene stood in, "": none
    segment: str | None = None  # what it appended, for a continuation that ended well
    issues: tuple[dict[str, Any], ...] = ()  # of a continuation's words: {"code","severity","message","suggestion"}
    earlier_panels: tuple[dict[str, Any], ...] = ()  # drawn and since drawn anew; as `panels`
    components: dict[str, Any] | None = None  # parts of it that are earlier jobs': see `actors.scene.parts`
    shots: tuple[dict[str, Any], ...] = ()  # {"words","picked","note"} of the board's shots
    pick_by_ms: int | None = None  # when the board decides itself
    video: dict[str, Any] | None = None  # see `actors.scene.videos`
    by: str = ""  # who asked
    repair: str = ""  # the order of films it belongs to
    shown_first: bool = False  # its film is the cache's, and no frame was drawn
    instead_of: str = ""  # job whose film its frames are drawn instead of
    held: str = ""  # why it waits for a person at the continuity gate, "": it does not


JOB_CONTINUITY = "job_continuity"


@dataclass(frozen=True, slots=True)
class JobContinuityView(Body):
    """What the gate said of a job's words.

    Issues: {"id","type","severity","description","location","suggestion","evidence","fix","reasons","waived",
    "corrected"}. Corrections: {"finding","start","end","before","after"} of the words it was asked for with; `made`: in
    its prompt already; `offered`: with those, what `corrected_script` has.
    """

    id: str
    scene: str
    project: str
    at_ms: int
    valid: bool
    issues: tuple[dict[str, Any], ...] = ()
    made: tuple[dict[str, Any], ...] = ()
    offered: tuple[dict[str, Any], ...] = ()
    corrected_script: str | None = None
    held: dict[str, Any] | None = None  # {"reason","fixed","at_ms"}
    how: str = ""  # clean | withdrawn | waived | proceeded, once it has gone on
    by: str = ""


VIDEO = "video"


@dataclass(frozen=True, slots=True)
class VideoView(Body):
    """Marks a job that was asked for by `/v1/videos`, among those of who asked; gone when it was deleted."""

    id: str
    scene: str
    project: str


REPAIR = "repair"


@dataclass(frozen=True, slots=True)
class RepairView(Body):
    """Films ordered together; how far they are stands with their jobs."""

    id: str
    project: str
    by: str
    at_ms: int
    scenes: tuple[str, ...]
    auto_pick: bool
    cancelled: bool = False


OPEN_JOB = "open_job"
WAITS_FOR_PEOPLE = "9" * 15
"""Order key of an open job that no host has anything to do for: after every moment."""


@dataclass(frozen=True, slots=True)
class OpenJobView(Body):
    """Marks a job that has not ended; deleted in the append that ends it."""

    id: str
    scene: str


@dataclass(frozen=True, slots=True)
class EnhancementView(Body):
    """What is sent to a video model for a job, and how it came about."""

    id: str  # the job
    scene: str
    project: str
    at_ms: int
    request: dict[str, Any]  # gpu.enhance.protocol.EnhanceRequest
    enhanced: dict[str, Any]  # gpu.enhance.protocol.EnhancedScene
    how: dict[str, Any] | None = None  # gpu.enhance.writer.Enhancement
    backend: str | None = None  # the one asked for
    estimates: tuple[dict[str, Any], ...] = ()  # see `actors.scene.route.estimates`


SPEND = "spend"


@dataclass(frozen=True, slots=True)
class SpendView(Body):
    """What the words of one job cost: never changed, so that sums over a project or a day only grow."""

    id: str  # the job
    scene: str
    project: str
    at_ms: int
    writers: tuple[str, ...]
    currency: str
    cost_micro: int  # millionths of a currency unit
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int


@dataclass(frozen=True, slots=True)
class TakeView(Body):
    id: str
    job: str
    scene: str
    project: str
    created_at_ms: int
    playlist_key: str
    video_key: str
    thumbnail_key: str
    captions_key: str | None
    duration_s: float
    backend: str
    degraded: bool
    cache_verdict: str  # hit | warm | miss
    quality_score: float | None
    epistemic_state: str
    recipe: str  # JSON text: all that decides the take
    captions_burned: bool = False  # every line of dialogue is in the picture already
    degradations: tuple[dict[str, Any], ...] = ()  # see `actors.scene.route`
    cache: dict[str, Any] | None = None  # how the cache came to its verdict: see `actors.scene.cached`
    judged: bool | None = None  # what people said last of a film from the cache; None: nothing
    parent: str | None = None  # the take people had when they asked for this one
    seen: dict[str, Any] | None = None  # {"observer","mean_luma","place"}: measured; None: nobody looked
    shows: tuple[dict[str, Any], ...] = ()  # facts that observers say it shows: see `actors.scene.reporting`
    sheet: dict[str, Any] | None = None  # of contacts: {"key","sha256","bytes","light","colours"}, see `gpu.steps`
    cost: dict[str, Any] | None = None  # {"amount","unit","seconds"} that a vendor charged for it; None: nobody did


@dataclass(frozen=True, slots=True)
class FindingsView(Body):
    """`findings`: dicts {"id","sceneId","code","severity","message","evidence":[{"sceneId","start","end","text"}],
    "suggestion","fix":{"sceneId","start","end","replacement"}|None,"waived","stale"}."""

    scene: str
    project: str
    findings: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class SetFactsView(Body):
    """`facts`: dicts {"id","scene","entity","attribute","value","quote","by","name","at"} that people set by hand."""

    scene: str
    project: str
    facts: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class VersionView(Body):
    """A point of a scene's text that somebody gave a name. `at`: its sequence, 0: that of the append that named it."""

    id: str
    scene: str
    project: str
    name: str
    at: int
    author: str  # principal
    author_name: str
    created_at_ms: int
    revision: str = "0"

    @property
    def sequence(self) -> int:
        return self.at or int(self.revision)


@dataclass(frozen=True, slots=True)
class AccessLinkView(Body):
    """A way into the project for somebody who is not its owner. Holds no secret. Times: 0: never, not."""

    id: str
    project: str
    label: str
    role: str  # VIEWER | COMMENTER | EDITOR
    created_at_ms: int
    expires_at_ms: int = 0
    revoked_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class CheckpointView(Body):
    """A checkpoint of a project: all but its body. `seq`: every row up to it is in; `lean`: see the body's limit."""

    id: str
    project: str
    type: str  # scene_exit | manual_save | autosave
    scene: str
    label: str
    created_at_ms: int
    seq: int
    deferred_status: str  # pending | processing | complete
    by: str  # principal
    bytes: int
    sha256: str
    lean: bool = False
    revision: str = "0"


@dataclass(frozen=True, slots=True)
class CheckpointBodyView(Body):
    """`data`: see `actors.project.checkpoints`."""

    id: str
    project: str
    data: bytes


@dataclass(frozen=True, slots=True)
class SegmentView(Body):
    """What one continuation appended. `index`: from 0; `bible_version`: the bible's from then on."""

    id: str
    scene: str
    project: str
    index: int
    job: str
    take: str
    text: str
    summary: str
    duration_s: float
    bible_version: int
    by: str  # principal
    shown_as: str
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class BibleView(Body):
    """The Scene Bible at one version; its shape: `actors.scene.bible`."""

    id: str
    scene: str
    project: str
    version: int
    sha256: str
    bible: dict[str, Any]
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class DefinitionView(Body):
    """A brain or format that the project defined, as it is now. `data`: the form of a shipped file."""

    project: str
    id: str
    version: int
    sha256: str
    data: dict[str, Any]
    by: str  # principal
    at_ms: int


@dataclass(frozen=True, slots=True)
class DeletedView(Body):
    """A project that was deleted: what may be said of it, and how far its erasure is (`actors.project.erasing`).

    `phase`: closing · kept (may be restored) · caches · films · rows (no way back) · gone. `upto`: rows of the log
    before this sequence are erased, or about to be. `title` is empty once there is no way back.
    """

    project: str
    title: str
    owner: str
    deleted_at_ms: int
    purge_at_ms: int
    phase: str = "closing"
    upto: int = 0


@dataclass(frozen=True, slots=True)
class BackgroundView(Body):
    """A suspended project that may be looked over from `due_at_ms` on."""

    project: str
    due_at_ms: int


@dataclass(frozen=True, slots=True)
class WebhookView(Body):
    """An endpoint that is told of the project's events. Holds no secret. `disabled`: why it is told no more."""

    id: str
    project: str
    url: str
    events: tuple[str, ...]
    label: str
    created_at_ms: int
    disabled: str = ""
    revision: str = "0"


@dataclass(frozen=True, slots=True)
class SessionView(Body):
    """Whether people are at a project, as its owner said last."""

    project: str
    state: str  # connected | disconnected | suspended
    since_ms: int
