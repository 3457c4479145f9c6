"""Writers on a running story: from the configured list to rows people read, over the real owner and a real endpoint."""

from __future__ import annotations

import asyncio
import contextlib
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gpu.steps import Step
from serve_app.config import Settings, SettingsError
from serve_app.owner_bell import OwnerBell
from serve_app.settings.llm import roles_in
from serve_app.steps.enhance import Enhance
from serve_app.steps.writers import LedgerSpending, writer_chain
from serve_app.stores import open_bus, open_ledger
from serve_app.worker import Lane, Worker
from tests.unit.gpu.enhance.endpoint import Endpoint, endpoint
from tests.unit.serve_app.graphql.test_real_owner import CREATE, Api, served

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Ray's own, at import
    from serve_app.app import build_generation
    from serve_app.deployments.prompt_enhancer import actor_options

pytestmark = pytest.mark.unit

KEY = "sk-secret-0123456789"
SCRIPT = "INT. LIGHTHOUSE - NIGHT\n\nMARA holds a brass lantern.\n\nELIAS\nDid you hear it?\n\nMARA\nAlways.\n"
SHOWN = """{ job(id: "%s") { draft { text } enhancement {
  writer model degradedFrom freeText prompt negative cost currency durationS omittedMoments brain
  tries { writer code message cost usage { promptTokens completionTokens cachedTokens } }
  slots { heading place interior timeOfDay weather props cast { id name descriptors } }
  added { source text } usage { promptTokens }
  videoEstimates { backend model version seconds cost unit workS }
  shots { index prompt writer lost cast props lines size } } } }"""


class Story:
    def __init__(self, api: Api, settings: Settings, there: Endpoint) -> None:
        self.api, self.settings, self.there = api, settings, there
        self.project = ""

    async def enhanced(self) -> dict[str, Any]:
        """One generation, as far as its words; the answer of `SHOWN`."""
        if not self.project:
            self.project = (await self.api.act(CREATE, "project { id }"))["project"]["id"]
        scene = await self.api.act(
            "createScene(input: {projectId: $p, heading: $h, script: $t, idempotencyKey: $key})",
            "scene { id }",
            **{"p: ID!": self.project, "h: String!": "INT. LIGHTHOUSE - NIGHT", "t: String": SCRIPT},
        )
        asked = await self.api.act(
            "generateScene(input: {sceneId: $s, idempotencyKey: $key})",
            "job { id }",
            **{"s: ID!": scene["scene"]["id"]},
        )
        async with asyncio.timeout(10):
            while True:
                job = (await self.api.ask(SHOWN % asked["job"]["id"]))["job"]
                if job["enhancement"] is not None:
                    return dict(job["enhancement"])
                await asyncio.sleep(0.02)  # the owner looks at rows of nobody's bell by itself


def with_writers(folder: Path, url: str, **more: Any) -> Settings:
    return Settings.from_args(
        {
            "data_dir": str(folder),
            "llm_roles": "enhance: openai",
            "openai_base_url": url,
            "openai_model": "small",
            "openai_api_key": KEY,
            "openai_prompt_price": 1_000,
            "openai_completion_price": 2_000,
            **more,
        },
        {},
    )


@contextlib.asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[None]:
    """A worker for words alone, as the settings say."""
    ledger, bus = open_ledger(settings), open_bus(settings)
    await ledger.open()
    await bus.open()
    chain = writer_chain(settings, ledger)
    runs = {Step.ENHANCE.value: Enhance(chain)}
    worker = Worker("w-writers", ledger, runs, (Lane("words", (Step.ENHANCE,)),), OwnerBell(bus), bus)
    worker.start()
    try:
        yield
    finally:
        await worker.stop()
        await chain.close()
        await bus.close()
        await ledger.close()


@contextlib.asynccontextmanager
async def story(tmp_path: Path, *plan: str, **more: Any) -> AsyncIterator[Story]:
    async with endpoint(*plan) as there, served(tmp_path) as (api, _):
        settings = with_writers(tmp_path, there.url, **more)
        async with working(settings):
            yield Story(api, settings, there)


async def test_what_is_sent_can_be_reviewed_with_its_cost(tmp_path: Path) -> None:
    """G-232, G-229, G-228, G-318: slots, text, additions, prompt, writer and cost, of words and of the film to come;
    the project's sum; no key."""
    async with story(tmp_path) as found:
        seen = await found.enhanced()
        assert (seen["writer"], seen["model"], seen["degradedFrom"]) == ("openai", "small", [])
        assert (seen["slots"]["place"], seen["slots"]["timeOfDay"]) == ("LIGHTHOUSE", "night")
        assert {person["name"] for person in seen["slots"]["cast"]} == {"MARA", "ELIAS"}
        assert "ELIAS: Did you hear it?" in seen["freeText"]
        assert seen["added"][0]["source"] == "brain"
        assert all(shot["prompt"] in seen["prompt"] and shot["writer"] == "openai" for shot in seen["shots"])
        calls = seen["usage"]["promptTokens"] // 210
        assert seen["cost"] == pytest.approx(calls * (210 + 2 * 40 - 128) / 1e6)
        (film,) = seen["videoEstimates"]
        assert (film["backend"], film["cost"], film["unit"], film["version"]) == ("animatic", 0, "usd", "1")
        assert film["seconds"] == pytest.approx(seen["durationS"])
        assert film["workS"] == pytest.approx(0.35 * film["seconds"], abs=0.01)
        await found.enhanced()
        query = "query($p: ID!) { project(id: $p) { spending { cost jobs currency } } }"
        told = (await found.api.ask(query, p=found.project))["project"]
        assert told["spending"] == {"cost": pytest.approx(2 * seen["cost"]), "jobs": 2, "currency": "USD"}
        assert KEY not in str(seen)
        assert KEY not in repr(found.settings)


