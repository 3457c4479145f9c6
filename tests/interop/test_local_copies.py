"""What browsers keep themselves: real y-indexeddb beside the socket, duplicated tabs, a client id that changes."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.interop.test_y_websocket import DOC, NODE_S_MAX, Stage, free_port, node, run_node, serving, talk

pytestmark = pytest.mark.interop
__all__ = ["node"]


async def play(node: str, scenario: str) -> tuple[dict[str, Any], Stage]:
    stage, port = Stage(), free_port()
    url = f"ws://127.0.0.1:{port}/collab/prj_interop1"
    async with asyncio.timeout(NODE_S_MAX), serving(stage, port):
        options = ("--scenario", scenario, "--url", url, "--doc", DOC, "--token", "secret")
        (fact,) = await talk(await run_node(node, "local_copies.mjs", *options), {"restart": stage.stop})
    room = await stage.room(DOC)
    assert room.text("script") == fact["text"]
    return fact, stage


def once_each(text: str, words: list[str]) -> bool:
    """Nothing is doubled, nothing is lost."""
    return Counter(text.split()) == Counter(words)


async def test_a_local_copy_races_the_socket(node: str) -> None:
    """R-102: loaded before, after and beside the first sync, with others' words in it and with words nobody has: each
    is there once, no socket is closed, and what the server has is not logged again."""
    fact, stage = await play(node, "race")
    orders = ["copy", "first", "socket", "first", "at", "once"]
    assert once_each(fact["text"], ["ben", "ana", *orders, *["meanwhile"] * 3])
    assert set(fact["codes"]) <= {1000, 1005}  # its own goodbyes
    assert sum(len(entry.update) for row in stage.logs[DOC].rows for entry in row) < 1_000


async def test_a_duplicated_tab_is_one_person_with_two_sockets(node: str) -> None:
    """R-103: both type, both are shown, one leaves and the other stays; the shared copy doubles nothing."""
    fact, _ = await play(node, "tabs")
    assert once_each(fact["text"], ["one", "goes", "on", *(f"{tab}{n}" for tab in "ab" for n in range(20))])
    assert set(fact["codes"]) <= {1000, 1005}


async def test_a_client_id_that_changes_in_mid_session(node: str) -> None:
    """R-104: two documents of one person start with one id; the one that hears of it takes another, and both go on,
    across a restart of the room as well."""
    fact, _ = await play(node, "ids")
    assert once_each(fact["text"], ["one", "two", "three", "four", "five"])
    assert fact["changed"]
    assert not fact["stopped"]
