"""`python -m benchmarks.continuity [DATA]` (`make eval-continuity DATA=dir`): how right the readers of stories are.

Owns benchmarks/continuity.json and REPORT.md beside this file. Invariant: what DATA lacks is told as not run, with
where it is published; what ran, ran on the manifest's bytes. DATA is read, never written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.continuity import (
    fresh,
    heldout,
    litbank,
    matres,
    pasta,
    planted,
    propara,
    real_plays,
    report,
    storysumm,
    transplanted,
)
from benchmarks.continuity.data import NotRun

JSON = Path(__file__).resolve().parent.parent / "continuity.json"

Part = Callable[[Path | None], dict[str, Any]]
PARTS: dict[str, Part] = {
    "propara": lambda _: propara.measure(),
    "propara_dev": lambda folder: propara.measure("dev", folder),
    "litbank": lambda folder: _needs(folder, litbank.measure),
    "litbank_subset": lambda _: litbank.measure(),
    "pasta": pasta.measure,
    "matres": matres.measure,
    "storysumm": storysumm.measure,
    "plays": real_plays.measure,
    "plays_all": lambda folder: _needs(folder, real_plays.measure_all),
    "heldout": heldout.measure,
    "heldout_plays": lambda folder: _needs(folder, heldout.measure_plays),
    "planted": planted.measure,
    "transplanted": transplanted.measure,
    "fresh": fresh.measure,
}


def _needs(folder: Path | None, measure: Part) -> dict[str, Any]:
    if folder is None:
        raise NotRun("no DATA given")
    return measure(folder)


def run(folder: Path | None, parts: Iterable[str] = tuple(PARTS)) -> dict[str, Any]:
    told: dict[str, Any] = {"machine": machine.facts()}
    for name in parts:
        try:
            told[name] = PARTS[name](folder)
        except NotRun as why:
            print(f"eval: not run: {why}", file=sys.stderr)
            told[name] = {"not_run": str(why)}
    return told


def main() -> None:
    folder = Path(sys.argv[1]).expanduser() if len(sys.argv) > 1 and sys.argv[1] else None
    told = run(folder)
    JSON.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    report.PATH.write_text(report.rendered(told), encoding="utf-8")
    print(f"eval: wrote {JSON} and {report.PATH}", file=sys.stderr)


if __name__ == "__main__":
    main()
