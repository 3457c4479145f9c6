"""What happens to people in a scene, as a script supervisor notes it: who dies, takes, wears, is hurt, learns.

Invariant: a happening is read from explicit words only and carries the span it was read from; what is not said plainly
(a wish, a question, a comparison, "almost") is no happening. Pure; feeds the facts and the rules of continuity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from actors.screenplay.heading import Span

Kind = Literal[
    "dies",  # who
    "lives",  # who is alive again, or was never dead
    "speaks",  # who, on screen
    "acts",  # who, in action
    "leaves",  # who goes away
    "enters",  # who comes in
    "gains",  # who has `what` from here on
    "loses",  # who has `what` no more; `value`: to whom, "" nobody
    "destroys",  # `what` is no more
    "uses",  # who has `what` in hand
    "wears",  # who wears `what` in `value` (a colour or pattern, "" unsaid)
    "dons",  # who puts `what` on, in `value`
    "sheds",  # who takes off `what`
    "changes",  # who changes clothes
    "is_hurt",  # who is hurt at `what`, on the side `value`
    "shows_wound",  # as before: it is not new
    "heals",  # who is well again
    "runs",  # who moves as only sound legs do
    "knows",  # who shows to know `what`
    "learns",  # who learns `what`, for the first time
]


@dataclass(frozen=True, slots=True)
class Happening:
    """``who`` is a person's key, "*" for anybody. ``mark`` is the one word that decides: a colour, a side."""

    kind: Kind
    who: str
    span: Span
    what: str = ""
    value: str = ""
    mark: Span | None = None
