"""A stated day of a team (`session.toml`) against the levels of the cache: how many films are saved, and what it costs.

Owns the day: the same asks on every machine. Invariants: level one is the exact cache on the hash of what the writer
made and the seed; level two is the real `SemanticCache` with the real embedder, on an index in memory; what was meant
is known for each ask, so a hit on another film is counted as false. A film counts as shared in flight where the same
question is asked while it renders. Level three saves stills and prompts, never a film of ours: nothing is counted.
The day is asked three times (`FLOWS`): as partners ask, who let us pick; and as people at the desk ask, who choose
frames, before and since the cache is asked before a frame is drawn (decision 0047).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import re
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actors.screenplay.breakdown import breakdown
from actors.screenplay.fountain import parse
from actors.screenplay.slots import enhance_request
from benchmarks.cache import data
from benchmarks.cache.rewording import progressive
from benchmarks.cache.rules import CAST, PLAIN_COSINE
from gpu.embed.protocol import Embedder
from gpu.enhance.grammar import GrammarWriter
from gpu.enhance.protocol import EnhanceRequest
from storage.cache.asked import Question, question_of
from storage.cache.semantic import SemanticCache
from storage.cache.sqlite import SqliteExactCache
from storage.objects.local import LocalObjects
from storage.vectors.memory import MemoryVectors
from tests.screenplays import last_ferry

STATED = Path(__file__).resolve().parent / "session.toml"
PROJECT, BRAIN = "prj_day", "nolan"
HOURS = ("DAY", "NIGHT", "DAWN", "DUSK", "MORNING", "EVENING")
COLOURS = ("RED", "BLUE", "GREEN", "WHITE", "BLACK")
LINES = ("We are too late.", "Nobody told me.", "Close the door.", "It was Friday.", "Keep walking.")
LEVELS = ("L1", "L2", "shared", "full")
PARTNERS, DESK_BEFORE, DESK = "partners", "desk before", "desk"
FLOWS = (PARTNERS, DESK_BEFORE, DESK)


@dataclass(slots=True)
class Version:
    """A scene's words, and what they mean: versions with one meaning ask for one film."""

    text: str
    meaning: str


@dataclass(slots=True)
class Scene:
    name: str
    versions: list[Version]
    takes: list[tuple[Version, str, str]] = field(default_factory=list)
    """(words, seed, job) of each film that was shown here."""


@dataclass(frozen=True, slots=True)
class Ask:
    what: str
    scene: str
    version: Version
    job: str
    seed: str = ""
    in_flight: bool = False


def scenes() -> list[Scene]:
    texts = ((data.HERE / "scenes.fountain").read_text(encoding="utf-8"), last_ferry())
    raws = [scene.raw for text in texts for scene in parse(text).scenes]
    return [Scene(f"scn_{n}", [Version(raw, f"m{n}")]) for n, raw in enumerate(raws)]


