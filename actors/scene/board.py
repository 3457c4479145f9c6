"""The board of a job: its frames, what was decided of each shot, when choosing ends, and what is drawn anew.

Owns the fold of a board's events and the decisions people make at it. Invariants: a shot is decided once; the film
begins when every shot is; a frame that was shown stays, and its own note and seed go with it into the film. Votes are
CRDT (`notes:{scene}`, root `votes`); what is here is the count as it was committed last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from actors.commands import CommandError
from actors.scene.parts import reused_in
from gpu.board import CANDIDATES_DEFAULT, Frame, key_shot, noted, plan, shots_of, staged
from gpu.steps import PANEL_HEIGHT_PX, PANEL_WIDTH_PX

if TYPE_CHECKING:
    from actors.scene.job import Job

REVISIONS_MAX = 20
"""Times the frames of one job are drawn anew. Over: refused; another generation starts from a clean board."""

SHOTS_REVISED_MAX = 16
"""Shots drawn anew at once."""

PICK_WITHIN_S_MIN, PICK_WITHIN_S_MAX = 10, 7 * 24 * 3600
"""Bounds of the time people have to choose; 0 is for ever."""

PICK_WITHIN_S = 24 * 3600
"""Where nobody says: long enough to sleep on it, short enough that a forgotten board does not block a scene's jobs."""

AUTO, DEADLINE = "@auto", "@deadline"
"""Who picked where nobody did."""


@dataclass(slots=True)
class Board:
    """`picks`: shot → panel. `follow`: shot → candidate, of the shots of a film that has begun. Shots are text, since
    a snapshot's maps have text keys. `edits`: shot → {"note", "seed", "round"} of its newest frames."""

    candidates: int | None = None  # as asked for; None: `gpu.board.plan` decides
    pick_within_ms: int = 0  # 0: it waits for ever
    deadline_ms: int | None = None
    picks: dict[str, str] = field(default_factory=dict)
    follow: dict[str, int] = field(default_factory=dict)
    edits: dict[str, dict[str, Any]] = field(default_factory=dict)
    rounds: int = 0
    redraw: list[int] = field(default_factory=list)  # the shots of the round that is not drawn yet
    votes: dict[str, int] = field(default_factory=dict)  # panel → principals

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> Board:
        """A job older than boards has none."""
        return cls(**data) if data else cls()


def panel_of(data: Mapping[str, Any], key: int) -> dict[str, Any]:
    """A panel as its event tells it; older ones were all of the key shot."""
    older = {"shot": key, "sha256": "", "round": 0, "note": ""}
    known = ("id", "candidate", "key", "seed", "shot", "sha256", "round", "note")
    reused = {"reused": data["reused"]} if data.get("reused") else {}
    return {name: data[name] if name in data else older[name] for name in known} | reused


# reading
def shot_of(job: Job, panel: Mapping[str, Any]) -> int:
    return int(panel.get("shot", key_of(job)))


def key_of(job: Job) -> int:
    return key_shot(shots_of(job.enhanced))


def current(job: Job) -> list[dict[str, Any]]:
    """The newest frames of every shot: the key shot's first, then in story order, each by candidate."""
    key = key_of(job)
    newest = [p for p in job.panels if p.get("round", 0) == _round(job, shot_of(job, p))]
    return sorted(newest, key=lambda p: (shot_of(job, p) != key, shot_of(job, p), p["candidate"]))


def earlier(job: Job) -> list[dict[str, Any]]:
    shown = {p["id"] for p in current(job)}
    return [p for p in job.panels if p["id"] not in shown]


def picked_ids(job: Job) -> set[str]:
    return {*job.board.picks.values(), *([job.picked] if job.picked else ())}


def _round(job: Job, shot: int) -> int:
    return int(job.board.edits.get(str(shot), {}).get("round", 0))


def undecided(job: Job) -> list[int]:
    return [shot for shot in range(len(shots_of(job.enhanced))) if str(shot) not in job.board.picks]


def leader(job: Job, shot: int, votes: Mapping[str, int]) -> dict[str, Any] | None:
    """The frame of a shot most people voted for, the lowest candidate of several; None: nobody voted, or no frame."""
    found = [p for p in current(job) if shot_of(job, p) == shot and votes.get(p["id"], 0) > 0]
    return min(found, key=lambda p: (-votes[p["id"]], p["candidate"])) if found else None


