"""R-76: the heavy work on updates is done outside the host, and done whatever happens there."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence

import pycrdt
import pytest

from collab.folding import collect, diff, fold
from serve_app.folding import HERE_BYTES_MAX, Helper, OutsideFolder
from serve_app.folding_process import pack, unpack
from tests.unit.collab.stage import Author, text_of

pytestmark = pytest.mark.unit


def large(client: int = 5) -> list[bytes]:
    author = Author(client)
    return [author.type("x" * (HERE_BYTES_MAX // 2)) for _ in range(3)]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_folds_diffs_and_collections_come_back_as_made_here() -> None:
    """R-76: bytes in, bytes out, by one process that starts at the first large request and ends with the folder."""
    helper = Helper()
    folder = OutsideFolder(helper)
    updates = large()
    small = [Author(6).type("a"), Author(7).type("b")]
    assert text_of([await folder.fold(small)]) in ("ab", "ba")
    assert helper.pid is None
    whole, one, two = await asyncio.gather(
        folder.fold(updates), folder.fold(large(8)), folder.diff(fold(updates), pycrdt.get_state(updates[0]))
    )
    pid = helper.pid
    assert pid is not None
    assert whole == fold(updates)
    assert one == fold(large(8))
    assert two == diff(whole, pycrdt.get_state(updates[0]))
    assert await folder.collect(whole) == collect(whole)
    assert helper.pid == pid
    await folder.close()
    assert not alive(pid)
    assert await folder.fold(updates) == whole  # a closing host still has its work done


async def test_a_helper_that_dies_is_replaced_and_its_work_done_here(caplog: pytest.LogCaptureFixture) -> None:
    """R-76: the log says where the work was done."""
    helper = Helper()
    folder = OutsideFolder(helper)
    updates = large()
    await folder.fold(updates)
    first = helper.pid
    assert first is not None
    os.kill(first, 9)
    with caplog.at_level(logging.WARNING, "storyforge.folding"):
        assert await folder.fold(updates) == fold(updates)
        assert await folder.fold(updates) == fold(updates)
    said = [record.__dict__["folded"] for record in caplog.records if record.name == "storyforge.folding"]
    assert said in ([], ["here"])
    assert helper.pid not in (None, first)
    await folder.close()


async def test_an_idle_helper_ends_and_another_comes_when_needed() -> None:
    """R-76: its memory comes back."""
    helper = Helper(idle_s=0.0)
    folder = OutsideFolder(helper)
    updates = large()
    await folder.fold(updates)
    async with asyncio.timeout(10):
        while helper.pid is not None:  # noqa: ASYNC110 - told by nobody
            await asyncio.sleep(0.01)
    assert await folder.fold(updates) == fold(updates)
    await folder.close()


async def test_what_the_helper_cannot_do_is_tried_here() -> None:
    """R-76: so that the caller meets the same error as without a helper."""
    folder = OutsideFolder(Helper())
    with pytest.raises(ValueError, match="Cannot diff"):
        await folder.diff(b"\xff" * (HERE_BYTES_MAX + 1), b"\x00")
    await folder.close()


async def test_a_request_given_up_does_not_answer_the_next() -> None:
    """R-76: half a frame may be under way, so the process is replaced."""
    helper = Helper()
    folder = OutsideFolder(helper)
    updates = large()
    await folder.fold(updates)
    asked = asyncio.ensure_future(folder.fold([*updates, *large(9)]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert await folder.diff(fold(updates), b"\x00") == diff(fold(updates), b"\x00")
    await folder.close()


@pytest.mark.parametrize("parts", [[b"fold"], [b"fold", b"", b"a" * 70_000, b"b"]])
def test_frames_between_host_and_helper(parts: Sequence[bytes]) -> None:
    """R-76."""
    frame = b"".join(pack(parts))
    assert unpack(frame[4:]) == list(parts)
