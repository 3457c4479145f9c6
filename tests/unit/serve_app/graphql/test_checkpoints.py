"""Q-80: checkpoints by GraphQL, against the real owner."""

from __future__ import annotations

import pytest

from tests.unit.serve_app.graphql.test_real_owner import Api, api

pytestmark = pytest.mark.unit
__all__ = ["api"]

MAKE = """mutation($key: String!) { it: createProject(input: {title: "Heat", type: MOVIE, idempotencyKey: $key}) {
  project { id } } }"""
SAVE = """mutation($id: ID!, $label: String!, $key: String!) {
  it: saveCheckpoint(projectId: $id, label: $label, idempotencyKey: $key) {
    checkpoint { id type label sceneId sequence deferredStatus bytes sha256 } sequence
    userErrors { path code } } }"""
LIST = """query($id: ID!, $first: Int) { it: checkpoints(projectId: $id, first: $first) { id label type createdAt } }"""
HISTORY = "query($id: ID!) { it: history(projectId: $id, first: 10) { kind summary author } }"


async def test_a_checkpoint_is_saved_once_for_a_key_and_listed(api: Api) -> None:
    """Q-80: the answer names the sequence that is in it; a retry gets the same; history tells of it."""
    project = (await api.ask(MAKE, key="p"))["it"]["project"]["id"]
    saved = (await api.ask(SAVE, id=project, label="First draft", key="a"))["it"]
    assert saved["userErrors"] == []
    kept = saved["checkpoint"]
    assert (kept["type"], kept["label"], kept["deferredStatus"]) == ("MANUAL_SAVE", "First draft", "COMPLETE")
    assert kept["sceneId"] is None
    assert kept["bytes"] > 0
    assert len(kept["sha256"]) == 64
    assert int(kept["sequence"]) < int(saved["sequence"])
    again = (await api.ask(SAVE, id=project, label="First draft", key="a"))["it"]
    assert again == saved
    second = (await api.ask(SAVE, id=project, label="Second", key="b"))["it"]["checkpoint"]["id"]
    listed = (await api.ask(LIST, id=project))["it"]
    assert [each["id"] for each in listed] == [second, kept["id"]]
    assert [each["label"] for each in (await api.ask(LIST, id=project, first=1))["it"]] == ["Second"]
    lines = (await api.ask(HISTORY, id=project))["it"]
    assert {"kind": "checkpoint.made", "summary": "Kept a checkpoint: Second", "author": "owner"} in lines


async def test_a_checkpoint_without_a_name_or_a_project_is_refused_by_field(api: Api) -> None:
    """Q-80, Q-05."""
    project = (await api.ask(MAKE, key="p"))["it"]["project"]["id"]
    nameless = (await api.ask(SAVE, id=project, label=" ", key="a"))["it"]
    assert nameless["userErrors"] == [{"path": ["input", "label"], "code": "REQUIRED"}]
    nowhere = (await api.ask(SAVE, id="prj_nowhere", label="x", key="b"))["it"]
    assert nowhere["userErrors"] == [{"path": ["projectId"], "code": "NOT_FOUND"}]
