"""The closed sets of the surface. Names are public: never rename. Unknown stored words read as a default."""

from __future__ import annotations

import enum

import strawberry


@strawberry.enum
class ProjectType(enum.Enum):
    SERIES = "SERIES"
    MOVIE = "MOVIE"
    SHORT = "SHORT"


@strawberry.enum
class ScreenplayFormat(enum.Enum):
    FOUNTAIN = "FOUNTAIN"
    FDX = "FDX"


@strawberry.enum
class WaiverReason(enum.Enum):
    DREAM = "dream"
    FLASHBACK = "flashback"
    LIE = "lie"
    UNRELIABLE_NARRATOR = "unreliable_narrator"
    INTENDED = "intended"


@strawberry.enum
class AccessRole(enum.Enum):
    VIEWER = "VIEWER"
    COMMENTER = "COMMENTER"
    EDITOR = "EDITOR"


@strawberry.enum
class SceneStatus(enum.Enum):
    PENDING = "PENDING"
    GENERATING = "GENERATING"
    COMPLETE = "COMPLETE"
    LOCKED = "LOCKED"


@strawberry.enum
class JobState(enum.Enum):
    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    SCRIPT_READY = "SCRIPT_READY"
    CONTINUITY_CHECKED = "CONTINUITY_CHECKED"
    PREVIEW_READY = "PREVIEW_READY"
    THROTTLED = "THROTTLED"
    FINAL_READY = "FINAL_READY"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


TERMINAL = frozenset({JobState.FINAL_READY, JobState.FAILED, JobState.CANCELLED})


@strawberry.enum
class JobStage(enum.Enum):
    SCRIPT_EXPANSION = "SCRIPT_EXPANSION"
    CONTINUITY_VALIDATION = "CONTINUITY_VALIDATION"
    CACHE_LOOKUP = "CACHE_LOOKUP"
    STORYBOARD = "STORYBOARD"
    VIDEO_GENERATION = "VIDEO_GENERATION"
    POST_PROCESSING = "POST_PROCESSING"
    UPLOAD = "UPLOAD"
    OBSERVATION = "OBSERVATION"
    FINALIZATION = "FINALIZATION"


@strawberry.enum
class WorkflowState(enum.Enum):
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"
    SUPERSEDED = "SUPERSEDED"


@strawberry.enum
class StepState(enum.Enum):
    WAITING = "WAITING"
    DONE = "DONE"
    FAILED = "FAILED"
    BLOCKED = "BLOCKED"
    SKIPPED = "SKIPPED"


@strawberry.enum
class EpistemicState(enum.Enum):
    ACCEPTED = "ACCEPTED"
    EPISTEMICALLY_INCOMPLETE = "EPISTEMICALLY_INCOMPLETE"
    REJECTED = "REJECTED"
    UNCERTAIN_TERMINATION = "UNCERTAIN_TERMINATION"


@strawberry.enum
class GraphEdgeLabel(enum.Enum):
    RELATES_TO = "RELATES_TO"
    LEADS_TO = "LEADS_TO"
    SCENE_AT = "SCENE_AT"
    ADJACENT_TO = "ADJACENT_TO"
    CONTAINS = "CONTAINS"
    CAST_OF = "CAST_OF"
    PROP_OF = "PROP_OF"


@strawberry.enum
class GraphNodeLabel(enum.Enum):
    CHARACTER = "Character"
    ENTITY = "Entity"
    SCENE = "Scene"
    SETTING = "Setting"
    ZONE = "Zone"


@strawberry.enum
class Severity(enum.Enum):
    ERROR = "ERROR"
    WARNING = "WARNING"
