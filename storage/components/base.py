"""What every catalogue does the same: counts, rows to components, and a fault that is a miss.

Owns no storage. A subclass has `_rows` and `_change`, which may raise anything of `_faults`.
"""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from storage.codec import CodecError, decode, encode
from storage.components.protocol import (
    BODY_BYTES_MAX,
    HOME_COMPONENTS_MAX,
    LISTED_MAX,
    CatalogueCounts,
    Component,
    Kind,
    check,
)

log = logging.getLogger(__name__)

FIELDS = "home, kind, key, subject, object_key, sha256, size, told, made_at_s"
TABLE = """CREATE TABLE IF NOT EXISTS components (
    home TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, subject TEXT NOT NULL, object_key TEXT NOT NULL,
    sha256 TEXT NOT NULL, size BIGINT NOT NULL, told {blob} NOT NULL, made_at_s DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (home, kind, key))"""
INDEX = "CREATE INDEX IF NOT EXISTS components_subject ON components (home, kind, subject, made_at_s)"

T = TypeVar("T")
Rows = list[tuple[Any, ...]]
NO_ROWS: Rows = []


class CatalogueBase(ABC):
    """`{}` stands for a parameter in every statement here."""

    faults: tuple[type[BaseException], ...] = ()

    def __init__(self, *, home_max: int = HOME_COMPONENTS_MAX, clock: Callable[[], float] = time.time) -> None:
        self.counts = CatalogueCounts()
        self._home_max, self._clock = home_max, clock

    @abstractmethod
    async def _rows(self, statement: str, values: Sequence[Any]) -> Rows: ...

    @abstractmethod
    async def _change(self, statement: str, values: Sequence[Any]) -> int:
        """Rows changed."""

    async def get(self, home: str, kinds: tuple[Kind, ...], key: str) -> Component | None:
        marks = ", ".join(["{}"] * len(kinds))
        statement = f"SELECT {FIELDS} FROM components WHERE home = {{}} AND kind IN ({marks}) AND key = {{}}"
        found = [
            _component(row) for row in await self._calm(lambda: self._rows(statement, (home, *kinds, key)), NO_ROWS)
        ]
        if not found or found[0] is None:
            self.counts.misses += 1
            return None
        self.counts.hits += 1
        return found[0]

    async def keep(self, component: Component) -> bool:
        check(component)
        told = encode(dict(component.told))
        if len(told) > BODY_BYTES_MAX:
            raise ValueError(f"{len(told)} bytes are told of a component; the most is {BODY_BYTES_MAX}")
        made_at_s = component.made_at_s or self._clock()
        c = component
        values = (c.home, c.kind.value, c.key, c.subject, c.object_key, c.sha256, c.size, told, made_at_s)
        marks = ", ".join(["{}"] * len(values))
        statement = f"INSERT INTO components ({FIELDS}) VALUES ({marks}) ON CONFLICT (home, kind, key) DO NOTHING"
        if (number := await self._calm(lambda: self._count(c.home), None)) is None:
            return False
        if number >= self._home_max:
            self.counts.full += 1
            return await self._calm(lambda: self._has(c), False)
        if (new := await self._calm(lambda: self._change(statement, values), None)) is None:
            return False
        self.counts.kept += new
        return True

    async def of(self, home: str, kind: Kind, subject: str) -> list[Component]:
        statement = (
            f"SELECT {FIELDS} FROM components WHERE home = {{}} AND kind = {{}} AND subject = {{}} "
            f"ORDER BY made_at_s DESC, key LIMIT {LISTED_MAX}"
        )
        rows = await self._calm(lambda: self._rows(statement, (home, kind.value, subject)), NO_ROWS)
        return [each for each in map(_component, rows) if each is not None]

    async def forget(self, home: str, *, kind: Kind | None = None, subject: str = "", key: str = "") -> int:
        given = {"home": home, "kind": kind.value if kind else "", "subject": subject, "key": key}
        names = [name for name, value in given.items() if value]
        statement = "DELETE FROM components WHERE " + " AND ".join(f"{name} = {{}}" for name in names)
        return await self._calm(lambda: self._change(statement, [given[name] for name in names]), 0)

    async def _count(self, home: str) -> int:
        return int((await self._rows("SELECT count(*) FROM components WHERE home = {}", (home,)))[0][0])

    async def _has(self, c: Component) -> bool:
        where = "home = {} AND kind = {} AND key = {}"
        return bool(await self._rows(f"SELECT 1 FROM components WHERE {where}", (c.home, c.kind.value, c.key)))

    async def _calm(self, work: Callable[[], Awaitable[T]], otherwise: T) -> T:
        try:
            return await work()
        except self.faults as error:
            self.counts.faults += 1
            log.warning("catalogue fault", extra={"error": type(error).__name__, "detail": str(error)[:200]})
            return otherwise


def _component(row: Sequence[Any]) -> Component | None:
    """None for what does not read: it is made again."""
    home, kind, key, subject, object_key, sha256, size, told, made_at_s = row
    try:
        body = decode(bytes(told))
        return Component(home, Kind(kind), key, subject, object_key, sha256, int(size), body, float(made_at_s))
    except (CodecError, ValueError, TypeError):
        log.warning("a component does not read", extra={"key": key})
        return None
