"""The continuity gate's verdict: what of a job's words does not agree with the story, and what may be written instead.

The invariant: pure functions of the words, the story around them and the waivers of that moment, by the very rules that
judge the margin (`actors.continuity`), so that the gate never says what the margin would not. A *safe correction* is
the fix of a WARNING: it goes to the prompt by itself. The fix of an ERROR waits for a person, as the ERROR does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actors.continuity.actor import shown
from actors.continuity.check import SCENE_CHARS_READ_MAX, Continuity

ISSUES_MAX = 40
"""Of one job. More than that is another story; errors are kept before warnings."""

ERROR, WARNING = "ERROR", "WARNING"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`asked`: the words as judged; `issues`: see `issue_of`, in the order of the words, errors first. `new_from`:
    where the job's own words begin: fixes and corrections count from there, evidence as the scene would read."""

    asked: str
    issues: tuple[dict[str, Any], ...] = ()
    new_from: int = 0

    @property
    def errors(self) -> tuple[dict[str, Any], ...]:
        return tuple(each for each in self.issues if holds(each))

    def corrections(self) -> tuple[dict[str, Any], ...]:
        """The safe ones, as `correction_of` has them."""
        return corrections_of(self.own, (each for each in self.issues if each["severity"] == WARNING))

    @property
    def own(self) -> str:
        """The words that are new: of a scene as it is, all of them."""
        return self.asked[self.new_from :].removesuffix("\n") if self.new_from else self.asked

    def corrected(self) -> str:
        """The words with every safe correction made."""
        return written(self.own, self.corrections())


def holds(issue: Mapping[str, Any]) -> bool:
    """Whether it keeps a job for a person."""
    return issue["severity"] == ERROR and not issue["waived"]


def judge(story: Continuity, scene: str, words: str, new_from: int = 0, waived: Collection[str] = ()) -> Verdict:
    """Heavy for a long scene: for a thread, on a fork. `new_from`: only what speaks of words from there on counts."""
    story.update_scene(scene, words[:SCENE_CHARS_READ_MAX])
    return told(story, scene, words, new_from, waived)


def told(story: Continuity, scene: str, words: str, new_from: int = 0, waived: Collection[str] = ()) -> Verdict:
    """The same of words that the story has read already."""
    found = [shown(each) for each in story.findings_of(scene)]
    issues = [
        issue_of(each, words, waived) | {"fix": _fix_from(each["fix"], new_from)}
        for each in found
        if not new_from or (each["evidence"] and each["evidence"][0]["start"] >= new_from)
    ]
    return Verdict(words, first(issues), new_from)


def _fix_from(fix: Mapping[str, Any] | None, new_from: int) -> dict[str, Any] | None:
    """Counted from where new words begin; a fix of what stood there before is not theirs to make."""
    if not fix or fix["start"] < new_from:
        return None
    return {**fix, "start": fix["start"] - new_from, "end": fix["end"] - new_from}


def first(issues: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """As many as a job keeps, errors before warnings."""
    return tuple(sorted(issues, key=lambda each: each["severity"] != ERROR)[:ISSUES_MAX])


def issue_of(finding: Mapping[str, Any], words: str, waived: Collection[str] = ()) -> dict[str, Any]:
    """In the shape that a validator answers: type, severity, description, location, suggestion; and what people need
    to act on it: the finding's id, its evidence, its fix, what may excuse it."""
    return {
        "id": finding["id"],
        "type": finding["code"],
        "severity": finding["severity"],
        "description": finding["message"],
        "location": _location(finding["evidence"], words),
        "suggestion": finding["suggestion"] or None,
        "evidence": list(finding["evidence"]),
        "fix": finding["fix"] or None,
        "reasons": list(finding["reasons"]),
        "waived": bool(finding["waived"]) or finding["id"] in waived,
    }


def _location(evidence: Sequence[Mapping[str, Any]], words: str) -> str:
    if not evidence:
        return ""
    start, text = evidence[0]["start"], " ".join(evidence[0]["text"].split())
    return f"line {words.count(chr(10), 0, start) + 1}: {text[:80]}"


def corrections_of(words: str, issues: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """What the fixes of these issues change in `words`, in order; of two that overlap the first stays. A fix of
    another scene's words is not made here, nor one of what is waived."""
    found: list[dict[str, Any]] = []
    fixes = [(each["fix"], each["id"]) for each in issues if each["fix"] and not each["waived"] and _here(each)]
    for fix, id in sorted(fixes, key=lambda each: (each[0]["start"], each[0]["end"], each[1])):
        start, end = fix["start"], fix["end"]
        if end > len(words) or (found and start < found[-1]["end"]):
            continue
        found.append(
            {"finding": id, "start": start, "end": end, "before": words[start:end], "after": fix["replacement"]}
        )
    return tuple(found)


def _here(issue: Mapping[str, Any]) -> bool:
    evidence = issue["evidence"]
    return bool(evidence) and issue["fix"]["sceneId"] == evidence[0]["sceneId"]


def written(words: str, corrections: Sequence[Mapping[str, Any]]) -> str:
    """The words with these corrections made."""
    for each in reversed(corrections):
        words = words[: each["start"]] + each["after"] + words[each["end"] :]
    return words


def reason_of(errors: Sequence[Mapping[str, Any]], *, fixed: bool) -> str:
    """Why a job waits, in words."""
    if fixed:
        return "Held: the script was put right since. Take the words as they read now, or go on with the old ones."
    many = "one contradiction" if len(errors) == 1 else f"{len(errors)} contradictions"
    return f"Held for {many}. {errors[0]['description']}"
