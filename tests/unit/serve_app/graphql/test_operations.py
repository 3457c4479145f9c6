"""Queries and mutations over the real endpoint on the in-memory ledger."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.commands import CommandError
from gpu.steps import Step
from storage.codec import encode
from storage.ledger.errors import Unavailable
from storage.ledger.protocol import AttemptState, Kind, NewAttempt, NewEvent
from tests.unit.serve_app.conftest import World, findings_row, job_row, project_row, scene_row, take_row

pytestmark = pytest.mark.unit

CREATE = """mutation($i: CreateProjectInput!) { createProject(input: $i) {
  project { id title sequence } sequence userErrors { path code message retryable } } }"""
WHOLE = """query($id: ID!) { project(id: $id) {
  id title type brain format status revision sequence createdAt sceneCount cast { id name } places { id name }
  scenes { id projectId heading script status bibleVersion revision thumbnailUrl
    takes { id jobId playlistUrl videoUrl thumbnailUrl durationS backend degraded cacheVerdict qualityScore
            epistemicState recipe }
    findings { id sceneId code severity message suggestion waived stale evidence { sceneId start end text }
               fix { sceneId start end replacement } }
    jobs { id sceneId state stage progress message queuePosition etaS createdAt error { code message retryable }
           panels { id imageUrl seed votes picked } take { id } segmentId updatedBibleVersion } } } }"""


async def test_q02_a_mutation_answers_with_what_is_committed(world: World) -> None:
    """Q-02: the payload is read back after the commit and names its sequence."""
    data = await world.ask(CREATE, i={"title": "Ferry 🎬", "type": "SHORT", "idempotencyKey": "k"})
    payload = data["createProject"]
    assert payload["userErrors"] == []
    assert payload["project"]["title"] == "Ferry 🎬"
    assert int(payload["sequence"]) == await world.ledger.head(payload["project"]["id"])


async def test_q03_a_retry_meets_the_same_home_and_answer(world: World) -> None:
    """Q-03: the same key gives the same project and sequence, whatever was lost between."""
    asked = {"title": "Ferry", "type": "SHORT", "idempotencyKey": "same"}
    first, second = [(await world.ask(CREATE, i=asked))["createProject"] for _ in range(2)]
    assert first == second
    assert await world.ledger.count_views("project") == 1
    other = (await world.ask(CREATE, i={**asked, "title": "Another"}))["createProject"]
    assert [e["code"] for e in other["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]


@pytest.mark.parametrize("key", ["", "k" * 201, "new\nline"])
async def test_q03_a_bad_key_is_refused_before_anything_is_sent(world: World, key: str) -> None:
    """Q-03: 1 to 200 printable characters."""
    data = await world.ask(CREATE, i={"title": "T", "type": "SHORT", "idempotencyKey": key})
    error = data["createProject"]["userErrors"][0]
    assert (error["code"], error["path"]) == ("BAD_IDEMPOTENCY_KEY", ["input", "idempotencyKey"])
    assert world.scribe.sent == []


@pytest.mark.parametrize(
    ("mutation", "path"),
    [
        ('lockScene(sceneId: "scn_no", idempotencyKey: "k")', ["sceneId"]),
        ('unlockScene(sceneId: "scn_no", idempotencyKey: "k")', ["sceneId"]),
        ('setBrain(projectId: "prj_no", brain: "noir", idempotencyKey: "k")', ["projectId"]),
        ('addCast(projectId: "prj_no", name: "ADA", idempotencyKey: "k")', ["projectId"]),
        ('createScene(input: {projectId: "prj_no", heading: "X", idempotencyKey: "k"})', ["input", "projectId"]),
        ('generateScene(input: {sceneId: "scn_no", idempotencyKey: "k"})', ["input", "sceneId"]),
        ('cancelJob(input: {jobId: "job_no", idempotencyKey: "k"})', ["input", "jobId"]),
        ('retryJob(input: {jobId: "job_no", idempotencyKey: "k"})', ["input", "jobId"]),
        ('pickPanel(input: {jobId: "job_no", panelId: "p", idempotencyKey: "k"})', ["input", "jobId"]),
    ],
)
async def test_q04_an_unknown_id_is_a_user_error_with_its_path(world: World, mutation: str, path: list[str]) -> None:
    """Q-04: NOT_FOUND, never a fault, and no command is sent."""
    data = await world.ask(f"mutation {{ {mutation} {{ userErrors {{ path code message }} sequence }} }}")
    (payload,) = data.values()
    assert [(e["code"], e["path"]) for e in payload["userErrors"]] == [("NOT_FOUND", path)]
    assert payload["sequence"] is None
    assert world.scribe.sent == []


@pytest.mark.parametrize(
    ("fault", "code", "retryable"),
    [
        (CommandError("BAD_TITLE", "a title is needed", ("input", "title")), "BAD_TITLE", False),
        (Unavailable("disk full at /secret/path"), "LEDGER_UNAVAILABLE", True),
    ],
)
async def test_q05_refusals_and_faults_come_as_user_errors(
    world: World, fault: Exception, code: str, retryable: bool
) -> None:
    """Q-05: with code, words and retryable; operators' words stay inside."""
    world.scribe.down = fault
    data = await world.ask(CREATE, i={"title": "T", "type": "SHORT", "idempotencyKey": "k"})
    error = data["createProject"]["userErrors"][0]
    assert (error["code"], error["retryable"]) == (code, retryable)
    assert "secret" not in error["message"]
    assert data["createProject"]["project"] is None


