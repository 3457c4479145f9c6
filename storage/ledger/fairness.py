"""Whose turn it is: start-time fair queueing over pools, people and their projects, as pure rules.

Owns the rule; the ledgers own the tables (PostgreSQL says the same in SQL, and a contract suite holds them together).
After Goyal, Vin, Cheng: "Start-time fair queueing", SIGCOMM 1996, with people as flows and workers as the link.

- Every pool has a virtual time `base`: the start tag of what was claimed last. Every person has one of their own, the
  finish tag of their last claim; their next attempt starts at the later of the two. The lowest start goes first, then,
  inside a person, the lowest of their projects, then the oldest row. So of those who wait each gets the same service
  however much they ask for, and who was away neither saves up turns nor owes any.
- Service is time of a worker: a claim is charged with what such a step has taken lately, the end corrects it to what it
  took. A weight of 200 pays half.
- Priority goes before all this, but every `EVEN_TURN`-th claim of a pool does not look at it: who waits below a flood
  of urgent work gets at least that part of the workers. Below 0 is what nobody asked for: never before what somebody
  did.

- What is behind says nothing: a project's share at or below its person's time, a person's at or below the pool's while
  nothing of theirs waits or runs, may be forgotten (`prune_shares`): only equals may change places by it.

Invariant: a share never grows but by service, so no order of claims, crashes and returns gives anyone a second turn.
"""

from __future__ import annotations

from dataclasses import dataclass

EVEN_TURN = 4
"""Lower: urgent work waits more often; higher: what is not urgent waits longer beside a flood of what is."""

COST_MS_DEFAULT = 1_000
"""Of a step nobody has measured yet."""

COST_MS_MAX = 3_600_000
"""One claim never costs more, whatever clocks say."""

RATE_PART = 8
"""A new duration moves a mean by one part in so many."""

POOL = "*"
"""In a share's place of the person: the pool itself."""


@dataclass(frozen=True, slots=True)
class Share:
    """`vtime_ms`: finish tag of the last claim (of a pool: its start tag). `inner_ms`: a person's virtual time among
    their own projects. `turns`: claims of a pool."""

    vtime_ms: int = 0
    inner_ms: int = 0
    turns: int = 0


NOTHING = Share()


@dataclass(frozen=True, slots=True)
class Turn:
    """Where an attempt stands: sort by `order`."""

    level: int
    start_ms: int
    lag_ms: int  # of the start behind the pool's time
    inner_ms: int
    inner_lag_ms: int  # of that behind the person's

    def order(self, num: int) -> tuple[int, int, int, int]:
        return (-self.level, self.lag_ms, self.inner_lag_ms, num)


def turn(priority: int, pool: Share, person: Share, home: Share) -> Turn:
    """Of an attempt of `priority`, from the three shares it has a part in."""
    start = max(person.vtime_ms, pool.vtime_ms)
    level = min(0, priority) if pool.turns % EVEN_TURN == EVEN_TURN - 1 else priority
    inner = max(home.vtime_ms, person.inner_ms)
    return Turn(level, start, start - pool.vtime_ms, inner, inner - person.inner_ms)


def charged(share: Share, start_ms: int, cost_ms: int) -> Share:
    """A share after a claim that started at `start_ms`."""
    return Share(max(share.vtime_ms, start_ms) + cost_ms, share.inner_ms, share.turns)


def took_ms(now_ms: int, deadline_at_ms: int | None, timeout_ms: int) -> int:
    """Since its claim."""
    return 0 if deadline_at_ms is None else min(max(0, now_ms - deadline_at_ms + timeout_ms), COST_MS_MAX)


def price_ms(cost_ms: int, weight: int) -> int:
    return cost_ms * 100 // max(weight, 1)


def mean_after(mean_ms: int, seen: int, took_ms: int) -> int:
    """The running mean: of the first few all count the same, then the newest one part in `RATE_PART`."""
    part = min(seen + 1, RATE_PART)
    return (mean_ms * (part - 1) + took_ms) // part
