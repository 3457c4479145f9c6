"""The served embedder over real sockets, against an endpoint that misbehaves."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from gpu.embed import openai_embedder
from gpu.embed.lexical import LexicalEmbedder
from gpu.embed.openai_embedder import Endpoint, OpenAIEmbedder
from gpu.embed.protocol import EmbedError
from tests.embeddings_server import DIMENSION, EmbeddingsServer, running

pytestmark = pytest.mark.unit

KEY = "sk-secret-0123456789"


def asked(there: EmbeddingsServer, texts: list[str], **how: float) -> np.ndarray:
    found = OpenAIEmbedder(Endpoint(there.url, "small", DIMENSION, KEY, **how), pause=lambda s: None)
    try:
        return found.embed(texts)
    finally:
        found.close()


@pytest.mark.parametrize(
    ("does", "code", "retryable", "calls"),
    [
        ("429", "THROTTLED", True, 1),
        ("500", "UNAVAILABLE", True, 3),
        ("503", "UNAVAILABLE", True, 3),
        ("401", "REFUSED", False, 1),
        ("404", "REFUSED", False, 1),
        ("307", "REFUSED", False, 1),
        ("cut", "UNAVAILABLE", True, 3),
        ("junk", "BAD_ANSWER", False, 1),
        ("endless", "BAD_ANSWER", False, 1),
        ("one-missing", "BAD_ANSWER", False, 1),
        ("words", "BAD_ANSWER", False, 1),
        ("zeros", "BAD_ANSWER", False, 1),
        ("not-numbers", "BAD_ANSWER", False, 1),
        ("short-rows", "WRONG_DIMENSION", False, 1),
    ],
)
def test_faults_are_typed(does: str, code: str, retryable: bool, calls: int) -> None:
    """K-17: each says whether asking again can help; only what a server failed at is sent again."""
    with running(does) as there, pytest.raises(EmbedError) as fault:
        asked(there, ["dawn", "dusk"])
    error = fault.value
    assert (error.code, error.retryable, len(there.bodies)) == (code, retryable, calls)
    assert error.retry_after_s == (7.0 if does in ("429", "500", "503") else None)
    assert KEY not in repr(error)
    assert pickle.loads(pickle.dumps(error)).code == code


def test_a_server_that_says_nothing_costs_its_bound_once() -> None:
    """K-17: silence is not asked again: each of the retries would cost the same."""
    with running("silent") as there, pytest.raises(EmbedError) as fault:
        asked(there, ["dawn"], silence_s=0.05)
    assert (fault.value.code, fault.value.retryable, len(there.bodies)) == ("TIMEOUT", True, 1)


def test_a_server_that_recovers_is_asked_again() -> None:
    """K-17: and its rows are put in order and made unit."""
    with running("503", "cut", "ok") as there:
        rows = asked(there, ["dawn", "the ferry leaves"])
    assert np.abs(rows - LexicalEmbedder().embed(["dawn", "the ferry leaves"])).max() < 1e-6
    assert there.keys == [f"Bearer {KEY}"] * 3


def test_many_texts_are_several_bounded_requests() -> None:
    """K-17: by count and by characters, in order."""
    texts = [f"shot {n}" for n in range(130)] + ["long " * 6_000] * 3
    with running() as there:
        rows = asked(there, texts)
    sizes = [len(body["input"]) for body in there.bodies]
    assert sizes == [64, 64, 4, 1]
    assert all(sum(map(len, body["input"])) <= openai_embedder.CHARS_PER_CALL_MAX + 30_000 for body in there.bodies)
    assert np.abs(rows - LexicalEmbedder().embed(texts)).max() < 1e-6