def resolve(job: Job, picks: Mapping[str, str], candidate: int, votes: Mapping[str, int]) -> dict[str, Any]:
    """Every shot's decision: what was picked, else its leader, else the given candidate, where it is drawn."""
    decided, follow = dict(picks), dict[str, int]()
    by_id = {p["id"]: p for p in job.panels}
    for shot in range(len(shots_of(job.enhanced))):
        name = str(shot)
        if name not in decided:
            drawn = (p for p in current(job) if shot_of(job, p) == shot and p["candidate"] == candidate)
            chosen = leader(job, shot, votes) or next(drawn, None)
            if chosen is not None:
                decided[name] = chosen["id"]
        follow[name] = int(by_id[decided[name]]["candidate"]) if name in decided else candidate
    return {"picks": decided, "follow": follow}


SHOT_WORDS_CHARS_MAX = 240
"""Of what a shot is called on the board; its whole prompt is elsewhere."""


def shot_words(job: Job) -> list[dict[str, Any]]:
    """What the board says of each shot: its prompt, the picked frame, and the note its newest frames follow."""
    if not job.panels:
        return []
    prompts = (job.enhanced or {}).get("shot_prompts", ())
    return [
        {
            "words": (prompts[shot] if shot < len(prompts) else "")[:SHOT_WORDS_CHARS_MAX],
            "picked": job.board.picks.get(str(shot)),
            "note": job.board.edits.get(str(shot), {}).get("note", ""),
        }
        for shot in range(len(shots_of(job.enhanced)))
    ]


# deciding
def pick(job: Job, panel: str, go_on: bool, votes: Mapping[str, int], by: str) -> tuple[str, dict[str, Any]]:
    """The event of a pick: of one shot, or the one that begins the film. Raises `CommandError`."""
    where = ("input", "panelId")
    found = next((p for p in job.panels if p["id"] == panel), None)
    if found is None:
        raise CommandError("NOT_FOUND", "this job has no such panel", where)
    shot = str(shot_of(job, found))
    before = job.board.picks.get(shot)
    if before is not None and (before != panel or not go_on):
        raise CommandError("ALREADY_PICKED", "somebody picked a panel of this shot before", where)
    picks = {**job.board.picks, shot: panel}
    if not go_on and [each for each in undecided(job) if str(each) != shot]:
        return "job.shot_picked", {"shot": int(shot), "panel": panel, "by": by}
    return "job.picked", {"panel": panel, "by": by, **resolve(job, picks, int(found["candidate"]), votes)}


def closing(job: Job, votes: Mapping[str, int], by: str) -> dict[str, Any]:
    """What `job.picked` says where time or nobody decides: what was picked stays, the rest as `resolve` says."""
    key, board = key_of(job), job.board
    frames = [p for p in current(job) if shot_of(job, p) == key] or current(job)
    first = min(frames, key=lambda p: int(p["candidate"]))
    by_id = {p["id"]: p for p in job.panels}
    lead = by_id.get(board.picks.get(str(key), "")) or leader(job, key, votes) or first
    return {"panel": lead["id"], "by": by, **resolve(job, board.picks, int(lead["candidate"]), votes)}


def revise(job: Job, shots: Iterable[int], note: str, seed: str | None, by: str) -> dict[str, Any]:
    """The event of drawing these shots anew. Raises `CommandError`."""
    wanted, there, board = sorted(set(shots)), len(shots_of(job.enhanced)), job.board
    if not wanted or len(wanted) > SHOTS_REVISED_MAX or wanted[0] < 0 or wanted[-1] >= there:
        raise CommandError(
            "BAD_SHOTS", f"names 1 to {SHOTS_REVISED_MAX} of the {there} shots, from 0", ("input", "shots")
        )
    if any(str(shot) in board.picks for shot in wanted):
        raise CommandError("ALREADY_PICKED", "somebody picked a panel of this shot before", ("input", "shots"))
    if board.rounds >= REVISIONS_MAX:
        raise CommandError("TOO_MANY_REVISIONS", f"a board is drawn anew at most {REVISIONS_MAX} times")
    return {"round": board.rounds + 1, "shots": wanted, "note": note.strip(), "seed": seed, "by": by}


# fold
def preview(job: Job, data: Mapping[str, Any]) -> None:
    job.board.deadline_ms = data.get("deadline_ms")


def shot_picked(job: Job, data: Mapping[str, Any]) -> None:
    job.board.picks[str(data["shot"])] = data["panel"]


def picked(job: Job, data: Mapping[str, Any]) -> None:
    """A film that began before boards had shots says the panel alone."""
    panel = next(p for p in job.panels if p["id"] == data["panel"])
    shot = str(shot_of(job, panel))
    board = job.board
    board.picks = dict(data.get("picks") or {shot: data["panel"]})
    board.follow = {name: int(each) for name, each in (data.get("follow") or {shot: panel["candidate"]}).items()}
    board.deadline_ms = None


