"""What a model read in scenes, as its rows show it; kind `read_facts` · scn · project · scene id -> ReadFactsView."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from actors.continuity.facts import Beat, Evidence, Fact
from actors.scene.asking import script_sha256
from actors.views import Body

READ_FACTS = "read_facts"


@dataclass(frozen=True, slots=True)
class ReadFactsView(Body):
    """`facts`: dicts of `actors.reading.asking.Read`. True of the text with `script_sha256` and of no other."""

    scene: str
    project: str
    script_sha256: str
    writer: str
    model: str
    facts: tuple[dict[str, Any], ...] = ()
    dropped: int = 0


def facts_of_rows(rows: Iterable[ReadFactsView], texts: Mapping[str, str]) -> tuple[Fact, ...]:
    """Of scenes that read as they did when the model read them; where they have changed, nothing."""
    found: list[Fact] = []
    for row in rows:
        text = texts.get(row.scene)
        if text is None or script_sha256(text) != row.script_sha256:
            continue
        for each in row.facts:
            at, quote = each["at"], each["quote"]
            if text.startswith(quote, at):
                said = Evidence(row.scene, at, at + len(quote), quote)
                what, begin = (each["entity"], each["attribute"], each["value"]), Beat(row.scene, at)
                found.append(Fact(*what, said, each["confidence"], valid_from=begin, reader="llm"))
    return tuple(found)
