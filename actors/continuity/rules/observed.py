"""Rule told_seen_conflict: the script says night under the open sky, the newest take is bright; or the reverse.

Asks for an exterior with its hour in the heading, and a film far on the other side. Lets pass: interiors, dusk and
dawn, scenes that show more than one place. The quotation is the script's; the take and the measure are in the message.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actors.continuity.codes import CODES
from actors.continuity.facts import quote
from actors.continuity.findings import FindingDraft, finding_id
from actors.continuity.rules.view import SceneView
from actors.screenplay.heading import Span

Told = tuple[tuple[str, Span], ...]
_AGAINST = {("night", "bright"), ("day", "dark")}


def read(view: SceneView, /) -> Told:
    """The hour of an exterior, and where it is told."""
    heading = view.breakdown.heading
    if heading is None or heading.setting != "exterior" or heading.time_span is None:
        return ()
    return ((heading.time_of_day, heading.time_span),) if heading.time_of_day in ("night", "day") else ()


def judge(story: Sequence[tuple[SceneView, Told]], /) -> Iterator[FindingDraft]:
    seen = {fact.entity: fact for fact in (story[0][0].premise.facts if story else ()) if fact.layer == "seen"}
    for view, told in story if seen else ():
        fact = seen.get(view.id)
        for hour, span in told if fact is not None else ():
            if fact is None or (hour, fact.value) not in _AGAINST:
                continue
            yield FindingDraft(
                finding_id("told_seen_conflict", view.id, hour, fact.value),
                "told_seen_conflict",
                CODES["told_seen_conflict"].severity,
                view.id,
                f"The script says {hour} outdoors, but the film is {fact.value} ({fact.evidence.text}).",
                (quote(view.id, view.script, span),),
                f"Generate the scene again, or change {hour.upper()} in the heading.",
            )
