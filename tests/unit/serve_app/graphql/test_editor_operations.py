"""Every operation the editor sends, read from its source, beside the schema it is sent to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import parse, validate

from serve_app.graphql.limits import GraphQLLimits, refusal, weigh
from serve_app.graphql.schema import StorySchema, build_schema

pytestmark = pytest.mark.unit

API = Path(__file__).parents[4] / "editor" / "src" / "api"
NAMES = ("operations", "past", "cache", "cacheReport", "gate", "radius", "deletion")
SOURCES = tuple(API / f"{name}.ts" for name in NAMES)
_CONSTANT = re.compile(r"^(?:export )?const ([A-Z]+) = `([^`]*)`;", re.M)
_OPERATION = re.compile(r"`((?:query|mutation|subscription) [^`]*)`")
_CHOICES = {"Lock": ("lockScene", "unlockScene"), "Command": ("cancelJob", "retryJob")}
"""Operations whose field is chosen when they are sent (`${name}`)."""


def operations() -> Iterator[str]:
    source = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    constants: dict[str, str] = {}
    for name, text in _CONSTANT.findall(source):
        constants[name] = _filled(text, constants)
    for text in _OPERATION.findall(source):
        title = re.match(r"\w+ (\w+)", text)
        assert title is not None
        for name in _CHOICES.get(title.group(1), ("",)):
            yield _filled(text.replace("${name}", name), constants)


def _filled(text: str, constants: dict[str, str]) -> str:
    return re.sub(r"\$\{([A-Z]+)\}", lambda found: constants[found.group(1)], text)


@pytest.fixture(scope="module")
def schema() -> StorySchema:
    return build_schema()


def test_q19_the_editors_operations_are_valid_and_within_the_limits(schema: StorySchema) -> None:
    """Q-19: no field of the editor is unknown here, and its largest page is allowed."""
    asked = list(operations())
    assert len(asked) >= 15
    for text in asked:
        assert "${" not in text, text
        document = parse(text)
        core = schema._schema
        assert validate(core, document) == [], text
        assert refusal(weigh(core, document, {"first": 24}, None, GraphQLLimits()), GraphQLLimits()) is None, text
