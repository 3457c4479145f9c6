"""Coverage: which shot shows which reading, as a director's list before timing.

Invariant: every reading is covered, in order; people keep their side of the line for the whole scene (180° rule), and
two neighbouring shots of one person differ by two sizes or by angle (30° rule). Frequencies of the brain are met by
carrying the remainder from shot to shot, so short scenes honour them as closely as long ones. Reads `reading`, feeds
`timing` and `prompt`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gpu.enhance.brains import Brain
from gpu.enhance.protocol import EnhanceRequest
from gpu.enhance.reading import Reading, held_prop, posture, turn_of
from gpu.video.protocol import CameraMove, Figure, ShotAngle, ShotSize

SCALE: tuple[ShotSize, ...] = ("EWS", "WS", "FS", "MS", "MCU", "CU", "ECU")
CLOSE: frozenset[ShotSize] = frozenset(("MCU", "CU", "ECU"))
figures_wide_max = 6
long_speech_s = 6.0
look_back_max = 24
insert_share = 0.4


@dataclass(frozen=True, slots=True)
class Plan:
    """A shot before it has a length. `readings` index the scene's readings; `who` index the cast, subject first."""

    size: ShotSize
    angle: ShotAngle
    move: CameraMove
    who: tuple[int, ...]
    doing: Mapping[int, str]
    readings: tuple[int, ...]
    props: tuple[str, ...] = ()
    purpose: str = "action"


@dataclass(slots=True)
class _State:
    """What people carry from shot to shot."""

    posture: dict[int, str] = field(default_factory=dict)
    holding: dict[int, str] = field(default_factory=dict)
    seen: list[int] = field(default_factory=list)


class _Share:
    """Says yes in a given share of the calls, evenly spread, beginning at a phase of the seed."""

    def __init__(self, share: float, phase: float) -> None:
        self._share = share
        self._carry = phase * share

    @property
    def due(self) -> bool:
        return self._carry + self._share >= 1.0

    def step(self, spent: bool) -> None:
        self._carry += self._share - spent


def side_of(index: int) -> str:
    """Where somebody stands for the whole scene: the line runs between the first two of the cast."""
    return "left" if index % 2 == 0 else "right"


def cover(request: EnhanceRequest, readings: tuple[Reading, ...], brain: Brain, rng: random.Random) -> list[Plan]:
    """The shot list: establish, then each reading, then the rules over all of it."""
    director = _Director(request, readings, brain, rng)
    plans = director.run()
    return obey_thirty_degrees(plans)


