"""The printed schema beside the fixed surface: every name, type and argument of it, nothing weaker."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_required_argument,
)

from serve_app.graphql.schema import build_schema as ours

pytestmark = pytest.mark.unit

SURFACE = Path(__file__).parents[3] / "data" / "surface.graphql"
NOT_YET = {
    "ExportFormat",
    "ExportProjectInput",
    "Mutation.exportProject",
}
"""Built with exports; remove each name with the work that adds it."""


@pytest.fixture(scope="module")
def surface() -> GraphQLSchema:
    return build_schema(SURFACE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def printed() -> GraphQLSchema:
    return build_schema(ours().as_str())


def _fields(kind: object) -> dict[str, object]:
    return dict(kind.fields) if isinstance(kind, (GraphQLObjectType, GraphQLInputObjectType)) else {}


def test_q01_every_type_field_and_argument_of_the_surface_is_served(
    surface: GraphQLSchema, printed: GraphQLSchema
) -> None:
    """Q-01: names and meanings of the fixed surface never change; growth is only ever addition."""
    wrong: list[str] = []
    for name, kind in surface.type_map.items():
        if name.startswith("__") or name in NOT_YET:
            continue
        mine = printed.type_map.get(name)
        if mine is None:
            wrong.append(f"type {name} is missing")
            continue
        if isinstance(kind, GraphQLEnumType):
            assert isinstance(mine, GraphQLEnumType)
            if list(kind.values) != list(mine.values):
                wrong.append(f"enum {name}: {list(mine.values)}")
        for field, asked in _fields(kind).items():
            if f"{name}.{field}" not in NOT_YET:
                wrong += _compare(f"{name}.{field}", asked, _fields(mine).get(field))
    assert wrong == []


def _compare(where: str, asked: object, mine: object) -> list[str]:
    if mine is None:
        return [f"{where} is missing"]
    wrong = []
    if str(asked.type) != str(mine.type):  # type: ignore[attr-defined]
        wrong.append(f"{where}: {mine.type} instead of {asked.type}")  # type: ignore[attr-defined]
    for name, argument in getattr(asked, "args", {}).items():
        given = mine.args.get(name)  # type: ignore[attr-defined]
        if given is None or str(given.type) != str(argument.type):
            wrong.append(f"{where}({name}) is missing or of another type")
        elif isinstance(argument.default_value, int) and given.default_value != argument.default_value:
            wrong.append(f"{where}({name}) defaults to {given.default_value}")
    for name, argument in getattr(mine, "args", {}).items():
        if name not in getattr(asked, "args", {}) and is_required_argument(argument):
            wrong.append(f"{where}({name}) is new and required")
    return wrong


def test_q01_every_mutation_takes_an_idempotency_key(printed: GraphQLSchema) -> None:
    """Q-01, Q-03: directly or in its input."""
    mutations = printed.mutation_type
    assert mutations is not None
    for name, field in mutations.fields.items():
        inner = field.args.get("input")
        inputs = _fields(getattr(inner.type, "of_type", None)) if inner else field.args
        assert "idempotencyKey" in inputs, name


def test_q01_the_allowance_list_holds_only_what_is_really_absent(printed: GraphQLSchema) -> None:
    """Q-01: an allowance that is no longer needed is removed."""
    for name in NOT_YET:
        kind, _, field = name.partition(".")
        present = kind in printed.type_map and (not field or field in _fields(printed.type_map[kind]))
        assert not present, name
