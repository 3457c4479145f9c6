"""Server edits of CRDT documents, as data: what a decision wants changed, and how it is done to a document.

The invariant: actors decide on values (`SetKey`, `AppendText` …) and never hold a document; only `perform` touches one.
Maps hold plain JSON-able values or one level of nested Maps; Text is Fountain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc, Map, Text

from actors.commands import CommandError
from collab.agents import Plan, apply, carry
from collab.text import insert, set_text


@dataclass(frozen=True, slots=True)
class SetKey:
    """`root[key] = value`, one plain value: a client sees it change whole."""

    root: str
    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class SetMap:
    """`root[key]` becomes a Map of its own, so that people may edit its fields apart."""

    root: str
    key: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DropKey:
    root: str
    key: str


@dataclass(frozen=True, slots=True)
class AppendText:
    root: str
    text: str


@dataclass(frozen=True, slots=True)
class SetText:
    """The text reads `text` afterwards, by few small edits: carets and anchors in what stays, stay."""

    root: str
    text: str


@dataclass(frozen=True, slots=True)
class SetField:
    """`root[key][field] = value` of a Map that is there; nothing if it is not."""

    root: str
    key: str
    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class Batch:
    """Steps of an agent, made whole or not at all: a text that moved on under one of them refuses, retryably."""

    root: str
    plan: Plan


Op = Batch | SetField | SetKey | SetMap | DropKey | AppendText | SetText


@dataclass(frozen=True, slots=True)
class Edit:
    """Changes of one document, committed with the events of the same decision. `fresh`: the document is new.

    `author`: the person who is its author, None: the server; `author_name`: how they are shown.
    """

    doc: str
    ops: tuple[Op, ...]
    fresh: bool = False
    scene: str | None = None
    author: str | None = None
    author_name: str = ""


def perform(doc: Doc[Any], ops: tuple[Op, ...]) -> None:
    """Carry the operations out, inside one transaction."""
    with doc.transaction():
        for op in ops:
            if isinstance(op, AppendText):
                text = doc.get(op.root, type=Text)
                insert(text, len(str(text)), op.text)
                continue
            if isinstance(op, Batch):
                _batch(doc.get(op.root, type=Text), op.plan)
                continue
            if isinstance(op, SetText):
                set_text(doc.get(op.root, type=Text), op.text)
                continue
            root = doc.get(op.root, type=Map)
            match op:
                case SetKey(key=key, value=value):
                    root[key] = value
                case SetMap(key=key, fields=fields):
                    root[key] = Map(dict(fields))
                case SetField(key=key, field=name, value=value):
                    if isinstance(entry := root.get(key), Map):
                        entry[name] = value
                case DropKey(key=key):
                    if key in root:
                        del root[key]


def _batch(text: Text, plan: Plan) -> None:
    now = carry(plan, str(text))
    if len(now.steps) < len(plan.steps):
        raise CommandError("BUSY", "somebody changed these words just now: read them again", (), True)
    apply(text, now)


def fresh_update(ops: tuple[Op, ...]) -> tuple[int, bytes]:
    """(client id, Yjs v1 update) that makes a new document with these contents."""
    doc: Doc[Any] = Doc()
    perform(doc, ops)
    return doc.client_id, doc.get_update()
