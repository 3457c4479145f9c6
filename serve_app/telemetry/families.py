"""Metrics as values, and their text for Prometheus.

Owns the exposition format (text, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/). The
invariant: a family is named once and all its samples stand under it, whichever hosts they came from. Families are made
where the numbers are, travel between replicas as plain lists, and become text in Studio.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from actors.runtime.meters import Histogram

PREFIX = "storyforge_"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Kind = Literal["gauge", "counter", "histogram"]
Labels = Mapping[str, str]


@dataclass(slots=True)
class Family:
    """`samples`: (suffix of the name, labels, value)."""

    name: str
    kind: Kind
    help: str
    samples: list[tuple[str, Labels, float]] = field(default_factory=list)

    def add(self, value: float, **labels: str) -> Self:
        self.samples.append(("", labels, float(value)))
        return self

    def plain(self) -> list[Any]:
        return [self.name, self.kind, self.help, [[suffix, dict(labels), v] for suffix, labels, v in self.samples]]

    @classmethod
    def from_plain(cls, data: list[Any], **more: str) -> Family:
        """`more`: labels that say where it came from."""
        name, kind, words, samples = data
        return cls(name, kind, words, [(suffix, {**labels, **more}, float(v)) for suffix, labels, v in samples])


def gauge(name: str, words: str, value: float | None = None) -> Family:
    family = Family(name, "gauge", words)
    return family if value is None else family.add(value)


def counter(name: str, words: str, value: float | None = None) -> Family:
    family = Family(name, "counter", words)
    return family if value is None else family.add(value)


def histogram(name: str, words: str, kept: Histogram) -> Family:
    family = Family(name, "histogram", words)
    below = 0
    for bound, count in zip((*kept.bounds, float("inf")), kept.counts, strict=True):
        below += count
        family.samples.append(("_bucket", {"le": _number(bound)}, below))
    family.samples += [("_sum", {}, kept.sum), ("_count", {}, below)]
    return family


def render(families: Iterable[Family]) -> str:
    """Families of one name are written as one."""
    merged: dict[str, Family] = {}
    for family in families:
        known = merged.setdefault(family.name, Family(family.name, family.kind, family.help))
        known.samples += family.samples
    lines: list[str] = []
    for family in merged.values():
        name = PREFIX + family.name
        lines += [f"# HELP {name} {_escaped(family.help)}", f"# TYPE {name} {family.kind}"]
        lines += [f"{name}{suffix}{_labels(labels)} {_number(value)}" for suffix, labels, value in family.samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    inner = ",".join(f'{name}="{_escaped(value, quotes=True)}"' for name, value in labels.items())
    return "{" + inner + "}"


def _escaped(text: str, *, quotes: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return repr(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)
