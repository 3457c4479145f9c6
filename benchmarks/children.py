"""The processes that the benchmark starts, and their end.

Invariant: whatever was started here is gone when `Children` is left, on Ctrl-C too; nothing else is ever signalled.
Each child leads a session of its own, so a Ctrl-C at the terminal reaches only us and we end them in order.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

ROOT = Path(__file__).resolve().parents[1]


class PartFailed(Exception):
    """A part of the benchmark could not be measured; the report says "not run" and why."""


class Children:
    """Context manager that owns processes."""

    def __init__(self) -> None:
        self._alive: list[tuple[subprocess.Popen[str], float]] = []

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _undisturbed():
            for process, grace_s in reversed(self._alive):
                end(process, grace_s)
            self._alive.clear()

    def start(
        self,
        command: Sequence[str],
        *,
        cwd: Path = ROOT,
        env: Mapping[str, str] | None = None,
        log: IO[str] | None = None,
        piped: bool = False,
        grace_s: float = 5.0,
    ) -> subprocess.Popen[str]:
        """`grace_s`: how long it may take to stop after SIGINT before it is killed."""
        process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else log or subprocess.DEVNULL,
            stderr=subprocess.PIPE if piped else log or subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._alive.append((process, grace_s))
        return process

    def finish(self, process: subprocess.Popen[str], timeout_s: float) -> tuple[str, str]:
        """(stdout, stderr) of a piped child that ends by itself. Raises `PartFailed` when it fails or hangs."""
        try:
            out, err = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise PartFailed(f"no end within {timeout_s:g} s: {_name(process)}") from None
        if process.returncode:
            raise PartFailed(f"{_name(process)} ended with {process.returncode}: {(err or out).strip()[-400:]}")
        return out, err


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C while we end processes would leave the rest of them running."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end(process: subprocess.Popen[str], grace_s: float) -> None:
    """SIGINT, then SIGKILL to its whole session. Its pipes are closed."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _name(process: subprocess.Popen[str]) -> str:
    args = process.args
    words = [str(word) for word in args] if isinstance(args, list) else [str(args)]
    return " ".join(word for word in words[:3])
