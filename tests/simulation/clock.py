"""Virtual time, and processes that can be killed or stopped between any two of their steps.

Owns the event loop of a world. Invariants: time passes only while everybody waits; a killed process does nothing any
more, as after SIGKILL: no callback of it runs, no `finally`, no last words; a stopped one (SIGSTOP) does nothing until
it goes on, and then does all it owed, in the order of a real loop: what was ready, what came in, and only then the
timers that are overdue. What belongs to a process is known by the context it was started in, so the code under test
needs to know nothing of this.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import heapq
import selectors
import warnings
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
TURNS_MAX = 3_000_000
"""Turns of the loop in one world: more is a world that spins."""

BESIDE_S = 0.01
"""How long whatever is handed to a thread takes."""

_process: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


class Process:
    """Everything started inside it, until it is killed.

    A step is a callback run for it or an effect on the outside (bytes written, a query sent). `dies_at`: it is killed
    in place of that step; `on_death` hears of it. `stops_at`: it is stopped there; `on_stop` hears of it.
    """

    def __init__(
        self,
        name: str,
        on_death: Callable[[Process], None],
        dies_at: int | None = None,
        *,
        stops_at: int | None = None,
        on_stop: Callable[[Process], None] = lambda _process: None,
    ) -> None:
        self.name, self.alive, self.stopped, self.steps = name, True, False, 0
        self._on_death, self._dies_at = on_death, dies_at
        self._on_stop, self._stops_at = on_stop, stops_at
        self._tasks: list[asyncio.Task[Any]] = []
        self._owed: list[asyncio.Handle] = []
        self._overdue: list[asyncio.Handle] = []
        self._context = contextvars.Context()
        self._context.run(_process.set, self)

    def step(self) -> bool:
        """Whether it lives to do what comes next."""
        if self.alive:
            self.steps += 1
            if self.steps == self._dies_at:
                self.kill()
            elif self.steps == self._stops_at:
                self.stop()
        return self.alive

    def kill(self) -> None:
        if self.alive:
            self.alive, self.stopped = False, False
            self._owed.clear()
            self._overdue.clear()
            self._on_death(self)

    def stop(self) -> None:
        """As SIGSTOP: its memory stays, the world goes on."""
        if self.alive and not self.stopped:
            self.stopped = True
            self._on_stop(self)

    def go_on(self) -> None:
        """As SIGCONT: it does not know how long it slept."""
        if self.stopped:
            self.stopped = False
            ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
            ready.extend((*self._owed, *self._overdue))
            self._owed.clear()
            self._overdue.clear()

    def disarm(self) -> None:
        self._dies_at = self._stops_at = None

    def enter(self, callback: Callable[..., Any], *args: Any) -> Any:
        """Run something inside, as when a message comes in: nothing if it is dead, later if it is stopped."""
        if self.stopped:
            return asyncio.get_running_loop().call_soon(callback, *args, context=self._context.copy())
        return self._context.copy().run(callback, *args) if self.step() else None

    def takes(self, handle: asyncio.Handle) -> bool:
        """Whether a callback of it may run now; one of a stopped process is kept."""
        alive = self.alive if self.stopped else self.step()
        if alive and self.stopped:
            (self._overdue if isinstance(handle, asyncio.TimerHandle) else self._owed).append(handle)
        return alive and not self.stopped

    def owns(self, task: asyncio.Task[Any]) -> None:
        self._tasks.append(task)
        if len(self._tasks) > 500:
            self._tasks = self.pending()

    def pending(self) -> list[asyncio.Task[Any]]:
        return [task for task in self._tasks if not task.done()]


class _Handle(asyncio.Handle):
    """A callback that asks its process first."""

    __slots__ = ()

    def _run(self) -> None:
        process = self._context.get(_process)  # type: ignore[attr-defined]
        if process is None or process.takes(self):
            super()._run()  # type: ignore[misc]


class _Timer(asyncio.TimerHandle):
    __slots__ = ()

    def _run(self) -> None:
        process = self._context.get(_process)  # type: ignore[attr-defined]
        if process is None or process.takes(self):
            super()._run()  # type: ignore[misc]


class _VirtualSelector(selectors.SelectSelector):
    now = 0.0
    turns = 0
    failure: BaseException | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.failure is not None:
            raise self.failure
        self.turns += 1
        if timeout is None or self.turns > TURNS_MAX:
            raise AssertionError("the world stands still" if timeout is None else "the world spins")
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        self._virtual = _VirtualSelector()
        super().__init__(self._virtual)
        self._clock_resolution = 1e-9
        self.faults: list[str] = []
        self.set_exception_handler(self._note)
        self.set_task_factory(_make_task)

    def time(self) -> float:
        return self._virtual.now

    def create_future(self) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = super().create_future()
        future.process = _process.get()  # type: ignore[attr-defined]
        return future

    def _note(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        process = getattr(context.get("future"), "process", None)
        if process is not None and not process.alive:
            return  # what nobody asked of it any more: who would have was killed
        self.faults.append(f"{context.get('message')}: {context.get('exception')!r}")
        if isinstance(error := context.get("exception"), AssertionError):
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """End the world with this, whatever the code under test makes of it."""
        self._virtual.failure = self._virtual.failure or error

    def _call_soon(self, callback: Any, args: tuple[Any, ...], context: contextvars.Context | None) -> asyncio.Handle:
        handle = _Handle(callback, args, self, context)
        self._ready.append(handle)  # type: ignore[attr-defined]
        return handle

    def call_at(
        self, when: float, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        timer = _Timer(when, callback, args, self, context)
        heapq.heappush(self._scheduled, timer)  # type: ignore[attr-defined]
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, work: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Beside the loop there is no other time: it is done a while later, in one piece, and dies with its process."""
        answer: asyncio.Future[T] = self.create_future()

        def run() -> None:
            if answer.done():
                return
            try:
                answer.set_result(work(*args))
            except Exception as error:  # noqa: BLE001 (it belongs to whoever waits)
                answer.set_exception(error)

        self.call_later(BESIDE_S, run)
        return answer

    def timers_of(self, process: Process) -> list[str]:
        """Calls in the future that a process has ordered and not cancelled."""
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        mine = [each for each in scheduled if each._context.get(_process) is process and not each.cancelled()]  # type: ignore[attr-defined]
        return [f"{each._args} at {each.when():.3f}" for each in mine]  # type: ignore[attr-defined]


