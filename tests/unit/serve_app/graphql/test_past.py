"""The past over GraphQL and `/history`, against the real owner on SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pycrdt
import pytest

from collab.history import History
from collab.presence import User
from collab.session import Access
from collab.text import set_text
from collab.wire import sync_update
from serve_app.config import Settings
from serve_app.pasts import Busy, PastLimits, Pasts
from serve_app.story_host import StoryHostCore
from serve_app.studio import StudioCore
from tests.unit.collab.stage import Wire

pytestmark = pytest.mark.unit

TOKEN = "owner-token-for-tests-0123456789"
ANA, BO = User("owner", "Ana", ""), User("owner", "Bo", "")
FIRST = "INT. KITCHEN - DAY\n\nANA\nSoup 🎬.\n"
RUNS = "kind text author { id name } writtenBy { name } at sequence"
AS_OF = """query($s: ID!, $q: String, $t: DateTime) {
  m: sceneAsOf(sceneId: $s, sequence: $q, at: $t) { sequence at text runs { text author { name } } } }"""
DIFF = f"""query($s: ID!, $f: String!, $t: String) {{
  d: sceneDiff(sceneId: $s, from: $f, to: $t) {{ fromSequence toSequence added removed runs {{ {RUNS} }} }} }}"""
LINE = """query($s: ID!) { t: sceneTimeline(sceneId: $s) {
  fromSequence sequence startedAt authors { author { name } added removed edits } } }"""
NAME = """mutation($i: NameVersionInput!) { nameVersion(input: $i) {
  version { id name sequence author { id name } } sequence userErrors { path code } } }"""
RESTORE = """mutation($i: RestoreVersionInput!) { restoreVersion(input: $i) {
  scene { id script(fresh: true) } sequence userErrors { path code message } } }"""


class Studio:
    def __init__(self, client: httpx.AsyncClient, host: StoryHostCore, ledger: Any) -> None:
        self.client, self.host, self.ledger = client, host, ledger
        self.home = self.scene = ""
        self._keys = 0

    def key(self) -> str:
        self._keys += 1
        return f"past-{self._keys}"

    async def post(self, query: str, **variables: Any) -> dict[str, Any]:
        answer: dict[str, Any] = (
            await self.client.post("/graphql", json={"query": query, "variables": variables})
        ).json()
        return answer

    async def ask(self, query: str, **variables: Any) -> Any:
        answer = await self.post(query, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def refused(self, query: str, **variables: Any) -> tuple[str, Any]:
        (error,) = (await self.post(query, **variables))["errors"]
        return error["extensions"]["code"], error["extensions"].get("path")

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(f"/history/{self.home}/scene:{self.scene}{path}", headers=headers)

    async def begin(self) -> int:
        made = await self.ask(
            """mutation($i: CreateProjectInput!) { createProject(input: $i) { project { id } } }""",
            i={"title": "Past", "type": "SHORT", "idempotencyKey": self.key()},
        )
        self.home = made["createProject"]["project"]["id"]
        made = await self.ask(
            "mutation($i: CreateSceneInput!) { createScene(input: $i) { scene { id } sequence } }",
            i={"projectId": self.home, "heading": "X", "script": FIRST, "idempotencyKey": self.key()},
        )
        self.scene = made["createScene"]["scene"]["id"]
        return int(made["createScene"]["sequence"])

    async def write(self, user: User, text: str) -> int:
        """The text reads so after an edit by this person; its sequence."""
        room: Any = await (await self.host.open(self.home)).room(f"scene:{self.scene}")
        doc: pycrdt.Doc[Any] = pycrdt.Doc()
        doc.apply_update(room.document.merged())
        made: list[bytes] = []
        watched = doc.observe(lambda event: made.append(event.update))
        with doc.transaction():
            set_text(doc.get("script", type=pycrdt.Text), text)
        doc.unobserve(watched)
        session = room.join(Wire(), "owner", Access.WRITE, user)
        before = room.seq
        for update in made:
            session.receive(sync_update(update))
        async with asyncio.timeout(10):
            while room.seq == before:  # noqa: ASYNC110 - a fact of the room, told by nobody
                await asyncio.sleep(0)
        session.closed(1000)
        return int(room.seq)


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    settings = Settings.from_args(
        {"data_dir": str(tmp_path), "owner_token": TOKEN, "cluster_secret": "cluster-secret-for-tests"}, {}
    )
    host = StoryHostCore(settings)

    async def runs() -> bool:
        return True

    core = StudioCore(settings, runs)
    await host.start()
    await core.start()
    transport = httpx.ASGITransport(app=core.app)
    headers = {"authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://studio.test", headers=headers) as client:
        yield Studio(client, host, host.ledger)
    await core.stop()
    await host.stop()


async def test_q60_a_scene_reads_as_of_any_sequence_or_time(studio: Studio) -> None:
    """Q-60: the same text by GraphQL and by `/history`, as of a sequence, as of a time, and now."""
    s = studio
    first = await s.begin()
    second = await s.write(ANA, FIRST + "\nBO\nYes.\n")
    now = (await s.ask(AS_OF, s=s.scene))["m"]
    then = (await s.ask(AS_OF, s=s.scene, q=str(first)))["m"]
    assert (now["text"], now["sequence"]) == (FIRST + "\nBO\nYes.\n", str(second))
    assert then["text"] == FIRST
    assert int(then["sequence"]) <= first  # the commit that made it so: other rows may have followed
    assert [(r["text"], r["author"]["name"]) for r in now["runs"]] == [(FIRST, "StoryForge"), ("\nBO\nYes.\n", "Ana")]
    assert (await s.ask(AS_OF, s=s.scene, t=then["at"]))["m"]["text"] == FIRST
    assert (await s.ask(AS_OF, s=s.scene, t="2001-01-01T00:00:00Z"))["m"] == {
        "sequence": "0",
        "at": None,
        "text": "",
        "runs": [],
    }
    plain = await s.get(f"?seq={first}")
    assert (plain.text, plain.headers["content-type"]) == (FIRST, "text/plain; charset=utf-8")
    assert (await s.get("")).text == now["text"]
    assert (await s.get(f"?at={then['at'].replace('+', '%2B')}")).text == FIRST
    told = (await s.get(f"?seq={second}", accept="application/json")).json()
    assert (told["sequence"], told["text"], told["doc"]) == (str(second), now["text"], f"scene:{s.scene}")


async def test_q61_a_difference_names_authors_of_what_came_and_went(studio: Studio) -> None:
    """Q-61: runs join to both texts; who added and who removed are told apart under one sign-in."""
    s = studio
    first = await s.begin()
    await s.write(ANA, FIRST + "\nBO\nYes, chef.\n")
    third = await s.write(BO, FIRST + "\nBO\nYes.\n")
    found = (await s.ask(DIFF, s=s.scene, f=str(first + 1), t=str(third)))["d"]
    assert found["toSequence"] == str(third)
    since = (await s.ask(DIFF, s=s.scene, f=str(third - 1)))["d"]
    gone = [r for r in since["runs"] if r["kind"] == "REMOVED"]
    assert [(r["text"], r["author"]["name"], r["writtenBy"]["name"]) for r in gone] == [(", chef", "Bo", "Ana")]
    assert (since["added"], since["removed"]) == (0, 6)
    diff = (await s.get(f"/diff?from={third - 1}&to={third}")).json()
    assert [(r["kind"], r["text"], r["author"]["name"]) for r in diff["runs"] if r["kind"] != "KEPT"] == [
        ("REMOVED", ", chef", "Bo")
    ]


async def test_q62_the_time_line_and_versions_of_a_scene(studio: Studio) -> None:
    """Q-62: sittings say who added and removed how much; a version is named once for a key and listed, newest first."""
    s = studio
    first = await s.begin()
    await s.write(ANA, FIRST + "\nMore.\n")
    line = (await s.ask(LINE, s=s.scene))["t"]
    told = [[(p["author"]["name"], p["added"], p["removed"], p["edits"]) for p in one["authors"]] for one in line]
    assert told == [[("StoryForge", len(FIRST), 0, 1)], [("Ana", 7, 0, 1)]]
    given = {
        "sceneId": s.scene,
        "name": "Table read",
        "sequence": str(first),
        "idempotencyKey": "k1",
        "displayName": "Ana",
    }
    one, again = [(await s.ask(NAME, i=given))["nameVersion"] for _ in range(2)]
    assert one == again
    assert (one["version"]["name"], one["version"]["sequence"], one["version"]["author"]) == (
        "Table read",
        str(first),
        {"id": "owner", "name": "Ana"},
    )
    now = (await s.ask(NAME, i={"sceneId": s.scene, "name": "Now", "idempotencyKey": s.key()}))["nameVersion"]
    assert now["version"]["sequence"] == now["sequence"]
    listed = await s.ask("query($s: ID!) { scene(id: $s) { versions(first: 5) { name } } }", s=s.scene)
    assert [v["name"] for v in listed["scene"]["versions"]] == ["Now", "Table read"]
    late = (await s.ask(NAME, i={**given, "sequence": "999999", "idempotencyKey": s.key()}))["nameVersion"]
    assert late["userErrors"] == [{"path": ["input", "sequence"], "code": "BAD_SEQUENCE"}]


async def test_q63_a_restore_is_a_new_edit_that_can_be_undone(studio: Studio) -> None:
    """Q-63: the scene reads as it did, the person is the author, the past keeps both; a locked scene refuses."""
    s = studio
    first = await s.begin()
    second = await s.write(ANA, "INT. GARDEN - NIGHT\n\nAll else is gone.\n")
    given = {"sceneId": s.scene, "sequence": str(first), "displayName": "Bo"}
    done = (await s.ask(RESTORE, i={**given, "idempotencyKey": "r1"}))["restoreVersion"]
    assert (done["userErrors"], done["scene"]["script"]) == ([], FIRST)
    assert (await s.ask(RESTORE, i={**given, "idempotencyKey": "r1"}))["restoreVersion"]["sequence"] == done["sequence"]
    diff = (await s.get(f"/diff?from={second}")).json()
    assert {r["author"]["name"] for r in diff["runs"] if r["kind"] != "KEPT"} == {"Bo"}
    assert (await s.get(f"?seq={second}")).text == "INT. GARDEN - NIGHT\n\nAll else is gone.\n"
    undo = await s.ask(RESTORE, i={"sceneId": s.scene, "sequence": str(second), "idempotencyKey": s.key()})
    assert undo["restoreVersion"]["scene"]["script"] == "INT. GARDEN - NIGHT\n\nAll else is gone.\n"
    lock = "mutation($s: ID!, $k: String!) { lockScene(sceneId: $s, idempotencyKey: $k) { sequence } }"
    await s.ask(lock, s=s.scene, k=s.key())
    refused = (await s.ask(RESTORE, i={**given, "idempotencyKey": s.key()}))["restoreVersion"]["userErrors"]
    assert [(e["path"], e["code"]) for e in refused] == [(["input", "sceneId"], "SCENE_LOCKED")]


async def test_q64_bad_questions_about_the_past_name_the_field(studio: Studio) -> None:
    """Q-64: wrong sequences, times, documents and projects are 4xx with the field; nothing answers without a token."""
    s = studio
    first = await s.begin()
    for path, status, code, name in (
        ("?seq=x", 400, "BAD_SEQUENCE", "seq"),
        ("?seq=99999", 400, "BAD_SEQUENCE", "seq"),
        ("?at=yesterday", 400, "BAD_TIME", "at"),
        (f"?seq={first}&at=2026-01-01", 400, "BAD_TIME", "at"),
        ("?sequence=1", 400, "BAD_REQUEST", "sequence"),
        ("/diff", 400, "BAD_SEQUENCE", "from"),
        (f"/diff?from={first}&to=1", 400, "BAD_SEQUENCE", "to"),
    ):
        answer = await s.get(path)
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (status, code, name), path
    for where, name in (
        (f"/history/prj_unknown00/scene:{s.scene}", "project"),
        (f"/history/{s.home}/scene:scn_unknown00", "doc"),
        (f"/history/{s.home}/outline", "doc"),
    ):
        answer = await s.client.get(where)
        assert (answer.status_code, answer.json()["field"]) == (404, name), where
    assert (await s.get("", authorization="Bearer wrong")).status_code == 401
    assert (await s.get("/diff?from=1", authorization="Bearer wrong")).status_code == 401
    as_of = "query($s: ID!, $q: String, $t: DateTime) { sceneAsOf(sceneId: $s, sequence: $q, at: $t) { text } }"
    assert await s.refused(as_of, s=s.scene, q="-1") == ("BAD_SEQUENCE", ["sequence"])
    assert await s.refused(as_of, s=s.scene, q="1", t="2026-01-01T00:00:00Z") == ("BAD_SEQUENCE", ["at"])
    assert (await s.refused(as_of, s="scn_unknown00"))[0] == "NOT_FOUND"


async def test_q65_an_answer_is_known_by_the_commit_that_made_it(studio: Studio) -> None:
    """Q-65: the ETag is the commit's sequence; who has it is told so, and a later commit is a new answer."""
    s = studio
    first = await s.begin()
    now = await s.get("")
    again = await s.get("", **{"if-none-match": now.headers["etag"]})
    assert (now.headers["etag"], again.status_code, again.content) == (f'"{now.headers["x-sequence"]}"', 304, b"")
    await s.write(ANA, FIRST + "x")
    assert (await s.get("", **{"if-none-match": now.headers["etag"]})).status_code == 200
    assert (await s.get(f"?seq={first}", **{"if-none-match": now.headers["etag"]})).status_code == 304


