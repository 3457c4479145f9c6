"""Rule knows_too_early: somebody says that they know what the story shows them learning later.

Asks for words on both sides: a claim ("I know about the bomb") and a marked first time ("learns about the bomb"). What
it is about must be the same words. Lets pass: doubts, questions, denials, and what is only hinted at.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.continuity.findings import FindingDraft
from actors.continuity.rules.telling import Story, of_story, shown, slip
from actors.continuity.rules.view import SceneView
from actors.screenplay.happenings import Happening


def judge(story: Story) -> Iterator[FindingDraft]:
    known: dict[tuple[str, str], tuple[SceneView, Happening]] = {}
    learned: set[tuple[str, str]] = set()
    for view, told in of_story(story):
        for each in told:
            if each.kind not in ("knows", "learns"):
                continue
            key = (each.who, each.what)
            if each.kind == "knows":
                known.setdefault(key, (view, each))
            elif key not in learned:
                learned.add(key)
                there = known.get(key)
                if there is not None and there[0].id != view.id:
                    yield _finding(there, (view, each))


def _finding(early: tuple[SceneView, Happening], first: tuple[SceneView, Happening]) -> FindingDraft:
    name = shown(early[0], early[1].who)
    return slip(
        "knows_too_early",
        early,
        first,
        f"{name} knows about this already here, but learns of it only later.",
        f"Leave it out here, or let {name} learn of it before.",
        early[1].who,
        early[1].what,
    )
