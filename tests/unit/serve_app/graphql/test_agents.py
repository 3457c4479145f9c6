"""Edits by agents through the partner API and the real owner: peers that make way for people."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from collab.anchors import anchor, write_position
from collab.guests import TASK
from collab.lib0 import var_string, varuint
from collab.presence import User
from collab.session import Access
from serve_app.pasts import Pasts
from tests.unit.collab.stage import Wire
from tests.unit.serve_app.graphql.test_past import ANA, BO, FIRST, Studio, studio

pytestmark = pytest.mark.unit
__all__ = ["studio"]

EDIT = """mutation($i: EditSceneInput!) { editScene(input: $i) { applied sequence scene { script(fresh: true) }
  yielded { index start end text reason retryable } userErrors { path code retryable } } }"""
TASK_NAME = "Agent · polishing dialogue"


async def edit(s: Studio, key: str, edits: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    given = {"sceneId": s.scene, "task": TASK_NAME, "edits": edits, "idempotencyKey": key, **more}
    found: dict[str, Any] = (await s.ask(EDIT, i=given))["editScene"]
    return found


async def room_of(s: Studio) -> Any:
    return await (await s.host.open(s.home)).room(f"scene:{s.scene}")


def shown(room: Any) -> list[str]:
    return [state["user"]["name"] for state in room.presence.states().values() if TASK in state]


async def test_q75_a_batch_is_one_transaction_by_an_author_of_its_own(studio: Studio) -> None:
    """Q-75: made to the text as it was read, rebased past what people wrote since, one row, one answer for its key."""
    s = studio
    base = await s.begin()
    word = "Soup"
    await s.write(ANA, "Title.\n\n" + FIRST)
    edits = [{"quote": word, "text": f"{word} 🎬"}, {"start": 0, "end": 0, "text": "مرحبا\n"}]
    made = await edit(s, "one", edits, baseSequence=str(base))
    assert (made["applied"], made["yielded"], made["userErrors"]) == (1, [made["yielded"][0]], [])
    assert (made["yielded"][0]["index"], made["yielded"][0]["reason"]) == (1, "BUSY")
    assert f"{word} 🎬" in made["scene"]["script"]
    again = await edit(s, "one", edits, baseSequence=str(base))
    assert (again["sequence"], again["applied"]) == (made["sequence"], 1)
    assert [row.type for row in await s.ledger.read(s.home)].count("scene.edited") == 1
    other = await edit(s, "one", [{"quote": word, "text": "else"}], baseSequence=str(base))
    assert [e["code"] for e in other["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    rows = await s.ledger.read(s.home, doc=f"scene:{s.scene}")
    assert TASK_NAME.encode() in rows[-1].body
    told = await s.ask("query($p: ID!) { history(projectId: $p) { summary } }", p=s.home)
    assert f"Edited by a task: {TASK_NAME}" in [each["summary"] for each in told["history"]]


async def test_q76_a_person_in_the_way_is_yielded_to(studio: Studio) -> None:
    """Q-76: by caret, as an editor shows it; when the person has moved on, the same edit under a new key is made."""
    s = studio
    await s.begin()
    room = await room_of(s)
    session = room.join(Wire(), "owner", Access.WRITE, User("owner", "Bo", ""))
    word = "Soup"
    at = FIRST.rindex(word)

    def look(past: Any) -> Any:
        return anchor(past, at, at + len(word), past.seq)

    ends = await Pasts(s.ledger).ask(s.home, f"scene:{s.scene}", look)
    cursor = {"anchor": write_position(ends[0], "script"), "head": write_position(ends[1], "script")}
    for clock, state in ((1, {"user": {}, "cursor": cursor}), (2, {"user": {}, "cursor": None})):
        text = json.dumps(state)
        room.present(session, varuint(1) + varuint(77) + varuint(clock) + var_string(text))
        made = await edit(s, f"k{clock}", [{"quote": word, "text": "Perhaps"}])
        if clock == 1:
            assert (made["applied"], made["yielded"][0]["reason"], made["yielded"][0]["text"]) == (0, "CARET", word)
            assert made["yielded"][0]["retryable"]
            assert "Perhaps" not in made["scene"]["script"]
        else:
            assert (made["applied"], made["yielded"]) == (1, [])
            assert "Perhaps" in made["scene"]["script"]
    session.closed(1000)


async def test_q76_words_that_people_changed_come_back_as_they_are(studio: Studio) -> None:
    """Q-76: CHANGED for what is not what was read any more, with the words of now."""
    s = studio
    base = await s.begin()
    word = "Soup"
    await s.write(BO, FIRST.replace(word, word.upper()))
    made = await edit(s, "k", [{"quote": word, "text": "Perhaps"}], baseSequence=str(base))
    assert (made["applied"], made["yielded"][0]["reason"], made["yielded"][0]["text"]) == (0, "CHANGED", word.upper())


async def test_q77_a_task_is_shown_while_it_works_and_gone_afterwards(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Q-77: one guest per task, however many batches, under its name; nothing of it is stored or outlives the home."""
    s = studio
    await s.begin()
    room = await room_of(s)
    monkeypatch.setattr("actors.runtime.tasks.TASK_SHOWN_S", 0.2)
    await edit(s, "k1", [{"start": 0, "end": 0, "text": "A"}])
    await edit(s, "k2", [{"start": 0, "end": 0, "text": "B"}])
    assert shown(room) == [TASK_NAME]
    async with asyncio.timeout(5):
        while shown(room):  # noqa: ASYNC110 - a fact of the room, told by nobody
            await asyncio.sleep(0.01)
    monkeypatch.setattr("actors.runtime.tasks.TASK_SHOWN_S", 3_600)
    await edit(s, "k3", [{"start": 0, "end": 0, "text": "C"}])
    home = await s.host.open(s.home)
    await s.host.runtime.release(home)
    assert shown(room) == []