async def test_q66_looking_back_is_bounded_and_beside_the_loop(studio: Studio) -> None:
    """Q-66: over `waiting_max` it refuses, retryably; histories over `kept` are let go and made again alike."""
    s = studio
    await s.begin()
    pasts = Pasts(s.ledger, PastLimits(kept=1, at_once=1, waiting_max=2))
    asks = [pasts.ask(s.home, f"scene:{s.scene}", History.text) for _ in range(3)]
    told = await asyncio.gather(*asks, return_exceptions=True)
    assert [t for t in told if isinstance(t, str)] == [FIRST, FIRST]
    (refused,) = [t for t in told if isinstance(t, Busy)]
    assert (refused.code, refused.retryable) == ("BUSY", True)
    assert await pasts.ask(s.home, "scene:scn_other", History.text) == ""
    assert await pasts.ask(s.home, f"scene:{s.scene}", History.text) == FIRST


COMMENT = "id text author { id name } quote start end gone resolved resolvedBy replies { text author { name } }"
ADD = f"""mutation($i: AddCommentInput!) {{ addComment(input: $i) {{
  comment {{ {COMMENT} }} sequence userErrors {{ path code }} }} }}"""
SETTLE = f"""mutation($i: ResolveCommentInput!) {{ resolveComment(input: $i) {{
  comment {{ {COMMENT} }} userErrors {{ path code }} }} }}"""