async def test_a_spent_budget_is_read_from_committed_rows(tmp_path: Path) -> None:
    """G-225, G-223: after what earlier jobs cost, the list goes on without the endpoint, and the result says so."""
    async with story(
        tmp_path, openai_prompt_price=100_000, llm_project_budget_cents=12, openai_requests_per_minute=0
    ) as found:
        seen = [await found.enhanced()]
        while seen[-1]["writer"] == "openai" and len(seen) < 20:
            seen.append(await found.enhanced())
        *paid, last = seen
        assert paid, "the first fits"
        assert (last["writer"], last["degradedFrom"], last["tries"][0]["code"]) == ("grammar", ["openai"], "QUOTA")
        assert last["cost"] == 0
        assert len(found.there.bodies) == sum(each["usage"]["promptTokens"] for each in paid) // 210
        ledger = open_ledger(found.settings)
        await ledger.open()
        spending = LedgerSpending(ledger)
        assert await spending.of_project(found.project) == await spending.today() > 0
        assert await spending.of_project("prj_other00000") == 0
        await ledger.close()


async def test_a_failing_endpoint_only_costs_its_words(tmp_path: Path) -> None:
    """G-223: the job goes on with the grammar's words, labelled."""
    async with story(tmp_path, "429") as found:
        seen = await found.enhanced()
        assert (seen["writer"], seen["degradedFrom"]) == ("grammar", ["openai"])
        assert [(t["writer"], t["code"]) for t in seen["tries"]] == [("openai", "RATE_LIMITED"), ("grammar", None)]


def test_a_wrong_list_of_writers_stops_the_start(tmp_path: Path) -> None:
    """G-233: an unknown role or provider, or an endpoint that is not told, is named with what would do."""
    assert roles_in("enhance: vllm, openai, grammar") == {"enhance": ("vllm", "openai")}
    for wrong in ("enhance: gpt", "dream: openai", "openai"):
        with pytest.raises(SettingsError, match="llm_roles"):
            Settings.from_args({"data_dir": str(tmp_path), "llm_roles": wrong}, {})
    nowhere = with_writers(tmp_path, "", openai_base_url="")
    with pytest.raises(SettingsError, match="openai_base_url"):
        writer_chain(nowhere, open_ledger(nowhere))


async def test_a_scene_waits_a_moment_for_the_worker_with_the_first_writer(tmp_path: Path) -> None:
    """G-234: the attempt names what its worker should have loaded; where that worker does not come, the next of the
    list writes, and the result names it."""
    host_args = {"llm_roles": "enhance: vllm, openai"}
    async with endpoint() as there, served(tmp_path, **host_args) as (api, _):
        settings = with_writers(tmp_path, there.url, **host_args)
        async with working(settings):
            seen = await Story(api, settings, there).enhanced()
        assert (seen["writer"], seen["degradedFrom"]) == ("openai", ["vllm"])
        assert [(t["writer"], t["code"]) for t in seen["tries"]] == [("vllm", "UNAVAILABLE"), ("openai", None)]
        ledger = open_ledger(settings)
        await ledger.open()
        (project,) = await ledger.views("project")
        assert {a.affinity for a in await ledger.attempts(project.home) if a.step == Step.ENHANCE} == {"vllm"}
        await ledger.close()


def test_vllm_has_its_gpu_or_its_own_interpreter_by_configuration(tmp_path: Path) -> None:
    """G-235: fractions and several GPUs; on a CPU another interpreter; not named, not deployed."""

    def with_vllm(**more: Any) -> dict[str, Any]:
        return {"data_dir": str(tmp_path), "llm_roles": "enhance: vllm", "vllm_model": "m", **more}

    for percent, gpus in ((50, 0.5), (200, 2.0)):
        assert actor_options(Settings.from_args(with_vllm(vllm_gpu_percent=percent), {})) == {"num_gpus": gpus}
    elsewhere = actor_options(Settings.from_args(with_vllm(vllm_python="/opt/vllm/bin/python"), {}))
    assert elsewhere == {"num_gpus": 0.0, "runtime_env": {"py_executable": "/opt/vllm/bin/python"}}
    bound = build_generation(with_vllm(vllm_gpu_percent=50))._bound_deployment.init_args
    assert [app._bound_deployment.name for app in bound[1:]] == ["PromptEnhancer"]
    assert len(build_generation({"data_dir": str(tmp_path)})._bound_deployment.init_args) == 1
