"""The list of writers: order, labels, rests, budgets, the rate."""

from __future__ import annotations

import asyncio

import pytest

from gpu.enhance.budget import Budget, Limits, NothingSpent, TokenBucket
from gpu.enhance.chain import COOL_DOWN_S, Chain, Rung
from gpu.enhance.grammar import GrammarWriter
from gpu.enhance.phrasing import PhrasingWriter
from gpu.enhance.protocol import EnhanceError, EnhanceRequest
from gpu.enhance.writer import Enhancement, Price, Usage, WriterError
from tests.unit.gpu.enhance.stage import REQUEST, Puppet, unheard

pytestmark = pytest.mark.unit

SHOTS = len(GrammarWriter().write(REQUEST).shots)
PRICE = Price(prompt=1000, cached=0, completion=2000)  # a micro per token read, two per token written


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Spent:
    def __init__(self, project: int = 0, day: int = 0) -> None:
        self.project, self.day = project, day

    async def of_project(self, project: str) -> int:
        return self.project

    async def today(self) -> int:
        return self.day


def rung(puppet: Puppet, clock: Clock, *, name: str = "puppet", price: Price = PRICE, per_minute: int = 0) -> Rung:
    puppet.name = name  # type: ignore[misc]
    return Rung(PhrasingWriter(puppet), TokenBucket(per_minute, 1, clock), 5.0, price)


def chain(clock: Clock, *rungs: Rung, limits: Limits | None = None, spent: Spent | None = None) -> Chain:
    return Chain(rungs, Budget(limits or Limits(), spent or NothingSpent()), currency="EUR", clock=clock)


def ill(code: str, retry_after_s: float | None = None) -> Puppet:
    puppet = Puppet()
    puppet.fault = WriterError(code, "as told", retry_after_s, Usage(10, 5, 0))
    return puppet


@pytest.mark.parametrize("code", ["quota", "rate_limited", "unavailable", "timeout", "bad_output", "refused"])
async def test_the_first_that_can_writes_and_the_others_are_named(code: str) -> None:
    """G-223: fallback goes down the list; each that gave nothing is on the result with its code and its cost."""
    clock = Clock()
    scene, how = await chain(clock, rung(ill(code), clock, name="one"), rung(Puppet(), clock, name="two")).write(
        "prj_1", REQUEST, unheard
    )
    assert (scene.writer, how.writer, how.degraded_from) == ("two", "two", ("one",))
    assert [(each.writer, each.code) for each in how.tries] == [("one", code), ("two", "")]
    assert how.tries[0].cost_micro > 0
    assert how.cost_micro == sum(each.cost_micro for each in how.tries)
    assert Enhancement.from_dict(how.to_dict()) == how


async def test_the_grammar_ends_every_list() -> None:
    """G-223: a scene is always written; without any model it is the grammar's own, for nothing."""
    clock = Clock()
    scene, how = await chain(clock, rung(ill("unavailable"), clock)).write("prj_1", REQUEST, unheard)
    assert scene == GrammarWriter().write(REQUEST)
    assert (how.writer, how.degraded_from) == ("grammar", ("puppet",))
    scene, how = await chain(clock).write("prj_1", REQUEST, unheard)
    assert (how.degraded_from, how.cost_micro, how.usage) == ((), 0, Usage())


async def test_the_request_s_own_faults_are_nobody_s_failure() -> None:
    """G-223: an unknown brain is refused, not written by the next of the list."""
    clock = Clock()
    wrong = EnhanceRequest("INT. X - DAY", "X", True, brain="nobody")
    with pytest.raises(EnhanceError) as raised:
        await chain(clock, rung(Puppet(), clock)).write("prj_1", wrong, unheard)
    assert raised.value.code == "unknown_brain"


@pytest.mark.parametrize(
    ("retry_after_s", "rests_s"), [(None, COOL_DOWN_S["rate_limited"]), (40.0, 40.0), (9e9, 300.0)]
)
async def test_who_said_when_to_come_again_is_left_alone_until_then(
    retry_after_s: float | None, rests_s: float
) -> None:
    """G-224: an ill writer is not asked again before its time, whatever it said, within bounds."""
    clock, puppet = Clock(), ill("rate_limited", retry_after_s)
    found = chain(clock, rung(puppet, clock))
    await found.write("prj_1", REQUEST, unheard)
    asked = len(puppet.calls)
    puppet.fault = None
    clock.now += rests_s - 0.5
    _, how = await found.write("prj_1", REQUEST, unheard)
    assert (len(puppet.calls), how.tries[0].code, how.tries[0].cost_micro) == (asked, "rate_limited", 0)
    clock.now += 1.0
    _, how = await found.write("prj_1", REQUEST, unheard)
    assert how.writer == "puppet"


