"""The breakdown sheet as the surface shows it; the same rows as `/breakdown/{project}.csv` and `.pdf`."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry

from actors.continuity.sheet import Item, SheetRow
from actors.screenplay.pages import in_pages
from serve_app.graphql.context import Info, not_found
from serve_app.graphql.described import described
from serve_app.sheets.reading import read_sheet


@strawberry.type(description="`since`: the number of the scene it comes from; null: this scene says so.")
class SheetItem:
    who: str | None
    words: str
    since: str | None


@strawberry.type
class SheetPerson:
    number: int
    name: str


@strawberry.type(description="One scene of the breakdown. `storyDay`: D1, N1 …; null outside the clock of the story.")
class SheetScene:
    scene_id: strawberry.ID
    number: str
    heading: str
    setting: str
    place: str
    time_of_day: str | None
    story_day: str | None
    light: list[SheetItem] = strawberry.field(description="How the place is lit, beat by beat; see `environment`.")
    eighths: int
    pages: str
    cast: list[SheetPerson]
    props: list[SheetItem]
    wardrobe: list[SheetItem]
    looks: list[SheetItem]
    vehicles: list[SheetItem]
    weather: str | None
    season: str | None
    synopsis: str
    left_off: int = strawberry.field(description="Items that found no room in their cells.")

    @classmethod
    def of(cls, row: SheetRow) -> SheetScene:
        return cls(
            scene_id=strawberry.ID(row.scene),
            number=row.number,
            heading=row.heading,
            setting=row.setting,
            place=row.place,
            time_of_day=row.time,
            story_day=row.day or None,
            light=_items(row.light),
            eighths=row.length,
            pages=in_pages(row.length),
            cast=[SheetPerson(number=number, name=name) for number, name in row.cast],
            props=_items(row.props),
            wardrobe=_items(row.wardrobe),
            looks=_items(row.looks),
            vehicles=_items(row.vehicles),
            weather=row.weather or None,
            season=row.season or None,
            synopsis=row.synopsis,
            left_off=row.more,
        )


def _items(items: Sequence[Item]) -> list[SheetItem]:
    return [SheetItem(who=item.who or None, words=item.words, since=item.since or None) for item in items]


@strawberry.type
class SheetQueries:
    @described("The script supervisor's breakdown, a row a scene; as a file: `/breakdown/{id}.csv`, `.pdf`.")
    async def breakdown_sheet(self, info: Info, project_id: strawberry.ID) -> list[SheetScene]:
        found = await info.context.project(project_id)
        if found is None:
            raise not_found("project", project_id)
        return [SheetScene.of(row) for row in await read_sheet(info.context.ports.reader, found[1])]