COMMENTS = f"query($s: ID!) {{ scene(id: $s) {{ comments {{ {COMMENT} }} }} }}"


async def test_q67_a_comment_follows_its_words_and_says_when_they_are_gone(studio: Studio) -> None:
    """Q-67: offsets are where the words stand now; when somebody deletes them the quote stays and says so."""
    s = studio
    first = await s.begin()
    start = FIRST.index("Soup 🎬")
    given = {"sceneId": s.scene, "text": "Too hot?", "start": start, "end": start + 6, "displayName": "Bo"}
    made = (await s.ask(ADD, i={**given, "sequence": str(first), "idempotencyKey": "c1"}))["addComment"]
    comment = made["comment"]
    assert made["userErrors"] == []
    assert (comment["quote"], comment["author"], comment["gone"]) == ("Soup 🎬", {"id": "owner", "name": "Bo"}, False)
    await s.write(ANA, "FADE IN: 🎬\n\n" + FIRST)
    again = (await s.ask(ADD, i={**given, "sequence": str(first), "idempotencyKey": "c1"}))["addComment"]
    assert (again["sequence"], again["comment"]["id"]) == (made["sequence"], comment["id"])
    (moved,) = (await s.ask(COMMENTS, s=s.scene))["scene"]["comments"]
    text = "FADE IN: 🎬\n\n" + FIRST
    assert text[moved["start"] : moved["end"]] == "Soup 🎬"
    await s.write(ANA, "FADE IN: 🎬\n\nINT. KITCHEN - DAY\n")
    (gone,) = (await s.ask(COMMENTS, s=s.scene))["scene"]["comments"]
    assert (gone["gone"], gone["start"], gone["end"], gone["quote"]) == (True, None, None, "Soup 🎬")


