"""People who type on and on, whatever happens to the servers; and what must be true of them when it is over.

Owns the typing. Invariant: a word is unique, so that lost and doubled are both seen.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from tests.serve.peer import Person

PAUSE_S = 0.05


@contextlib.asynccontextmanager
async def typing(*people: Person, pause_s: float = PAUSE_S) -> AsyncIterator[None]:
    """All of them type while the block runs."""

    async def one(person: Person) -> None:
        for n in range(len(person.typed), 1_000_000):
            await person.type(f" <{person.name}{n:05d}>")
            await asyncio.sleep(pause_s)

    tasks = [asyncio.create_task(one(person)) for person in people]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
                raise result


async def are_together(people: Sequence[Person], timeout_s: float = 60) -> float:
    """Everything typed is acknowledged, and everybody has it, once; seconds until it was so."""
    began = asyncio.get_running_loop().time()
    words = [word for person in people for word in person.typed]
    for person in people:
        await person.until_acknowledged(timeout_s)
    for person in people:
        await person.until(lambda person=person: all(word in str(person.text) for word in words), timeout_s)
    took = asyncio.get_running_loop().time() - began
    texts = {str(person.text) for person in people}
    assert len(texts) == 1, "the texts differ"
    text = texts.pop()
    doubled = [word for word in words if text.count(word) != 1]
    assert not doubled, f"not there once: {doubled[:5]}"
    return took


def check_closes(people: Sequence[Person]) -> None:
    """Whoever was closed was told to come again; 1006 and 1012 are a line that died."""
    for person in people:
        final = [code for code in person.close_codes if 4400 <= code < 4500]
        assert not final, f"{person.name} was told to stop: {final}"
