"""ReadingActor: what a model reads in scenes that have come to rest, where an installation asks one.

Owns which scene was read by whom, and what is asked now. Invariants: its fold is every answer that was committed; an
answer counts only for the words it was asked about, and the same words are not asked about twice; questions are
attempts that a worker takes, behind everything a person waits for, and nobody's turn waits for one. What it keeps is
shown to people (`read_facts`) and read by no rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from actors.continuity.actor import ContinuityActor
from actors.project.actor import CONTINUITY, ProjectActor
from actors.project.share import percent_of
from actors.reading.asking import PEOPLE_MAX, calls_of, key_of, read_answers
from actors.reading.messages import READING
from actors.reading.views import READ_FACTS, ReadFactsView
from actors.runtime.actor import (
    Actor,
    AttemptsChanged,
    Context,
    Decision,
    Draft,
    Fact,
    Message,
    Needs,
    ScriptSettled,
    Started,
    TimeCame,
    ViewDraft,
)
from actors.scene.asking import script_sha256
from actors.screenplay.breakdown import Appearance
from actors.tableread.views import spend_row
from gpu.steps import TALK, TALK_TIMEOUT_MS
from storage.codec import CodecError, decode, encode
from storage.ledger.protocol import Attempt, AttemptState, NewAttempt

SOURCE = READING
QUIET_MS = 20_000
"""A scene rests that long before a model reads it. Less: every pause in a sentence is paid for."""

LOOK_AGAIN_MS = 5_000
"""When supervisor or worker were not ready."""

OPEN_MAX = 2
"""Scenes asked about at the same time, of one project."""

TRIES_MAX = 2
"""Questions about the same words that nobody answered. Then they count as read, with nothing found."""

READS_A_DAY_MAX = 500
"""Scenes read in a day (UTC), of one project: a feature four times over. Over: the rest waits for the next day."""

ANSWERS_KEPT = 200
"""Answers of a project that are remembered by the words they are about. Over: the oldest is asked for again."""

PRIORITY = -1
"""Below everybody's: see `storage.ledger.fairness`."""

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A question under way. `key`: of the words and people it is about; `people`: whom a model may name."""

    scene: str
    attempt: str
    key: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """A scene as the supervisor has read it: its whole text, the part that was read, and who is in it."""

    text: str
    script: str
    cast: tuple[Appearance, ...]

    @property
    def people(self) -> tuple[str, ...]:
        return tuple(person.name for person in self.cast[:PEOPLE_MAX])


class ReadingActor(Actor):
    kind: ClassVar[str] = "reading"

    def __init__(self, home: str, id: str) -> None:
        super().__init__(home, id)
        self.read: dict[str, str] = {}  # scene → the key of what was read of it last
        self.answers: dict[str, dict[str, Any]] = {}  # by key, oldest first
        self.asked: dict[str, Asked] = {}  # by scene
        self.tries: dict[str, int] = {}  # by key, while nobody answered
        self.day, self.spent = 0, 0
        self._upto = 0  # scripts were quiet up to here
        self._due: dict[str, int] = {}  # scene → when; found again when the home is opened

    # fold
    def apply(self, fact: Fact) -> None:
        data = fact.data
        match fact.type:
            case "reading.asked":
                self.asked[data["scene"]] = Asked(data["scene"], data["attempt"], data["key"], tuple(data["people"]))
                self.spent = self.spent + 1 if data["day"] == self.day else 1
                self.day = data["day"]
            case "reading.ended":
                self.asked.pop(data["scene"], None)
                if data["why"] == "failed":
                    self.tries[data["key"]] = self.tries.get(data["key"], 0) + 1
            case "facts.read":
                self.asked.pop(data["scene"], None)
                self.tries.pop(data["key"], None)
                self.read[data["scene"]] = data["key"]
                self.answers.pop(data["key"], None)
                self.answers[data["key"]] = {name: data[name] for name in ("read", "dropped", "writer", "model")}
                while len(self.answers) > ANSWERS_KEPT:
                    del self.answers[next(iter(self.answers))]

    def dump(self) -> dict[str, Any]:
        return {
            "read": self.read,
            "answers": [[key, answer] for key, answer in self.answers.items()],
            "asked": [asdict(each) for each in self.asked.values()],
            "tries": self.tries,
            "day": self.day,
            "spent": self.spent,
        }

    def load(self, data: Mapping[str, Any]) -> None:
        self.read, self.tries = dict(data["read"]), dict(data["tries"])
        self.answers = {key: dict(answer) for key, answer in data["answers"]}
        self.asked = {each["scene"]: Asked(**{**each, "people": tuple(each["people"])}) for each in data["asked"]}
        self.day, self.spent = data["day"], data["spent"]

    def open_attempts(self) -> tuple[str, ...]:
        return tuple(each.attempt for each in self.asked.values())

    def due_at_ms(self) -> int | None:
        return min(self._due.values(), default=None)

    # decisions
    def needs(self, message: Message) -> Needs:
        return Needs(attempts=self.open_attempts()) if self.asked else Needs()

    def decide(self, message: Message, ctx: Context) -> Decision:
        if not ctx.catalogue.facts_by and not self.asked:
            self._due.clear()
            return Decision()
        match message:
            case ScriptSettled(scenes=scenes, upto=upto):
                self._upto = max(self._upto, upto)
                self._due |= dict.fromkeys(scenes, ctx.now_ms + QUIET_MS)
                return Decision()
            case Started():
                project = ctx.peer(ProjectActor, self.home)
                self._due |= dict.fromkeys(project.scenes if project else (), ctx.now_ms + QUIET_MS)
                return self._look(ctx)
            case AttemptsChanged() | TimeCame():
                return self._look(ctx)
        return Decision()

    def _look(self, ctx: Context) -> Decision:
        """Take what was answered; then ask about what is due."""
        decision = Decision(ids={"project": self.home})
        story, later = ctx.peer(ContinuityActor, CONTINUITY), ctx.now_ms + LOOK_AGAIN_MS
        if story is None or not story.caught_up or story.heard_upto < self._upto:
            waiting = [scene for scene, at_ms in self._due.items() if at_ms <= ctx.now_ms]
            self._due |= dict.fromkeys([*waiting, *self.asked], later)
            return decision
        told = {scene: _Told(story.texts()[scene], script, read.cast) for scene, script, read in story.telling()}
        for asked in self.asked.values():
            self._take(asked, told.get(asked.scene), ctx, decision)
        project = ctx.peer(ProjectActor, self.home)
        ended = {draft.scene for draft in decision.events}
        going = sum(scene not in ended for scene in self.asked)
        due = [scene for scene, at_ms in self._due.items() if at_ms <= ctx.now_ms and scene not in ended]
        for scene in due if ctx.catalogue.facts_by else ():
            del self._due[scene]
            if scene not in told and project is not None and scene in project.scenes:
                self._due[scene] = later  # it was just made: the supervisor has not read it yet
            elif scene in told and scene not in self.asked:  # what is asked about is looked at when its answer comes
                going += self._begin(scene, told[scene], going, ctx, decision)
        return decision

    def _begin(self, scene: str, told: _Told, going: int, ctx: Context, decision: Decision) -> int:
        """How many questions that opened: one or none."""
        people = told.people
        key = key_of(told.script, people)
        if self.read.get(scene) == key:
            return 0
        known = self.answers.get(key)
        calls = calls_of(told.script, people) if known is None and self.tries.get(key, 0) < TRIES_MAX else []
        if not calls:
            self._read(scene, told, key, known or _nothing(), decision)
            return 0
        day = ctx.now_ms // DAY_MS
        if day == self.day and self.spent >= READS_A_DAY_MAX:
            self._due[scene] = (day + 1) * DAY_MS
            return 0
        if going >= OPEN_MAX:
            self._due[scene] = ctx.now_ms + LOOK_AGAIN_MS
            return 0
        id = ctx.new_id("att")
        fact = {"scene": scene, "attempt": id, "key": key, "people": list(people), "day": day}
        decision.events.append(Draft("reading.asked", fact, scene=scene, source=SOURCE))
        decision.attempts.append(
            NewAttempt(
                id,
                self.home,
                scene,
                id,
                TALK,
                1,
                encode({"calls": calls}),
                TALK_TIMEOUT_MS,
                priority=PRIORITY,
                affinity=ctx.catalogue.words_by,
                pool="quick",
                weight=percent_of(ctx.peer(ProjectActor, self.home)),
            )
        )
        return 1

    def _take(self, asked: Asked, told: _Told | None, ctx: Context, decision: Decision) -> None:
        attempt = ctx.attempt(asked.attempt)
        if attempt is not None and attempt.state in (AttemptState.OPEN, AttemptState.CLAIMED):
            return
        said, how = _answer(attempt)
        decision.views += spend_row(self.home, asked.scene, asked.attempt, ctx.now_ms, how)
        if told is None or key_of(told.script, asked.people) != asked.key:
            self._end(asked, "stale", ctx, decision)
        elif not said:
            self._end(asked, "failed", ctx, decision)
        else:
            found = read_answers(said, told.script, asked.people)
            writer, model = (str(how.get(name, "")) for name in ("writer", "model")) if how else ("", "")
            answer = {"read": list(found.facts), "dropped": found.dropped, "writer": writer, "model": model}
            self._read(asked.scene, told, asked.key, answer, decision)

    def _end(self, asked: Asked, why: str, ctx: Context, decision: Decision) -> None:
        fact = {"scene": asked.scene, "key": asked.key, "why": why}
        decision.events.append(Draft("reading.ended", fact, scene=asked.scene, source=SOURCE))
        self._due[asked.scene] = ctx.now_ms + LOOK_AGAIN_MS

    def _read(self, scene: str, told: _Told, key: str, answer: Mapping[str, Any], decision: Decision) -> None:
        fact = {"scene": scene, "key": key, **answer}
        sure = min((each["confidence"] for each in answer["read"]), default=None)
        decision.events.append(Draft("facts.read", fact, scene=scene, source=SOURCE, confidence=sure))
        found = tuple(answer["read"])
        words = script_sha256(told.text), answer["writer"], answer["model"]
        view = ReadFactsView(scene, self.home, *words, found, answer["dropped"])
        decision.views.append(ViewDraft(READ_FACTS, scene, self.home, scene, view))


def _nothing() -> dict[str, Any]:
    return {"read": [], "dropped": 0, "writer": "", "model": ""}


def _answer(attempt: Attempt | None) -> tuple[Sequence[Any], dict[str, Any] | None]:
    """What a model said, and how it came to that; nothing where no model did, or its attempt is lost."""
    if attempt is None or attempt.state is not AttemptState.DONE or attempt.result is None:
        return (), None
    try:
        told = decode(attempt.result)
    except CodecError:
        return (), None
    said, how = told.get("said"), told.get("how")
    heard = [each for each in said if isinstance(each, str)] if isinstance(said, list) else []
    return (said if heard and isinstance(said, list) else ()), (how if isinstance(how, dict) else None)
