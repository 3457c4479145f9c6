"""A person's word that a break is meant: a dream, a lie, an unreliable narrator; or that it is not meant after all.

Pure decisions of the continuity actor. Invariants: a waiver is about a finding's id, so it holds while the slip is the
same slip, whatever is written around it; it says who decided, when and why; event, `notes` of the scene, projection and
`live` change in one append. Comes by command; rules never read it: what is waived is judged on and shown as such.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.commands import CommandError, WaiveFinding
from actors.continuity.codes import CODES, REASONS
from actors.runtime.actor import Context, Decision, Draft, ViewDraft
from actors.runtime.edits import DropKey, Edit, Op, SetKey
from actors.views import FindingsView

if TYPE_CHECKING:
    from actors.continuity.actor import ContinuityActor

ROOT = "waivers"
WAIVERS_MAX = 5_000
"""Of one project. Over: refused; the oldest are about findings that nobody sees any more and may be taken back."""


def notes_of(scene: str) -> str:
    return f"notes:{scene}"


def reasons_for(code: str) -> list[str]:
    """What may excuse a finding; every reason for a code that is not declared."""
    declared = CODES.get(code)
    return sorted(REASONS if declared is None else declared.reasons)


def waive(actor: ContinuityActor, command: WaiveFinding, ctx: Context) -> Decision:
    """Raises `CommandError` NOT_FOUND, BAD_REASON, TOO_MANY_WAIVERS."""
    found = actor.findings.get(command.scene, ())
    finding = next((each for each in found if each["id"] == command.finding), None)
    if finding is None and not (command.waived is False and command.finding in actor.waivers):
        raise CommandError("NOT_FOUND", "this scene has no such finding", ("input", "findingId"))
    waiver = _waiver(actor, finding, command, ctx) if finding is not None and command.waived else None
    op: Op = SetKey(ROOT, command.finding, waiver) if waiver else DropKey(ROOT, command.finding)
    kind = "finding.waived" if waiver else "finding.unwaived"
    fact = {"scene": command.scene, "finding": command.finding, "waiver": waiver}
    decision = Decision(
        events=[Draft(kind, fact, scene=command.scene)],
        edits=[Edit(notes_of(command.scene), (op,), author=ctx.principal, author_name=command.by)],
        ids={"project": actor.home, "scene": command.scene, "finding": command.finding},
    )
    shown = [marked(each, waiver) if each["id"] == command.finding else each for each in found]
    view = FindingsView(command.scene, actor.home, tuple(shown))
    decision.views.append(ViewDraft("findings", command.scene, actor.home, command.scene, view))
    decision.edits.append(Edit("live", (SetKey("findings", command.scene, shown),)))
    return decision


def marked(finding: dict[str, Any], waiver: dict[str, Any] | None) -> dict[str, Any]:
    return {**finding, "waived": waiver is not None, "waiver": waiver}


def _waiver(actor: ContinuityActor, finding: dict[str, Any], command: WaiveFinding, ctx: Context) -> dict[str, Any]:
    if command.reason not in reasons_for(finding["code"]):
        words = f"a {finding['code']} is excused by one of {', '.join(reasons_for(finding['code']))}"
        raise CommandError("BAD_REASON", words, ("input", "reason"))
    if len(actor.waivers) >= WAIVERS_MAX and command.finding not in actor.waivers:
        words = f"a project has at most {WAIVERS_MAX} waivers: take some back"
        raise CommandError("TOO_MANY_WAIVERS", words, ("input", "findingId"))
    return {
        "reason": command.reason,
        "note": command.note,
        "by": ctx.principal,
        "name": command.by,
        "at": ctx.now_ms,
    }
