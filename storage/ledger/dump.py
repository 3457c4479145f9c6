"""A home's rows as plain JSON values, for people and tools (`storyforge ledger dump`).

Owns the JSON form: bodies that are blobs of `storage.codec` are decoded, other bytes become {"$hex": …}. Nothing is
lost and nothing is interpreted; the dump is for reading, not for loading.
"""

from __future__ import annotations

import base64
import math
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from storage import codec
from storage.ledger.protocol import Event, Ledger
from storage.ledger.verify import rows

HEX_BYTES_MAX = 64
"""Longer bytes are written as base64."""


async def dump(ledger: Ledger, home: str, *, doc: str | None = None, after: int = 0) -> AsyncIterator[dict[str, Any]]:
    """One JSON-able dict per row, in sequence order."""
    async for event in rows(ledger, home, doc=doc, after=after):
        yield to_json(event)


def to_json(event: Event) -> dict[str, Any]:
    """The row's columns; `body` decoded, `body_version` present when it was a codec blob."""
    row = asdict(event)
    row["kind"] = event.kind.name.lower()
    try:
        row["body_version"], value = codec.decode_versioned(event.body)
    except codec.CodecError:
        value = event.body
    row["body"] = _plain(value)
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        if len(value) <= HEX_BYTES_MAX:
            return {"$hex": value.hex()}
        return {"$base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": str(value)}
    return value