class Day:
    """The asks of one day, in order."""

    def __init__(self, stated: dict[str, Any]) -> None:
        self._stated = stated
        self._draw = random.Random(stated["seed"])
        lines = data.paraphrases("dev") + data.paraphrases("heldout")
        self._reworded = [(line.of, line.text) for line in lines if line.source == "moments"]
        self._jobs = self._meanings = 0

    def asks(self) -> Iterator[Ask]:
        all_scenes = scenes()
        deck = self._deck(len(all_scenes) * self._stated["asks_after"])
        for scene in all_scenes:
            yield self._ask("first", scene)
            for _ in range(self._stated["asks_after"]):
                yield self._next(deck.pop(), scene)

    def _deck(self, count: int) -> list[str]:
        """The mix as it is stated, not as a draw of it would turn out; shuffled."""
        shares = {what: count * share / 100 for what, share in self._stated["mix"].items()}
        deck = [what for what, share in shares.items() for _ in range(int(share))]
        rest = sorted(shares, key=lambda what: int(shares[what]) - shares[what])
        deck += rest[: count - len(deck)]
        self._draw.shuffle(deck)
        return deck

    def _next(self, what: str, scene: Scene) -> Ask:
        now = scene.versions[-1]
        if what in ("reword", "tidy"):
            reworded = self._reword(now.text) if what == "reword" else None
            text = reworded or self._tidy(now.text)
            scene.versions.append(Version(text, now.meaning))
            return self._ask("reword" if reworded else "tidy", scene)
        if what == "change":
            self._meanings += 1
            scene.versions.append(Version(self._change(now.text), f"{now.meaning}.{self._meanings}"))
            return self._ask(what, scene)
        if what == "seed":
            return self._ask(what, scene, seed=str(self._draw.randrange(1_000_000)))
        if what in ("retry", "restore"):
            version, seed, job = scene.takes[-1] if what == "retry" else self._draw.choice(scene.takes)
            self._jobs += what == "restore"
            return Ask(what, scene.name, version, job if what == "retry" else f"job_{self._jobs}", seed)
        if what == "alike":
            self._jobs += 1
            return Ask(what, f"{scene.name}_copy", now, f"job_{self._jobs}", in_flight=self._jobs % 2 == 0)
        return self._ask(what, scene)

    def _ask(self, what: str, scene: Scene, seed: str = "") -> Ask:
        self._jobs += 1
        job, version = f"job_{self._jobs}", scene.versions[-1]
        scene.takes.append((version, seed or _seed_of(job), job))
        return Ask(what, scene.name, version, job, seed)

    def _reword(self, text: str) -> str | None:
        found = [(of, other) for of, other in self._reworded if of in text]
        if not found:
            return progressive(text)
        of, other = self._draw.choice(found)
        return text.replace(of, other, 1)

    def _tidy(self, text: str) -> str:
        """Of the first paragraph of action after the heading."""
        head, _, rest = text.strip().partition("\n\n")
        first, gap, more = rest.partition("\n\n")
        ways = [first.replace(". ", ".  ", 1), first.replace(" and ", ", and ", 1), first.rstrip("."),
                first.replace(" the ", " The ", 1)]  # fmt: skip
        changed = [way for way in ways if way != first]
        return f"{head}\n\n{self._draw.choice(changed) if changed else first + ' '}{gap}{more}\n"

    def _change(self, text: str) -> str:
        ways = [self._hour(text), self._swap(text), self._line(text), self._colour(text), self._drop(text)]
        return self._draw.choice([way for way in ways if way is not None and way != text])

    def _hour(self, text: str) -> str:
        heading, _, rest = text.partition("\n")
        hour = next((hour for hour in HOURS if hour in heading), "")
        other = self._draw.choice([each for each in HOURS if each != hour])
        return f"{heading.replace(hour, other, 1)}\n{rest}" if hour else text

    def _swap(self, text: str) -> str | None:
        named = [name for name in CAST if name.upper() in text]
        if len(named) < 2:
            return None
        one, other = named[0].upper(), named[1].upper()
        return text.replace(one, "\0").replace(other, one).replace("\0", other)

    def _line(self, text: str) -> str | None:
        spoken = re.search(r"\n[A-Z][A-Z .]+\n(?:\([^)]*\)\n)?([^\n]+)", text)
        if spoken is None:
            return None
        return text[: spoken.start(1)] + self._draw.choice(LINES) + text[spoken.end(1) :]

    def _colour(self, text: str) -> str | None:
        thing = re.search(r"\b(?:a|an|the) ([A-Z]{3,})\b", text)
        if thing is None:
            return None
        return f"{text[: thing.start(1)]}{self._draw.choice(COLOURS).lower()} {text[thing.start(1) :]}"

    def _drop(self, text: str) -> str | None:
        head, _, rest = text.strip().partition("\n\n")
        first, gap, more = rest.partition("\n\n")
        sentences = re.split(r"(?<=[.!?]) ", first)
        return f"{head}\n\n{' '.join(sentences[:-1])}{gap}{more}\n" if len(sentences) > 1 else None


