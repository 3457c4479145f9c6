"""The dispatcher between the ledger's rows and the lists, with workers as strangers write them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from serve_app.remote.held import STRANGER
from storage.codec import decode
from storage.ledger.protocol import AttemptState
from tests.unit.serve_app.remote.rig import Rig, Stranger

pytestmark = pytest.mark.unit


@contextmanager
def stranger(rig: Rig, film: bytes, **result: Any) -> Iterator[Stranger]:
    made = Stranger(rig, film, **result)
    try:
        yield made
    finally:
        made.stop()


async def test_a_stranger_s_film_becomes_a_take(rig: Rig, film: bytes) -> None:
    """G-291: the plain BLPOP and RPUSH loop of StoryWorld's worker works against us; its MP4 gets playlists, poster and
    captions, and what was only for the way is gone."""
    with stranger(rig, film) as worker:
        dispatcher = rig.dispatcher()
        id = await rig.order()
        media = await rig.media(id)
        assert (media["backend"], media["degraded"]) == ("animatediff", False)
        for name in ("playlist_key", "video_key", "thumbnail_key"):
            assert await rig.objects.head(media[name]) is not None
        await rig.fact(lambda: not dispatcher.held)
        assert await rig.fact(lambda: _empty(rig))
        assert [each.key for each in await rig.objects.list("internal/")] == []
        assert await rig.cache.get(bytes.fromhex("ab" * 32)) is not None
        assert worker.rendered == {id: 1}


async def _empty(rig: Rig) -> bool:
    sizes = await rig.lists.sizes()
    return (sizes.jobs, sizes.taken, sizes.results, sizes.results_taken, sizes.dead) == (0, 0, 0, 0, 0)


async def test_who_really_rendered_is_on_the_take(rig: Rig, film: bytes) -> None:
    """G-291: another backend than was asked for makes a degraded take."""
    with stranger(rig, film, runtime={"backend": "svd"}):
        rig.dispatcher()
        media = await rig.media(await rig.order())
    assert (media["backend"], media["degraded"]) == ("svd", True)


async def test_a_stranger_shows_no_progress_and_the_message_says_so(rig: Rig, film: bytes) -> None:
    """G-292: in words on the job; a cancel ends the attempt at once, and what the stranger makes later is dropped."""
    with stranger(rig, film) as worker:
        worker.go.clear()
        dispatcher = rig.dispatcher()
        id = await rig.order()
        row = await rig.until(id, lambda row: row.message == STRANGER)
        assert row.progress == 0.0
        await rig.cancel(id)
        assert (await rig.final(id)).state is AttemptState.CANCELLED
        worker.go.set()
        await rig.fact(lambda: dispatcher.counts["dropped_late"] == 1)
        await rig.fact(lambda: _empty(rig))


async def test_many_wait_at_once_without_a_thread_each(rig: Rig, film: bytes) -> None:
    """G-293: a job elsewhere costs a row."""
    before = threading.active_count()
    dispatcher = rig.dispatcher()
    ids = [await rig.order() for _ in range(60)]
    await rig.fact(lambda: dispatcher.held == 60)
    assert threading.active_count() - before < 20  # the default executor's, whatever is held
    await rig.fact(lambda: _waiting(rig, 60))
    await rig.cancel(ids[0])
    assert (await rig.final(ids[0])).state is AttemptState.CANCELLED
    await rig.fact(lambda: _waiting(rig, 59))


async def _waiting(rig: Rig, count: int) -> bool:
    return (await rig.lists.sizes()).jobs == count


async def test_the_first_success_counts_and_the_rest_is_dropped_with_a_reason(rig: Rig, film: bytes) -> None:
    """G-294: duplicates, late ones and results nobody asked for."""
    with stranger(rig, film):
        dispatcher = rig.dispatcher()
        id = await rig.order()
        await rig.media(id)
    result = {"job_id": id, "status": "success"}
    for body in (result, {**result, "status": "failure"}, {**result, "job_id": "att_nobody"}):
        await rig.direct.rpush("t:results", json.dumps(body))
    await rig.direct.rpush("t:results", b"\xff not json")
    counts = dispatcher.counts
    names = ("dropped_duplicate", "dropped_late", "dropped_unknown", "dropped_unreadable")
    await rig.fact(lambda: all(counts[name] == 1 for name in names))
    (letter,) = await rig.lists.dead()
    assert letter.kind == "result"
    assert "JSON" in letter.why
    assert counts["done"] == 1


async def test_a_failure_is_an_outcome_with_words_and_no_trace(rig: Rig) -> None:
    """G-294, G-281"""
    dispatcher = rig.dispatcher()
    id = await rig.order()
    await rig.fact(lambda: _waiting(rig, 1))
    said = {"job_id": id, "status": "failure", "error": {"message": "CUDA out of memory", "trace": "secret.py line 3"}}
    await rig.direct.rpush("t:results", json.dumps(said))
    row = await rig.final(id)
    error = decode(row.error or b"")
    assert error == {"code": "REMOTE_FAILED", "message": "CUDA out of memory", "retryable": True}
    assert dispatcher.counts["failed"] == 1


async def test_a_deadline_is_the_row_s_and_takes_the_job_back(rig: Rig) -> None:
    """G-295: nobody answers: the attempt fails retryably, and the list does not keep its job."""
    rig.dispatcher()
    id = await rig.order(timeout_ms=300)
    error = decode((await rig.final(id)).error or b"")
    assert (error["code"], error["retryable"]) == ("TIMEOUT", True)
    await rig.fact(lambda: _empty(rig))


async def test_a_flush_in_mid_run_costs_only_time(rig: Rig, film: bytes) -> None:
    """G-288: the marker is gone: after the named wait the job is pushed again, and ends once."""
    dispatcher = rig.dispatcher()
    id = await rig.order()
    await rig.fact(lambda: _waiting(rig, 1))
    await rig.direct.flushall()
    await rig.fact(lambda: dispatcher.counts["asked_again"])
    with stranger(rig, film) as worker:
        await rig.media(id)
        assert worker.rendered == {id: 1}
    assert dispatcher.counts["done"] == 1


async def test_a_film_that_is_nowhere_fails_the_attempt_in_words(rig: Rig) -> None:
    """G-296: success without a film; an address that may not be fetched; one that answers otherwise."""
    rig.dispatcher(private=False)
    for video, code, words in (
        (None, "REMOTE_FILM_MISSING", "there is no film"),
        ("http://127.0.0.1:9/x.mp4", "REMOTE_FILM_UNREACHABLE", "HTTPS_ONLY"),
        ("https://127.0.0.1:9/x.mp4", "REMOTE_FILM_UNREACHABLE", "PRIVATE_ADDRESS"),
        ("file:///etc/passwd", "REMOTE_FILM_MISSING", "there is no film"),
    ):
        id = await rig.order()
        await rig.fact(lambda: _waiting(rig, 1))
        await rig.direct.delete("t:jobs")
        await rig.direct.rpush("t:results", _success(id, video))
        error = decode((await rig.final(id)).error or b"")
        assert (error["code"], error["retryable"]) == (code, True)
        assert words in error["message"]


def _success(id: str, video: str | None) -> str:
    artifacts = {} if video is None else {"video": video}
    return json.dumps({"job_id": id, "status": "success", "artifacts": artifacts})


@contextmanager
def bucket(answers: dict[str, tuple[int, bytes]]) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers[self.path.partition("?")[0]]
            self.send_response(status)
            self.send_header("location", "/film.mp4")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_film_may_come_from_the_address_that_the_worker_signed(rig: Rig, film: bytes) -> None:
    """G-296: fetched once, without redirects; an expired address fails the attempt, and another rendering may do."""
    answers = {
        "/film.mp4": (200, film),
        "/expired": (403, b"<Error/>"),
        "/moved": (302, b""),
        "/page": (200, b"<html>"),
    }
    with bucket(answers) as url:
        rig.dispatcher()
        for path, code in (
            ("/film.mp4?X-Amz-Signature=1", None),
            ("/expired", "REMOTE_FILM_UNREACHABLE"),
            ("/moved", "REMOTE_FILM_UNREACHABLE"),
            ("/page", "BAD_VIDEO"),
        ):
            id = await rig.order()
            await rig.fact(lambda: _waiting(rig, 1))
            await rig.direct.delete("t:jobs")
            await rig.direct.rpush("t:results", _success(id, url + path))
            row = await rig.final(id)
            assert (decode(row.error)["code"] if row.error else None) == code


async def test_an_attempt_that_needs_nobody_in_particular_is_left_to_others(rig: Rig) -> None:
    """G-293: the dispatcher takes what needs a remote worker."""
    dispatcher = rig.dispatcher()
    id = await rig.order(needs="")
    await rig.until(id, lambda row: row.version > 2 and row.state is AttemptState.OPEN)
    assert (dispatcher.held, (await rig.lists.sizes()).jobs) == (0, 0)
