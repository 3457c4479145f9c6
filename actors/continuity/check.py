"""Continuity of a whole story, kept up to date scene by scene.

Invariant: after any sequence of updates, ``Continuity.findings()`` equals ``check`` of the same scenes from scratch. An
edit re-reads its own scene; the scenes after it are only looked at again for as long as the time of day that reaches
them changes. No text is refused and nothing here raises on what people type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from actors.continuity.clock import time_after
from actors.continuity.facts import Fact, facts_of
from actors.continuity.findings import FindingDraft
from actors.continuity.rules import Known, Names, SceneView, of_neighbours, of_scene
from actors.screenplay.breakdown import Breakdown, breakdown
from actors.screenplay.heading import TimeOfDay


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


@dataclass(slots=True)
class _Entry:
    view: SceneView
    alone: tuple[FindingDraft, ...] = ()
    beside: tuple[FindingDraft, ...] = ()


def check(
    scenes: Sequence[SceneInput],
    cast: Iterable[Known],
    places: Iterable[Known],
    waivers: Iterable[str] = (),
) -> tuple[FindingDraft, ...]:
    """All findings, in story order. ``waivers`` are finding ids people have accepted on purpose."""
    story = Continuity(cast, places, waivers)
    story.set_scenes(scenes)
    return story.findings()


class Continuity:
    """The breakdown and findings of every scene of one project."""

    def __init__(self, cast: Iterable[Known] = (), places: Iterable[Known] = (), waivers: Iterable[str] = ()) -> None:
        self._cast_list = tuple(cast)
        self._cast = Names(self._cast_list)
        self._places = Names(places)
        self._waivers = frozenset(waivers)
        self._order: list[str] = []
        self._entries: dict[str, _Entry] = {}

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
        for index in range(len(self._order)):
            self._compare(index)
        return self._changes(before)

    def update_scene(self, scene_id: str, script: str) -> Changes:
        """One scene's text changed. An id not seen before is appended at the end."""
        if scene_id not in self._entries:
            self._order.append(scene_id)
        index = self._order.index(scene_id)
        touched = self._order[index : index + 2]
        before = {each: self._shown(each) for each in touched}
        self._entries[scene_id] = self._read(scene_id, script)
        self._compare(index)
        for after in range(index + 1, len(self._order)):
            before.setdefault(self._order[after], self._shown(self._order[after]))
            clock = self._entries[self._order[after]].view.before
            self._compare(after)
            if self._entries[self._order[after]].view.before == clock:
                break
        return self._changes(before, whole=False)

    def remove_scene(self, scene_id: str) -> Changes:
        """Forget a scene; an unknown id changes nothing."""
        before = self._by_scene()
        if scene_id in self._entries:
            del self._entries[scene_id]
            self._order.remove(scene_id)
            for index in range(len(self._order)):
                self._compare(index)
        return self._changes(before)

    def reorder(self, scene_ids: Sequence[str]) -> Changes:
        """Put the scenes in this order; ids not named keep their place after them."""
        before = self._by_scene()
        named = [each for each in dict.fromkeys(scene_ids) if each in self._entries]
        rest = [each for each in self._order if each not in set(named)]
        self._order = named + rest
        for index in range(len(self._order)):
            self._compare(index)
        return self._changes(before)

    def set_lists(self, cast: Iterable[Known], places: Iterable[Known]) -> Changes:
        """The cast or the places changed: every scene is judged again, and read again for the people it mentions."""
        before = self._by_scene()
        cast_list = tuple(cast)
        reread = cast_list != self._cast_list
        self._cast_list, self._cast, self._places = cast_list, Names(cast_list), Names(places)
        for scene_id, entry in self._entries.items():
            if reread:
                self._entries[scene_id] = self._read(scene_id, entry.view.script)
            else:
                entry.alone = of_scene(entry.view, self._cast, self._places)
        for index in range(len(self._order)):
            self._compare(index)
        return self._changes(before)

    def set_waivers(self, waivers: Iterable[str]) -> Changes:
        """These finding ids, and no others, are waived."""
        before = self._by_scene()
        self._waivers = frozenset(waivers)
        return self._changes(before)

    def findings(self) -> tuple[FindingDraft, ...]:
        """All findings in story order."""
        return tuple(finding for scene_id in self._order for finding in self._shown(scene_id))

    def findings_of(self, scene_id: str) -> tuple[FindingDraft, ...]:
        return self._shown(scene_id)

    def facts(self, scene_id: str) -> tuple[Fact, ...]:
        """What a scene tells; nothing for an unknown id."""
        entry = self._entries.get(scene_id)
        return () if entry is None else facts_of(scene_id, entry.view.script, entry.view.breakdown)

    def telling(self) -> tuple[tuple[str, str, Breakdown], ...]:
        """(id, script, breakdown) of every scene, in story order: what `facts_of` takes."""
        views = [self._entries[each].view for each in self._order]
        return tuple((view.id, view.script, view.breakdown) for view in views)

    def breakdown_of(self, scene_id: str) -> Breakdown | None:
        entry = self._entries.get(scene_id)
        return None if entry is None else entry.view.breakdown

    def time_before(self, scene_id: str) -> TimeOfDay | None:
        """The time of day that the scenes before leave a scene with."""
        entry = self._entries.get(scene_id)
        return None if entry is None else entry.view.before

    def _read(self, scene_id: str, script: str) -> _Entry:
        names = (spelling for known in self._cast_list for spelling in (known.name, *known.aliases))
        entry = _Entry(SceneView(scene_id, script, breakdown(script, names)))
        entry.alone = of_scene(entry.view, self._cast, self._places)
        return entry

    def _compare(self, index: int) -> None:
        entry = self._entries[self._order[index]]
        previous = self._entries[self._order[index - 1]] if index else None
        clock = time_after(previous.view.before, previous.view.breakdown) if previous else None
        if clock != entry.view.before:
            entry.view = replace(entry.view, before=clock)
        entry.beside = of_neighbours(entry.view, previous.view if previous else None)

    def _shown(self, scene_id: str) -> tuple[FindingDraft, ...]:
        entry = self._entries.get(scene_id)
        if entry is None:
            return ()
        found = (*entry.alone, *entry.beside)
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