@pytest.mark.parametrize(
    ("edits", "path", "code"),
    [
        ([], ["input", "edits"], "BAD_EDITS"),
        ([{"text": "x", "start": 0, "end": 0}] * 201, ["input", "edits"], "BAD_EDITS"),
        ([{"text": "x", "start": 3, "end": 2}], ["input", "edits", "0", "start"], "BAD_RANGE"),
        ([{"text": "x", "start": 0, "end": 9_999_999}], ["input", "edits", "0", "start"], "BAD_RANGE"),
        ([{"text": "x"}], ["input", "edits", "0", "start"], "BAD_RANGE"),
        (
            [{"text": "x", "start": 0, "end": 4}, {"text": "y", "start": 3, "end": 5}],
            ["input", "edits", "1", "start"],
            "BAD_RANGE",
        ),
        ([{"text": "x", "quote": "no such words"}], ["input", "edits", "0", "quote"], "NOT_FOUND"),
        ([{"text": "x", "quote": "\n"}], ["input", "edits", "0", "quote"], "AMBIGUOUS"),
    ],
)
async def test_q78_a_bad_batch_names_the_edit(
    studio: Studio, edits: list[dict[str, Any]], path: list[str], code: str
) -> None:
    """Q-78: and nothing of it is made."""
    s = studio
    await s.begin()
    (error,) = (await edit(s, "k", edits))["userErrors"]
    assert (error["path"], error["code"]) == (path, code)
    assert "scene.edited" not in {row.type for row in await s.ledger.read(s.home)}


async def test_q78_a_locked_scene_takes_no_batch(studio: Studio) -> None:
    """Q-78: LOCKED, as for everybody."""
    s = studio
    await s.begin()
    lock = 'mutation($s: ID!) { lockScene(sceneId: $s, idempotencyKey: "lock") { userErrors { code } } }'
    await s.ask(lock, s=s.scene)
    made = await edit(s, "k", [{"start": 0, "end": 0, "text": "A"}])
    assert [e["code"] for e in made["userErrors"]] == ["SCENE_LOCKED"]