class Levels:
    """The cache as a job meets it: the exact level, then the semantic one."""

    def __init__(self, folder: Path, embedder: Embedder, flow: str, stated: dict[str, Any]) -> None:
        self._asks_as, self._people = flow, stated["desk"]
        self._draw = random.Random(stated["seed"])  # what people at the desk choose
        self.instead = 0  # films that were shown, and frames drawn instead
        self._objects, self._exact = LocalObjects(folder / "objects"), SqliteExactCache(folder / "exact.db")
        self._films = SemanticCache(MemoryVectors(), self._objects, self._exact)
        self._embedder, self._writer = embedder, GrammarWriter()
        self._meaning: dict[str, str] = {}
        self._shown: dict[tuple[str, str], dict[str, set[str]]] = {}
        self._flight: str = ""
        self._asked: list[tuple[Question, str]] = []

    async def close(self) -> None:
        await self._exact.close()

    async def answer(self, ask: Ask) -> dict[str, Any]:
        request = _request(ask.version.text, int(ask.seed or _seed_of(ask.job)))
        question = question_of(self._ask(ask, request), "project", self._embedder.name, self._embedder.embed)
        told = {"what": ask.what, "cosine": self._by_cosine(question, ask)}
        level, whose = await self._level(ask, request, question)
        if level == "full":
            await self._made(ask, request, question)
        self._flight = question.film.digest if level == "full" else ""
        self._shown.setdefault((ask.scene, ask.version.text), {})[ask.job] = {ask.job, whose} - {""}
        return {**told, "level": level, "false": bool(whose) and self._meaning[whose] != ask.version.meaning}

    async def _level(self, ask: Ask, request: EnhanceRequest, question: Question) -> tuple[str, str]:
        """(level, job of the film that is shown or "")."""
        if self._asks_as != PARTNERS:
            return await self._at_the_desk(ask, request, question)
        if ask.in_flight and question.film.digest == self._flight:
            return "shared", self._asked[-1][1]
        kept = await self._exact.get(self._recipe(request, ask))
        if kept is not None:
            return "L1", kept.decode()
        found = await self._films.lookup(question)
        if found.verdict == "hit" and found.entry is not None:
            return "L2", found.entry.of["job"]
        return "full", ""

    async def _at_the_desk(self, ask: Ask, request: EnhanceRequest, question: Question) -> tuple[str, str]:
        """People choose frames. Whoever goes back to a take, or asks once more after a fault, picks its frames again;
        two who see the same frames pick the same as often as it is stated; any other pick is a film of its own."""
        if self._asks_as == DESK and ask.what != "retry":  # a job that has its pick is past the first question
            if ask.in_flight and question.film.digest == self._flight:
                same = self._draw.random() < self._people["same_pick"]
                return ("shared", self._asked[-1][1]) if same else ("full", "")
            found = await self._films.lookup(question)
            if found.verdict == "hit" and found.entry is not None:
                if self._draw.random() >= self._people["draws_instead"]:
                    return "L2", found.entry.of["job"]
                self.instead += 1
        kept = await self._exact.get(self._recipe(request, ask))
        return ("L1", kept.decode()) if kept is not None else ("full", "")

    async def _made(self, ask: Ask, request: EnhanceRequest, question: Question) -> None:
        playlist = f"videos/{ask.job}/master.m3u8"
        await self._objects.put(playlist, b"#EXTM3U", content_type="text/plain")
        await self._exact.put(self._recipe(request, ask), ask.job.encode())
        self._meaning[ask.job] = ask.version.meaning
        of = {"take": f"tak_{ask.job}", "job": ask.job, "scene": ask.scene, "project": PROJECT}
        kept = await self._films.remember(
            question,
            {"ask": self._ask(ask, request), "media": {"playlist_key": playlist}, "of": of,
             "chosen": self._asks_as != PARTNERS,
             "seed": ask.seed or _seed_of(ask.job), "frame_key": None, "frame_sha256": None},
        )  # fmt: skip
        assert kept is not None, "the index in memory never fails"
        self._asked.append((question, ask.job))

    def _by_cosine(self, question: Question, ask: Ask) -> str:
        """What plain cosine over the whole scene would have shown: right, false or nothing."""
        near = max(((float(question.vector @ q.vector), job) for q, job in self._asked), default=(0.0, ""))
        if near[0] < PLAIN_COSINE:
            return "nothing"
        return "right" if self._meaning[near[1]] == ask.version.meaning else "false"

    def _recipe(self, request: EnhanceRequest, ask: Ask) -> bytes:
        told = {"enhanced": self._writer.write(request).to_dict(), "seed": ask.seed or _seed_of(ask.job)}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).digest()

    def _ask(self, ask: Ask, request: EnhanceRequest) -> dict[str, Any]:
        """As `actors.scene.cached.ask` makes it, of a film on our own renderer."""
        filters = {
            "scope": PROJECT, "kind": "film", "model": "animatic/animatic/1", "size": "1280x720@24", "seconds": "",
            "brain": BRAIN, "writer": "grammar/1", "beat": "", "place": request.place.casefold(),
            "inside": "interior" if request.interior else "exterior", "hour": request.time_of_day,
            "cast": ",".join(sorted(slot.entity_id for slot in request.cast)), "state": "", "references": "",
        }  # fmt: skip
        units = [
            {"kind": m.kind, "text": " ".join(f"({m.parenthetical}) {m.text}".split()) if m.parenthetical else m.text,
             "speaker": m.speaker} for m in request.moments
        ]  # fmt: skip
        typed = ask.what in ("seed", "restore")
        shown = self._shown.get((ask.scene, ask.version.text), {})
        return {
            "version": 1, "units": units, "entities": {s.name: s.entity_id for s in request.cast}, "filters": filters,
            "seed": ask.seed if typed else "", "warm": False, "price_usd": 1.0,
            "not_jobs": sorted(set().union(*(films for job, films in shown.items() if job != ask.job))),
        }  # fmt: skip


