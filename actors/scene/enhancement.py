"""What a job's words are and what they cost, as rows: for review before frames are paid for, and for sums.

The invariant: pure functions of the job at the moment its script was ready; a row of costs is written once, in the
append that took the words, so what was spent is counted exactly if the words were taken.
"""

from __future__ import annotations

from actors.runtime.actor import ViewDraft
from actors.scene.job import Job
from actors.views import SPEND, EnhancementView, SpendView, order_ms
from gpu.enhance.writer import Enhancement

ENHANCEMENT = "enhancement"


def enhancement_views(home: str, scene: str, job: Job, at_ms: int) -> list[ViewDraft]:
    """`job` has just become SCRIPT_READY."""
    assert job.enhanced is not None, "words of a job that has none"
    words, prices = (job.request, job.enhanced, job.enhancement, job.backend), tuple(job.estimates)
    body = EnhancementView(job.id, scene, home, at_ms, *words, estimates=prices)
    views = [ViewDraft(ENHANCEMENT, job.id, scene, order_ms(at_ms), body)]
    if job.enhancement is None:
        return views
    how = Enhancement.from_dict(job.enhancement)
    used, asked = how.usage, tuple(each.writer for each in how.tries if each.usage.prompt_tokens or each.cost_micro)
    if not asked:
        return views
    spent = SpendView(
        id=job.id if not job.rewritten else f"{job.id}.{job.rewritten}",  # each writing was paid for
        scene=scene,
        project=home,
        at_ms=at_ms,
        writers=asked,
        currency=how.currency,
        cost_micro=how.cost_micro,
        prompt_tokens=used.prompt_tokens,
        completion_tokens=used.completion_tokens,
        cached_tokens=used.cached_tokens,
    )
    return [*views, ViewDraft(SPEND, spent.id, scene, order_ms(at_ms), spent)]
