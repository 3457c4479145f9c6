"""Order keys of scenes: strings that sort, with always another one between two.

The invariant: `key_between(a, b)` is strictly between `a` and `b` by code point, for any two keys with a < b that were
made here. A key is five base-62 digits (room for appending without growth) and, after insertions, a fraction behind
them; it never ends in the lowest digit, so there is always a key before it.
"""

from __future__ import annotations

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE = len(DIGITS)
_HEAD_CHARS = 5
_MIDDLE = DIGITS[_BASE // 2]
_STEP = 16
KEY_CHARS_MAX = 200
"""A key longer than this means thousands of insertions at one spot: the scene goes to the end of its neighbours."""


def key_after(last: str | None) -> str:
    """A key after `last` (None: the first key of all). Foreign keys (an editor's own) are respected."""
    if last is None:
        return _head(_STEP)
    value = 0
    for char in last[: _HEAD_CHARS - 1].ljust(_HEAD_CHARS - 1, DIGITS[0]):
        digit = DIGITS.find(char)
        if digit < 0:
            return last + _MIDDLE
        value = value * _BASE + digit
    if value + _STEP >= _BASE ** (_HEAD_CHARS - 1):
        return last + _MIDDLE
    return _head(value + _STEP)


def key_between(low: str | None, high: str | None) -> str:
    """A key strictly between; None is the open end. Keys that leave no room (foreign ones) give `low` + a digit."""
    if high is None:
        return key_after(low)
    lower = low or ""
    if lower >= high:
        return lower + _MIDDLE
    return _middle(lower, high)


def keys(count: int) -> list[str]:
    """`count` keys in order, evenly spaced."""
    found: list[str] = []
    for _ in range(count):
        found.append(key_after(found[-1] if found else None))
    return found


def _head(value: int) -> str:
    chars = []
    for _ in range(_HEAD_CHARS - 1):
        value, digit = divmod(value, _BASE)
        chars.append(DIGITS[digit])
    return "".join(reversed(chars)) + _MIDDLE


def _middle(low: str, high: str) -> str:
    prefix: list[str] = []
    bounded = True  # high still limits us: the prefix so far equals high's
    for at in range(KEY_CHARS_MAX):
        small = _digit(low, at)
        big = _digit(high, at) if bounded and at < len(high) else _BASE
        if big - small > 1:
            return "".join(prefix) + DIGITS[(small + big) // 2]
        prefix.append(DIGITS[small])
        bounded = bounded and small == big
    return low + _MIDDLE


def _digit(key: str, at: int) -> int:
    return max(0, DIGITS.find(key[at])) if at < len(key) else 0
