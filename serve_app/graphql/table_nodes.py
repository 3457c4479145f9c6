"""A table read as partners see it: the conversation, what it proposes, and what entering the scene found.

The invariant: the conversation comes from committed rows; what roles know is asked of whoever holds the project, when
it is asked for, and committed nowhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import strawberry
from graphql import GraphQLError

from actors.commands import Answer, EnterTable
from actors.tableread.judging import contradicts
from actors.tableread.limits import LINES_KEPT, LLM_SECONDS_MAX
from actors.tableread.table import LineState, ProposalState
from actors.tableread.views import TABLE_LINE, TableLineView
from serve_app.graphql.context import Info
from serve_app.graphql.described import described
from serve_app.graphql.scene_nodes import when
from serve_app.graphql.sending import send
from storage.ledger.protocol import View

strawberry.enum(LineState, name="TableLineState", description="What became of a line that was said.")
strawberry.enum(ProposalState, name="TableProposalState")

SURE, LIKELY = 0.75, 0.5


def in_words(confidence: float) -> str:
    return "sure" if confidence >= SURE else "likely" if confidence >= LIKELY else "a guess"


@strawberry.type(description="Words of a script: code points start <= i < end of a scene.")
class TableQuote:
    scene_id: strawberry.ID
    start: int
    end: int
    text: str


@strawberry.type(description="What a proposal would make of continuity, if it stood at the end of the scene.")
class TableFinding:
    code: str
    severity: str
    message: str
    waived: bool


@strawberry.type(description="What a role answered. It enters the script when somebody accepts it.")
class TableProposal:
    id: strawberry.ID
    role: str = strawberry.field(description="Key of who speaks; empty: the narrator.")
    name: str
    kind: str = strawberry.field(description="dialogue or action.")
    words: str
    fountain: str = strawberry.field(description="As it would stand in the script.")
    confidence: float
    sure: str = strawberry.field(description="The confidence in words: sure, likely, a guess.")
    knows: bool = strawberry.field(description="False: the role cannot know what it was asked.")
    writer: str = strawberry.field(description="grammar, the model that phrased it, or person: who said it.")
    lost: list[str] = strawberry.field(description="Words for which a model's phrasing was not taken.")
    because: list[TableQuote] = strawberry.field(description="What the answer rests on.")
    findings: list[TableFinding]
    contradicts: bool = strawberry.field(description="An ERROR of continuity: it is accepted only with `anyway`.")
    state: ProposalState


@strawberry.type(description="A word of a line, and what of the scene it touches: a fact, a tie, or a set-up.")
class TableTouch:
    word: str
    kind: str
    about: str
    who: str
    words: str
    confidence: float


@strawberry.type
class TableStep:
    name: str
    ms: float


@strawberry.type(description="Something said to the story, and what came of it.")
class TableLine:
    id: strawberry.ID
    number: int
    text: str
    speaks_as: str = strawberry.field(name="as", description="Key of whom the person plays; empty: nobody.")
    by: str
    shown_as: str
    at: datetime
    state: LineState
    writer: str = strawberry.field(description="Who answered: grammar, or a model.")
    model: str
    instead_of: list[str] = strawberry.field(description="Models that should have answered and gave nothing.")
    proposals: list[TableProposal]
    touched: list[TableTouch]
    steps: list[TableStep] = strawberry.field(description="Entering the scene for this answer, step by step.")
    answer_by: datetime | None = strawberry.field(description="While a model answers: when film grammar takes over.")

    @classmethod
    def of(cls, row: View) -> TableLine:
        line = TableLineView.from_blob(row.body or b"").line
        return cls(
            id=strawberry.ID(line["id"]),
            number=line["number"],
            text=line["text"],
            speaks_as=line["speaks_as"],
            by=line["by"],
            shown_as=line["shown_as"],
            at=when(line["at_ms"]),
            state=LineState(line["state"]),
            writer=line["writer"],
            model=line["model"],
            instead_of=list(line["instead_of"]),
            proposals=[_proposal(each) for each in line["proposals"]],
            touched=[_touch(each) for each in line["touched"]],
            steps=[TableStep(name=name, ms=ms) for name, ms in line["steps"]],
            answer_by=when(line["until_ms"]) if line["attempt"] else None,
        )


def _touch(told: Sequence[Any]) -> TableTouch:
    word, kind, about, who, words, confidence = told
    return TableTouch(word=word, kind=kind, about=about, who=who, words=words, confidence=confidence)


def _proposal(data: Mapping[str, Any]) -> TableProposal:
    quotes = [
        TableQuote(scene_id=strawberry.ID(q["sceneId"]), start=q["start"], end=q["end"], text=q["text"])
        for q in data["because"]
    ]
    findings = [
        TableFinding(code=f["code"], severity=f["severity"], message=f["message"], waived=f["waived"])
        for f in data["findings"]
    ]
    return TableProposal(
        id=strawberry.ID(data["id"]),
        role=data["role"],
        name=data["name"],
        kind=data["kind"],
        words=data["words"],
        fountain=data["fountain"],
        confidence=data["confidence"],
        sure=in_words(data["confidence"]),
        knows=data["knows"],
        writer=data["writer"],
        lost=list(data["lost"]),
        because=quotes,
        findings=findings,
        contradicts=contradicts(data["findings"]),
        state=ProposalState(data["state"]),
    )


@strawberry.type(description="One thing a role knows. `about`: holds, wears, hurt, knows, here, with, age …")
class TablePiece:
    about: str
    who: str
    words: str
    confidence: float
    now: bool = strawberry.field(description="It still holds as far as the role can tell.")
    quote: TableQuote


@strawberry.type(
    description="What a role feels for somebody, as people set it, and how often the story has them together."
)
class TableBond:
    to: str
    name: str
    trust_competence: float | None
    trust_benevolence: float | None
    debt: float | None
    strength: float | None


@strawberry.type
class TableMemory:
    scene_id: strawberry.ID
    heading: str
    words: str


@strawberry.type(description="What a role can know; the narrator's (an empty role) is all that was told so far.")
class TableFrame:
    role: str
    name: str
    pieces: list[TablePiece]
    bonds: list[TableBond]
    remembers: list[TableMemory]


@strawberry.type
class TableTrigger:
    word: str
    kind: str
    about: str
    who: str
    words: str
    confidence: float
    roles: list[str]


@strawberry.type(description="What entering the scene found, and how long each step took.")
class TableEntry:
    steps: list[TableStep]
    total_ms: float
    whole: bool = strawberry.field(description="False: the story is still being read.")
    frames: list[TableFrame]
    triggers: list[TableTrigger]
    setting: str
    so_far: list[str]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> TableEntry:
        return cls(
            steps=[TableStep(name=name, ms=ms) for name, ms in told["steps"]],
            total_ms=told["total"],
            whole=told["whole"],
            frames=[_frame(each) for each in told["frames"]],
            triggers=[_trigger(word, touch) for word, touches in told["triggers"] for touch in touches],
            setting=told["narrator"]["setting"],
            so_far=list(told["narrator"]["so_far"]),
        )


def _frame(told: Mapping[str, Any]) -> TableFrame:
    return TableFrame(
        role=told["role"],
        name=told["name"],
        pieces=[_piece(each) for each in told["pieces"]],
        bonds=[_bond(each) for each in told["bonds"]],
        remembers=[
            TableMemory(scene_id=strawberry.ID(scene), heading=heading, words=words)
            for scene, heading, words in told["remembers"]
        ],
    )


def _trigger(word: str, told: Sequence[Any]) -> TableTrigger:
    kind, about, who, words, confidence, roles = told
    return TableTrigger(word=word, kind=kind, about=about, who=who, words=words, confidence=confidence, roles=roles)


def _bond(told: Sequence[Any]) -> TableBond:
    to, name, competence, benevolence, debt, strength = told
    return TableBond(
        to=to,
        name=name,
        trust_competence=competence,
        trust_benevolence=benevolence,
        debt=debt,
        strength=strength,
    )


def _piece(told: Sequence[Any]) -> TablePiece:
    about, who, words, confidence, scene, start, end, quote, now = told
    cited = TableQuote(scene_id=strawberry.ID(scene), start=start, end=end, text=quote)
    return TablePiece(about=about, who=who, words=words, confidence=confidence, now=now, quote=cited)


@strawberry.type(description="A scene's table read: people say lines to the story, its roles answer.")
class TableRead:
    scene_id: strawberry.ID
    home: strawberry.Private[str]
    answer_seconds_max: int = strawberry.field(default=LLM_SECONDS_MAX, description="Then film grammar answers.")

    @described("The conversation, oldest first; older lines than these are in the log alone.")
    async def lines(self, info: Info) -> list[TableLine]:
        rows = await info.context.ports.reader.views(
            TABLE_LINE, home=self.home, parent=str(self.scene_id), limit=LINES_KEPT * 2
        )
        return [TableLine.of(row) for row in rows if row.body is not None]

    @described("What the scene's roles know now, and what it took to find out. Asks whoever holds the project.")
    async def entry(self, info: Info) -> TableEntry:
        command = EnterTable(str(self.scene_id))
        key = hashlib.sha256(f"enter {self.scene_id}".encode()).hexdigest()
        sent = await send(info.context, self.home, str(self.scene_id), key, command)
        if not isinstance(sent, Answer):
            raise GraphQLError(sent[0].message, extensions={"code": sent[0].code, "retryable": sent[0].code == "BUSY"})
        return TableEntry.of(json.loads(sent.ids["entry"]))
