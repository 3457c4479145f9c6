"""Jobs and results on the lists: exact forms in golden files, and whatever else may come."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.queue.protocol import RESULT_BYTES_MAX, Job, Result, Unreadable
from storage.queue.wire import MESSAGE_CHARS_MAX, job_id_of, read_job, read_result, write_job, write_result

pytestmark = pytest.mark.unit

GOLDEN = Path(__file__).parents[2] / "data/golden/queue"

JOB = Job(
    job_id="att_0123456789abcdef",
    backend="animatediff",
    prompt="Wide shot. Mara, in the rain, on the pier at night.",
    duration_s=6.5,
    output_path="internal/remote/prj_a/job_b/att_0123456789abcdef/video.mp4",
    style="thriller",
    params={"seed": 7},
    start_frame_path="assets/panels/prj_a/job_b/att_c/0.jpg",
    episode_id="job_b",
    beat_id="scn_d",
    attempt=2,
    created_at="2026-11-28T22:00:00Z",
    original_backend="animatediff",
)


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes().rstrip(b"\n")


def test_a_job_is_written_exactly_as_workers_of_the_lists_read_it() -> None:
    """G-280: the job's wire form, to the byte, and back."""
    assert write_job(JOB) == golden("job.json")
    assert read_job(golden("job.json")) == JOB


def test_a_result_is_read_as_workers_of_the_lists_write_it() -> None:
    """G-281: what helps is kept, what nobody needs is ignored, a trace is never kept."""
    done = read_result(golden("result-success.json"))
    assert (done.job_id, done.success, done.attempt) == ("att_0123456789abcdef", True, 2)
    assert (done.backend, done.latency_s, done.gpu) == ("svd", 41.25, "NVIDIA A40")
    assert done.video is not None
    assert done.video.startswith("https://bucket.example/")
    failed = read_result(golden("result-failure.json"))
    assert (failed.success, failed.message) == (False, "CUDA out of memory. Tried to allocate 2.00 GiB")
    assert "Traceback" not in repr(failed)


def test_a_result_of_ours_comes_back_as_it_went() -> None:
    """G-281"""
    media = {"playlist_key": "videos/a/master.m3u8"}
    for result in (
        Result("j1", True, "internal/x.mp4", media, "animatic", 2.5, "none", attempt=3),
        Result("j1", False, message="no", retryable=False),
    ):
        assert read_result(write_result(result)) == result


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[1]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"status":"success"}',
        b'{"job_id":"","status":"success"}',
        b'{"job_id":"a|b","status":"success"}',
        b'{"job_id":5,"status":"success"}',
        b'{"job_id":"a","status":"done"}',
        b'{"job_id":"a"}',
        b'{"job_id":"a","status":"success","x":"' + b"y" * RESULT_BYTES_MAX + b'"}',
    ],
)
def test_what_is_no_result_is_refused_with_a_reason(body: bytes) -> None:
    """G-281: only job_id and status must be there; without them it is no result."""
    with pytest.raises(Unreadable) as refused:
        read_result(body)
    assert refused.value.why


def test_all_but_two_fields_of_a_result_may_be_missing_or_of_the_wrong_kind() -> None:
    """G-281"""
    assert read_result(b'{"job_id":"a","status":"success"}') == Result("a", True)
    odd = {"job_id": "a", "status": "failure", "artifacts": [], "runtime": 5, "error": "it broke", "meta": None}
    assert read_result(json.dumps(odd).encode()) == Result("a", False, message="it broke")
    wild = {
        "job_id": "a",
        "status": "success",
        "artifacts": {"video": 7, "media": "x"},
        "runtime": {"backend": "x\x1b[31m\u202e" * 900, "latency_sec": 1e999, "gpu": {}},
        "error": {"message": ["x"]},
        "meta": {"attempt": True},
    }
    read = read_result(json.dumps(wild).encode())
    assert (read.video, read.media, read.latency_s, read.gpu, read.message, read.attempt) == (None,) * 4 + ("", None)
    assert read.backend is not None
    assert read.backend.isprintable()
    long = {"job_id": "a", "status": "failure", "error": {"message": "x" * 99_999}}
    assert len(read_result(json.dumps(long).encode()).message) == MESSAGE_CHARS_MAX


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"input": {"motion": {"engine": "dense", "params": {}}}}, "motion"),
        ({"input": {"motion": {"engine": "sparse", "params": []}}}, "motion"),
        ({"input": {"duration_sec": 0}}, "duration_sec"),
        ({"input": {"duration_sec": 1e9}}, "duration_sec"),
        ({"input": {"prompt": ""}}, "prompt"),
        ({"output": {"path": 5}}, "output.path"),
        ({"output": None}, "output"),
    ],
)
def test_a_job_that_no_worker_could_do_says_why(change: dict[str, Any], why: str) -> None:
    """G-280"""
    whole = json.loads(golden("job.json"))
    for name, value in change.items():
        whole[name] = {**whole[name], **value} if isinstance(value, dict) else value
    with pytest.raises(Unreadable, match=why):
        read_job(json.dumps(whole).encode())


def test_the_result_queue_that_a_job_names_is_kept_if_it_is_a_name() -> None:
    """G-280"""
    assert read_job(write_job(replace(JOB, result_queue="other:results"))).result_queue == "other:results"
    assert read_job(write_job(replace(JOB, result_queue="a b\n"))).result_queue is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=200) | _JSON.map(lambda value: json.dumps(value).encode()), _JSON, _JSON, _JSON)
def test_whatever_comes_is_a_result_or_unreadable(body: bytes, artifacts: Any, error: Any, runtime: Any) -> None:
    """G-281: no other exception leaves the reader."""
    dressed = {"job_id": "a", "status": "failure", "artifacts": artifacts, "error": error, "runtime": runtime}
    read_result(json.dumps(dressed).encode())
    job_id_of(body)
    for read in (read_result, read_job):
        try:
            read(body)
        except Unreadable:
            continue
