"""What the continuity gate says of a job: a validator's result, what may be written instead, and why a job waits.

The invariant: a read-only face of one committed row (`actors.scene.gate_view`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import strawberry

from actors.views import JobContinuityView
from serve_app.graphql.enums import Severity, WaiverReason
from storage.ledger.protocol import View


@strawberry.type(description="A passage of the words a job was asked for with. Offsets count Unicode code points.")
class IssueEvidence:
    scene_id: strawberry.ID
    start: int
    end: int
    text: str


@strawberry.type(description="What of a job's words does not agree with the story, or of its shots with the words.")
class ContinuityIssue:
    id: strawberry.ID = strawberry.field(description="Of the finding, as the margin has it.")
    type: str
    severity: Severity = strawberry.field(description="An ERROR nobody waived holds the job; a WARNING never does.")
    description: str
    location: str = strawberry.field(description="Where, in words: a line of the script, or a shot.")
    suggestion: str | None
    evidence: list[IssueEvidence]
    waived: bool
    corrected: bool = strawberry.field(description="Written right in the prompt already; the script is as it was.")
    reasons: list[WaiverReason] = strawberry.field(description="Which may excuse it.")

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> ContinuityIssue:
        return cls(
            id=strawberry.ID(data["id"]),
            type=data["type"],
            severity=Severity.__members__.get(data["severity"], Severity.WARNING),
            description=data["description"],
            location=data["location"],
            suggestion=data["suggestion"],
            evidence=[
                IssueEvidence(scene_id=strawberry.ID(e["sceneId"]), start=e["start"], end=e["end"], text=e["text"])
                for e in data["evidence"]
            ],
            waived=data["waived"],
            corrected=data.get("corrected", False),
            reasons=[r for r in WaiverReason if r.value in data["reasons"]],
        )


@strawberry.type(description="One change of the corrected script. Offsets are of the words it was asked for with.")
class ScriptCorrection:
    finding_id: strawberry.ID
    start: int
    end: int
    before: str
    after: str
    made: bool = strawberry.field(description="In the prompt already, without anybody's doing.")


@strawberry.type(description="A job that waits for a person. No worker has it, and nothing is charged.")
class Held:
    reason: str
    since: datetime
    fixed: bool = strawberry.field(description="The script was put right since: `useCorrection` takes it as it reads.")


@strawberry.type(description="What the continuity gate said of a job: null before it came there.")
class JobContinuity:
    valid: bool
    issues: list[ContinuityIssue]
    corrected_script: str | None = strawberry.field(description="Null: nothing can safely be written.")
    corrections: list[ScriptCorrection] = strawberry.field(description="How that differs from what was asked for.")
    held: Held | None
    how: str | None = strawberry.field(
        description="How it went on: clean, withdrawn (the story agrees again), waived or proceeded; null: it did not."
    )

    @classmethod
    def of(cls, row: View) -> JobContinuity:
        view = JobContinuityView.from_blob(row.body or b"")
        made = {each["finding"] for each in view.made}
        return cls(
            valid=view.valid,
            issues=[ContinuityIssue.of(each) for each in view.issues],
            corrected_script=view.corrected_script,
            corrections=[_correction(each, made) for each in (view.offered or view.made)],
            held=_held(view.held),
            how=view.how or None,
        )


def _held(data: Mapping[str, Any] | None) -> Held | None:
    if data is None:
        return None
    since = datetime.fromtimestamp(data["at_ms"] / 1000, UTC)
    return Held(reason=data["reason"], since=since, fixed=data["fixed"])


def _correction(data: Mapping[str, Any], made: set[str]) -> ScriptCorrection:
    found = {name: data[name] for name in ("start", "end", "before", "after")}
    return ScriptCorrection(finding_id=strawberry.ID(data["finding"]), made=data["finding"] in made, **found)
