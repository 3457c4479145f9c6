"""Q-80, Q-81, Q-82: checkpoints, the archive and sessions by GraphQL, against the real owner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.serve_app.graphql.test_real_owner import Api, api, served

pytestmark = pytest.mark.unit
__all__ = ["api"]

MAKE = """mutation($key: String!) { it: createProject(input: {title: "Heat", type: MOVIE, idempotencyKey: $key}) {
  project { id } } }"""
SAVE = """mutation($id: ID!, $label: String!, $key: String!) {
  it: saveCheckpoint(projectId: $id, label: $label, idempotencyKey: $key) {
    checkpoint { id type label sceneId sequence deferredStatus bytes sha256 } sequence
    userErrors { path code } } }"""
LIST = """query($id: ID!, $first: Int) { it: checkpoints(projectId: $id, first: $first) { id label type createdAt } }"""
ARCHIVE = """mutation($id: ID!, $before: DateTime!) {
  it: archiveProject(projectId: $id, before: $before, idempotencyKey: "k") { upto rows userErrors { path code } } }"""
SESSION = "query($id: ID!) { it: project(id: $id) { session { state since lastCheckpoint { label } } } }"
NOBODY = {"state": "SUSPENDED", "since": None, "lastCheckpoint": None}
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


async def test_old_rows_are_archived_on_request_and_history_reads_as_before(api: Api) -> None:
    """Q-81: the answer says how far; a second request finds nothing more of that age; a wrong project is refused."""
    project = (await api.ask(MAKE, key="p"))["it"]["project"]["id"]
    await api.ask(SAVE, id=project, label="First draft", key="a")
    lines = (await api.ask(HISTORY, id=project))["it"]
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    done = (await api.ask(ARCHIVE, id=project, before=soon))["it"]
    assert done["userErrors"] == []
    assert done["rows"] == int(done["upto"]) > 0
    assert (await api.ask(HISTORY, id=project))["it"] == lines
    long_ago = (await api.ask(ARCHIVE, id=project, before="2000-01-01T00:00:00Z"))["it"]
    assert (long_ago["rows"], long_ago["upto"]) == (0, done["upto"])
    nowhere = (await api.ask(ARCHIVE, id="prj_nowhere", before=soon))["it"]
    assert nowhere["userErrors"] == [{"path": ["projectId"], "code": "NOT_FOUND"}]


async def test_a_project_says_whether_people_are_there(tmp_path: Path) -> None:
    """Q-82: as its owner wrote it; an owner that is gone leaves it suspended; with the checkpoint to resume from."""
    async with served(tmp_path) as (api, host):
        project = (await api.ask(MAKE, key="p"))["it"]["project"]["id"]
        assert (await api.ask(SESSION, id=project))["it"]["session"] == NOBODY
        home = host.runtime.owned(project)
        assert home is not None
        home.session.came()
        await home.pipeline.drain()
        await api.ask(SAVE, id=project, label="x", key="a")
        shown = (await api.ask(SESSION, id=project))["it"]["session"]
        assert shown["state"] == "CONNECTED"
        assert shown["since"] is not None
        assert shown["lastCheckpoint"] == {"label": "x"}
        await host.runtime.release(home)
        assert (await api.ask(SESSION, id=project))["it"]["session"]["state"] == "SUSPENDED"
