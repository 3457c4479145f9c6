"""Between sessions: one bounded look over a suspended project: time that passed, goals off screen, ties to rebalance.

Owns what was noted while nobody was there. The invariants: nothing runs unless the project switched it on; one look
says at most `NOTES_MAX` things, each once, each with where it comes from and how sure it is; and a look never writes
text or moves a scene: notes are told to people, and of the rest only the strength of ties that nobody renewed fades.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from actors.project.actor import BACKGROUND_EVERY_MS, ProjectActor
from actors.runtime.actor import Beside, Context, Decision, Draft, ViewDraft
from actors.runtime.ids import derive_id
from actors.views import BackgroundView, order_ms
from actors.workflow.rows import Data, RowKind
from actors.workflow.story import fold_relations, in_order, ranks, tie_key, world_after
from actors.workflow.views import MeanwhileView, RowView

if TYPE_CHECKING:
    from actors.workflow.actor import WorkflowActor

SOURCE = "@background"
"""Who says so, in the log: a part of ours and no person, as all that begins with @."""

DAY_MS = 24 * 3_600_000

LOOKS_PER_DAY_MAX = 4
"""Looks over one project in a day (UTC), however often it is asked for. More would wake its home for nothing: what a
look reads only changes by people."""

NOTES_MAX = 8
"""Things said by one look, the surest first; the rest is said by later ones."""

TOLD_MAX = 500
"""Notes remembered so as not to be said twice; past it the oldest may come again."""

FADE, FADE_MIN, FADES_MAX = 0.8, 0.2, 200
"""What is left of a tie that is only a ripple after a look; how far it may fade; ties followed."""


@dataclass(slots=True)
class Meanwhile:
    """`told_at_ms`: the last result of a workflow. `faded`: what is left of ties, by `tie_key`."""

    day: int = 0
    looks: int = 0
    told_at_ms: int = 0
    faded: dict[str, float] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def apply(self, data: Mapping[str, Any]) -> None:
        self.day, self.looks = data["day"], data["look"]
        self.faded = dict(data["faded"])
        self.told = [*self.told, *(note["key"] for note in data["notes"])][-TOLD_MAX:]

    def dump(self) -> dict[str, Any]:
        return {
            "day": self.day,
            "looks": self.looks,
            "told_at_ms": self.told_at_ms,
            "faded": dict(self.faded),
            "told": list(self.told),
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Meanwhile:
        return cls(data["day"], data["looks"], data["told_at_ms"], dict(data["faded"]), list(data["told"]))


@dataclass(frozen=True, slots=True)
class Note:
    kind: str  # time | goal | balance
    key: str  # what it is about: said once
    words: str
    confidence: float
    scene: str | None = None


def prepare(actor: WorkflowActor, ctx: Context) -> Beside:
    """What a look reads, taken on the loop; the look itself runs beside it."""
    from actors.workflow.actor import project_row

    project, rows, meanwhile = project_row(ctx.peer(ProjectActor, actor.home)), dict(actor.rows), actor.meanwhile
    faded, told, since_ms, now_ms = dict(meanwhile.faded), frozenset(meanwhile.told), meanwhile.told_at_ms, ctx.now_ms
    return lambda: look_over(project, rows, faded, told, (now_ms - since_ms) // DAY_MS if since_ms else 0)


def look_over(
    project: Data,
    rows: Mapping[RowKind, Mapping[str, Data]],
    faded: Mapping[str, float],
    told: frozenset[str],
    days: int,
) -> tuple[list[Note], dict[str, float]]:
    """(what is new to say, the ties as they have faded now). Pure."""
    rank = ranks(project)
    less = _fade(rows[RowKind.RELATIONS], rank, faded)
    notes = [*_time(rows[RowKind.WORLD], rank, days), *_goals(rows, rank)]
    changed = sum(1 for tie, left in less.items() if left != faded.get(tie))
    if changed:
        words = f"{changed} ties between people who never met were let fade, since no scene renewed them."
        notes.append(Note("balance", f"balance:{changed}:{len(less)}", words, 0.5))
    new = [note for note in notes if note.key not in told]
    return sorted(new, key=lambda note: (-note.confidence, note.key))[:NOTES_MAX], less


def _time(world: Mapping[str, Data], rank: Mapping[str, int], days: int) -> Iterator[Note]:
    ordered = in_order(world, rank)
    if days < 1 or not ordered:
        return
    last, data = ordered[-1]
    state = world_after(world, rank, last)
    sky = f", in {state.weather}" if state is not None and state.weather else ""
    ago = "a day" if days == 1 else f"{days} days"
    words = f"The story has rested for {ago} where {data['heading'] or 'its last scene'} left it{sky}."
    yield Note("time", f"time:{last}:{days}", words, 0.9, last)


def _goals(rows: Mapping[RowKind, Mapping[str, Data]], rank: Mapping[str, int]) -> Iterator[Note]:
    """Those whom a scene concerned while they were away, and who have not been seen since."""
    seen: dict[str, int] = {}
    for scene, node in in_order(rows[RowKind.NARRATIVE], rank):
        seen |= dict.fromkeys(node["people"], rank[scene])
    for scene, data in in_order(rows[RowKind.KNOWLEDGE], rank):
        for edge in data["edges"]:
            if seen.get(edge["who"], -1) <= rank[scene]:
                words = f"{edge['words']} Nothing has been shown of it since."
                sure = round(edge["confidence"] * 0.8, 3)
                yield Note("goal", f"goal:{scene}:{edge['kind']}:{edge['who']}:{edge['what']}", words, sure, scene)


def _fade(relations: Mapping[str, Data], rank: Mapping[str, int], faded: Mapping[str, float]) -> dict[str, float]:
    ties = [tie for tie in fold_relations(relations, rank) if tie.hops > 0][:FADES_MAX]
    keys = [tie_key(tie.one, tie.two) for tie in ties]
    return {key: max(FADE_MIN, round(faded.get(key, 1.0) * FADE, 3)) for key in keys}


def decide(actor: WorkflowActor, ctx: Context) -> Decision:
    """One look, within the day's bound; the project's row says when the next is due."""
    project = ctx.peer(ProjectActor, actor.home)
    if project is None or project.facts is None or not project.facts.background:
        return Decision()
    day = ctx.now_ms // DAY_MS
    looks = actor.meanwhile.looks if actor.meanwhile.day == day else 0
    notes, faded = ctx.computed
    if looks >= LOOKS_PER_DAY_MAX:  # say nothing, and let no host ask again before tomorrow
        data = {"day": day, "look": looks, "notes": [], "faded": actor.meanwhile.faded}
        tomorrow = due_row(actor.home, (day + 1) * DAY_MS)
        return Decision(events=[Draft("background.rested", data, source=SOURCE)], views=[tomorrow])
    data = {"day": day, "look": looks + 1, "notes": [asdict(note) for note in notes], "faded": faded}
    if notes:
        data["title"] = notes[0].words if len(notes) == 1 else f"{len(notes)} things; first: {notes[0].words}"
    sure = min((note.confidence for note in notes), default=None)
    type = "meanwhile.noted" if notes else "background.rested"
    decision = Decision(events=[Draft(type, data, source=SOURCE, confidence=sure)])
    left = RowView("", actor.home, "", SOURCE, 0.5, "", {"ties": faded})
    decision.views.append(ViewDraft(RowKind.FADED.value, actor.home, actor.home, "", left))
    decision.views.append(due_row(actor.home, ctx.now_ms + BACKGROUND_EVERY_MS))
    for note in notes:
        id = derive_id("mnw", actor.home, note.key, str(day), str(looks))
        view = MeanwhileView(id, actor.home, note.kind, note.words, SOURCE, note.confidence, ctx.now_ms, note.scene)
        decision.views.append(ViewDraft("meanwhile", id, actor.home, order_ms(ctx.now_ms), view))
    return decision


def due_row(home: str, due_at_ms: int) -> ViewDraft:
    """When a host may look next; the oldest is looked at first."""
    return ViewDraft("background", home, "", order_ms(due_at_ms), BackgroundView(home, due_at_ms))