async def test_a_writer_that_takes_too_long_is_aborted() -> None:
    """G-224: the list goes on without it, the call is closed, and what it may have cost is counted."""
    clock, puppet = Clock(), Puppet(hold=asyncio.Event())
    slow = Rung(PhrasingWriter(puppet), TokenBucket(0, 1, clock), 0.5, PRICE)  # less, and a busy machine never asks
    scene, how = await chain(clock, slow).write("prj_1", REQUEST, unheard)
    assert (scene.writer, how.tries[0].code) == ("grammar", "timeout")
    assert puppet.aborted == len(puppet.calls) > 0
    assert how.tries[0].cost_micro > 0


@pytest.mark.parametrize("which", ["project", "day"])
async def test_a_call_that_could_overrun_a_budget_is_not_made(which: str) -> None:
    """G-225: what was spent, what is under way and the most the call can cost must fit, per project and per day."""
    clock, puppet = Clock(), Puppet()
    most = PRICE.of(PhrasingWriter(Puppet()).usage_max(REQUEST))
    limits = Limits(project_micro=10 * most) if which == "project" else Limits(day_micro=10 * most)
    spent = Spent(9 * most + 1, 9 * most + 1)
    _, how = await chain(clock, rung(puppet, clock), limits=limits, spent=spent).write("prj_1", REQUEST, unheard)
    assert (how.writer, how.tries[0].code, puppet.calls) == ("grammar", "quota", [])
    assert which in how.tries[0].message or "today" in how.tries[0].message
    spent = Spent(9 * most, 9 * most)
    _, how = await chain(clock, rung(puppet, clock), limits=limits, spent=spent).write("prj_1", REQUEST, unheard)
    assert how.writer == "puppet"
    assert 0 < how.cost_micro <= most


async def test_calls_under_way_take_their_room() -> None:
    """G-225: two calls at once do not both take what is left for one; an ended call gives its room back."""
    most = 100
    budget = Budget(Limits(project_micro=150), NothingSpent())
    with await budget.reserve("prj_1", most):
        with pytest.raises(WriterError, match="budget"):
            await budget.reserve("prj_1", most)
        with await budget.reserve("prj_2", most):
            pass
    with await budget.reserve("prj_1", most):
        pass


async def test_free_calls_at_once_end_in_any_order() -> None:
    """G-225: calls that hold nothing do not take each other's room away when they end (half of eight scenes at once
    on one engine crashed)."""
    clock, hold = Clock(), asyncio.Event()
    free = Rung(PhrasingWriter(Puppet(hold=hold), calls_at_once=64), TokenBucket(0, 1, clock), 5.0, Price())
    found = chain(clock, free)
    several = [asyncio.create_task(found.write("prj_1", REQUEST, unheard)) for _ in range(3)]
    hold.set()
    assert [how.writer for _, how in await asyncio.gather(*several)] == ["puppet"] * 3


async def test_what_costs_nothing_needs_no_budget() -> None:
    """G-225: a spent budget does not stop a writer on our own machine."""
    clock = Clock()
    free = rung(Puppet(), clock, price=Price())
    _, how = await chain(clock, free, limits=Limits(1, 1), spent=Spent(9, 9)).write("prj_1", REQUEST, unheard)
    assert (how.writer, how.cost_micro) == ("puppet", 0)


async def test_the_rate_is_ours_before_it_is_theirs() -> None:
    """G-224: more scenes a minute than configured are written by the next of the list, without asking."""
    clock, puppet = Clock(), Puppet()
    found = chain(clock, rung(puppet, clock, per_minute=6))
    assert (await found.write("prj_1", REQUEST, unheard))[1].writer == "puppet"
    _, how = await found.write("prj_1", REQUEST, unheard)
    assert (how.writer, how.tries[0].code, len(puppet.calls)) == ("grammar", "rate_limited", SHOTS)
    clock.now += 10.0
    assert (await found.write("prj_1", REQUEST, unheard))[1].writer == "puppet"


def test_a_price_is_never_shown_as_less() -> None:
    """G-225: by tokens read, read before, and written, in millionths, rounded up."""
    assert Price(150, 75, 600).of(Usage(1000, 1000, 400)) == 90 + 30 + 600
    assert Price(1, 1, 1).of(Usage(1, 0, 0)) == 1
    assert Price().of(Usage(10**9, 10**9, 0)) == 0
