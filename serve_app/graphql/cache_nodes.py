"""What a take says of the cache: whose film it is or began from, how sure that was, and what people said of it.

The invariant: a film of another project is told as such and never by its names: whoever holds a link to one project
learns nothing of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import strawberry

from actors.views import TakeView

MADE_AHEAD = "L4"


def saved_usd(told: Mapping[str, Any]) -> float:
    """A film that was made ahead saved somebody's time; it had been paid for like any other."""
    return 0.0 if told.get("level") == MADE_AHEAD else float(told.get("saved_usd") or 0.0)


@strawberry.type(description="How the cache of films came to its verdict on one take.")
class TakeCache:
    level: str = strawberry.field(
        description="L1: the same recipe; L2: the same in other words; L4: made ahead. Empty: made for this take."
    )
    similarity: float | None = strawberry.field(description="Cosine of the free words, where some were compared.")
    threshold: float | None = strawberry.field(description="That it had to reach, as learned from people's words.")
    sure: float | None = strawberry.field(description="0..1: by what people said of this film so far.")
    why: list[str] = strawberry.field(description="Why it stands in, or what differs.")
    of_take_id: strawberry.ID | None = strawberry.field(description="Whose film it is, began from, or came nearest to.")
    of_scene_id: strawberry.ID | None
    of_another_project: bool = strawberry.field(description="It is, and its names are not this project's to know.")
    saved_usd: float = strawberry.field(description="The stated price of the film that was not rendered.")
    judged: bool | None = strawberry.field(
        description="The last word: true: kept; false: not this. Null: nobody spoke."
    )

    @classmethod
    def of(cls, take: TakeView) -> TakeCache | None:
        told = take.cache
        if told is None:
            return None
        of = told.get("of") or {}
        ours = of.get("project") == take.project
        return cls(
            level=str(told.get("level") or ""),
            similarity=told.get("similarity"),
            threshold=told.get("threshold"),
            sure=told.get("sure"),
            why=[str(words) for words in told.get("why") or ()],
            of_take_id=strawberry.ID(of["take"]) if ours and of.get("take") else None,
            of_scene_id=strawberry.ID(of["scene"]) if ours and of.get("scene") else None,
            of_another_project=bool(of) and not ours,
            saved_usd=saved_usd(told),
            judged=take.judged,
        )
