"""A breakdown sheet as columns of words, the same in every form it is given in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from actors.continuity.sheet import Item, SheetRow
from actors.screenplay.pages import in_pages

Cell = Callable[[SheetRow], str]

LIST_MARK = "; "


def item_words(item: Item) -> str:
    """``RUTH: red dress (since 12)``."""
    who = f"{item.who}: " if item.who else ""
    since = f" (since {item.since})" if item.since else ""
    return f"{who}{item.words}{since}"


def _listed(items: Sequence[Item]) -> str:
    return LIST_MARK.join(item_words(item) for item in items)


COLUMNS: Mapping[str, Cell] = {
    "Scene": lambda row: row.number,
    "Story day": lambda row: row.day,
    "Int/Ext": lambda row: row.setting,
    "Place": lambda row: row.place,
    "Time": lambda row: row.time or "",
    "Light": lambda row: _listed(row.light),
    "Pages": lambda row: in_pages(row.length),
    "Cast": lambda row: LIST_MARK.join(f"{number}. {name}" for number, name in row.cast),
    "Props": lambda row: _listed(row.props),
    "Wardrobe": lambda row: _listed(row.wardrobe),
    "Hair, make-up, injury": lambda row: _listed(row.looks),
    "Vehicles": lambda row: _listed(row.vehicles),
    "Weather": lambda row: row.weather,
    "Season": lambda row: row.season,
    "Synopsis": lambda row: row.synopsis,
}


def lines(sheet: Sequence[SheetRow]) -> Iterator[list[str]]:
    yield list(COLUMNS)
    for row in sheet:
        yield [cell(row) for cell in COLUMNS.values()]
