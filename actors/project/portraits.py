"""Reference pictures of characters: who has one, and who leaves the cast.

Pure decisions of the project actor. The invariant: whoever has a picture, and only they, is known by it: each change
owes an entry (`IDENTITY`) in its own commit, in order for each character, so the numbers that stand for a face are made
after the picture is set and are gone after it is taken away, whatever crashes between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from actors.commands import CommandError, RemoveCast, SetPortrait
from actors.outbox.protocol import Entry
from actors.runtime.actor import Context, Decision, Draft, Fact
from actors.runtime.edits import DropKey, Edit, SetField
from actors.runtime.ids import derive_id

if TYPE_CHECKING:
    from actors.project.actor import Facts, ProjectActor

IDENTITY = "identity"
"""The kind of entries; see `serve_app.identities`."""

LEARN, FORGET = "learn", "forget"

_PICTURE = re.compile(r"assets/uploads/[0-9a-f]{32}\.(png|jpg|webp)")
"""What `/uploads` answers with for a picture: a name nobody guesses."""


def decide(project: ProjectActor, command: SetPortrait | RemoveCast, ctx: Context) -> Decision:
    """Raises `CommandError`. What is so already is said again: to learn or forget twice does no harm."""
    facts = project.facts
    if facts is None or command.cast not in facts.cast:
        raise CommandError("NOT_FOUND", "there is nobody of this id in the cast", ("input", "castId"))
    ids = {"project": project.home, "cast": command.cast}
    if isinstance(command, RemoveCast):
        cast, portraits = _without(facts.cast, command.cast), _without(facts.portraits, command.cast)
        voices = {id: each for id, each in facts.voices.items() if id != command.cast}
        aliases = {id: each for id, each in facts.aliases.items() if id != command.cast}
        return Decision(
            events=[Draft("cast.removed", {"id": command.cast, "by": ctx.principal})],
            views=[project.changed(cast=cast, aliases=aliases, portraits=portraits, voices=voices)],
            edits=[Edit("outline", (DropKey("cast", command.cast),))],
            ids=ids,
        )
    if command.key and not _PICTURE.fullmatch(command.key):
        raise CommandError("BAD_PICTURE", "upload a PNG, JPEG or WebP picture and give its key", ("input", "key"))
    others = _without(facts.portraits, command.cast)
    portraits = {**others, command.cast: command.key} if command.key else others
    return Decision(
        events=[Draft("cast.portrait_set", {"id": command.cast, "key": command.key, "by": ctx.principal})],
        views=[project.changed(portraits=portraits)],
        edits=[Edit("outline", (SetField("cast", command.cast, "portrait", command.key),))],
        ids=ids,
    )


def _without(known: dict[str, str], cast: str) -> dict[str, str]:
    return {id: each for id, each in known.items() if id != cast}


def apply(facts: Facts, fact: Fact) -> None:
    id = fact.data["id"]
    if fact.type == "cast.portrait_set" and fact.data["key"]:
        facts.portraits[id] = fact.data["key"]
        return
    facts.portraits.pop(id, None)
    if fact.type == "cast.removed":
        facts.cast.pop(id, None)
        facts.aliases.pop(id, None)
        facts.voices.pop(id, None)


def entries(home: str, events: Iterable[Draft], first_seq: int, now_ms: int) -> list[Entry]:
    """One for each event that changes by what somebody is known."""
    found: list[Entry] = []
    for seq, draft in enumerate(events, first_seq):
        if draft.type not in ("cast.portrait_set", "cast.removed"):
            continue
        id, key = draft.data["id"], draft.data.get("key", "")
        entry = derive_id("msg", home, str(seq), id)
        found.append(Entry(entry, home, IDENTITY, id, LEARN if key else FORGET, seq, now_ms, {"key": key}))
    return found