def _make_task(
    loop: asyncio.AbstractEventLoop,
    work: Coroutine[Any, Any, T],
    context: contextvars.Context | None = None,
    **how: Any,
) -> asyncio.Task[T]:
    task = asyncio.Task(work, loop=loop, context=context, **how)
    process = _process.get() if context is None else context.get(_process)
    if process is not None:
        process.owns(task)
        task.process = process  # type: ignore[attr-defined]
    return task


def later(delay_s: float, callback: Callable[..., Any], *args: Any) -> asyncio.TimerHandle:
    """Order something outside of all processes, whoever asks for it."""
    return asyncio.get_running_loop().call_later(delay_s, callback, *args, context=contextvars.Context())


def outside(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """A task that outlives the process that asked for it, as a query that has reached the database does."""
    return asyncio.get_running_loop().create_task(work, context=contextvars.Context())


def _bury(tasks: set[asyncio.Task[Any]]) -> None:
    """Close what will never run again, now and not when memory is collected. Its `finally` runs here, where nobody
    hears it: the outside is done."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for task in tasks:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            with contextlib.suppress(BaseException):
                task.get_coro().close()  # type: ignore[union-attr]


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on a fresh virtual loop, then bury what was killed on the way."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main)
    finally:
        _bury(asyncio.all_tasks(loop))
        asyncio.set_event_loop(None)
        loop.close()
