"""Rule world_rule_broken: somebody does, in the very words, what the story says that nobody, or no such being, can do.

Lets pass: what is only forbidden, what failed once, other words for the same deed, and any deed once words since the
law say that it was a lie, is learned, is lifted, or that somebody wonders how it is possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actors.continuity.facts import quote
from actors.continuity.findings import FindingDraft, finding_id
from actors.continuity.rules.view import SceneView
from actors.screenplay.laws import LawTold, laws_in
from actors.screenplay.vocabulary import words

Told = tuple[LawTold, ...]

_ONWARD = words("over across through toward towards into away past by to around up above along off")
_HOW = words(
    "with without in at by before again uninvited alone barefoot unaided unharmed easily anyway bare now one"
    " two three four five ten"
)


@dataclass(frozen=True, slots=True)
class _Law:
    number: int
    view: SceneView
    told: LawTold


class Laws:
    def read(self, view: SceneView) -> Told:
        return tuple(laws_in(view.script, view.breakdown, view.premise.cast.person_key))

    def judge(self, story: Sequence[tuple[SceneView, Told]]) -> Iterator[FindingDraft]:
        laws = [
            _Law(number, view, told)
            for number, (view, records) in enumerate(story)
            if records and records[0].kind == "law" and not view.aside
            for told in records
            if told.kind == "law"
        ]
        for law in laws:
            found = _broken(law, story)
            if found is not None:
                yield found


def _broken(law: _Law, story: Sequence[tuple[SceneView, Told]]) -> FindingDraft | None:
    """The first deed after a law that breaks it; None once something since has changed the law."""
    for number in range(law.number, len(story)):
        view, records = story[number]
        if view.aside:
            continue
        since = [each for each in records if number > law.number or each.span.start > law.told.span.end]
        if any(each.kind == "undone" for each in since):
            return None
        for deed in since:
            if deed.kind == "deed" and _breaks(law.told, deed) and _at_its_hour(law.told, view):
                return _finding(view, deed, law)
    return None


def _breaks(law: LawTold, deed: LawTold) -> bool:
    if (law.who == "") != deed.anybody or (law.who and law.who != deed.who):
        return False
    if deed.deed == law.deed:
        return True
    if not deed.deed.startswith(law.deed + " "):
        return False
    # A being that cannot fly does not fly over a ridge either; but whoever cannot lie may lie on a bench. Whoever
    # opens the gate with one hand opens the gate; but "cross the bridge of sighs" is another thing than the bridge.
    after = deed.deed[len(law.deed) + 1 :].split()[0]
    return after in (_ONWARD if " " not in law.deed else _HOW) or (
        " " in law.deed and (after.endswith("ly") or "-" in after)
    )


def _at_its_hour(law: LawTold, view: SceneView) -> bool:
    if not law.hour:
        return True
    return view.breakdown.time_of_day == law.hour


def _finding(view: SceneView, deed: LawTold, law: _Law) -> FindingDraft:
    here, there = quote(view.id, view.script, deed.span), quote(law.view.id, law.view.script, law.told.span)
    return FindingDraft(
        finding_id("world_rule_broken", view.id, law.told.who, law.told.deed, law.told.hour),
        "world_rule_broken",
        "WARNING",
        view.id,
        f"The story says: “{there.text}” Here it happens all the same.",
        (here, there),
        "Let it fail, show how it became possible, or soften the rule where it is told.",
    )
