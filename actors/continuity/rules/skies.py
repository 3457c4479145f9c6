"""Rules light_mismatch, weather_break and season_mismatch: a sky that its hour, its neighbour or its season rules out.

Light is judged within a scene whose own heading says NIGHT or DAY; weather between two scenes out of doors that are
marked as unbroken; a season within a scene, or an unbroken one after it. Lets pass: any scene in which time passes,
places with a sky of their own (space, the far north, a stage), weather that words turn, mountains, months without a
place that says which half of the world it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actors.continuity.clock import UNBROKEN
from actors.continuity.facts import quote
from actors.continuity.findings import FindingDraft, finding_id
from actors.continuity.rules.view import SceneView
from actors.screenplay.heading import Span
from actors.screenplay.skies import SkyTold, skies_in

Told = tuple[SkyTold, ...]

_AGAINST: dict[str, tuple[str, ...]] = {
    "rain": ("dry", "clear", "snow"), "snow": ("bare", "dry", "rain", "clear"), "fog": ("clear",), "wind": ("still",),
    "still": ("wind",), "clear": ("rain", "snow", "fog"), "dry": ("rain",),
}  # fmt: skip
_WORDS = {
    "rain": "it rains", "snow": "there is snow", "fog": "there is thick fog", "dry": "the ground is dry",
    "clear": "the sky is clear", "bare": "the ground is bare", "wind": "a hard wind blows", "still": "the air is still",
}  # fmt: skip
_OUT_OF_SEASON: dict[str, tuple[str, ...]] = {
    "summer": ("snow", "of_winter", "of_autumn"),
    "winter": ("of_summer", "of_spring"),
    "spring": ("of_autumn",),
    "autumn": ("of_spring",),
}
_SEEN = {
    "snow": "snow", "of_winter": "frost and ice", "of_autumn": "falling leaves", "of_summer": "what only summer has",
    "of_spring": "blossom",
}  # fmt: skip


class Skies:
    def read(self, view: SceneView) -> Told:
        return tuple(skies_in(view.script, view.breakdown))

    def judge(self, story: Sequence[tuple[SceneView, Told]]) -> Iterator[FindingDraft]:
        last: tuple[SceneView, Told] | None = None
        for view, records in story:
            if records and not view.aside:
                yield from _light(view, records)
                yield from _season(view, records, last)
                if last is not None:
                    yield from _weather(view, records, *last)
            last = (view, records) if records and not view.aside else None


def _light(view: SceneView, records: Told) -> Iterator[FindingDraft]:
    heading = view.breakdown.heading
    if heading is None or heading.time_span is None:
        return
    hour = heading.time_of_day
    wrong = "sun" if hour == "night" else "stars" if hour == "day" else None
    found = next((each for each in records if each.kind == wrong), None)
    if found is None:
        return
    seen = "sunlight" if wrong == "sun" else "the night sky"
    yield _finding(
        "light_mismatch", view, found.span, view, heading.time_span, f"The heading says {hour}, and here is {seen}.",
        "Change the hour in the heading, or the light.",
    )  # fmt: skip


def _season(view: SceneView, records: Told, last: tuple[SceneView, Told] | None) -> Iterator[FindingDraft]:
    """What is seen of another season than the one that this scene, or the one that it goes on from, names."""
    said = [(view, each) for each in records if each.kind in _OUT_OF_SEASON]
    if not said and last is not None and (_goes_on(view) or view.breakdown.relation == "later"):
        said = [(last[0], each) for each in last[1] if each.kind in _OUT_OF_SEASON]
    for told_in, season in said[:1]:
        wrong = next((each for each in records if each.kind in _OUT_OF_SEASON[season.kind]), None)
        if wrong is not None and len({each.kind for _, each in said}) == 1:
            message = f"It is {season.kind}, and here is {_SEEN[wrong.kind]}."
            suggestion = "Change the season, or the weather."
            yield _finding("season_mismatch", view, wrong.span, told_in, season.span, message, suggestion)


def _weather(view: SceneView, records: Told, before: SceneView, told: Told) -> Iterator[FindingDraft]:
    if not _goes_on(view) or before.breakdown.ends_in_transition or not (_outdoors(view) and _outdoors(before)):
        return
    if any(each.kind == "turns" for each in (*told, *records)):
        return
    was = next((each for each in reversed(told) if each.kind in _AGAINST), None)
    is_now = was and next((each for each in records if each.kind in _AGAINST[was.kind]), None)
    if was is None or is_now is None or any(each.kind == was.kind for each in records):
        return
    message = f"A moment ago {_WORDS[was.kind]}; now {_WORDS[is_now.kind]}, and nothing says that it changed."
    suggestion = "Let the weather turn in so many words, or keep it."
    yield _finding("weather_break", view, is_now.span, before, was.span, message, suggestion)


def _goes_on(view: SceneView) -> bool:
    return view.breakdown.relation in UNBROKEN


def _outdoors(view: SceneView) -> bool:
    return view.breakdown.setting == "exterior"


def _finding(
    code: str, view: SceneView, span: Span, told_in: SceneView, told: Span, message: str, suggestion: str
) -> FindingDraft:
    here, there = quote(view.id, view.script, span), quote(told_in.id, told_in.script, told)
    return FindingDraft(
        finding_id(code, view.id, told_in.id, message), code, "WARNING", view.id, message, (here, there), suggestion
    )
