"""How every model writes a scene: film grammar makes the shots, a model phrases them, what lost a slot is refused.

Owns the words sent to a model, the schema of its answer, and the way back to an `EnhancedScene`. Invariant: whatever a
model answers, each shot's prompt holds the shot's slots: words that lost one are replaced by the grammar's, labelled.
What changes least stands first (rules, brain, scene, shots), so that a model's prefix cache can keep it. Vendors
implement only `Completer`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncGenerator, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from gpu.enhance.brains import Brain, brain_for
from gpu.enhance.grammar import GrammarWriter
from gpu.enhance.prompt import framed_prompt, light_before, scene_prompt, setting_words, shot_slots
from gpu.enhance.protocol import Added, EnhancedScene, EnhanceRequest
from gpu.enhance.reading import weather_of
from gpu.enhance.survival import lost
from gpu.enhance.writer import Delta, Said, ShotWords, Tell, Usage, WriterError, Written
from gpu.video.protocol import Shot

PHRASE_CHARS_MIN, PHRASE_CHARS_MAX = 12, 320
"""Of one shot's words. Longer: a video model reads only the beginning, and a runaway model fills the time."""

BYTES_PER_CHAR_MAX = 4
"""A token is at least a byte, so this many tokens hold any character: the bound of an answer is never too small."""

ENVELOPE_TOKENS = 48
"""Of the answer's JSON around the phrases."""

RULES = (
    "You phrase shots of a film for a video model. For each numbered shot write one sentence in English of at most "
    "40 words: who does what, with which things, where, at what hour, in concrete visible detail. Use every word "
    "listed for the shot exactly as it is written, name nobody else, and add no dialogue, no camera words and no "
    'second hour of day. Answer as JSON: {"phrases": ["...", ...]}, one for each shot, in order.'
)
EXAMPLE_SHOT = "Shot: NORA opens the gate. Use: NORA, iron key, ORCHARD, dusk"
EXAMPLE_PHRASE = "NORA turns an iron key and opens the gate of the ORCHARD in the amber light of dusk."


@dataclass(frozen=True, slots=True)
class Call:
    """One question to a model, from what is always the same to what is new."""

    rules: str
    scene: str
    ask: str
    schema: dict[str, Any]
    tokens_max: int
    seed: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Text since the last piece; `usage` on the last one, where the vendor tells it."""

    text: str
    usage: Usage | None = None


class Completer(Protocol):
    """A model that answers under a JSON schema. Closing the generator aborts the work where it runs."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    def complete(self, call: Call) -> AsyncGenerator[Piece, None]:
        """Raises `WriterError`."""
        ...

    async def check(self) -> None: ...

    async def close(self) -> None: ...


