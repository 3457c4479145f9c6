"""The lib0 encoding as Yjs speaks it: variable-length integers, strings and byte arrays.

Owns reading and writing of those three. Invariant: a `Reader` never reads past its end and never believes a length it
has not checked against the bytes that are there; strings count UTF-8 bytes and are valid UTF-8. Every fault is
`Malformed`.
"""

from __future__ import annotations

from collab.close_codes import Malformed

VARUINT_MAX = (1 << 53) - 1
"""JavaScript's largest safe integer: lib0 refuses more."""


class Reader:
    """A cursor over bytes. `data` and `at` are public for the readers of hot formats (see `collab.updates`)."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.end = data, 0, len(data)

    def byte(self) -> int:
        at = self.at
        if at >= self.end:
            raise Malformed("message ends early")
        self.at = at + 1
        return self.data[at]

    def varuint(self) -> int:
        at, data = self.at, self.data
        if at >= self.end:
            raise Malformed("message ends early")
        byte = data[at]
        if byte < 0x80:
            self.at = at + 1
            return byte
        return self._long_varuint(byte)

    def _long_varuint(self, byte: int) -> int:
        value, shift, at, end, data = byte & 0x7F, 7, self.at + 1, self.end, self.data
        while True:
            if at >= end:
                raise Malformed("message ends early")
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 49:
                raise Malformed("integer too large")
        if value > VARUINT_MAX:
            raise Malformed("integer too large")
        self.at = at
        return value

    def skip(self, length: int) -> None:
        if length > self.end - self.at:
            raise Malformed("length runs past the end")
        self.at += length

    def var_bytes(self) -> bytes:
        length = self.varuint()
        start = self.at
        self.skip(length)
        return self.data[start : self.at]

    def var_string(self) -> str:
        try:
            return self.var_bytes().decode()
        except UnicodeDecodeError:
            raise Malformed("string is not UTF-8") from None

    def done(self) -> bool:
        return self.at == self.end

    def expect_end(self) -> None:
        if self.at != self.end:
            raise Malformed("bytes after the end of the message")


def varuint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(0x80 | (value & 0x7F))
        value >>= 7
    out.append(value)
    return bytes(out)


def var_bytes(data: bytes) -> bytes:
    return varuint(len(data)) + data


def var_string(text: str) -> bytes:
    return var_bytes(text.encode())
