"""Columns of many rows as PostgreSQL arrays in their binary form.

Owns the encoding: a batch of any size is one statement with a fixed text, so it is one round trip and can stay
prepared. The generic adapters of the client spend several times as long on lists. Values that the database cannot hold
are a `ValueError` here, before anything was sent. Format: `array_send` in PostgreSQL's arrayfuncs.c.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import psycopg
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

_INT8, _FLOAT8, _TEXT, _BYTEA = 20, 701, 25, 17
_HEAD = struct.Struct(">iiIii")
_ITEM = struct.Struct(">iq")
_REAL = struct.Struct(">id")
_SIZE = struct.Struct(">i")
_NULL = _SIZE.pack(-1)


class Int8s(bytes):
    """Encoded bigint[]."""


class Float8s(bytes):
    """Encoded double precision[]."""


class Texts(bytes):
    """Encoded text[]."""


class Byteas(bytes):
    """Encoded bytea[]."""


def _array(oid: int, count: int, items: Iterable[bytes]) -> bytes:
    if count == 0:
        return struct.pack(">iiI", 0, 0, oid)
    return _HEAD.pack(1, 1, oid, count, 1) + b"".join(items)


def int8s(values: Sequence[int]) -> Int8s:
    try:
        return Int8s(_array(_INT8, len(values), (_ITEM.pack(8, value) for value in values)))
    except struct.error as error:
        raise ValueError(f"not an integer of 64 bits: {error}") from error


def float8s(values: Sequence[float | None]) -> Float8s:
    items = (_NULL if value is None else _REAL.pack(8, value) for value in values)
    return Float8s(_array(_FLOAT8, len(values), items))


def texts(values: Sequence[str | None]) -> Texts:
    """Raises `ValueError` for text that UTF-8 or PostgreSQL cannot hold: lone surrogates, NUL."""
    items: list[bytes] = []
    for value in values:
        if value is None:
            items.append(_NULL)
            continue
        raw = value.encode()
        if b"\0" in raw:
            raise ValueError("text holds a NUL character")
        items.append(_SIZE.pack(len(raw)) + raw)
    return Texts(_array(_TEXT, len(values), items))


def byteas(values: Sequence[bytes]) -> Byteas:
    items: list[bytes] = []
    for value in values:
        items.append(_SIZE.pack(len(value)))
        items.append(value)
    return Byteas(_array(_BYTEA, len(values), items))


class _Encoded(Dumper):
    format = Format.BINARY

    def dump(self, obj: bytes) -> Buffer:
        return bytes(obj)


class _Int8s(_Encoded):
    oid = 1016


class _Float8s(_Encoded):
    oid = 1022


class _Texts(_Encoded):
    oid = 1009


class _Byteas(_Encoded):
    oid = 1001


def teach(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    """Let the connection send the encoded arrays."""
    for kind, dumper in ((Int8s, _Int8s), (Float8s, _Float8s), (Texts, _Texts), (Byteas, _Byteas)):
        connection.adapters.register_dumper(kind, dumper)