async def test_q68_threads_are_answered_settled_and_opened_again(studio: Studio) -> None:
    """Q-68: an answer joins its thread, resolving and reopening show; wrong places and threads are named."""
    s = studio
    await s.begin()
    given = {"sceneId": s.scene, "text": "Here.", "start": 0, "end": 4}
    one = (await s.ask(ADD, i={**given, "idempotencyKey": s.key()}))["addComment"]["comment"]
    reply = {"sceneId": s.scene, "text": "Yes 🎬.", "inReplyTo": one["id"], "displayName": "Ana"}
    thread = (await s.ask(ADD, i={**reply, "idempotencyKey": s.key()}))["addComment"]["comment"]
    assert (thread["id"], thread["replies"]) == (one["id"], [{"text": "Yes 🎬.", "author": {"name": "Ana"}}])
    for resolved in (True, False):
        settle = {"sceneId": s.scene, "commentId": one["id"], "resolved": resolved, "displayName": "Ana"}
        told = (await s.ask(SETTLE, i={**settle, "idempotencyKey": s.key()}))["resolveComment"]["comment"]
        assert (told["resolved"], told["resolvedBy"]) == (resolved, "Ana" if resolved else None)
    for change, path, code in (
        ({"start": 5, "end": 5}, ["input", "end"], "BAD_RANGE"),
        ({"end": 5_000}, ["input", "end"], "BAD_RANGE"),
        ({"text": " "}, ["input", "text"], "REQUIRED"),
        ({"sequence": "9999"}, ["input", "sequence"], "BAD_SEQUENCE"),
        ({"inReplyTo": "cmt_none"}, ["input", "inReplyTo"], "NOT_FOUND"),
        ({"sceneId": "scn_none"}, ["input", "sceneId"], "NOT_FOUND"),
    ):
        refused = (await s.ask(ADD, i={**given, **change, "idempotencyKey": s.key()}))["addComment"]["userErrors"]
        assert refused == [{"path": path, "code": code}]
