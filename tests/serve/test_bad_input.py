"""Bad input at every door of the running stack: a clear error, and the room and everybody else unharmed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.conftest import Stack, wait_until
from tests.serve.peer import STEP_1, UPDATE, Person, var_bytes
from tests.serve.stories import owner, project_with_scene

pytestmark = pytest.mark.serve
MIB = 1024 * 1024
NOBODY = "prj_0000000000000000000000"
WEIRD = """INT. مقهى القاهرة - ليل

ليلى (30) تحمل 🏮. المطر يتوقف. 🎬👩‍👩‍👧‍👦

@ليلى
لا تطفئ الضوء. é ≠ é

FADE OUT.
"""
HALF = "INT. KITCH\n\nMARA\n\n(\n\nEXT.\n\n[[never closed\n\n/* nor this\n\nINT. HALL - NI"


def address(stack: Stack, path: str) -> str:
    return f"ws://127.0.0.1:{stack.port}{path}"


@asynccontextmanager
async def socket(stack: Stack, path: str, token: str | None = None) -> AsyncIterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {stack.token if token is None else token}"}
    async with connect(address(stack, path), additional_headers=headers, max_size=None) as opened:
        yield opened


async def closing(opened: ClientConnection) -> tuple[int, str]:
    """(code, reason) with which the server ends it; whatever it says before that is read and dropped."""
    async with asyncio.timeout(20):
        try:
            while True:
                await opened.recv()
        except ConnectionClosed as closed:
            # 1006, as a browser says it: the line was cut before a close frame came
            return (1006, "") if closed.rcvd is None else (closed.rcvd.code, closed.rcvd.reason)


async def refused(stack: Stack, path: str, token: str | None = None) -> tuple[int, str]:
    async with socket(stack, path, token) as opened:
        return await closing(opened)


# the door
@pytest.mark.parametrize("token", ["", "wrong", "test-owner-token"])
def test_q50_a_wrong_token_over_http_is_401_in_json(stack: Stack, token: str) -> None:
    """Q-50: GraphQL, owner and status answer a wrong or missing token with 401 and a code, and nothing else."""
    status, answer = stack.request("/graphql", {"query": "{ projects { totalCount } }"}, token=token)
    assert status == 401
    assert answer["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED", "retryable": False}
    assert "data" not in answer
    for path in (f"/api/owner/{NOBODY}", "/api/status", "/uploads"):
        status, answer = stack.request(path, {} if path == "/uploads" else None, token=token)
        assert (status, answer["code"]) == (401, "UNAUTHENTICATED"), path


async def test_q51_a_wrong_token_over_graphql_websocket_is_4401(stack: Stack) -> None:
    """Q-51: no operation runs before the socket has proved who it is."""
    protocols = [Subprotocol("graphql-transport-ws")]
    async with connect(address(stack, "/graphql"), subprotocols=protocols) as opened:
        await opened.send(json.dumps({"type": "connection_init", "payload": {"token": "wrong"}}))
        assert (await closing(opened))[0] == 4401


async def test_w60_a_wrong_token_on_a_document_is_4401(stack: Stack) -> None:
    """W-60: an unauthenticated socket is told to stop, and learns nothing about what exists."""
    project, scene = await asyncio.to_thread(project_with_scene, stack, "Door")
    for path in (f"/collab/{project}/scene:{scene}", f"/collab/{NOBODY}/outline", "/collab/nonsense/nonsense"):
        assert await refused(stack, path, "wrong") == (4401, "sign in first"), path
        assert await refused(stack, f"{path}?token=wrong", "") == (4401, "sign in first"), path


# what does not exist
@pytest.mark.parametrize("doc", ["script", "scene:scn_0000000000000000000000", "outline:2", "scene:", "live2"])
async def test_w61_an_unknown_document_is_4404(stack: Stack, doc: str) -> None:
    """W-61: a document that is none of the project's is refused; asking for it creates nothing."""
    project, _ = await asyncio.to_thread(project_with_scene, stack, "Documents")
    assert (await refused(stack, f"/collab/{project}/{doc}"))[0] == 4404


