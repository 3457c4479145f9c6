"""What the continuity gate said of a job, as a row that people read before they decide.

The invariant: a pure function of the job at the events of `GATE_EVENTS`, so it can be made anew out of the log.
"""

from __future__ import annotations

from actors.runtime.actor import ViewDraft
from actors.scene import gate
from actors.scene.job import Job
from actors.views import JOB_CONTINUITY, JobContinuityView, order_ms

GATE_EVENTS = frozenset({"job.continuity_checked", "job.held", "job.waived", "job.corrected"})


def gate_view(home: str, scene: str, job: Job, at_ms: int) -> ViewDraft:
    found = job.gate or {}
    issues = found.get("issues", [])
    words = job.own_words
    offered = gate.corrections_of(words, issues) if words else ()
    body = JobContinuityView(
        id=job.id,
        scene=scene,
        project=home,
        at_ms=at_ms,
        valid=not any(gate.holds(each) for each in issues),
        issues=tuple(issues),
        made=tuple(job.corrections),
        offered=offered,
        corrected_script=gate.written(words, offered) if offered else None,
        held=job.held,
        how=found.get("how", ""),
        by=found.get("by", ""),
    )
    return ViewDraft(JOB_CONTINUITY, job.id, scene, order_ms(job.created_at_ms), body)