class PhrasingWriter:
    """A `StreamWriter` on any completer. `shots_per_call`: one keeps faults apart, many cost less."""

    def __init__(self, completer: Completer, *, shots_per_call: int = 1, calls_at_once: int = 8) -> None:
        self._completer, self._grammar = completer, GrammarWriter()
        self._size, self._turns = shots_per_call, asyncio.Semaphore(calls_at_once)

    @property
    def name(self) -> str:
        return self._completer.name

    @property
    def model(self) -> str:
        return self._completer.model

    async def check(self) -> None:
        await self._completer.check()

    async def close(self) -> None:
        await self._completer.close()

    def usage_max(self, request: EnhanceRequest) -> Usage:
        style, scene = brain_for(request), self._grammar.write(request)
        calls = calls_of(request, style, scene.shots, self._size)
        asked = sum(len((call.rules + call.scene + call.ask).encode()) for call in calls)
        return Usage(asked // 2, sum(call.tokens_max for call in calls) // BYTES_PER_CHAR_MAX)

    async def write(self, request: EnhanceRequest, tell: Tell) -> Written:
        style = brain_for(request)
        base = await asyncio.to_thread(self._grammar.write, request)  # tens of milliseconds for a long scene
        calls = calls_of(request, style, base.shots, self._size)
        draft = _Draft(len(base.shots), tell)
        answers = await self._all(calls, draft)
        phrases = [phrase for answer, _ in answers for phrase in answer]
        usage = sum((used for _, used in answers), Usage())
        if all(phrase is None for phrase in phrases):
            raise WriterError("bad_output", "no answer was what the schema asked for", usage=usage)
        return composed(request, style, base, phrases, self.name, usage)

    async def _all(self, calls: list[Call], draft: _Draft) -> list[_Answer]:
        """Each call's phrases in order."""
        return await self._together([self._one(call, draft) for call in calls])

    async def _together(self, asked: Sequence[Coroutine[Any, Any, _Heard]]) -> list[_Heard]:
        """In order. The first error ends them all, and tells what they had used together."""
        tasks: list[asyncio.Task[_Heard]] = []
        try:
            async with asyncio.TaskGroup() as group:
                tasks += [group.create_task(each) for each in asked]
        except* WriterError as group_error:
            used = sum((task.result()[1] for task in tasks if _answered(task)), Usage())
            first = next(e for e in group_error.exceptions if isinstance(e, WriterError))
            raise WriterError(first.code, first.message, first.retry_after_s, used + first.usage) from None
        return [task.result() for task in tasks]

    async def _one(self, call: Call, draft: _Draft) -> _Answer:
        count = call.schema["properties"]["phrases"]["maxItems"]
        async with self._turns:
            text, usage = "", Usage()
            async with contextlib.aclosing(self._completer.complete(call)) as pieces:
                async for piece in pieces:
                    text += piece.text
                    usage = piece.usage or usage
                    draft.hears(text)
            draft.has(count)
            return phrases_in(text, count) or [None] * count, usage

    async def talk(self, calls: Sequence[Call]) -> Said:
        """Each question's answer as it comes, together. Raises `WriterError`."""
        answers = await self._together([self._hear(call) for call in calls])
        return Said(tuple(text for text, _ in answers), sum((used for _, used in answers), Usage()))

    async def _hear(self, call: Call) -> tuple[str, Usage]:
        async with self._turns:
            text, usage = "", Usage()
            async with contextlib.aclosing(self._completer.complete(call)) as pieces:
                async for piece in pieces:
                    text += piece.text
                    usage = piece.usage or usage
            return text, usage


class _Draft:
    """What there is so far of all calls together."""

    def __init__(self, total: int, tell: Tell) -> None:
        self._total, self._tell, self._done = total, tell, 0

    def hears(self, text: str) -> None:
        self._tell(Delta(self._done, self._total, _readable(text)))

    def has(self, count: int) -> None:
        self._done += count
        self._tell(Delta(self._done, self._total, ""))


def _answered(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _readable(text: str) -> str:
    """The last phrase of an answer that is still being written."""
    _head, bracket, said = text.partition("[")
    return said.rpartition(', "')[2].strip().strip('"]} \n') if bracket else ""


def schema_of(count: int) -> dict[str, Any]:
    """Of an answer with so many phrases. Quotation marks, backslashes and line ends have no place in a phrase."""
    phrase = {"type": "string", "pattern": rf'^[^"\\\x00-\x1f]{{{PHRASE_CHARS_MIN},{PHRASE_CHARS_MAX}}}$'}
    return {
        "type": "object",
        "properties": {"phrases": {"type": "array", "items": phrase, "minItems": count, "maxItems": count}},
        "required": ["phrases"],
        "additionalProperties": False,
    }


def calls_of(request: EnhanceRequest, style: Brain, shots: tuple[Shot, ...], size: int) -> list[Call]:
    rules = f"{RULES}\n{EXAMPLE_SHOT}\n{json.dumps({'phrases': [EXAMPLE_PHRASE]})}\nStyle: {style.style}."
    scene = _scene_words(request)
    calls: list[Call] = []
    for at in range(0, len(shots), size):
        some = shots[at : at + size]
        ask = "\n".join(f"Shot: {shot_slots(shot)}" for shot in some)
        tokens = len(some) * PHRASE_CHARS_MAX * BYTES_PER_CHAR_MAX + ENVELOPE_TOKENS
        calls.append(Call(rules, scene, ask, schema_of(len(some)), tokens, (request.seed + at) % 2**31))
    return calls


def _scene_words(request: EnhanceRequest) -> str:
    lines = [f"So far: {line}" for line in request.so_far]
    lines += [f"Scene: {setting_words(request, weather_of(request))}."]
    if request.beat:
        lines.append(f"Dramatic beat: {request.beat}.")
    lines += [f"{slot.name}: {', '.join(slot.descriptors)}." for slot in request.cast if slot.descriptors]
    lines += [f"Before: {note}." for note in request.continuity_notes]
    return "\n".join(lines)


def _named_before(request: EnhanceRequest) -> list[str]:
    """Names in capitals of the story so far that are not of the scene: a phrase with one tells another scene."""
    here = " ".join((request.place, *request.props, *(slot.name for slot in request.cast))).upper()
    told = (line.partition(": ")[2] for line in request.so_far)
    names = dict.fromkeys(name for line in told for name in _CAPITALS.findall(line))
    return [name for name in names if name not in here]


def phrases_in(text: str, count: int) -> list[str | None] | None:
    """None for anything but the schema's answer: those shots keep the grammar's words."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    phrases = found.get("phrases") if isinstance(found, dict) else None
    if not isinstance(phrases, list) or len(phrases) != count or not all(isinstance(p, str) for p in phrases):
        return None
    return [" ".join(phrase.split())[:PHRASE_CHARS_MAX] for phrase in phrases]


def composed(
    request: EnhanceRequest, style: Brain, base: EnhancedScene, phrases: list[str | None], writer: str, usage: Usage
) -> Written:
    """The scene with each phrase that kept its shot's slots, and the grammar's words for the others."""
    names = [*(slot.name for slot in request.cast), *_named_before(request)]
    prompts: list[str] = []
    notes: list[ShotWords] = []
    before = light_before(request)
    for shot, own, phrase in zip(base.shots, base.shot_prompts, phrases, strict=True):
        gone = () if phrase is None else lost(shot, phrase, names)
        kept = phrase is not None and not gone
        prompts.append(framed_prompt(shot, style, phrase, before) if phrase is not None and kept else own)
        notes.append(ShotWords(writer if kept else base.writer, gone))
    words, shots = tuple(prompts), tuple(notes)
    if all(note.writer == base.writer for note in shots):
        return Written(base, shots, usage)  # word for word the grammar's: the same recipe as without a model
    prompt = scene_prompt(request, style, weather_of(request), base.shots, words)
    added = (*base.added, *(Added("so far", line) for line in request.so_far))
    scene = replace(base, shot_prompts=words, prompt=prompt, writer=writer, writer_version=WRITER_VERSION, added=added)
    return Written(scene, shots, usage)


WRITER_VERSION = 2
"""Of the words that are asked with: a change of them makes other prompts of the same scene."""

_CAPITALS = re.compile(r"\b[^\W\d_a-zß-ÿ]{3,}(?:[ '’-][^\W\d_a-zß-ÿ]{3,})*\b")
_Answer = tuple[list[str | None], Usage]
_Heard = TypeVar("_Heard", bound=tuple[Any, Usage])