async def test_w62_a_foreign_project_is_4404_and_null(stack: Stack) -> None:
    """W-62: an id of nobody's project opens no room and no page of data, and nobody comes to own it."""
    assert (await refused(stack, f"/collab/{NOBODY}/outline"))[0] == 4404
    found = await asyncio.to_thread(stack.graphql, "query($id: ID!) { project(id: $id) { id } }", id=NOBODY)
    assert found["project"] is None
    assert await asyncio.to_thread(owner, stack, NOBODY) is None


# frames
BAD_FRAMES: dict[str, tuple[bytes | str, int]] = {
    "empty": (b"", 4400),
    "no such message": (b"\x63\x00", 4400),
    "sync that stops": (b"\x00\x02\xff\xff\xff", 4400),
    "update of noise": (UPDATE + var_bytes(bytes(range(200))), 4400),
    "state vector of noise": (STEP_1 + var_bytes(b"\xff" * 40), 4400),
    "awareness of noise": (b"\x01" + var_bytes(b"\xff" * 20), 4400),
    "text": ("hello", 4400),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
async def test_w63_a_malformed_frame_ends_its_own_socket_only(stack: Stack, name: str) -> None:
    """W-63: bytes that are no message end the socket they came on, with a class that says stop; others in the room
    write on."""
    frame, code = BAD_FRAMES[name]
    project, scene = await asyncio.to_thread(project_with_scene, stack, "Frames")
    path = f"/collab/{project}/scene:{scene}"
    async with Person(address(stack, path), stack.token, "Ada") as ada:
        async with socket(stack, path) as mallory:
            await mallory.send(frame)
            assert (await closing(mallory))[0] == code
        await ada.type(" <unharmed>")
        await ada.until_acknowledged()
        assert ada.connections == 1


@pytest.mark.parametrize(("mib", "codes"), [(20.5, {4413}), (22, {1009, 4413})])
async def test_w64_a_frame_over_the_limit_ends_its_own_socket_only(stack: Stack, mib: float, codes: set[int]) -> None:
    """W-64: a frame over the limit is refused as too large; the room, its other people and its text are unharmed."""
    project, scene = await asyncio.to_thread(project_with_scene, stack, "Large")
    path = f"/collab/{project}/scene:{scene}"
    async with Person(address(stack, path), stack.token, "Ada") as ada:
        before = str(ada.text)
        async with socket(stack, path) as mallory:
            with suppress(ConnectionClosed):  # refused while it is still being sent
                await mallory.send(UPDATE + var_bytes(bytes(int(mib * MIB))))
            code, _ = await closing(mallory)
            assert code in codes
        await ada.type(" <unharmed>")
        await ada.until_acknowledged()
        assert ada.connections == 1
        assert str(ada.text) == before + " <unharmed>"


# GraphQL
def refusal(stack: Stack, name: str, **fields: Any) -> dict[str, Any]:
    """The one userError of a mutation that must be refused."""
    type_name = name[0].upper() + name[1:] + "Input"
    query = (
        f"mutation($input: {type_name}!) {{ {name}(input: $input) {{ userErrors {{ path code message }} sequence }} }}"
    )
    answer = stack.graphql(query, input={"idempotencyKey": stack.key(), **fields})[name]
    assert answer["sequence"] is None
    (error,) = answer["userErrors"]
    assert error["message"]
    found: dict[str, Any] = error
    return found


def test_q52_an_unknown_field_is_named(stack: Stack) -> None:
    """Q-52: a query for a field that does not exist is refused before it runs, and the answer names the field."""
    status, answer = stack.request("/graphql", {"query": "{ projects { edges { node { nonesuch } } } }"})
    assert status in (200, 400)
    assert "data" not in answer
    assert "nonesuch" in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


def script_of(stack: Stack, scene: str) -> str:
    text: str = stack.graphql("query($id: ID!) { scene(id: $id) { script(fresh: true) } }", id=scene)["scene"]["script"]
    return text


async def overwrite(stack: Stack, project: str, scene: str, text: str) -> None:
    """As a person does it who selects everything and types."""
    path = f"/collab/{project}/scene:{scene}"
    async with Person(address(stack, path), stack.token, "Ada") as ada, socket(stack, path) as line:
        before = ada.doc.get_state()
        ada.text.clear()
        ada.text += text
        await line.send(UPDATE + var_bytes(ada.doc.get_update(before)))
        await asyncio.to_thread(wait_until, lambda: script_of(stack, scene) == text, 10, "the scene is overwritten")


@pytest.mark.parametrize("script", ["", "   \n\n  "])
async def test_q53_an_empty_scene_is_not_generated(stack: Stack, script: str) -> None:
    """Q-53: Generate without words is EMPTY_SCRIPT, and no job is left behind."""
    project, scene = await asyncio.to_thread(project_with_scene, stack, "Empty")
    await overwrite(stack, project, scene, script)
    assert (await asyncio.to_thread(refusal, stack, "generateScene", sceneId=scene))["code"] == "EMPTY_SCRIPT"
    query = "query($id: ID!) { scene(id: $id) { jobs { id } status } }"
    found = await asyncio.to_thread(stack.graphql, query, id=scene)
    assert found["scene"] == {"jobs": [], "status": "PENDING"}


def test_q54_an_unknown_brain_is_refused_with_the_known_ones(stack: Stack) -> None:
    """Q-54: an unknown brain is refused where it is chosen, and the answer says which there are."""
    _, scene = project_with_scene(stack, "Brains")
    for error in (
        refusal(stack, "createProject", title="Brains", type="SHORT", brain="tarkovsky"),
        refusal(stack, "generateScene", sceneId=scene, brain="tarkovsky"),
    ):
        assert (error["code"], error["path"]) == ("UNKNOWN_BRAIN", ["input", "brain"])
        assert "nolan" in error["message"]


def test_q55_a_key_is_not_used_for_another_request(stack: Stack) -> None:
    """Q-55: the same key with the same input replays the answer; with another input it is refused without effect."""
    project, _ = project_with_scene(stack, "Keys")
    key = stack.key()
    fields = {"projectId": project, "heading": "EXT. PIER - DAY", "idempotencyKey": key}
    first = stack.mutate("createScene", "scene { id }", **fields)
    assert stack.mutate("createScene", "scene { id }", **fields) == first
    assert refusal(stack, "createScene", **{**fields, "heading": "EXT. SEA - DAY"})["code"] == "IDEMPOTENCY_KEY_REUSED"
    key = stack.key()
    film = {"title": "One", "text": HALF, "format": "FOUNTAIN", "idempotencyKey": key}
    stack.mutate("importScreenplay", "project { id }", **film)
    assert refusal(stack, "importScreenplay", **{**film, "title": "Two"})["code"] == "IDEMPOTENCY_KEY_REUSED"
    scenes = stack.graphql("query($id: ID!) { project(id: $id) { scenes { id } } }", id=project)["project"]["scenes"]
    assert len(scenes) == 2


# what people really write
def test_q56_arabic_and_emoji_survive_and_generate(stack: Stack) -> None:
    """Q-56: text in any script comes back byte for byte, and becomes a film with its dialogue as captions."""
    made = stack.mutate("importScreenplay", "project { id scenes { id } }", title="مقهى", text=WEIRD, format="FOUNTAIN")
    project, scene = made["project"]["id"], made["project"]["scenes"][0]["id"]
    out = stack.graphql("query($id: ID!) { exportFountain(projectId: $id) }", id=project)["exportFountain"]
    assert out == WEIRD
    job = stack.mutate("generateScene", "job { id }", sceneId=scene, autoPick=True)["job"]["id"]
    query = "query($id: ID!) { job(id: $id) { state error { code } take { id captionsUrl } } }"

    def over() -> dict[str, Any] | None:
        found: dict[str, Any] = stack.graphql(query, id=job)["job"]
        return found if found["state"] in ("FINAL_READY", "FAILED") else None

    done = wait_until(over, 90, "the film is made")
    assert done["state"] == "FINAL_READY", done["error"]
    status, captions = stack.request(done["take"]["captionsUrl"], token="")
    assert status == 200
    assert "لا تطفئ الضوء" in captions


@pytest.mark.parametrize("text", [HALF, "no heading at all", "\ufeffINT. A - DAY\r\n\r\nx\r\n", "."])
def test_q57_a_half_written_screenplay_is_taken_in_and_given_back(stack: Stack, text: str) -> None:
    """Q-57: whatever a person has so far becomes a project, and comes out as it went in."""
    made = stack.mutate("importScreenplay", "project { id scenes { id } }", title="Half", text=text, format="FOUNTAIN")
    assert len(made["project"]["scenes"]) >= 1
    out = stack.graphql("query($id: ID!) { exportFountain(projectId: $id) }", id=made["project"]["id"])
    assert out["exportFountain"] == text
