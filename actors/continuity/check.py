"""Continuity of a whole story, kept up to date scene by scene.

Invariant: after any sequence of updates, ``Continuity.findings()`` equals ``check`` of the same scenes from scratch. An
edit re-reads its own scene; the scenes after it are only looked at again for as long as the clock that reaches them
changes. Rule packs are judged over what was read of every scene, and only if that, or the order, is not as it was.
No text is refused and nothing here raises on what people type.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from actors.continuity.aside import AsideMarks, aside_after, aside_marks
from actors.continuity.clock import time_after
from actors.continuity.days import DayClock, DayMarks, StoryDay, day_of, marks_of
from actors.continuity.facts import Fact, facts_of
from actors.continuity.findings import FindingDraft
from actors.continuity.fold import story_facts
from actors.continuity.rules import Known, Names, Premise, SceneView, happened
from actors.continuity.rules.between import of_neighbours, of_scene
from actors.continuity.rules.packs import PACKS
from actors.screenplay.breakdown import Breakdown, breakdown
from actors.screenplay.happenings import Happening
from actors.screenplay.heading import TimeOfDay

PACK_CHARS_PER_STEP = 4_000
"""Script that one pack reads in one step (at least one scene), about 1 ms."""

PACK_READS_TO_ONE, JUDGED_SCENE_CHARS = 4, 4
"""Four packs read a scene in the time that its breakdown takes; judging a scene is worth four characters of that."""


SCENE_CHARS_READ_MAX = 30_000
"""A longer scene is judged by its beginning: 30,000 characters are 30 pages and cost about 25 ms."""


@dataclass(frozen=True, slots=True)
class SceneInput:
    """A scene of the story; ``order`` sorts scenes, ties by id."""

    id: str
    script: str
    order: float | str


@dataclass(frozen=True, slots=True)
class Changes:
    """What an update did to the findings: by scene, all findings of every scene whose findings are not as before."""

    scenes: Mapping[str, tuple[FindingDraft, ...]]
    withdrawn: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reaching:
    """What the scenes before leave a scene with."""

    hour: TimeOfDay | None = None
    day: DayClock | None = None
    aside_left: int = 0


@dataclass(slots=True)
class _Entry:
    view: SceneView
    days: DayMarks
    asides: AsideMarks
    told: list[Any]  # what each pack read, in the order of PACKS; () until it has
    reached: _Reaching = field(default_factory=_Reaching)
    left: _Reaching = field(default_factory=_Reaching)
    alone: tuple[FindingDraft, ...] = ()
    beside: tuple[FindingDraft, ...] = ()


_HAPPENED = PACKS.index(happened)
_Shown = dict[str, tuple[FindingDraft, ...]]


def check(
    scenes: Sequence[SceneInput],
    cast: Iterable[Known],
    places: Iterable[Known],
    waivers: Iterable[str] = (),
    facts: Iterable[Fact] = (),
) -> tuple[FindingDraft, ...]:
    """All findings, in story order. ``waivers`` are finding ids people have accepted on purpose; ``facts``: by hand."""
    story = Continuity(cast, places, waivers, facts)
    story.set_scenes(scenes)
    return story.findings()


class Continuity:
    """The breakdown and findings of every scene of one project."""

    def __init__(
        self,
        cast: Iterable[Known] = (),
        places: Iterable[Known] = (),
        waivers: Iterable[str] = (),
        facts: Iterable[Fact] = (),
        brain: Mapping[str, Any] | None = None,
    ) -> None:
        self._cast_list = tuple(cast)
        self._premise = Premise(Names(self._cast_list), Names(places), tuple(facts), brain)
        self._waivers = frozenset(waivers)
        self._order: list[str] = []
        self._entries: dict[str, _Entry] = {}
        self._judged: list[_Shown] = [{} for _ in PACKS]
        self._unread: list[dict[str, None]] = [{} for _ in PACKS]  # scenes that a pack has not read as they are
        self.spent = 0  # by the last step of packs, in characters of script read into a breakdown
        self._stale: dict[int, None] = {}  # packs to be judged again, by their place in PACKS

    # updates
    def set_scenes(self, scenes: Sequence[SceneInput]) -> Changes:
        """Take these scenes in their order as the whole story; scenes whose text is unchanged are not read again."""
        before = self._by_scene()
        ordered = sorted(scenes, key=lambda scene: (_order_key(scene.order), scene.id))
        kept: dict[str, _Entry] = {}
        for scene in ordered:
            entry = self._entries.get(scene.id)
            unchanged = entry is not None and entry.view.script == scene.script
            kept[scene.id] = entry if entry is not None and unchanged else self._read(scene.id, scene.script)
        self._entries = kept
        self._order = list(kept)
        return self._whole(before)

    def update_scene(self, scene_id: str, script: str, *, judge: bool = True) -> Changes:
        """One scene's text changed. An id not seen before is appended at the end.

        Without ``judge`` the packs wait for `judge_next`, so that nobody waits for all of them.
        """
        was = self._entries.get(scene_id)
        if was is None:
            self._order.append(scene_id)
        index = self._order.index(scene_id)
        touched = self._order[index : index + 2]
        before = {each: self._shown(each) for each in touched}
        entry = self._entries[scene_id] = self._read(scene_id, script)
        if was is not None:
            view = was.view
            entry.view = replace(entry.view, before=view.before, day=view.day, aside=view.aside)
            entry.told = list(was.told)  # a fork shares entries: its reading must not become this story's
        self._compare(index)
        for after in range(index + 1, len(self._order)):
            before.setdefault(self._order[after], self._shown(self._order[after]))
            reached = self._entries[self._order[after]].reached
            self._compare(after)
            if self._entries[self._order[after]].reached == reached:
                break
        while judge and not self.judged:
            self._step(before)
        return self._changes(before, whole=False)

    def judge_next(self) -> Changes:
        """One short step: a pack reads a portion of what it has not, or is judged; `spent` says what it cost."""
        before: _Shown = {}
        self._step(before)
        return self._changes(before, whole=False)

    @property
    def judged(self) -> bool:
        """Whether the findings of the packs are those of the scenes as they are."""
        return not self._stale and not any(self._unread)

    def remove_scene(self, scene_id: str) -> Changes:
        """Forget a scene; an unknown id changes nothing."""
        before = self._by_scene()
        if scene_id in self._entries:
            del self._entries[scene_id]
            self._order.remove(scene_id)
        return self._whole(before)

    def reorder(self, scene_ids: Sequence[str], *, judge: bool = True) -> Changes:
        """Put the scenes in this order; ids not named keep their place after them."""
        before = self._by_scene()
        named = [each for each in dict.fromkeys(scene_ids) if each in self._entries]
        rest = [each for each in self._order if each not in set(named)]
        self._order = named + rest
        return self._whole(before, judge=judge)

    def set_lists(self, cast: Iterable[Known], places: Iterable[Known]) -> Changes:
        """The cast or the places changed: every scene is read again."""
        before = self._by_scene()
        self._cast_list = tuple(cast)
        self._premise = replace(self._premise, cast=Names(self._cast_list), places=Names(places))
        for scene_id, entry in self._entries.items():
            self._entries[scene_id] = self._read(scene_id, entry.view.script)
        return self._whole(before)

    def set_premise(
        self, facts: Iterable[Fact], brain: Mapping[str, Any] | None = None, *, judge: bool = True
    ) -> Changes:
        """Facts set by hand or seen, and the brain: packs are judged again, nothing is read again."""
        before = self._by_scene()
        self._premise = replace(self._premise, facts=tuple(facts), brain=brain)
        for entry in self._entries.values():
            entry.view = replace(entry.view, premise=self._premise)
        return self._whole(before, judge=judge)

    def set_waivers(self, waivers: Iterable[str]) -> Changes:
        """These finding ids, and no others, are waived."""
        before = self._by_scene()
        self._waivers = frozenset(waivers)
        return self._changes(before)

    def fork(self) -> Continuity:
        """Another story that begins as this one and goes its own way: for a question, beside the loop.

        What was read is shared and never changed; what is compared and judged is the fork's own.
        """
        made = copy.copy(self)
        made._order, made._stale = list(self._order), dict(self._stale)
        made._entries = {scene_id: copy.copy(entry) for scene_id, entry in self._entries.items()}
        made._judged = [dict(each) for each in self._judged]
        made._unread = [dict(each) for each in self._unread]
        return made

    # what it knows
    def findings(self) -> tuple[FindingDraft, ...]:
        """All findings in story order."""
        return tuple(finding for scene_id in self._order for finding in self._shown(scene_id))

    def findings_of(self, scene_id: str) -> tuple[FindingDraft, ...]:
        return self._shown(scene_id)

    def facts(self, scene_id: str) -> tuple[Fact, ...]:
        """What a scene tells; nothing for an unknown id."""
        entry = self._entries.get(scene_id)
        return () if entry is None else facts_of(scene_id, entry.view.script, entry.view.breakdown)

    @property
    def premise(self) -> Premise:
        return self._premise

    def story_facts(self) -> tuple[Fact, ...]:
        """What holds of people through the story, as far as it is read: `actors.continuity.fold`."""
        return story_facts(self.heard())

    def telling(self) -> tuple[tuple[str, str, Breakdown], ...]:
        """`heard` without what happens: (id, script, breakdown), which `facts_of` and the story so far take."""
        return tuple((view.id, view.script, view.breakdown) for view, _ in self.heard())

    def heard(self) -> tuple[tuple[SceneView, tuple[Happening, ...]], ...]:
        """Every scene with what happens to people in it, in story order."""
        entries = [self._entries[each] for each in self._order]
        return tuple((entry.view, entry.told[_HAPPENED]) for entry in entries)

    def breakdown_of(self, scene_id: str) -> Breakdown | None:
        entry = self._entries.get(scene_id)
        return None if entry is None else entry.view.breakdown

    def time_before(self, scene_id: str) -> TimeOfDay | None:
        """The time of day that the scenes before leave a scene with."""
        entry = self._entries.get(scene_id)
        return None if entry is None else entry.view.before

    def day_of(self, scene_id: str) -> StoryDay | None:
        """The day of the story a scene is on; None for a dream, a flashback, an unknown id."""
        entry = self._entries.get(scene_id)
        return None if entry is None else entry.view.day

    # its parts
    def _read(self, scene_id: str, script: str) -> _Entry:
        found = breakdown(script, self._premise.cast.spellings)
        view = SceneView(scene_id, script, found, premise=self._premise)
        entry = _Entry(view, marks_of(found), aside_marks(found), [()] * len(PACKS))
        for unread in self._unread:
            unread[scene_id] = None
        entry.alone = of_scene(view, self._premise.cast, self._premise.places)
        return entry

    def _whole(self, before: _Shown, *, judge: bool = True) -> Changes:
        """Everything is compared and judged again."""
        for index in range(len(self._order)):
            self._compare(index)
        self._all_stale()
        while judge and not self.judged:
            self._step({})
        return self._changes(before)

    def _step(self, before: _Shown) -> None:
        """Packs in their order: each reads what it has not, then is judged if that or the order is not as it was."""
        self.spent = 0
        for pack, unread in enumerate(self._unread):
            if unread:
                self.spent = self._read_portion(pack, unread) // PACK_READS_TO_ONE
                return
            if pack in self._stale:
                self._judge(pack, before)
                self.spent = JUDGED_SCENE_CHARS * len(self._order)
                return

    def _read_portion(self, pack: int, unread: dict[str, None]) -> int:
        chars = 0
        while unread and chars < PACK_CHARS_PER_STEP:
            scene_id = next(iter(unread))
            del unread[scene_id]
            entry = self._entries.get(scene_id)
            if entry is None:
                continue  # removed meanwhile
            chars += len(entry.view.script)
            told = PACKS[pack].read(replace(entry.view, before=None, day=None, aside=False))
            if told or entry.told[pack]:
                self._stale[pack] = None
            entry.told[pack] = told
        return chars

    def _all_stale(self) -> None:
        self._stale = dict.fromkeys(range(len(PACKS)))

    def _compare(self, index: int) -> None:
        """Take what the scene before leaves; a scene whose clock is not as it was makes every pack look again."""
        entry = self._entries[self._order[index]]
        previous = self._entries[self._order[index - 1]] if index else None
        entry.reached = reached = previous.left if previous else _Reaching()
        aside, aside_left = aside_after(reached.aside_left, entry.asides)
        day, clock = day_of(reached.day, entry.days, aside)
        view = entry.view
        if (view.before, view.day, view.aside) != (reached.hour, day, aside):
            entry.view = replace(view, before=reached.hour, day=day, aside=aside)
            self._all_stale()
        hour = time_after(reached.hour, entry.view.breakdown)
        entry.left = _Reaching(hour, clock, aside_left)
        entry.beside = of_neighbours(entry.view, previous.view if previous else None, self._premise.places)

    def _judge(self, pack: int, before: _Shown) -> None:
        """Judge one pack; ``before`` gets the findings of scenes it changes, as they were."""
        self._stale.pop(pack, None)
        entries = [self._entries[each] for each in self._order]
        aside = {entry.view.id for entry in entries if entry.view.aside}
        found: dict[str, list[FindingDraft]] = {}
        for finding in PACKS[pack].judge([(entry.view, entry.told[pack]) for entry in entries]):
            if aside.isdisjoint((finding.scene_id, *(e.scene_id for e in finding.evidence))):
                found.setdefault(finding.scene_id, []).append(finding)
        was, now = self._judged[pack], {scene_id: tuple(each) for scene_id, each in found.items()}
        for scene_id in was.keys() | now.keys():
            if was.get(scene_id) != now.get(scene_id):
                before.setdefault(scene_id, self._shown(scene_id))
        self._judged[pack] = now

    def _shown(self, scene_id: str) -> tuple[FindingDraft, ...]:
        entry = self._entries.get(scene_id)
        if entry is None:
            return ()
        packs = (finding for judged in self._judged for finding in judged.get(scene_id, ()))
        found = (*entry.alone, *entry.beside, *packs)
        return tuple(replace(f, waived=True) if f.id in self._waivers else f for f in found)

    def _by_scene(self) -> dict[str, tuple[FindingDraft, ...]]:
        return {scene_id: self._shown(scene_id) for scene_id in self._order}

    def _changes(self, before: Mapping[str, tuple[FindingDraft, ...]], whole: bool = True) -> Changes:
        """Compare with the findings of the scenes in ``before``; with ``whole``, scenes missing there are new."""
        looked = dict.fromkeys([*before, *self._order]) if whole else dict.fromkeys(before)
        now = {each: self._shown(each) for each in looked}
        changed = {each: found for each, found in now.items() if found != before.get(each, ())}
        held = {finding.id for found in now.values() for finding in found}
        gone = [f.id for found in before.values() for f in found if f.id not in held]
        return Changes(changed, tuple(dict.fromkeys(gone)))


def _order_key(order: float | str) -> tuple[int, float, str]:
    """Numbers before fractional keys, so that both kinds may meet without raising."""
    return (1, 0.0, order) if isinstance(order, str) else (0, order, "")
