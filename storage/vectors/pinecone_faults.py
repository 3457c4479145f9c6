"""What Pinecone's client raises, in the words of the contract, and how long to wait before trying again.

The invariant: whoever reads a fault knows whether trying again can help, and which setting is wrong when one is. No key
is in a message. (pinecone 10, `pinecone.errors.exceptions`.)
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from pinecone.errors import exceptions as said

from storage.vectors.protocol import VectorFault

TRIES_MAX = 4
BACKOFF_S, BACKOFF_S_MAX = 0.2, 5.0
"""First and longest wait between tries, each three times the last at most, at random: callers that failed together
must not come again together."""


def fault_of(error: Exception) -> VectorFault:
    if isinstance(error, VectorFault):
        return error
    if isinstance(error, said.RateLimitError):
        return VectorFault("THROTTLED", "Pinecone asks to go slower", True, error.retry_after)
    if isinstance(error, TimeoutError):  # the client's own timeout is one too
        return VectorFault("TIMEOUT", "Pinecone did not answer in time", True)
    if isinstance(error, said.PineconeConnectionError):
        return VectorFault("UNAVAILABLE", "Pinecone cannot be reached: check pinecone_host", True)
    if isinstance(error, said.UnauthorizedError | said.ForbiddenError):
        return VectorFault("REFUSED", "Pinecone refuses the key: check pinecone_api_key", False)
    if isinstance(error, said.NotFoundError):
        return VectorFault("REFUSED", "Pinecone knows no such index: check pinecone_index and pinecone_host", False)
    if isinstance(error, said.PaymentRequiredError):
        return VectorFault("REFUSED", "Pinecone's account has no plan or credit for this", False)
    if isinstance(error, said.ApiError):
        return _of_status(error.status_code)
    if isinstance(error, ValueError | TypeError):
        return VectorFault("INVALID", f"Pinecone's client takes no such call ({type(error).__name__})", False)
    return VectorFault("UNAVAILABLE", f"Pinecone's answer cannot be read ({type(error).__name__})", True)


def _of_status(status: int) -> VectorFault:
    if status in (408, 425) or status >= 500:
        return VectorFault("UNAVAILABLE", f"Pinecone failed ({status})", True)
    return VectorFault("INVALID", f"Pinecone refuses the request ({status})", False)


def waits(fault_wait_s: float | None, before_s: float) -> float:
    """How long until the next try: as asked for, or longer than before at random."""
    if fault_wait_s is not None:
        return fault_wait_s + random.uniform(0, BACKOFF_S)
    return random.uniform(BACKOFF_S, min(BACKOFF_S_MAX, before_s * 3))


def is_missing_namespace(error: Exception) -> bool:
    """A delete in a namespace that does not exist is answered 404, like an index that does not."""
    return isinstance(error, said.NotFoundError) and "namespace" in str(error).lower()


def tries() -> Iterator[int]:
    """How many are left after each."""
    return iter(range(TRIES_MAX - 1, -1, -1))
