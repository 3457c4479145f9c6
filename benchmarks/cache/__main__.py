"""`python -m benchmarks.cache [DATA]` (`make bench-cache DATA=dir`): how often the cache of films is wrong, how
often right.

Owns cache.json and docs/images/cache-curve.svg, and renders RESULTS.md anew. Invariant: what DATA lacks is told as not
run, with where it is published; what ran, ran on the manifest's bytes. DATA is read, never written.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import machine, report
from benchmarks.cache import data, drawing, measure, peer_gptcache, questions, rules, session
from benchmarks.cache.embedding import Embedded
from gpu.embed.protocol import EmbedError
from storage.cache.slots import VERSION as SLOTS

HERE = Path(__file__).resolve().parent.parent
NAME = "cache.json"
CURVE = HERE.parent / "docs" / "images" / "cache-curve.svg"

SETS: dict[str, tuple[str, tuple[str, ...]]] = {
    "committed": ("VBench and our own scenes, as committed", ("vbench", "film", "moments")),
    "published": ("VBench and T2V-CompBench", ("vbench", "t2v")),
    "all": (
        "these, VBench's prompts by category, and our own scenes",
        ("vbench", "t2v", "vbench_category", "film", "moments"),
    ),
}
"""Name → (in words, sources; t2v is a suite of files)."""


class Bench:
    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.embedded = Embedded()
        self._texts: dict[tuple[str, ...], measure.Texts] = {}

    def texts(self, texts: list[str]) -> measure.Texts:
        known = tuple(texts)
        if known not in self._texts:
            self._texts[known] = measure.Texts(rules.read(texts), self.embedded.embed(texts))
        return self._texts[known]

    def prompts(self, name: str) -> measure.Texts:
        sources = [file for each in SETS[name][1] for file in (data.of_suite(each) if each == "t2v" else [each])]
        return self.texts(data.prompts(*sources, data=self.folder))

    def false_hits(self, name: str) -> dict[str, Any]:
        texts, same = self.prompts(name), data.same_films()
        told = {rule.name: measure.false_hits(texts, rule, same) for rule in rules.rules()}
        if name != "committed":  # words of others that we may read, not copy
            for found in told.values():
                del found["examples"]
        return {"says": SETS[name][0], "prompts": len(texts.prompts), "rules": told}

    def recall(self, part: str) -> dict[str, Any]:
        lines = data.paraphrases(part)
        asked, stored = self.texts([line.text for line in lines]), self.prompts("committed")
        same = data.same_films()
        return {rule.name: measure.recall(asked, lines, stored, rule, same) for rule in rules.rules()}

    def pairs(self, part: str) -> dict[str, Any]:
        pairs = data.pairs(part)
        one, other = self.texts([pair.one for pair in pairs]), self.texts([pair.other for pair in pairs])
        return {rule.name: measure.minimal_pairs(pairs, one, other, rule) for rule in rules.rules()}

    def curves(self) -> dict[str, Any]:
        """On the committed prompts, with the paraphrases that are held out."""
        lines, stored, same = data.paraphrases("heldout"), self.prompts("committed"), data.same_films()
        asked = self.texts([line.text for line in lines])
        return {
            "cosine alone": measure.curve(stored, asked, lines, None, measure.STEPS, same),
            "slots, then cosine": measure.curve(stored, asked, lines, rules.slots_equal, measure.STEPS, same),
        }

    def questions(self) -> dict[str, Any]:
        pairs = data.question_pairs(self.folder)
        ours = {"slots alone": rules.slots_equal, rules.OURS.name: rules.full_verdict}
        return questions.measure(pairs, self.texts, ours)

    def run(self) -> dict[str, Any]:
        told: dict[str, Any] = {"machine": machine.facts(), "before": machine.quiet_check()}
        told["embedder"], told["slots"] = self.embedded.name, SLOTS
        told["false_hits"] = {name: _or_not_run(lambda name=name: self.false_hits(name)) for name in SETS}
        told["recall"] = {part: self.recall(part) for part in ("dev", "heldout")}
        told["pairs"] = {part: self.pairs(part) for part in ("dev", "heldout")}
        told["curve"] = self.curves()
        told["reading_ms"] = _reading_ms(data.prompts("vbench", "film", "moments"))
        told["gptcache"] = peer_gptcache.checked()
        told["questions"] = _or_not_run(self.questions)
        told["session"] = _or_not_run(lambda: session.measure(self.embedded))
        return told


def _or_not_run(measured: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return measured()
    except data.NotRun as why:
        print(f"bench: not run: {why}", file=sys.stderr)
        return {"not_run": str(why)}


def _reading_ms(texts: list[str]) -> float:
    """Of one prompt into slots, on average."""
    begin = time.perf_counter()
    rules.read(texts)
    return round((time.perf_counter() - begin) / len(texts) * 1e3, 3)


def main() -> None:
    folder = Path(sys.argv[1]).expanduser() if len(sys.argv) > 1 and sys.argv[1] else None
    try:
        told = Bench(folder).run()
    except EmbedError as error:
        sys.exit(f"bench: not run: {error.message}; install it with --no-deps (see the extra embed)")
    (HERE / NAME).write_text(json.dumps(told, indent=1) + "\n")
    CURVE.write_text(drawing.curve(told["curve"], told["false_hits"]["committed"], told["recall"]["heldout"]))
    report.write(HERE)
    print(f"bench: wrote {HERE / NAME} and {CURVE}", file=sys.stderr)


if __name__ == "__main__":
    main()
