"""The helper process: folds, collects and compares updates for one host, one request at a time, until its input ends.

Run as `python -m serve_app.folding_process`. Invariant: it keeps nothing between requests and ends with its parent (the
pipe closes however the parent dies), so it never outlives a host. Frames both ways: 4 bytes of length, then a list of
byte strings, each behind 4 bytes of length; the first is the verb, or the outcome.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Sequence
from typing import BinaryIO

from collab.folding import collect, diff, fold, held

LENGTH = struct.Struct("!I")
DONE, FAILED = b"done", b"failed"

VERBS: dict[bytes, Callable[[Sequence[bytes]], bytes]] = {
    b"fold": fold,
    b"collect": lambda parts: collect(parts[0]),
    b"diff": lambda parts: diff(parts[0], parts[1]),
    b"held": lambda parts: held(parts[0]),
}


def pack(parts: Sequence[bytes]) -> list[bytes]:
    """A frame as pieces to be written in order; large parts are not copied."""
    body = [piece for part in parts for piece in (LENGTH.pack(len(part)), part)]
    return [LENGTH.pack(sum(map(len, body))), *body]


def unpack(body: bytes) -> list[bytes]:
    """The parts of a frame without its length."""
    parts: list[bytes] = []
    at = 0
    while at < len(body):
        (length,) = LENGTH.unpack_from(body, at)
        at += LENGTH.size
        parts.append(body[at : at + length])
        at += length
    return parts


def _exactly(source: BinaryIO, count: int) -> bytes | None:
    found = source.read(count)
    return found if len(found) == count else None


def main(source: BinaryIO, sink: BinaryIO) -> None:
    while (head := _exactly(source, LENGTH.size)) is not None:
        body = _exactly(source, LENGTH.unpack(head)[0])
        if body is None:
            return
        verb, *parts = unpack(body)
        try:
            answer = [DONE, VERBS[verb](parts)]
        except Exception as error:  # noqa: BLE001 - told to the parent, which does it itself
            answer = [FAILED, type(error).__name__.encode()]
        del parts, body
        for piece in pack(answer):
            sink.write(piece)
        sink.flush()
        del answer


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
