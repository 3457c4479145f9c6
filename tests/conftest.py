"""What every category shares: the one running stack of a test run, and how a test says that it could not run."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from serve_app.lifecycle import instance, processes
from storage.ledger.postgres import PostgresLedger
from tests import postgres
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "test-owner-token-0123456789"
START_S = 120


@dataclass
class Stack:
    """A StoryForge started by its own command line, as a user starts it."""

    port: int
    data_dir: Path
    process: subprocess.Popen[str]
    log: Path
    token: str = TOKEN
    started_s: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict)
    """What it was started with besides its data directory, as arguments of `Settings`."""
    keys: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**9)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(
        self, path: str, body: Any = None, *, token: str | None = None, method: str | None = None
    ) -> tuple[int, Any]:
        """(status, parsed JSON or text)."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        auth = self.token if token is None else token
        if auth:
            headers["Authorization"] = f"Bearer {auth}"
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, raw = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, raw = error.code, error.read()
        try:
            return status, json.loads(raw)
        except ValueError:
            return status, raw.decode(errors="replace")

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        status, answer = self.request("/graphql", {"query": query, "variables": variables})
        assert status == 200, (status, answer)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def key(self) -> str:
        return f"test-{os.getpid()}-{time.time_ns()}-{next(self.keys)}"

    def mutate(self, name: str, selection: str, **fields: Any) -> dict[str, Any]:
        """One mutation with an input object; asserts that there are no userErrors."""
        given = {"idempotencyKey": self.key(), **fields}
        type_name = name[0].upper() + name[1:] + "Input"
        if name in ("cancelJob", "retryJob"):
            type_name = "JobInput"
        answer = self.graphql(
            f"mutation($input: {type_name}!) {{ {name}(input: $input) {{ {selection} sequence"
            " userErrors { path code message } } }",
            input=given,
        )[name]
        assert answer["userErrors"] == [], answer["userErrors"]
        result: dict[str, Any] = answer
        return result


def wait_until(fact: Any, timeout_s: float, what: str) -> Any:
    """The first true value of `fact()`; fails loudly naming what was awaited."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"after {timeout_s} s still not: {what}")
        time.sleep(0.05)


def start_stack(data_dir: Path, *more: str, port: int | None = None, settings: dict[str, Any] | None = None) -> Stack:
    """`settings`: more settings, by name, in the environment of everything that is started."""
    port = port or free_port()
    log = data_dir.parent / f"{data_dir.name}.log"
    command = [
        str(Path(sys.executable).parent / "storyforge"),
        "serve",
        "--port",
        str(port),
        "--data-dir",
        str(data_dir),
        "--token",
        TOKEN,
        *more,
    ]
    given = {f"STORYFORGE_{name.upper()}": str(value) for name, value in (settings or {}).items()}
    began = time.monotonic()
    with log.open("w") as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**os.environ, **given},
        )
    stack = Stack(port, data_dir, process, log, settings=dict(settings or {}))

    def healthy() -> bool:
        assert process.poll() is None, f"storyforge serve ended with {process.returncode}:\n{log.read_text()[-4000:]}"
        try:
            return stack.request("/healthz")[0] == 200
        except OSError:
            return False

    try:
        wait_until(healthy, START_S, f"{stack.url}/healthz answers 200 (log: {log})")
    except BaseException:
        stop_stack(stack)
        raise
    stack.started_s = time.monotonic() - began
    return stack


def stop_stack(stack: Stack) -> None:
    """Ctrl-C, as a user stops it; then nothing may be left (R-56). One that has ended already is only looked after."""
    signs = instance.signs_of(stack.data_dir)
    if stack.process.poll() is None:
        stack.process.send_signal(signal.SIGINT)
    try:
        stack.process.wait(60)
    except subprocess.TimeoutExpired:
        os.killpg(stack.process.pid, signal.SIGKILL)
        processes.reap(signs)
        pytest.fail(f"storyforge serve did not stop within 60 s of Ctrl-C:\n{stack.log.read_text()[-4000:]}")
    assert processes.reap(signs) == [], "what was started outlives it"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The one running StoryForge of this run: real Ray, real HAProxy, real SQLite."""
    running = start_stack(tmp_path_factory.mktemp("stack") / "data")
    yield running
    stop_stack(running)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL of this test process, fast and not durable."""
    with postgres.running() as server:
        yield postgres.need(server)


@pytest.fixture(scope="session")
def postgres_database(postgres_server: postgres.Server) -> str:
    """The name of a database with today's schema, shared by the tests of this process."""
    name = "ledger"
    postgres_server.run(f"CREATE DATABASE {name}")

    async def prepare() -> None:
        ledger = PostgresLedger(postgres_server.url(name))
        await ledger.open()
        await ledger.close()

    with ThreadPoolExecutor(1) as aside:  # an asynchronous fixture may ask for it: a loop runs already
        aside.submit(asyncio.run, prepare()).result(60)
    return name


@pytest.fixture
def postgres_url(postgres_server: postgres.Server, postgres_database: str) -> str:
    """An empty database with today's schema."""
    postgres.empty(postgres_server, postgres_database)
    return postgres_server.url(postgres_database)


@pytest.fixture(scope="session")
def pgbouncer_port(postgres_server: postgres.Server) -> Iterator[int]:
    """A PgBouncer in transaction mode before that server."""
    with postgres.pooler(postgres_server) as port:
        if port is None:
            pytest.skip("not run: no PgBouncer on this machine")
        yield port


@pytest.fixture
def pgbouncer_url(postgres_url: str, postgres_server: postgres.Server, pgbouncer_port: int) -> str:
    """The same database as `postgres_url`, through the pooler."""
    return postgres_url.replace(f":{postgres_server.port}/", f":{pgbouncer_port}/")


@pytest.fixture
def postgres_fresh_url(postgres_server: postgres.Server) -> Iterator[str]:
    """A database of one's own, without a schema."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def vector_server() -> Iterator[postgres.Server]:
    """A PostgreSQL of this test process that has the extension `vector`."""
    with postgres.running(extension="vector") as server:
        if server is None:
            pytest.skip("not run: no PostgreSQL with the extension vector on this machine")
        yield server


@pytest.fixture
def vector_url(vector_server: postgres.Server) -> Iterator[str]:
    """A database of one's own, empty."""
    with vector_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("not run: no Chromium on this machine")
    return found


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("not run: no Node on this machine")
    return found
