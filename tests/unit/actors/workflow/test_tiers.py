"""The tier table against the code: every event that an actor can commit, and all it shows without committing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.workflow.steps import SPECS
from actors.workflow.tiers import DEFERRED, EPHEMERAL, EVENTS, Tier, tier_of

pytestmark = pytest.mark.unit

ACTORS = Path(__file__).resolve().parents[4] / "actors"


def _trees() -> Iterator[ast.AST]:
    for path in sorted(ACTORS.rglob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"))


def _words(tree: ast.AST) -> Iterator[str]:
    """Everything in a file that reads like the type of an event: `word.word_word`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            left, dot, right = node.value.partition(".")
            if dot and left.isidentifier() and right.isidentifier() and node.value.islower() and left != "storyforge":
                yield node.value


def _commands() -> set[str]:
    from actors.commands import BY_TYPE
    from actors.project.webhooks import MESSAGES

    return set(BY_TYPE) | set(MESSAGES.values())  # what partners are told has names of its own


NOT_EVENTS = _commands()
"""They share the form. Loggers do too, and are told by their root."""


def _calls(name: str) -> Iterator[ast.Call]:
    for tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == name:
                yield node


def test_a80_every_event_of_the_actors_has_a_tier() -> None:
    """A-80: a word that looks like an event's type and stands nowhere in the table fails here."""
    found = {word for tree in _trees() for word in _words(tree)}
    assert {"scene.locked", "job.final_ready", "workflow.started", "facts.settled"} <= found, "the walk sees the house"
    assert sorted(found - NOT_EVENTS - set(EVENTS)) == []


def test_a80_what_is_drafted_by_name_stands_in_the_table() -> None:
    """A-80: also where the first argument is no plain word, the result types of steps are the table's."""
    named = {
        call.args[0].value
        for what in ("Draft", "emit", "_draft")
        for call in _calls(what)
        if call.args and isinstance(call.args[0], ast.Constant)
    }
    assert len(named) > 30
    assert named <= set(EVENTS)
    assert {spec.event for spec in SPECS.values()} <= set(EVENTS)


def test_a80_what_is_shown_and_never_stored_is_immediate() -> None:
    """A-80: the groups of presence that decisions show."""
    groups = {
        key.value
        for tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and any(getattr(t, "attr", "") == "presence" for t in node.targets)
        for inner in ast.walk(node.value)
        if isinstance(inner, ast.Dict)
        for key in inner.keys
        if isinstance(key, ast.Constant)
    }
    assert groups == set(EPHEMERAL)
    assert set(EPHEMERAL.values()) == {Tier.IMMEDIATE}
    assert Tier.IMMEDIATE not in EVENTS.values(), "what is stored is not ephemeral"


def test_a80_a_type_nobody_has_classified_is_refused() -> None:
    """A-80"""
    assert tier_of("scene.script_read") is Tier.DEFERRED
    assert "workflow.started" in DEFERRED
    with pytest.raises(KeyError):
        tier_of("scene.whispered")
