"""What a writer put into the shots that the script it was given does not have: the other half of the gate.

The invariant: a pure function of what was asked and what was answered; it says only what is explicit (a figure, a
speaker, a place or an hour of a shot that the request does not name) and never stops a job: words are the person's to
answer for, shots are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from actors.continuity.findings import finding_id
from actors.screenplay.names import name_key


def expansion_issues(scene: str, asked: Mapping[str, Any], made: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Issues as `actors.scene.gate` has them, each once, by the shot where it first shows."""
    found: dict[str, dict[str, Any]] = {}
    for number, shot in enumerate(made.get("shots") or ()):
        for type, what, words in _of_shot(asked, shot):
            id = finding_id(type, scene, "expansion", what)
            found.setdefault(id, _issue(id, type, number, words))
    return list(found.values())


def _of_shot(asked: Mapping[str, Any], shot: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    known = _known(asked)
    named = [figure.get("name") or figure["entity_id"] for figure in shot.get("cast") or ()]
    named += [line["speaker"] for line in shot.get("lines") or ()]
    for name in named:
        if known and name_key(name) and name_key(name) not in known:
            yield "new_character", name_key(name), f"{name} is in the shots, but not in the script."
    if asked.get("place") and name_key(shot.get("place") or "") not in ("", name_key(asked["place"])):
        words = f"The shots are at {shot['place']}; the script says {asked['place']}."
        yield "setting_mismatch", name_key(shot["place"]), words
    if shot.get("time_of_day", asked.get("time_of_day")) != asked.get("time_of_day"):
        words = f"The shots are at {shot['time_of_day']}; the scene is at {asked.get('time_of_day')}."
        yield "timeline_error", str(shot["time_of_day"]), words


def _known(asked: Mapping[str, Any]) -> set[str]:
    """Every way the request names somebody."""
    cast = asked.get("cast") or ()
    names = [name for each in cast for name in (each["name"], each["entity_id"])]
    names += [moment["speaker"] for moment in asked.get("moments") or () if moment.get("speaker")]
    return {name_key(name) for name in names} | set(names)


def _issue(id: str, type: str, shot: int, words: str) -> dict[str, Any]:
    return {
        "id": id,
        "type": type,
        "severity": "WARNING",
        "description": words,
        "location": f"shot {shot + 1}",
        "suggestion": None,
        "evidence": [],
        "fix": None,
        "reasons": [],
        "waived": False,
    }