def _request(text: str, seed: int) -> EnhanceRequest:
    names = [name.upper() for name in CAST]
    return enhance_request(text, breakdown(text, names), brain=BRAIN, seed=seed % 2**31)


def _seed_of(job: str) -> str:
    return str(int.from_bytes(hashlib.sha256(job.encode()).digest()[:4], "big") >> 1)


def ahead(stated: dict[str, Any], count: int) -> dict[str, int]:
    """Level four: of `count` first asks, those whose film was made before; and films that were made for nothing."""
    draw = random.Random(stated["seed"])
    written = sum(draw.random() < stated["ahead"]["written"] for _ in range(count - 1))
    touched = sum(draw.random() < stated["ahead"]["touched"] for _ in range(written))
    return {"first_asks": count, "made_ahead": written, "used": written - touched, "for_nothing": touched}


def money(levels: Counter[str], stated: dict[str, Any]) -> dict[str, Any]:
    """USD of the day, with films at the low and the high price."""
    price, total = stated["price_usd"], sum(levels.values())
    cheap = levels["L2"] * price["semantic"] + (levels["L1"] + levels["shared"]) * price["exact"]
    told = {}
    for end in ("low", "high"):
        full = price[f"full_{end}"]
        spent, before = levels["full"] * full + cheap, total * full
        told[end] = {"without": round(before, 2), "with": round(spent, 2), "saved": round(1 - spent / before, 4)}
    return told


async def _answers(embedder: Embedder, flow: str, stated: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """What each ask of the day was answered with, and how often frames were drawn instead of a film."""
    with tempfile.TemporaryDirectory(prefix="sf-cache-day-") as folder:
        levels = Levels(Path(folder), embedder, flow, stated)
        try:
            return [await levels.answer(ask) for ask in Day(stated).asks()], levels.instead
        finally:
            await levels.close()


async def _flow(embedder: Embedder, flow: str, stated: dict[str, Any]) -> dict[str, Any]:
    told, instead = await _answers(embedder, flow, stated)
    counts = Counter(each["level"] for each in told)
    return {
        "levels": {level: counts[level] for level in LEVELS},
        "false": sum(each["false"] for each in told),
        "drawn_instead": instead,
        "money_usd": money(counts, stated),
    }


async def day(embedder: Embedder) -> dict[str, Any]:
    stated = tomllib.loads(STATED.read_text())
    told, _ = await _answers(embedder, PARTNERS, stated)
    counts = Counter(each["level"] for each in told)
    by_what = {what: Counter(each["level"] for each in told if each["what"] == what) for what in
               ["first", *stated["mix"]]}  # fmt: skip
    return {
        "asks": len(told),
        "levels": {level: counts[level] for level in LEVELS},
        "false": sum(each["false"] for each in told),
        "by_what": {what: {level: found[level] for level in LEVELS} for what, found in by_what.items()},
        "plain_cosine": dict(Counter(each["cosine"] for each in told)),
        "plain_cosine_on_changes": dict(Counter(each["cosine"] for each in told if each["what"] == "change")),
        "money_usd": money(counts, stated),
        "ahead": ahead(stated, by_what["first"].total()),
        "desk": {flow: await _flow(embedder, flow, stated) for flow in (DESK_BEFORE, DESK)},
        "stated": stated,
    }


def measure(embedder: Embedder) -> dict[str, Any]:
    return asyncio.run(day(embedder))
