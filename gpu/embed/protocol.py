"""What an embedder is: words in, directions out.

Owns the vocabulary; light but for NumPy's name. The invariant: rows come in the order of the texts, are of unit length
(so a dot product is the cosine), and never mix with rows of another `name`: who stores a row stores the name with it.
Implementations: `minilm` (a small real model in this process), `lexical` (hashed n-grams, for machines without its
weights), `openai_embedder` (a served model).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TEXT_CHARS_MAX = 32_768
"""Of one text. A longer one is refused: a row that knows only its beginning would call two films equal."""

TEXTS_MAX = 4_096
"""Of one call; more are the caller's loop, so that one call's memory has a bound."""


class EmbedError(Exception):
    """`code`: TOO_LONG, TOO_MANY, UNAVAILABLE, TIMEOUT, THROTTLED, REFUSED, WRONG_DIMENSION, BAD_ANSWER."""

    def __init__(self, code: str, message: str, retryable: bool, retry_after_s: float | None = None) -> None:
        super().__init__(code, message, retryable, retry_after_s)
        self.code, self.message, self.retryable, self.retry_after_s = code, message, retryable, retry_after_s


class Embedder(Protocol):
    """Thread-safe and blocking: called from the threads of steps, never from a loop."""

    @property
    def name(self) -> str:
        """With its version; other words for it mean other directions."""
        ...

    @property
    def dimension(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(len(texts), dimension). Raises `EmbedError`; whoever only wanted to save work takes it as a miss."""
        ...


IDENTITY_NUMBERS = 512
"""Of every image embedder, so that a project's characters lie in one namespace whoever made the numbers."""


class ImageEmbedder(Protocol):
    """As `Embedder`, of pictures: thread-safe and blocking."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int:
        """`IDENTITY_NUMBERS`."""
        ...

    def embed_picture(self, picture: bytes) -> NDArray[np.float32]:
        """(dimension,), of unit length, of a PNG, JPEG or WebP file. Raises `EmbedError`."""
        ...


def check(texts: Sequence[str]) -> None:
    """Raises `EmbedError` for more than an embedder takes."""
    if len(texts) > TEXTS_MAX:
        raise EmbedError("TOO_MANY", f"{len(texts)} texts; one call takes {TEXTS_MAX}", False)
    longest = max(map(len, texts), default=0)
    if longest > TEXT_CHARS_MAX:
        raise EmbedError("TOO_LONG", f"a text of {longest} characters; the most is {TEXT_CHARS_MAX}", False)
