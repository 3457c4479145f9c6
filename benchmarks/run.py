"""`python -m benchmarks.run`: measures every part and writes RESULTS.md and results.json.

Owns the order: start, Generate, then (with our stack stopped) ledger and render. Invariant:
results are written whatever failed, a part that failed says so in them, and no process outlives this one.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from benchmarks import generate, machine, report
from benchmarks.children import Children, PartFailed
from benchmarks.stack import Stack

HERE = Path(__file__).resolve().parent
PARTS = ("generate", "ledger", "render")
LEDGER_QUICK = ("lone_append", "grouped_200_homes_1_event", "grouped_200_homes_16_events", "grouped_20_homes_64_events")
LEDGER_S_MAX, RENDER_S_MAX = 300.0, 300.0
RENDER_CORES = 2
EXIT_INTERRUPTED = 130


def say(sentence: str) -> None:
    print(f"bench: {sentence}", file=sys.stderr, flush=True)


class Bench:
    """One benchmark: what to run, and the results so far."""

    def __init__(self, parts: set[str], quick: bool) -> None:
        config = tomllib.loads((HERE / "workloads.toml").read_text())
        self.parts, self.quick = parts, quick
        self._knobs: dict[str, Any] = config["run"]
        self.results: dict[str, Any] = {
            "machine": machine.facts(),
            "quick": quick,
            "before": {},
        }

    def knob(self, name: str) -> Any:
        return self._knobs[f"{name}_quick"] if self.quick and f"{name}_quick" in self._knobs else self._knobs[name]

    def run(self) -> None:
        if "generate" in self.parts:
            self._on_the_stack()
        if "ledger" in self.parts:
            self._part("ledger", self._ledger)
        if "render" in self.parts:
            self._part("render", self._render)

    def _part(self, name: str, measure: Callable[[], dict[str, Any]]) -> None:
        """Measure one part; what stops it becomes its "not run"."""
        self.results["before"][name] = machine.quiet_check()
        say(f"{name} …")
        try:
            self.results[name] = measure()
        except (PartFailed, httpx.HTTPError) as failed:
            say(f"{name}: not run: {failed}")
            self.results[name] = {"not_run": f"{type(failed).__name__}: {failed}"}

    def _on_the_stack(self) -> None:
        with tempfile.TemporaryDirectory(prefix="sf-bench-") as folder, Children() as children:
            self.results["before"]["start"] = machine.quiet_check()
            say("starting StoryForge …")
            stack: Stack | PartFailed
            try:
                stack = Stack(children, Path(folder))
                self.results["start"] = {"started_s": stack.started_s}
                say(f"healthy after {stack.started_s:.1f} s")
            except PartFailed as failed:
                say(f"start: not run: {failed}")
                self.results["start"] = {"not_run": str(failed)}
                stack = failed
            self._part("generate", lambda: self._generate(stack))  # its first job is to be the first since the start
            if isinstance(stack, Stack):
                stack.close()

    def _generate(self, stack: Stack | PartFailed) -> dict[str, Any]:
        if isinstance(stack, PartFailed):
            raise stack
        return generate.measure(stack, self.knob("generate_runs"), self.knob("import_runs"))

    def _ledger(self) -> dict[str, Any]:
        return self._script("benchmarks.ledger", *(LEDGER_QUICK if self.quick else ()), timeout_s=LEDGER_S_MAX)

    def _render(self) -> dict[str, Any]:
        cores = os.sched_getaffinity(0)
        try:
            os.sched_setaffinity(0, sorted(cores)[:RENDER_CORES])  # inherited by the child
            return self._script("benchmarks.render", str(self.knob("render_repeats")), timeout_s=RENDER_S_MAX)
        finally:
            os.sched_setaffinity(0, cores)

    def _script(self, module: str, *args: str, timeout_s: float) -> dict[str, Any]:
        with Children() as children:
            child = children.start([sys.executable, "-m", module, *args], piped=True)
            out, _ = children.finish(child, timeout_s)
        found: dict[str, Any] = json.loads(out)
        return found

    def write(self, folder: Path) -> None:
        (folder / report.RESULTS).write_text(json.dumps(self.results, indent=1) + "\n")
        report.write(folder)
        say(f"wrote {folder / 'RESULTS.md'}")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few seconds, few repeats: does it work at all")
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts of {','.join(PARTS)}; the rest says not run")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of RESULTS.md and results.json")
    given = parser.parse_args(arguments)
    given.only = set(given.only.split(","))
    if unknown := given.only - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return given


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    given = parse()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # SIGINT too: started with `&`, it would be ignored
        signal.signal(number, _interrupt)
    bench = Bench(given.only, given.quick)
    try:
        bench.run()
    except KeyboardInterrupt:
        say("interrupted: everything that was started has been ended, nothing is written")
        return EXIT_INTERRUPTED
    bench.write(given.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
