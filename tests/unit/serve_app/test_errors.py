"""The one table of errors beside every error class of the house."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from collab.close_codes import CloseCode
from serve_app.errors import TABLE, graphql_code, row_for, row_of

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
PACKAGES = ("actors", "collab", "gpu", "storage", "serve_app")
COMMAND_LINE = ("lifecycle", "cli")
"""Their refusals are printed, never sent."""


@dataclass(frozen=True)
class Kind:
    where: str
    bases: tuple[str, ...]
    said: dict[str, object]


def _trees() -> Iterator[tuple[Path, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            inside = path.relative_to(ROOT)
            if not any(part.removesuffix(".py").startswith(COMMAND_LINE) for part in inside.parts):
                yield inside, ast.parse(path.read_text(encoding="utf-8"))


def _said(node: ast.ClassDef) -> dict[str, object]:
    """Constants assigned in a class body."""
    said: dict[str, object] = {}
    for line in node.body:
        target = line.targets[0] if isinstance(line, ast.Assign) else getattr(line, "target", None)
        value = getattr(line, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
            said[target.id] = value.value
    return said


def _kinds() -> dict[str, Kind]:
    return {
        node.name: Kind(
            f"{path}:{node.name}",
            tuple(base.id for base in node.bases if isinstance(base, ast.Name)),
            _said(node),
        )
        for path, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }


def _inherited(kinds: dict[str, Kind], name: str, word: str) -> object:
    kind = kinds.get(name)
    if kind is None:
        return None
    return kind.said.get(word, next((v for b in kind.bases if (v := _inherited(kinds, b, word)) is not None), None))


def _is_error(kinds: dict[str, Kind], name: str) -> bool:
    return name in {"Exception", "ValueError", "RuntimeError"} or (
        name in kinds and any(_is_error(kinds, base) for base in kinds[name].bases)
    )


def test_w33_every_error_class_with_a_code_has_a_row_that_agrees() -> None:
    """W-33: code in the table, and the same answer to "may I try again"."""
    kinds = _kinds()
    coded = [n for n in kinds if _is_error(kinds, n) and isinstance(_inherited(kinds, n, "code"), str)]
    assert len(coded) >= 8
    wrong = []
    for name in coded:
        code, retryable = str(_inherited(kinds, name, "code")), _inherited(kinds, name, "retryable")
        if code not in TABLE or TABLE[code].retryable is not retryable:
            wrong.append(f"{kinds[name].where}: {code}, retryable {retryable}")
    assert wrong == []


RAISED_WITH_CODE = {"Refused": 0, "PeerError": 0, "FaultError": 0, "Refusal": 0, "RequestRefused": 1}


def test_w33_every_code_given_to_a_fault_is_in_the_table() -> None:
    """W-33: faults that carry their code as an argument name one of the table."""
    calls = [(path, node) for path, tree in _trees() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    unknown: list[str] = []
    for path, node in calls:
        at = RAISED_WITH_CODE.get(node.func.id) if isinstance(node.func, ast.Name) else None
        code = node.args[at] if at is not None and len(node.args) > at else None
        if isinstance(code, ast.Constant) and isinstance(code.value, str) and code.value not in TABLE:
            unknown.append(f"{path}:{node.lineno} {code.value}")
    assert unknown == []


def test_w33_close_codes_tell_whether_to_retry() -> None:
    """W-33: 44xx stop, 45xx retry, in every row; every close code's own name is a row of its own."""
    assert [code for code, row in TABLE.items() if row.close.retryable != row.retryable] == []
    assert [code.code for code in CloseCode if TABLE[code.code].close is not code] == []


def test_w33_what_is_not_listed_is_a_refusal_and_what_has_no_code_a_bug() -> None:
    """W-33: domain refusals read as 422; an exception without a code as INTERNAL; operators' faults are masked."""
    assert row_of("BRAIN_UNKNOWN").http == 422
    assert row_for(ZeroDivisionError()).http == 500
    assert graphql_code("BAD_BLOB") == "INTERNAL"
    assert graphql_code("BRAIN_UNKNOWN") == "BRAIN_UNKNOWN"
