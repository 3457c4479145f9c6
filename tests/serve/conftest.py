"""The second stack of this category: for tests of what the deployed file does not have, and for its own end.

Owns the order that this needs: whoever uses it comes last, and of those the one that ends it (`ending`), so that two
stacks stand side by side for a few tests only.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.conftest import ROOT, Stack, start_stack, stop_stack, wait_until

ECHO_S = 30
SHORT = {"hold_ms": 2_000, "majority_ms": 1_000}
"""A project may follow its people soon after it came."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        names = getattr(item, "fixturenames", ())
        return ("second" in names) + ("ending" in names)

    items.sort(key=rank)


@pytest.fixture(scope="session")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack as it is deployed, with an echo of ours beside it, without generation, and with restless projects."""
    folder = tmp_path_factory.mktemp("second")
    config = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    config["applications"] = [each for each in config["applications"] if each["name"] != "generation"]
    echo = {"name": "echo", "route_prefix": "/echo", "import_path": "tests.serve.echo_app:build_echo"}
    config["applications"].append(echo)
    path = folder / "serve_config.yaml"
    path.write_text(yaml.safe_dump(config))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", str(ROOT))  # the deployment's class lives in the tests
        stack = start_stack(folder / "data", "--config", str(path), settings=SHORT)
    wait_until(lambda: echoes(stack), ECHO_S, "the echo is deployed: health speaks of our own applications only")
    yield stack
    stop_stack(stack)


@pytest.fixture
def ending(second: Stack) -> Stack:
    """The second stack, for the test that ends it."""
    return second


def echoes(stack: Stack) -> bool:
    try:
        with connect(f"ws://127.0.0.1:{stack.port}/echo/room") as socket:
            socket.send(b"there?")
            return socket.recv(timeout=ECHO_S) == b"there?"
    except (OSError, WebSocketException):
        return False