async def test_q05_a_bug_is_answered_without_its_words(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Q-05: an exception without a code is INTERNAL to the caller and a logged trace to us."""
    world.scribe.down = ZeroDivisionError("secret state")
    answer = (await world.post(CREATE, i={"title": "T", "type": "SHORT", "idempotencyKey": "k"})).json()
    assert answer["errors"][0]["extensions"] == {"code": "INTERNAL", "retryable": True}
    assert "secret" not in str(answer)
    assert any(r.message == "resolver failed" for r in caplog.records)


async def test_q06_one_query_shows_everything_a_project_holds(world: World) -> None:
    """Q-06: projections alone answer, with signed media."""
    project = await world.project()
    scene = await world.scene(project)
    job = await world.job(scene)
    rows = [
        take_row(project, scene, job, "tak_1"),
        findings_row(project, scene),
        job_row(project, scene, job, "FINAL_READY", take="tak_1"),
    ]
    await world.scribe.append(project, [NewEvent("@x", Kind.EVENT, "t", encode({}))], rows)
    shown = (await world.ask(WHOLE, id=project))["project"]
    assert shown["cast"] == [{"id": "cst_1", "name": "ADA"}]
    assert shown["sceneCount"] == 1
    (only,) = shown["scenes"]
    assert only["takes"][0]["playlistUrl"] == world.signer.path("videos/t/master.m3u8", prefix="videos/t")
    assert only["jobs"][0]["take"] == {"id": "tak_1"}
    assert only["jobs"][0]["panels"][0]["imageUrl"] == world.signer.path("videos/j/p0.png", prefix="videos/j")
    assert only["findings"][0]["fix"]["replacement"] == "ADA"
    assert only["script"].endswith("مرحبا 🎬\n\n")


async def _big(world: World, scenes: int) -> str:
    project = await world.project()
    rows = []
    for n in range(scenes):
        scene = f"scn_{n}"
        rows += [
            scene_row(project, scene, "x", order=f"{n:04}"),
            findings_row(project, scene),
            job_row(project, scene, f"job_{n}", take=f"tak_{n}"),
            take_row(project, scene, f"job_{n}", f"tak_{n}"),
        ]
    await world.scribe.append(project, [NewEvent("@x", Kind.EVENT, "t", encode({}))], rows)
    return project


async def test_q07_reads_do_not_grow_with_scenes(world: World) -> None:
    """Q-07: projects, scenes, jobs and takes cost a bounded number of reads per project (no N+1)."""
    costs: list[int] = []
    for scenes in (3, 60):
        project = await _big(world, scenes)
        world.ledger.reads.clear()
        shown = (await world.ask(WHOLE, id=project))["project"]
        assert len(shown["scenes"]) == scenes
        assert all(s["jobs"][0]["take"]["id"] == s["takes"][0]["id"] for s in shown["scenes"])
        costs.append(sum(world.ledger.reads.values()))
    assert costs[0] == costs[1] <= 8


async def test_q08_projects_page_by_cursor(world: World) -> None:
    """Q-08: newest first, each once, and the pages say when they end."""
    made = [await world.project(f"P{n}") for n in range(5)]
    query = """query($after: String) { projects(first: 2, after: $after) {
      edges { node { id } cursor } totalCount pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
    seen: list[str] = []
    after: str | None = None
    while True:
        page = (await world.ask(query, after=after))["projects"]
        assert page["totalCount"] == 5
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        seen += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ('{ projects(after: "%%%") { totalCount } }', "BAD_CURSOR"),
        ("{ projects(first: 201) { totalCount } }", "BAD_PAGE"),
        ("{ projects(first: -1) { totalCount } }", "BAD_PAGE"),
        ('{ history(projectId: "prj_no") { kind } }', "NOT_FOUND"),
        ('{ exportFountain(projectId: "prj_no") }', "NOT_FOUND"),
    ],
)
async def test_q08_bad_pages_and_cursors_are_named(world: World, query: str, code: str) -> None:
    """Q-08: each with its code."""
    assert (await world.post(query)).json()["errors"][0]["extensions"]["code"] == code


async def test_q04_another_persons_project_does_not_exist(world: World) -> None:
    """Q-04: for a principal without all scopes, a foreign project reads as unknown, in lists and by id."""
    project = await world.project()
    await world.scribe.append(
        project, [NewEvent("@x", Kind.EVENT, "t", encode({}))], [project_row(project, "T", owner="somebody")]
    )
    from serve_app.auth import Principal

    guest = Principal("guest", "Guest")
    headers = {"cookie": f"storyforge_session={world.gate.ticket(guest)}", "origin": "http://studio.test"}
    query = f'{{ project(id: "{project}") {{ id }} projects {{ edges {{ node {{ id }} }} }} me {{ id name }} }}'
    answer = await world.client.post("/graphql", json={"query": query}, headers=headers)
    assert answer.json()["data"] == {
        "project": None,
        "projects": {"edges": []},
        "me": {"id": "guest", "name": "Guest"},
    }


async def test_q09_history_is_plain_language_with_authors(world: World) -> None:
    """Q-09: newest first; a burst of typing is one line with its author; pages go on from `before`."""
    project = await world.project("Ferry")
    scene = await world.scene(project)
    for n in range(4):
        body = encode([["ada", 7, bytes([n])]])
        await world.scribe.append(project, [NewEvent(f"scene:{scene}", Kind.UPDATES, "updates", body, scene=scene)], [])
    query = """query($p: ID!, $b: String, $s: ID) { history(projectId: $p, before: $b, sceneId: $s, first: 2) {
      sequence author kind summary } }"""
    first = (await world.ask(query, p=project))["history"]
    assert [(h["author"], h["summary"]) for h in first] == [("ada", "Wrote in the script"), ("owner", "Added a scene")]
    rest = (await world.ask(query, p=project, b=first[-1]["sequence"]))["history"]
    assert rest[0]["summary"] == "Started the project: Ferry"
    of_scene = (await world.ask(query, p=project, s=scene))["history"]
    assert [h["kind"] for h in of_scene] == ["updates", "scene.created"]


async def test_q09_bookkeeping_and_imports_do_not_flood_history(world: World) -> None:
    """Q-09: an import's scenes are one line; the server's own edits and inner steps are none."""
    project = await world.project("Ferry")
    scenes = [NewEvent("@project", Kind.EVENT, "scene.created", encode({}), source="owner") for _ in range(40)]
    inner = [NewEvent("@scene:s", Kind.EVENT, "job.step", encode({"job": "j"}), source="@server")]
    edits = [NewEvent("outline", Kind.UPDATES, "updates", encode([["@server", 1, b"x"]]), source="@server")]
    await world.scribe.append(project, scenes + inner + edits, [])
    shown = (await world.ask(f'{{ history(projectId: "{project}") {{ author summary }} }}'))["history"]
    assert [h["summary"] for h in shown] == ["Added 40 scenes", "Started the project: Ferry"]


async def test_q10_export_is_the_scripts_in_order_with_the_freshest_text(world: World) -> None:
    """Q-10: title page, then scenes; what an owner holds live goes before the projection."""
    project = await world.project()
    text = "INT. KITCHEN - DAY\n\nADA\nHello.\n\n"
    rows = [scene_row(project, "scn_a", text, order="a"), scene_row(project, "scn_b", "EXT. SEA - NIGHT\n", order="b")]
    await world.scribe.append(project, [NewEvent("@x", Kind.EVENT, "t", encode({}))], rows)
    world.texts.live["scn_b"] = "EXT. SEA - DAWN\n\nGulls.\n"
    query = f'{{ exportFountain(projectId: "{project}") scene(id: "scn_b") {{ script fresh: script(fresh: true) }} }}'
    data = await world.ask(query)
    assert data["exportFountain"] == "Title: T\n\n" + text + "EXT. SEA - DAWN\n\nGulls.\n"
    assert data["scene"] == {"script": "EXT. SEA - NIGHT\n", "fresh": "EXT. SEA - DAWN\n\nGulls.\n"}


async def test_q06_a_job_shows_the_live_progress_of_its_attempt(world: World) -> None:
    """Q-06, G-171: committed progress plus the running step's share; queued jobs know their place and time."""
    project = await world.project()
    scene = await world.scene(project)
    jobs = [await world.job(scene) for _ in range(2)]
    query = "query($id: ID!) { job(id: $id) { progress message queuePosition etaS } }"

    async def both() -> list[dict[str, Any]]:
        return [(await world.ask(query, id=job))["job"] for job in jobs]

    assert sorted(j["queuePosition"] for j in await both()) == [1, 2]
    assert [j["etaS"] for j in await both()] == [None, None]
    attempt = await world.ledger.claim_attempt("wrk", ["storyboard"])
    assert attempt is not None
    await world.ledger.beat_attempt(attempt.id, "wrk", progress=0.5, message="STORYBOARD|Inking")
    live = (await world.ask(query, id=attempt.job))["job"]
    assert live["progress"] == pytest.approx(0.12 + 0.23 * 0.5)
    assert (live["message"], live["queuePosition"]) == ("Inking", None)
    assert live["etaS"] is not None
    await world.ledger.finish_attempt(attempt.id, "wrk", AttemptState.DONE, result=b"", error=None)
    assert (await world.ask(query, id=attempt.job))["job"]["progress"] == pytest.approx(0.1)


async def test_g190_a_running_job_shows_the_newest_frame_of_its_film(world: World) -> None:
    """G-190: signed; of the attempt that runs and no other, whatever its worker says."""
    job = await world.job(await world.scene(await world.project()))
    query = "query($id: ID!) { job(id: $id) { previewUrl } }"
    assert (await world.ask(query, id=job))["job"] == {"previewUrl": None}
    attempt = await world.ledger.claim_attempt("wrk", ["storyboard"])
    assert attempt is not None
    for key, shown in (
        (f"assets/previews/{attempt.id}/0.jpg", True),
        ("assets/previews/att_x/0.jpg", False),
        (7, False),
    ):
        told = encode({"preview_key": key})
        await world.ledger.beat_attempt(attempt.id, "wrk", progress=0.5, message="", result=told)
        expected = world.signer.path(str(key)) if shown else None
        assert (await world.ask(query, id=job))["job"]["previewUrl"] == expected
    await world.ledger.finish_attempt(attempt.id, "wrk", AttemptState.DONE, result=b"", error=None)
    assert (await world.ask(query, id=job))["job"]["previewUrl"] is None


async def test_g192_what_is_sent_is_read_word_for_word(world: World) -> None:
    """G-192: from the newest request that draws or films; other steps and other jobs say nothing; none: null."""
    project = await world.project()
    scene = await world.scene(project)
    job, other = [await world.job(scene) for _ in range(2)]
    query = (
        "query($id: ID!) { job(id: $id) { sent { step prompt seed added { source text } shots { prompt frameKey } } } }"
    )
    assert (await world.ask(query, id=job))["job"] == {"sent": None}
    note = {"source": "note", "text": "shot 1: wider"}
    enhanced = {
        "writer": "grammar", "brain": "pixar", "prompt": "A kitchen.\nShot 1: wider", "negative": "", "added": [note],
        "shots": [{"duration_s": 2.0}], "shot_prompts": ["A pot. wider"],
    }  # fmt: skip
    frames = [{"shot": 0, "candidate": 1, "key": "assets/panels/a.jpg", "sha256": "a"}]
    for step in (Step.STORYBOARD, Step.VIDEO):
        request = encode({"enhanced": enhanced, "seed": 7, "frames": frames if step is Step.VIDEO else [[0, 0]]})
        new = NewAttempt(f"att_{step}", project, scene, job, step, 2, request, 1_000)
        await world.scribe.append(project, [NewEvent("@x", Kind.EVENT, "t", encode({}))], [], (new,))
        sent = (await world.ask(query, id=job))["job"]["sent"]
        assert (sent["step"], sent["seed"], sent["prompt"]) == (step.value, "7", enhanced["prompt"])
        assert sent["added"] == enhanced["added"]
        key = "assets/panels/a.jpg" if step is Step.VIDEO else None
        assert sent["shots"] == [{"prompt": "A pot. wider", "frameKey": key}]
    assert (await world.ask(query, id=other))["job"] == {"sent": None}


async def test_q03_concurrent_retries_make_one_project(world: World) -> None:
    """Q-03: the home is derived, so even racing first tries meet."""
    asked = {"title": "Ferry", "type": "SHORT", "idempotencyKey": "race"}
    first = await world.ask(CREATE, i=asked)
    rest = await asyncio.gather(*(world.ask(CREATE, i=asked) for _ in range(5)))
    assert all(r == first for r in rest)