class _Director:
    def __init__(
        self, request: EnhanceRequest, readings: tuple[Reading, ...], brain: Brain, rng: random.Random
    ) -> None:
        self._request = request
        self._readings = readings
        self._brain = brain
        self._rng = rng
        self._state = _State()
        self._turn = turn_of(readings)
        self._dutch = _Share(brain.dutch_angle_freq, rng.random())
        self._close = _Share(brain.close_up_ratio, 0.5 + rng.random() / 2)
        self._pov = _Share(brain.pov_freq, rng.random())
        self._inserted: set[str] = set()
        self._plans: list[Plan] = []
        self._reverse = rng.random() < 0.5

    def run(self) -> list[Plan]:
        self._establish()
        for index, reading in enumerate(self._readings):
            self._remember(reading)
            if reading.kind == "line":
                self._speech(index, reading)
            else:
                self._action(index, reading)
        return self._plans

    def _establish(self) -> None:
        present = tuple(range(min(len(self._request.cast), figures_wide_max)))
        moves: list[CameraMove] = ["push_in", "pan_right", "crane_down", "static"]
        self._add(self._brain.establishing, present, (), self._rng.choice(moves), "establish", angle="eye")

    def _remember(self, reading: Reading) -> None:
        for who, doing in zip(reading.subjects, reading.doing, strict=False):
            if posture(doing):  # standing needs no saying again
                self._state.posture[who] = "" if posture(doing) == "stands" else posture(doing)
            if held_prop(doing):
                self._state.holding[who] = f"holds {held_prop(doing)}"
            if who not in self._state.seen:
                self._state.seen.append(who)

    def _action(self, index: int, reading: Reading) -> None:
        fresh = [prop for prop in reading.props if prop not in self._inserted]
        if not reading.subjects:
            if fresh:
                self._inserted.update(fresh)
                self._add("INSERT", (), (index,), "static", "insert", props=tuple(fresh))
            else:
                wide = self._brain.establishing if index % 3 == 2 else "WS"
                self._add(wide, self._present() if self._state.seen else (), (index,), None, "place")
            return
        if self._pov.due and len(self._plans) > 1:
            self._add("POV", (), (index,), "handheld", "pov", props=reading.props)
            return
        size: ShotSize = "FS" if len(reading.subjects) > 1 else "MS"
        if len(reading.subjects) == 1 and self._close.due:
            size = "MCU"
        self._add(size, reading.subjects, (index,), None, "action", doing=self._doing(reading), props=reading.props)
        if fresh and self._rng.random() < insert_share:
            self._inserted.update(fresh)
            self._add("INSERT", (), (), "push_in", "insert", props=tuple(fresh[:2]))

    def _speech(self, index: int, reading: Reading) -> None:
        if not reading.subjects or reading.off_screen:
            listeners = tuple(who for who in self._present() if who not in reading.subjects)[:1]
            doing = self._listening(listeners[0]) if listeners else {}
            self._add("MCU" if listeners else "WS", listeners, (index,), "static", "voice", doing=doing)
            return
        speaker = reading.subjects[0]
        listener = self._listener(speaker, index)
        doing = self._doing(reading)
        if index == self._turn:
            self._add("CU", (speaker,), (index,), "push_in", "turn", doing=doing, angle="eye")
        elif listener is not None and not self._close.due:
            doing |= self._listening(listener)
            size: ShotSize = "OTS" if self._reverse else "MS"
            who = (speaker, listener)
            self._reverse = not self._reverse
            self._add(size, who, (index,), None, "speech", doing=doing)
        else:
            size = "CU" if reading.weight >= 2 else "MCU"
            self._add(size, (speaker,), (index,), None, "speech", doing=doing)
        if listener is not None and reading.natural_s > long_speech_s:
            self._add("CU", (listener,), (), "static", "reaction", doing=self._listening(listener))

    def _listener(self, speaker: int, index: int) -> int | None:
        """Whom the camera finds across the line: the last one active there, else anybody present."""
        recent = [
            who
            for reading in reversed(self._readings[max(0, index - look_back_max) : index])
            if not reading.off_screen
            for who in reading.subjects
        ]
        others = [who for who in (*recent, *self._present()) if who != speaker]
        return next((who for who in others if side_of(who) != side_of(speaker)), others[0] if others else None)

    def _present(self) -> tuple[int, ...]:
        seen = self._state.seen or list(range(len(self._request.cast)))
        return tuple(sorted(seen))[:figures_wide_max]

    def _held(self, who: int) -> str:
        """What goes on without being said again: a seat kept, a thing in hand."""
        return ", ".join(x for x in (self._state.posture.get(who, ""), self._state.holding.get(who, "")) if x)

    def _listening(self, who: int) -> dict[int, str]:
        return {who: ", ".join(part for part in ("listens", self._held(who)) if part)}

    def _doing(self, reading: Reading) -> dict[int, str]:
        doing = dict(zip(reading.subjects, reading.doing, strict=False))
        for who, says in doing.items():
            kept = ["" if posture(says) else self._state.posture.get(who, "")]
            kept.append("" if held_prop(says) else self._state.holding.get(who, ""))
            doing[who] = ", ".join(part for part in (says, *kept) if part)
        return doing

    def _add(
        self,
        size: ShotSize,
        who: tuple[int, ...],
        readings: tuple[int, ...],
        move: CameraMove | None,
        purpose: str,
        *,
        doing: Mapping[int, str] | None = None,
        props: tuple[str, ...] = (),
        angle: ShotAngle | None = None,
    ) -> None:
        chosen = angle or self._angle(size)
        self._close.step(size in CLOSE)
        self._dutch.step(chosen == "dutch")
        self._pov.step(size == "POV")
        held = {each: (doing or {}).get(each) or self._held(each) for each in who}
        plan = Plan(size, chosen, move or self._move(size), who, held, readings, props, purpose)
        self._plans.append(plan)

    def _angle(self, size: ShotSize) -> ShotAngle:
        if size in {"INSERT", "POV"}:
            return "high" if size == "INSERT" else "eye"
        if self._dutch.due:
            return "dutch"
        angles = [a for a in self._brain.angles if a != "overhead" or size in {"EWS", "WS", "FS"}]
        return self._rng.choices(angles, [self._brain.angles[a] for a in angles])[0]

    def _move(self, size: ShotSize) -> CameraMove:
        weights = {m: w for m, w in self._brain.moves.items() if not (m.startswith("crane") and size in CLOSE)}
        return self._rng.choices(list(weights), list(weights.values()))[0] if weights else "static"


def obey_thirty_degrees(plans: list[Plan]) -> list[Plan]:
    """Change sizes so that no two neighbouring shots of one subject look like a jump cut."""
    out: list[Plan] = []
    for plan in plans:
        last = out[-1] if out else None
        if last is not None and last.who[:1] == plan.who[:1] and plan.who and _alike(last, plan):
            plan = replace(plan, size=_apart(last.size, plan.size))  # noqa: PLW2901
        out.append(plan)
    return out


def _alike(one: Plan, two: Plan) -> bool:
    if one.size not in SCALE or two.size not in SCALE or one.angle != two.angle:
        return one.size == two.size and one.angle == two.angle
    return abs(SCALE.index(one.size) - SCALE.index(two.size)) < 2


def _apart(last: ShotSize, wanted: ShotSize) -> ShotSize:
    if last not in SCALE:
        return "MCU" if last == "OTS" else "MS"
    at = SCALE.index(last)
    tighter, wider = min(at + 2, 5), max(at - 2, 1)
    want = SCALE.index(wanted) if wanted in SCALE else 3
    choices = [i for i in (tighter, wider) if abs(i - at) >= 2]
    return SCALE[min(choices, key=lambda i: abs(i - want))]


def figure(request: EnhanceRequest, who: int, doing: str, size: ShotSize) -> Figure:
    """A figure on the side it keeps for the whole scene."""
    slot = request.cast[who]
    depth = "far" if size in {"EWS", "WS"} else "mid" if size in {"FS", "MS"} else "near"
    return Figure(slot.entity_id, slot.name, doing, f"{side_of(who)} {depth}")
