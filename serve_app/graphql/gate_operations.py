"""Deciding about a job that is held at the continuity gate: go on anyway, say that it is meant, take the correction.

The invariant is that of all mutations: what is answered is committed. A waiver goes to the job first, which goes on by
it, then to the margin, so that nobody is asked about the same slip again; a retry with the same key does both again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import strawberry

from actors.commands import Answer, Command, ProceedAnyway, UseCorrection, WaiveFinding, WaiveIssue
from actors.project.actor import CONTINUITY
from actors.views import JobView
from serve_app.graphql.context import Context, Info
from serve_app.graphql.described import commanded
from serve_app.graphql.enums import WaiverReason
from serve_app.graphql.payloads import JobInput, JobPayload, key_problem, missing
from serve_app.graphql.sending import Sent, job_payload, send

NOT_IN_THE_MARGIN = frozenset({"NOT_FOUND", "BAD_REASON"})
"""Refusals of the margin that change nothing for the job: its finding is of words that are not in the script now."""


@strawberry.input
class WaiveInput:
    job_id: strawberry.ID
    finding_id: strawberry.ID
    idempotency_key: str
    reason: WaiverReason = WaiverReason.INTENDED
    note: str | None = None
    display_name: str | None = None


@strawberry.input
class UseCorrectionInput:
    job_id: strawberry.ID
    idempotency_key: str
    display_name: str | None = None


@strawberry.type
class GateMutations:
    @commanded("A held job goes on with its words as they are.")
    async def proceed_anyway(self, info: Info, input: JobInput) -> JobPayload:
        return await _decide(info.context, input.job_id, input.idempotency_key, lambda job: ProceedAnyway(*_of(job)))

    @commanded("What a job is held for is meant, and why; with the last such thing it goes on.")
    async def waive(self, info: Info, input: WaiveInput) -> JobPayload:
        context, finding, note = info.context, str(input.finding_id), input.note or ""
        said = (finding, input.reason.value, note)
        payload = await _decide(
            context, input.job_id, input.idempotency_key, lambda job: WaiveIssue(job.scene, job.id, *said)
        )
        found = None if payload.user_errors else await context.job(input.job_id)
        if found is not None:
            margin = WaiveFinding(found[1].scene, *said, by=input.display_name or "")
            key = hashlib.sha256(f"{input.idempotency_key} in the margin".encode()).hexdigest()
            sent = await send(context, found[0].home, CONTINUITY, key, margin)
            if not isinstance(sent, Answer) and any(each.code not in NOT_IN_THE_MARGIN for each in sent):
                return JobPayload(user_errors=sent)
        return payload

    @commanded("Take the corrected script: an edit of yours, and the held job begins again with it.")
    async def use_correction(self, info: Info, input: UseCorrectionInput) -> JobPayload:
        name = input.display_name or ""
        return await _decide(
            info.context, input.job_id, input.idempotency_key, lambda job: UseCorrection(*_of(job), by=name)
        )


def _of(job: JobView) -> tuple[str, str]:
    return job.scene, job.id


async def _decide(context: Context, id: str, key: str, make: Callable[[JobView], Command]) -> JobPayload:
    if errors := key_problem(key, ("input", "idempotencyKey")):
        return JobPayload(user_errors=errors)
    found = await context.job(id)
    if found is None:
        return JobPayload(user_errors=missing("job", ("input", "jobId")))
    row, view = found
    sent: Sent = await send(context, row.home, view.scene, key, make(view))
    return await job_payload(context, id, sent)
