"""The Worker deployment: stateless functions over update bytes, for clusters. Bytes in, bytes out.

On one machine a StoryHost starts a helper process by itself (`serve_app.folding`), which costs nothing until it is
needed. Here the same three verbs are one deployment for all hosts, scaled by itself. Invariant: it keeps nothing, so a
request may be sent again to any replica; a caller that gets no answer does the work itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ray import serve

from serve_app.folding_process import VERBS


@serve.deployment
class Worker:
    """`merge`, `compact` (fold, then collect garbage) and `diff` of `collab.folding`."""

    def ask(self, verb: bytes, parts: Sequence[bytes]) -> bytes:
        """A verb of `folding_process`. Raises `KeyError` for one it does not know."""
        return VERBS[verb](parts)


class ByHandle:
    """`serve_app.folding.Elsewhere` over a handle of `Worker`."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    async def ask(self, verb: bytes, parts: Sequence[bytes]) -> bytes:
        answer: bytes = await self._handle.ask.remote(verb, list(parts))
        return answer

    async def close(self) -> None:
        """Nothing of ours is open."""
