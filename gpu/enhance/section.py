"""Reading a data file field by field: what brains and formats have in common.

Invariant: a fault names the file and the field, and says what would be right; a field nobody asked for is a fault too,
so that a misspelt one is not overlooked. Data comes from a shipped file, or from what somebody defined for a project.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import yaml

from gpu.enhance.protocol import EnhanceError

TEXT_CHARS_MAX = 500
LIST_MAX = 64
"""Items of one list. Longer: a definition is no longer something people read."""

DEFINITION_CHARS_MAX = 16_000
"""Text of one definition. The longest file that ships has 3,000."""

DEFINITION_DEPTH_MAX = 6
NUMBER_MAX = 2**53


class BadField(EnhanceError):
    """`field`: its dotted path, "" for the whole. `why`: the rest of the sentence."""

    def __init__(self, code: str, file: str, field: str, why: str) -> None:
        super().__init__(code, f"{file}: {field or 'the file'} {why}")
        self.file, self.field, self.why = file, field, why
        self.args = (code, file, field, why)  # what pickling calls us with


class Section:
    """One mapping of a file; remembers which fields were asked for."""

    def __init__(self, code: str, file: str, path: str, data: object) -> None:
        self._code, self._file, self._path = code, file, path
        if not isinstance(data, Mapping):
            raise self.fault("", "must be a mapping")
        self._data: Mapping[Any, Any] = data
        self._read: set[str] = set()

    def fault(self, name: str, why: str) -> BadField:
        where = ".".join(part for part in (self._path, name) if part)
        return BadField(self._code, self._file, where, why)

    def __contains__(self, name: str) -> bool:
        return name in self._data

    def value(self, name: str) -> object:
        self._read.add(name)
        if name not in self._data:
            raise self.fault(name, "is missing")
        found: object = self._data[name]
        return found

    def section(self, name: str) -> Section:
        return Section(self._code, self._file, f"{self._path}.{name}".strip("."), self.value(name))

    def sections(self, name: str, low: int, high: int) -> tuple[Section, ...]:
        """A list of mappings; each is known by its number, from 0."""
        value = self.value(name)
        if not isinstance(value, list | tuple) or not low <= len(value) <= high:
            raise self.fault(name, f"must be a list of {low} to {high}")
        path = f"{self._path}.{name}".strip(".")
        return tuple(Section(self._code, self._file, f"{path}.{at}", each) for at, each in enumerate(value))

    def text(self, name: str, chars_max: int = TEXT_CHARS_MAX, default: str | None = None) -> str:
        if default is not None and name not in self._data:
            return default
        value = self.value(name)
        if not isinstance(value, str) or not value.strip() or len(value) > chars_max:
            raise self.fault(name, f"must be text of 1 to {chars_max} characters")
        return value

    def texts(self, name: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        if default is not None and name not in self._data:
            return default
        value = self.value(name)
        if not isinstance(value, list | tuple) or not value or not all(isinstance(item, str) for item in value):
            raise self.fault(name, "must be a list of texts")
        if len(value) > LIST_MAX or any(len(item) > TEXT_CHARS_MAX for item in value):
            raise self.fault(name, f"must hold at most {LIST_MAX} texts of at most {TEXT_CHARS_MAX} characters")
        return tuple(value)

    def number(self, name: str, low: float, high: float, default: float | None = None) -> float:
        if default is not None and name not in self._data:
            return default
        value = self.value(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.fault(name, f"must be a number from {low:g} to {high:g}, got {value!r:.40}")
        return value

    def choice(self, name: str, allowed: tuple[str, ...]) -> Any:
        value = self.value(name)
        if value not in allowed:
            raise self.fault(name, f"must be one of {', '.join(allowed)}; got {value!r:.40}")
        return value

    def weights(self, name: str, allowed: tuple[str, ...]) -> Any:
        inner = self.section(name)
        if not inner._data:
            raise self.fault(name, "must name at least one")
        for key in inner._data:
            if key not in allowed:
                raise inner.fault(str(key)[:40], f"is none of {', '.join(allowed)}")
        return {key: inner.number(key, 0.01, 100) for key in inner._data}

    def refuse_unread(self) -> None:
        unread = [str(key)[:40] for key in self._data if key not in self._read]
        if unread:
            raise self.fault(unread[0], "is not a field here")


class _Plain(yaml.SafeLoader):
    """YAML without anchors: a few hundred characters of aliases can stand for gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.events.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.YAMLError(f"anchors and aliases are not taken (line {event.start_mark.line + 1})")
        return super().compose_node(parent, index)


def read_text(code: str, file: str, text: str) -> Any:
    """A definition's text (YAML, of which JSON is a part) as plain values. Raises `BadField`."""
    if len(text) > DEFINITION_CHARS_MAX:
        raise BadField(code, file, "", f"has {len(text)} characters, at most {DEFINITION_CHARS_MAX} fit")
    try:
        data = yaml.load(text, _Plain)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())[:300]
        raise BadField(code, file, "", f"is not YAML: {said}") from error
    _plain(code, file, "", data, DEFINITION_DEPTH_MAX)
    return data


def _plain(code: str, file: str, path: str, value: object, depth: int) -> None:
    """Raises `BadField` for what JSON has no word for (dates, bytes, sets, not-a-number), and for depth."""
    if depth < 0:
        raise BadField(code, file, path, f"is nested deeper than {DEFINITION_DEPTH_MAX}")
    if isinstance(value, str) and not _encodes(value):
        raise BadField(code, file, path, "holds half a character")
    if isinstance(value, Mapping):
        for key, each in value.items():
            if not isinstance(key, str) or not _encodes(key):
                raise BadField(code, file, path, f"has the name {key!r:.40}; names are texts: put it in quotes")
            _plain(code, file, f"{path}.{key[:40]}".strip("."), each, depth - 1)
    elif isinstance(value, list):
        for at, each in enumerate(value):
            _plain(code, file, f"{path}.{at}".strip("."), each, depth - 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise BadField(code, file, path, "is no finite number")
    elif isinstance(value, int) and abs(value) > NUMBER_MAX:
        raise BadField(code, file, path, "is too large a number")
    elif value is not None and not isinstance(value, str | int | float | bool):
        raise BadField(code, file, path, "must be a text, a number, a list or a mapping: put it in quotes")


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def content_sha256(data: Mapping[str, Any]) -> str:
    """The hash of a definition's content, whatever order or spelling of numbers it was written in."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
