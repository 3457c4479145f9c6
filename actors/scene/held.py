"""A job that waits at the continuity gate for a person: its fold, and the moves out of it.

Owns `job.held`, `job.waived` and `job.corrected`. The invariant: a job is held only by errors that nobody waived; it
leaves by exactly one decision (the first that is committed), or by itself when the story agrees again; while it waits
no worker has it and nothing is charged, and all of this is in its events, so another process holds it just so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from actors.commands import CommandError
from actors.scene import gate
from actors.scene.expansion import expansion_issues
from actors.scene.gate import Verdict
from actors.scene.states import Stage, State

if TYPE_CHECKING:
    from actors.scene.flow import Run
    from actors.scene.job import Job

CLEAN, WITHDRAWN, WAIVED, PROCEEDED = "clean", "withdrawn", "waived", "proceeded"
"""How a job came through the gate."""


# fold
def fold_held(job: Job, data: Mapping[str, Any]) -> None:
    job.held = {"reason": data["reason"], "fixed": data["fixed"], "at_ms": data["at_ms"]}
    job.gate = {"issues": list(data["issues"])}
    job.message, job.stage = data["reason"], Stage.CONTINUITY_VALIDATION


def fold_waived(job: Job, data: Mapping[str, Any]) -> None:
    told = {name: data[name] for name in ("reason", "note", "by")}
    job.waived = {**job.waived, data["finding"]: told}
    issues = [{**e, "waived": e["waived"] or e["id"] == data["finding"]} for e in (job.gate or {}).get("issues", ())]
    job.gate = {**(job.gate or {}), "issues": issues}


def fold_checked(job: Job, data: Mapping[str, Any]) -> None:
    """What `job.continuity_checked` says besides its counts; events older than the gate say nothing else."""
    job.held, job.message = None, ""
    if "issues" in data:
        told = {name: data[name] for name in ("how", "by") if name in data}
        job.gate = {"issues": list(data["issues"]), **told}


def fold_corrected(job: Job, data: Mapping[str, Any]) -> None:
    """It begins again with these words."""
    job._move(State.PROCESSING)
    job.held, job.gate, job.message, job.stage = None, None, "", Stage.SCRIPT_EXPANSION
    job.enhanced = job.enhancement = job.reused = None
    job.estimates, job.rewritten = [], job.rewritten + 1
    job.request, job.words, job.script_sha256 = dict(data["request"]), data["words"], data["script_sha256"]
    job.pictures, job.corrections = dict(data["pictures"]), list(data["corrections"])
    job.shot_before = dict(data.get("shot_before", job.shot_before))
    if job.continuation is not None and data.get("continuation") is not None:
        job.continuation = {**job.continuation, **data["continuation"]}


# what a run does of it
def check(run: Run, verdict: Verdict | None) -> bool:
    """The gate, for a job whose words are expanded. False: nobody has judged it yet, so it waits for that."""
    if verdict is None:
        return False
    issues = _issues(run.job, verdict)
    if any(gate.holds(each) for each in issues):
        _hold(run, issues, fixed=False)
    else:
        _pass(run, issues, CLEAN)
    return True


def recheck(run: Run, verdict: Verdict | None, *, fixed: bool) -> None:
    """A held job, after something in the story changed. `fixed`: its scene's script agrees as it reads now."""
    job = run.job
    if verdict is None or job.held is None:
        return
    issues = _issues(job, verdict)
    if not any(gate.holds(each) for each in issues):
        _pass(run, issues, WITHDRAWN)
        return run.go()
    if (_told(issues), fixed) != (_told((job.gate or {})["issues"]), job.held["fixed"]):
        _hold(run, issues, fixed=fixed)


def proceed(run: Run, by: str) -> None:
    """Raises `CommandError` ALREADY_DECIDED."""
    issues = _expect_held(run)
    _pass(run, issues, PROCEEDED, by)
    run.go()


def waive(run: Run, finding: str, reason: str, note: str, by: str) -> None:
    """Raises `CommandError` ALREADY_DECIDED, NOT_FOUND, BAD_REASON. With the last error the job goes on."""
    issue = next((each for each in _expect_held(run) if each["id"] == finding), None)
    if issue is None:
        raise CommandError("NOT_FOUND", "this job has no such finding", ("input", "findingId"))
    if reason not in issue["reasons"]:
        words = f"a {issue['type']} is excused by one of {', '.join(issue['reasons']) or 'nothing'}"
        raise CommandError("BAD_REASON", words, ("input", "reason"))
    if issue["waived"]:
        raise CommandError("ALREADY_DECIDED", "somebody said that before", ("input", "findingId"))
    run.emit("job.waived", finding=finding, reason=reason, note=note, by=by)
    issues = (run.job.gate or {})["issues"]
    if not any(gate.holds(each) for each in issues):
        _pass(run, issues, WAIVED, by)
        run.go()


def expect_held(job: Job) -> list[dict[str, Any]]:
    """Its issues. Raises `CommandError`: what a person decides here is decided once."""
    if job.held is None or job.gate is None:
        if job.gate is not None and job.live:
            raise CommandError("ALREADY_DECIDED", "it went on already: somebody decided before", ("input", "jobId"))
        words = f"the job is {job.state}; this takes a job that is held"
        raise CommandError("ILLEGAL_MOVE", words, ("input", "jobId"))
    return list(job.gate["issues"])


def _expect_held(run: Run) -> list[dict[str, Any]]:
    return expect_held(run.job)


def _issues(job: Job, verdict: Verdict) -> tuple[dict[str, Any], ...]:
    """Of the words, then of the shots. What was corrected in the prompt is said as that."""
    mended = {each["finding"] for each in job.corrections}
    words = [{**each, "corrected": each["id"] in mended} for each in verdict.issues]
    shots = expansion_issues("", job.request, job.enhanced or {})
    return gate.first([*words, *({**each, "corrected": False} for each in shots)])


def _hold(run: Run, issues: Sequence[dict[str, Any]], *, fixed: bool) -> None:
    errors = [each for each in issues if gate.holds(each)]
    at_ms = run.job.held["at_ms"] if run.job.held else run.now_ms
    reason = gate.reason_of(errors, fixed=fixed)
    run.emit("job.held", reason=reason, fixed=fixed, issues=list(issues), at_ms=at_ms)


def _pass(run: Run, issues: Sequence[dict[str, Any]], how: str, by: str = "") -> None:
    open = [each for each in issues if not each["waived"] and not each["corrected"]]
    severities = [each["severity"] for each in open]
    counts = {"errors": severities.count(gate.ERROR), "warnings": severities.count(gate.WARNING)}
    run.emit("job.continuity_checked", **counts, issues=list(issues), how=how, **({"by": by} if by else {}))


def _told(issues: Sequence[Mapping[str, Any]]) -> list[tuple[str, bool]]:
    return [(each["id"], each["waived"]) for each in issues if each["severity"] == gate.ERROR]
