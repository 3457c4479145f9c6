"""Texts that no rule had seen: what was said of them at first sight, and what is said of them now.

Invariant: the first sight is a record (`data/dramas/first_sight.json`: date, commit, each finding and its judgement)
and is never measured again, for the rules were mended after it; what is measured is today's engine, whose findings
count as false alarms unless the record calls them right. Photoplays are read twice: as an import makes their lists,
and with the cast that their authors list.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from actors.continuity.rules import Known
from benchmarks.continuity import data, photoplays
from benchmarks.continuity.real_plays import findings_of, key

PHOTOPLAYS = {"play-without-reward": "Without Reward", "play-everybodys-girl": "Everybody's Girl"}


def first_sight() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((data.HERE / "dramas" / "first_sight.json").read_text(encoding="utf-8"))
    return found


def _right() -> set[tuple[str, str, str, str]]:
    return {
        (each["play"], each["code"], each["scene"], each["words"])
        for each in first_sight()["findings"]
        if each["judgement"] == "right"
    }


def measure(_: Path | None = None) -> dict[str, Any]:
    """The record, and the committed photoplays as they are judged now."""
    record = first_sight()
    return {
        "date": record["date"],
        "commit": record["commit"],
        "texts": record["texts"],
        "judged": dict(sorted(Counter(each["judgement"] for each in record["findings"]).items())),
        "kinds": dict(sorted(Counter(f"{e['code']}, {e['judgement']}" for e in record["findings"]).items())),
        "photoplays": {title: _photoplay(name, title) for name, title in PHOTOPLAYS.items()},
    }


def _photoplay(name: str, title: str) -> dict[str, Any]:
    cast = [Known(person) for person in photoplays.CASTS[title]]
    told: dict[str, Any] = {}
    for how, more in (("as imported", []), ("with its cast list", cast)):
        scenes, findings = findings_of(data.text(name), more)
        false = [each for each in findings if key(title, each) not in _right()]
        told[how] = {"scenes": scenes, "findings": len(findings), "false_alarms": len(false)}
    return told


def measure_plays(folder: Path | None) -> dict[str, Any]:
    """The 14 plays from DATA, by today's engine."""
    plays = data.manifest()["dramas"].path(folder)
    right = _right()
    scenes, said, false = 0, 0, []
    for page in sorted(plays.glob("*.fountain")):
        script = page.read_text(encoding="utf-8")
        title = script.splitlines()[0].removeprefix("Title: ")
        count, findings = findings_of(script)
        scenes += count
        said += len(findings)
        false += [[title, each.code, each.message] for each in findings if key(title, each) not in right]
    return {"scenes": scenes, "findings": said, "false_alarms": false}
