"""A scene's conversation as its events tell it: lines, who answers them, what they propose.

Owns the fold of `table.*` events. The invariant: a line is answered once (or stopped), whatever came twice; a proposal
is decided once; lines beyond `LINES_KEPT` are gone from here in the event that made them too many, and so are their
rows.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self


class LineState(enum.StrEnum):
    """Values are stored."""

    ANSWERING = "ANSWERING"
    ANSWERED = "ANSWERED"
    STOPPED = "STOPPED"


class ProposalState(enum.StrEnum):
    """Values are stored. LAPSED: nobody decided, and newer ones took its place."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    LAPSED = "LAPSED"


@dataclass(slots=True)
class Line:
    """What somebody said. `speaks_as`: key of whom they play, "": nobody; `roles`: keys of who answers.

    `proposals`: dicts {"id", "role", "name", "kind" (dialogue | action), "words", "confidence", "because", "knows",
    "writer", "lost", "findings", "state", "by"}; `how`: who wrote them, `gpu.enhance.writer.Enhancement` as a dict,
    None for film grammar.
    """

    id: str
    number: int
    text: str
    speaks_as: str
    to: tuple[str, ...]
    by: str
    shown_as: str
    at_ms: int
    state: str = LineState.ANSWERING
    roles: tuple[str, ...] = ()
    proposals: list[dict[str, Any]] = field(default_factory=list)
    touched: tuple[Any, ...] = ()
    steps: tuple[Any, ...] = ()
    writer: str = ""
    model: str = ""
    instead_of: tuple[str, ...] = ()
    attempt: str = ""  # open at a worker, "": none
    until_ms: int = 0  # of that attempt
    answered_at_ms: int = 0
    stopped_by: str = ""

    @property
    def open(self) -> bool:
        return self.state == LineState.ANSWERING

    def to_dict(self) -> dict[str, Any]:
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {**found, "proposals": [dict(each) for each in self.proposals]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        known = {f.name for f in fields(cls)}
        line = cls(**{name: value for name, value in data.items() if name in known})
        for name in ("to", "roles", "touched", "steps", "instead_of"):
            setattr(line, name, tuple(getattr(line, name)))
        line.proposals = [dict(each) for each in line.proposals]
        return line


class Table:
    """`moves`: events so far; what `live` shows changes with each."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self.said, self.moves = 0, 0

    # reading
    def waiting(self) -> list[Line]:
        """Lines without an answer, the first said first."""
        return [line for line in self.lines.values() if line.open]

    def open_proposals(self) -> list[tuple[Line, dict[str, Any]]]:
        return [
            (ln, each) for ln in self.lines.values() for each in ln.proposals if each["state"] == ProposalState.OPEN
        ]

    def proposal(self, id: str) -> tuple[Line, dict[str, Any]] | None:
        return next(((ln, each) for ln in self.lines.values() for each in ln.proposals if each["id"] == id), None)

    # fold
    def apply(self, type: str, data: Mapping[str, Any]) -> None:
        self.moves += 1
        if type == "table.said":
            return self._said(data)
        line = self.lines.get(data["line"])
        if line is None:
            return
        match type:
            case "table.asked" if line.open:
                line.roles, line.attempt, line.until_ms = tuple(data["roles"]), data["attempt"], data["until_ms"]
            case "table.answered" if line.open:
                line.state, line.attempt, line.answered_at_ms = LineState.ANSWERED, "", data["at_ms"]
                line.roles, line.proposals = tuple(data["roles"]), [dict(each) for each in data["proposals"]]
                line.touched, line.steps = tuple(data["touched"]), tuple(data["steps"])
                line.writer, line.model = data["writer"], data["model"]
                line.instead_of = tuple(data["instead_of"])
                self._lapse(data["lapsed"])
            case "table.stopped" if line.open:
                line.state, line.attempt, line.stopped_by = LineState.STOPPED, "", data["by"]
            case "table.accepted" | "table.declined":
                state = ProposalState.ACCEPTED if type == "table.accepted" else ProposalState.DECLINED
                self._decide(line, data["proposal"], state, data["by"])

    def _said(self, data: Mapping[str, Any]) -> None:
        for id in data["dropped"]:
            self.lines.pop(id, None)
        self.said = data["number"]
        told = {name: data[name] for name in ("number", "text", "speaks_as", "by", "shown_as", "at_ms")}
        self.lines[data["line"]] = Line(data["line"], to=tuple(data["to"]), **told)

    def _lapse(self, ids: list[str]) -> None:
        for id in ids:
            found = self.proposal(id)
            if found is not None and found[1]["state"] == ProposalState.OPEN:
                found[1]["state"] = ProposalState.LAPSED

    def _decide(self, line: Line, id: str, state: ProposalState, by: str) -> None:
        for each in line.proposals:
            if each["id"] == id and each["state"] == ProposalState.OPEN:
                each["state"], each["by"] = state, by

    def dump(self) -> dict[str, Any]:
        return {"said": self.said, "moves": self.moves, "lines": [line.to_dict() for line in self.lines.values()]}

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> Self:
        """A snapshot older than table reads has none."""
        table = cls()
        if data:
            table.said, table.moves = data["said"], data["moves"]
            table.lines = {each["id"]: Line.from_dict(each) for each in data["lines"]}
        return table

    def then(self, *events: tuple[str, Mapping[str, Any]]) -> Table:
        """Another table, after these: for rows that are written with them."""
        after = Table.of(self.dump())
        for type, data in events:
            after.apply(type, data)
        return after