def revised(job: Job, data: Mapping[str, Any]) -> None:
    board = job.board
    board.rounds, board.redraw, board.deadline_ms = data["round"], list(data["shots"]), None
    for shot in data["shots"]:
        board.edits[str(shot)] = {"note": data["note"], "seed": data["seed"], "round": data["round"]}
    job.board_done = False


def drawn(job: Job) -> None:
    job.board.redraw = []


def voted(job: Job, data: Mapping[str, Any]) -> None:
    job.board.votes = dict(data["votes"])


# what a worker is asked, and what it says
def storyboard_request(job: Job, prefix: str) -> dict[str, Any]:
    """Frames that are there already are not drawn again, unless all of them are."""
    board, shots = job.board, shots_of(job.enhanced)
    frames = plan(shots, board.candidates, chosen=not job.auto_pick)
    if board.redraw:
        several = board.candidates or CANDIDATES_DEFAULT
        frames = [(shot, candidate) for candidate in range(several) for shot in board.redraw]
    have = {(shot_of(job, p), p["candidate"]) for p in job.panels if p.get("round", 0) == board.rounds}
    edits = {shot: board.edits[str(shot)] for shot in board.redraw}
    return {
        "enhanced": noted(job.enhanced or {}, {shot: edit["note"] for shot, edit in edits.items()}),
        "seed": int(job.seed),
        "seeds": {str(shot): int(edit["seed"]) for shot, edit in edits.items() if edit["seed"]},
        "candidates": max(candidate for _, candidate in frames) + 1,
        "frames": [list(frame) for frame in frames if frame not in have] or [list(frame) for frame in frames],
        "width": PANEL_WIDTH_PX,
        "height": PANEL_HEIGHT_PX,
        "prefix": prefix,
    }


def told(job: Job, said: Mapping[str, Any]) -> dict[str, Any] | None:
    """A worker's panel as `job.panel` tells it; None: it is known. `id` is left to the caller."""
    board, key = job.board, key_of(job)
    shot, candidate = int(said.get("shot", key)), int(said["candidate"])
    frame: Frame = (shot, candidate)
    if any((shot_of(job, p), p["candidate"], p.get("round", 0)) == (*frame, board.rounds) for p in job.panels):
        return None
    edit = board.edits.get(str(shot), {}) if board.redraw else {}
    seed = edit.get("seed") or job.seed
    return {
        "shot": shot,
        "candidate": candidate,
        "round": board.rounds,
        "key": str(said["key"]),
        "sha256": str(said.get("sha256", "")),
        "seed": f"{seed}.{candidate}" if shot == key else f"{seed}.{shot}.{candidate}",
        "note": edit.get("note", ""),
        **reused_in(said),
    }


# what the film is made from
def film_scene(job: Job) -> dict[str, Any]:
    """The enhanced scene as it was picked: notes of the picked frames, and stagings that differ from the key shot's."""
    by_id = {p["id"]: p for p in job.panels}
    chosen = {int(shot): by_id[id] for shot, id in job.board.picks.items() if id in by_id}
    scene = noted(job.enhanced or {}, {shot: p.get("note", "") for shot, p in chosen.items() if p.get("note")})
    main = (job.candidate or 0, job.seed)
    each = {int(shot): (candidate, job.seed) for shot, candidate in job.board.follow.items()}
    each |= {shot: (int(p["candidate"]), seed_of_panel(p)) for shot, p in chosen.items()}
    return staged(scene, {shot: (c, int(seed)) for shot, (c, seed) in each.items() if (c, seed) != main})


def frames_of(job: Job) -> list[dict[str, Any]]:
    """The frame each shot of the film starts from, in story order: what a picture-to-video backend is given."""
    by_id = {p["id"]: p for p in job.panels}
    found = []
    for shot in range(len(shots_of(job.enhanced))):
        panel = by_id.get(job.board.picks.get(str(shot), ""))
        candidate = job.board.follow.get(str(shot), job.candidate or 0)
        found.append(
            {
                "shot": shot,
                "candidate": candidate,
                "key": panel["key"] if panel else None,
                "sha256": panel.get("sha256") or None if panel else None,
            }
        )
    return found


def key_frame(job: Job) -> dict[str, Any]:
    return frames_of(job)[key_of(job)]


def seed_of_panel(panel: Mapping[str, Any]) -> str:
    return str(panel["seed"]).partition(".")[0]
