"""docs/spec.md and the tests hold each other: every rule is cited by a test, every cited rule exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
ID = re.compile(r"\b([ARWSGCQEK]-\d{2,3})\b")


def _cited() -> set[str]:
    found: set[str] = set()
    for folder, pattern in (("tests", "*.py"), ("tests", "*.mjs"), ("editor/tests", "*.ts")):
        for path in (ROOT / folder).rglob(pattern):
            if "node_modules" not in path.parts:
                found |= set(ID.findall(path.read_text(encoding="utf-8")))
    for test in (ROOT / "tests").rglob("test_*.py"):
        # A module that holds a family names rules by their range in function names: test_r50_…, test_s_12_…
        for family, number in re.findall(r"def test_([arwsgcqek])_?(\d{2,3})_", test.read_text(encoding="utf-8")):
            found.add(f"{family.upper()}-{number}")
    return found


def _law() -> list[str]:
    return re.findall(r"^- \*\*([ARWSGCQEK]-\d{2,3})\*\*", (ROOT / "docs/spec.md").read_text(encoding="utf-8"), re.M)


def test_every_rule_has_one_sentence_and_one_id() -> None:
    law = _law()
    assert len(law) > 200
    assert sorted({id for id in law if law.count(id) > 1}) == []


def test_every_rule_is_cited_by_a_test() -> None:
    assert sorted(set(_law()) - _cited()) == []


def test_every_cited_rule_is_in_the_law() -> None:
    assert sorted(_cited() - set(_law())) == []
