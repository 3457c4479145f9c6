"""The writer on an OpenAI-compatible endpoint, over real sockets, against one that misbehaves."""

from __future__ import annotations

import asyncio
import contextlib
import pickle

import pytest

from gpu.enhance import openai_writer
from gpu.enhance.openai_writer import Endpoint, OpenAICompleter
from gpu.enhance.phrasing import PhrasingWriter
from gpu.enhance.writer import Usage, WriterError, Written
from gpu.retry_after import retry_after_s
from tests.unit.gpu.enhance.endpoint import endpoint
from tests.unit.gpu.enhance.stage import REQUEST, unheard

pytestmark = pytest.mark.unit

KEY = "sk-secret-0123456789"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_writer, "RETRY_PAUSE_S", 0.001)


async def written_by(url: str, *, silence_s: float = 5.0, size: int = 64) -> Written:
    completer = OpenAICompleter(Endpoint(url, "small", KEY, silence_s=silence_s))
    writer = PhrasingWriter(completer, shots_per_call=size)
    try:
        return await writer.write(REQUEST, unheard)
    finally:
        await writer.close()


async def failing(url: str, **given: float) -> WriterError:
    with pytest.raises(WriterError) as raised:
        await written_by(url, silence_s=given.get("silence_s", 5.0))
    assert KEY not in repr(raised.value)
    assert KEY not in str(raised.value)
    return raised.value


async def test_a_scene_is_written_under_the_schema_with_its_usage() -> None:
    """G-226: one streamed call, key in its header, schema in its body, usage and cached tokens in the answer."""
    async with endpoint() as there:
        written = await written_by(there.url)
    assert {note.writer for note in written.shots} == {"openai"}
    assert written.usage == Usage(210, 40, 128)
    (body,) = there.bodies
    assert body["response_format"]["json_schema"]["schema"]["required"] == ["phrases"]
    assert (body["model"], body["stream"], there.keys) == ("small", True, [f"Bearer {KEY}"])


@pytest.mark.parametrize(
    ("plan", "code", "retry_after_s", "calls"),
    [
        ("429", "rate_limited", 17.0, 1),
        ("429-date", "rate_limited", 0.0, 1),
        ("quota", "quota", None, 1),
        ("402", "quota", None, 1),
        ("500", "unavailable", None, 3),
        ("503", "unavailable", 3.0, 3),
        ("401", "refused", None, 1),
        ("404", "refused", None, 1),
        ("redirect", "refused", None, 1),
        ("filtered", "refused", None, 1),
        ("broken", "unavailable", None, 1),
        ("error-event", "unavailable", None, 1),
        ("junk", "bad_output", None, 1),
        ("endless", "bad_output", None, 1),
    ],
)
async def test_each_way_of_failing_has_its_code(plan: str, code: str, retry_after_s: float | None, calls: int) -> None:
    """G-226, G-227: typed by what may help; a 5xx is tried again within its budget, an answer that began never."""
    async with endpoint(plan) as there:
        error = await failing(there.url)
    assert (error.code, error.retry_after_s, len(there.bodies)) == (code, retry_after_s, calls)
    began = plan in {"broken", "error-event", "filtered", "junk", "endless"}
    assert (error.usage.prompt_tokens > 0) == began  # what may have been charged is guessed, not forgotten


async def test_a_server_that_recovers_is_not_given_up() -> None:
    """G-226: two failures and an answer is an answer."""
    async with endpoint("500", "503", "ok") as there:
        assert (await written_by(there.url)).usage == Usage(210, 40, 128)
        assert len(there.bodies) == 3


async def test_silence_is_a_timeout() -> None:
    """G-226: a server that stops in mid-answer is left after its silence, and not asked again."""
    async with endpoint("silent") as there:
        error = await failing(there.url, silence_s=0.2)
        assert (error.code, len(there.bodies)) == ("timeout", 1)
        assert error.usage.completion_tokens > 0


async def test_nobody_there_is_unavailable() -> None:
    """G-226: a refused connection, after its retries."""
    async with endpoint() as there:
        url = there.url
    assert (await failing(url)).code == "unavailable"


async def test_an_endpoint_without_schemas_is_asked_for_plain_json_from_then_on() -> None:
    """G-231: the schema is dropped once, the answer is checked as ever."""
    async with endpoint("no-schemas") as there:
        completer = OpenAICompleter(Endpoint(there.url, "small", KEY))
        writer = PhrasingWriter(completer, shots_per_call=64)
        for _ in range(2):
            assert {n.writer for n in (await writer.write(REQUEST, unheard)).shots} == {"openai"}
        await writer.close()
    kinds = [body["response_format"]["type"] for body in there.bodies]
    assert kinds == ["json_schema", "json_object", "json_object"]


async def test_cancelling_hangs_up() -> None:
    """G-220: the endpoint sees the caller leave."""
    async with endpoint("silent") as there:
        task = asyncio.create_task(written_by(there.url, silence_s=30.0))
        async with asyncio.timeout(5):
            await there.came.wait()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await there.left.wait()


def test_a_key_is_shown_nowhere() -> None:
    """G-228: not in the settings' words, not in an error that crosses processes."""
    assert KEY not in repr(Endpoint("http://x/v1", "m", KEY))
    error = WriterError("rate_limited", "too many", 3.0, Usage(1, 2, 3))
    again = pickle.loads(pickle.dumps(error))
    assert (again.code, again.message, again.retryable) == ("rate_limited", "too many", True)
    assert (again.retry_after_s, again.usage) == (3.0, Usage(1, 2, 3))


def test_retry_after_is_read_in_both_forms() -> None:
    """G-226: seconds or a date; what makes no sense says nothing."""
    assert retry_after_s("1.5") == 1.5
    assert retry_after_s("-3") == 0.0
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert [retry_after_s(x) for x in (None, "", "soon")] == [None, None, None]
