"""What is sent to a video model and how it came about, as people review it; and what writing has cost.

The invariant: read from committed rows; costs are sums of rows that never change. The slots are the scene's, the free
text is what it tells in sentences, and what brain, beat and continuity put in is listed apart from both.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import strawberry

from actors.views import SPEND, EnhancementView, SpendView
from gpu.enhance.writer import Enhancement as Record
from gpu.enhance.writer import ShotWords, Try, Usage
from gpu.steps import Step
from serve_app.graphql.ports import Reader
from storage.codec import CodecError, decode
from storage.ledger.protocol import Attempt, View

MICRO = 1_000_000
SPEND_ROWS_MAX = 5_000
"""Rows summed for an answer; a project with more is told to be at least so much."""

PAGE = 500


@strawberry.type(description="Tokens that a model read and wrote; `cachedTokens` of those it read, it had read before.")
class TokenUsage:
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int

    @classmethod
    def of(cls, usage: Usage) -> TokenUsage:
        return cls(
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cached_tokens=usage.cached_tokens,
        )


@strawberry.type(
    description="A writer that was asked, or passed over; `code` says why it gave nothing, null: it wrote."
)
class EnhancementTry:
    writer: str
    model: str | None
    code: str | None
    message: str | None
    usage: TokenUsage
    cost: float

    @classmethod
    def of(cls, tried: Try) -> EnhancementTry:
        return cls(
            writer=tried.writer,
            model=tried.model or None,
            code=tried.code.upper() or None,
            message=tried.message or None,
            usage=TokenUsage.of(tried.usage),
            cost=tried.cost_micro / MICRO,
        )


@strawberry.type(description="A person of the scene as the prompt names them.")
class SlotPerson:
    id: strawberry.ID
    name: str
    descriptors: list[str]


@strawberry.type(description="What the scene says in slots.")
class EnhancementSlots:
    heading: str
    place: str
    interior: bool
    time_of_day: str
    weather: str | None
    cast: list[SlotPerson]
    props: list[str]

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> EnhancementSlots:
        return cls(
            heading=request["heading"],
            place=request["place"],
            interior=request["interior"],
            time_of_day=request["time_of_day"],
            weather=request["weather"],
            cast=[
                SlotPerson(id=strawberry.ID(c["entity_id"]), name=c["name"], descriptors=list(c["descriptors"]))
                for c in request["cast"]
            ],
            props=list(request["props"]),
        )


@strawberry.type(description="Words that are not the scene's own: `source` is brain, beat, continuity or so far.")
class EnhancementAddition:
    source: str
    text: str


@strawberry.type(description="One shot and the exact prompt of it.")
class EnhancedShot:
    index: int
    duration_s: float
    size: str
    angle: str
    move: str
    cast: list[str]
    props: list[str]
    lines: list[str]
    prompt: str
    writer: str = strawberry.field(description="Who phrased it.")
    lost: list[str] = strawberry.field(
        description="What did not survive in a model's words, so that the grammar's stand: a slot; +NAME or +hour: put "
        "in; ~: the words ran in circles."
    )

    @classmethod
    def of(cls, shot: Mapping[str, Any], prompt: str, words: ShotWords) -> EnhancedShot:
        return cls(
            index=shot["index"],
            duration_s=shot["duration_s"],
            size=shot["size"],
            angle=shot["angle"],
            move=shot["move"],
            cast=[figure["name"] for figure in shot["cast"]],
            props=list(shot["props"]),
            lines=[f"{line['speaker']}: {line['text']}" for line in shot["lines"]],
            prompt=prompt,
            writer=words.writer,
            lost=list(words.lost),
        )


@strawberry.type(description="What a backend would take for the film of these words, by its price and its speed.")
class VideoEstimate:
    backend: str
    model: str | None
    version: str | None
    seconds: float = strawberry.field(description="Of film.")
    cost: float
    unit: str
    work_s: float | None = strawberry.field(description="Seconds of work; null where nobody knows.")

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> VideoEstimate:
        return cls(
            backend=told["backend"],
            model=told["model"] or None,
            version=told["version"] or None,
            seconds=told["seconds"],
            cost=told["cost"],
            unit=told["unit"],
            work_s=told["work_s"] or None,
        )


@strawberry.type(description="What is sent to a video model for a job: to be looked at before frames are paid for.")
class Enhancement:
    job_id: strawberry.ID
    at: datetime
    writer: str = strawberry.field(description="Whose words are sent.")
    writer_version: int
    model: str | None
    brain: str
    degraded_from: list[str] = strawberry.field(description="Writers that come first in the list and gave nothing.")
    tries: list[EnhancementTry]
    slots: EnhancementSlots
    free_text: str = strawberry.field(description="What the scene tells in sentences: action and dialogue.")
    added: list[EnhancementAddition]
    prompt: str = strawberry.field(description="The exact text of the whole scene.")
    negative: str
    shots: list[EnhancedShot]
    duration_s: float
    omitted_moments: int = strawberry.field(description="Moments at the end that found no room.")
    usage: TokenUsage
    cost: float = strawberry.field(description="Of the words, in `currency`.")
    currency: str
    video_estimates: list[VideoEstimate] = strawberry.field(
        description="As prices stood when it was written: who would render it first, then who stands in, in order. "
        "Empty: nobody could, or it was written before prices were told."
    )

    @classmethod
    def of(cls, row: View) -> Enhancement:
        view = EnhancementView.from_blob(row.body or b"")
        made = view.enhanced
        how = Record.from_dict(view.how) if view.how else Record(made["writer"])
        words = how.shots or tuple(ShotWords(made["writer"]) for _ in made["shots"])
        return cls(
            job_id=strawberry.ID(view.id),
            at=datetime.fromtimestamp(view.at_ms / 1000, UTC),
            writer=made["writer"],
            writer_version=made["writer_version"],
            model=how.model or None,
            brain=made["brain"],
            degraded_from=list(how.degraded_from),
            tries=[EnhancementTry.of(tried) for tried in how.tries],
            slots=EnhancementSlots.of(view.request),
            free_text=free_text(view.request),
            added=[EnhancementAddition(source=a["source"], text=a["text"]) for a in made["added"]],
            prompt=made["prompt"],
            negative=made["negative"],
            shots=[
                EnhancedShot.of(shot, prompt, each)
                for shot, prompt, each in zip(made["shots"], made["shot_prompts"], words, strict=True)
            ],
            duration_s=round(sum(shot["duration_s"] for shot in made["shots"]), 3),
            omitted_moments=made["omitted_moments"],
            usage=TokenUsage.of(how.usage),
            cost=how.cost_micro / MICRO,
            currency=how.currency,
            video_estimates=[VideoEstimate.of(each) for each in view.estimates],
        )


@strawberry.type(description="Words that are being written: `done` of `total` shots are phrased.")
class EnhancementDraft:
    done: int
    total: int
    text: str

    @classmethod
    def of(cls, live: Attempt) -> EnhancementDraft | None:
        """Of a running attempt of the step `enhance` that has told some."""
        if live.step != Step.ENHANCE or live.result is None:
            return None
        try:
            told = decode(live.result)["draft"]
            return cls(done=told["done"], total=told["total"], text=told["text"])
        except (CodecError, KeyError, TypeError):
            return None


@strawberry.type(description="What writing has cost.")
class Spending:
    cost: float
    currency: str
    usage: TokenUsage
    jobs: int = strawberry.field(description="That asked a model.")


async def spending_of(reader: Reader, home: str) -> Spending:
    """Of a project, over all its jobs."""
    rows: list[SpendView] = []
    after: tuple[str, str] | None = None
    while len(rows) < SPEND_ROWS_MAX:
        page = await reader.views(SPEND, home=home, after=after, limit=PAGE)
        rows += [SpendView.from_blob(row.body) for row in page if row.body is not None]
        if len(page) < PAGE:
            break
        after = (page[-1].order_key, page[-1].id)
    used = sum((Usage(r.prompt_tokens, r.completion_tokens, r.cached_tokens) for r in rows), Usage())
    return Spending(
        cost=sum(row.cost_micro for row in rows) / MICRO,
        currency=rows[-1].currency if rows else "USD",
        usage=TokenUsage.of(used),
        jobs=len(rows),
    )


def free_text(request: Mapping[str, Any]) -> str:
    """Action as it stands, dialogue with its speaker."""
    told = []
    for moment in request["moments"]:
        who = f"{moment['speaker']}: " if moment["kind"] == "line" else ""
        told.append(who + " ".join(str(moment["text"]).split()))
    return "\n".join(told)
