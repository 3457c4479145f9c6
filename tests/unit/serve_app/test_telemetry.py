"""What operators' tools read: /metrics and /readyz over two real hosts (W-112 to W-114)."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from actors.commands import CreateProject, CreateScene, Envelope
from actors.project.actor import project_id
from actors.runtime.meters import Histogram
from serve_app.auth import Gate
from serve_app.config import Settings
from serve_app.ownership import Directory, PeerCommands
from serve_app.peers.client import PeerClient
from serve_app.story_host import StoryHostCore
from serve_app.studio import StudioCore
from serve_app.telemetry.families import Family, gauge, histogram, render
from serve_app.telemetry.loop_lag import EVERY_S, LoopLag

pytestmark = pytest.mark.unit

TOKEN = "owner-token-for-tests-0123456789"
SECRET = "cluster-secret-for-tests"
OWNER = {"authorization": f"Bearer {TOKEN}"}
LABELS = {"host", "part", "reason", "outcome", "what", "state", "le", "backend", "store", "operation", "code"}
LABELS |= {"level", "verdict", "word", "worker"}


class Cluster:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.hosts = [StoryHostCore(settings) for _ in range(2)]
        self.generation = True
        self.studio = StudioCore(settings, self._generation_runs)
        transport = httpx.ASGITransport(app=self.studio.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://studio.test", headers=OWNER)

    async def _generation_runs(self) -> bool:
        return self.generation

    async def metrics(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        answer = await self.client.get("/metrics")
        assert answer.status_code == 200
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    async def story(self) -> str:
        peers = PeerClient(SECRET.encode())
        commands = PeerCommands(Directory(self.hosts[0].ledger), peers)
        project = project_id("owner", "k")
        await commands.send(Envelope(project, project, "owner", "k", CreateProject("T", "SHORT")))
        await commands.send(Envelope(project, project, "owner", "k2", CreateScene("INT. SHED - DAY", "A lamp.")))
        await peers.close()
        return project


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    made = Cluster(Settings.from_args({"data_dir": str(tmp_path), "owner_token": TOKEN, "cluster_secret": SECRET}))
    for part in (*made.hosts, made.studio):
        await part.start()
    yield made
    await made.client.aclose()
    for part in (made.studio, *made.hosts):
        await part.stop()


def of(name: str, found: dict[tuple[str, frozenset[tuple[str, str]]], float], **labels: str) -> float:
    """The sum over hosts."""
    wanted = set(labels.items())
    values = [value for (each, having), value in found.items() if each == f"storyforge_{name}" and wanted <= having]
    assert values, (name, labels)
    return sum(values)


async def test_w113_the_numbers_are_true_of_every_host(cluster: Cluster) -> None:
    """W-113: what Prometheus' own parser reads is what happened, on each host, by name."""
    before = await cluster.metrics()
    assert of("homes", before) == of("commit_seconds_count", before) == of("rooms", before) == 0
    await cluster.story()
    found = await cluster.metrics()
    assert (of("homes", found), of("claims_total", found)) == (1, 1)
    assert of("turns_total", found, outcome="committed") >= 2
    assert of("commit_seconds_count", found) >= 2
    assert of("commit_seconds_bucket", found, le="+Inf") == of("commit_seconds_count", found)
    assert 0 < of("commit_seconds_sum", found) < 10
    assert of("rooms", found) >= 2
    assert of("tail_updates", found) >= of("tail_updates_max", found) > 0
    assert of("actors", found) >= 2
    assert of("bus_total", found, what="published") >= 2
    assert of("snapshot_fallbacks_total", found) == of("hand_overs_total", found) == 0
    assert of("losses_total", found) == of("self_fences_total", found) == of("stalls_total", found) == 0
    assert of("outbox_waiting", found) == of("outbox_dead", found) == 0
    assert of("attempts", found, state="open") == of("attempts", found, state="claimed") == 0
    assert of("up", found, part="ledger") == of("up", found, part="collab") == of("up", found, part="generation") == 1
    names = {host.runtime.lease.row.id for host in cluster.hosts}
    told_by = {dict(labels).get("host") for _, labels in found}
    studios = {name for name in told_by if name is not None and name.startswith("studio-")}
    assert told_by - studios == {*names, None}
    assert len(studios) <= 1  # it is named once it asked its object store something
    for host in names:
        assert of("host_answers", found, host=host) == 1
        assert 0 <= of("lease_age_seconds", found, host=host) < cluster.settings.lease_ttl_ms / 1000
        assert of("memory_bytes", found, host=host) > 10_000_000
        assert of("ready", found, host=host, part="lease") == 1
        assert of("bus_live", found, host=host) == 1
        for part in ("sockets", "joins_waiting", "appends_waiting", "mailbox_waiting", "writer_operations"):
            assert of(part, found, host=host) == 0


async def test_g321_what_is_asked_of_the_object_store_is_counted(cluster: Cluster) -> None:
    """G-321: an upload is one put with its bytes and its seconds, by backend and store, in the name of the Studio that
    took it."""

    async def seen() -> dict[str, float]:
        now = (await cluster.metrics()).items()
        names = ("operations", "bytes", "seconds")
        return {name: sum(value for (sample, labels), value in now if _put(name, sample, labels)) for name in names}

    before, png = await seen(), bytes.fromhex("89504e470d0a1a0a") + bytes(1_000)
    answer = await cluster.client.put("/uploads/look.png", content=png)
    assert answer.status_code == 201
    after = await seen()
    assert after["operations"] - before["operations"] == 1
    assert after["bytes"] - before["bytes"] == len(png)
    assert after["seconds"] > before["seconds"]


def _put(name: str, sample: str, labels: frozenset[tuple[str, str]]) -> bool:
    wanted = {("backend", "local"), ("store", "assets"), ("operation", "put")}
    studio = any(label == "host" and value.startswith("studio-") for label, value in labels)
    return sample == f"storyforge_object_{name}_total" and wanted <= labels and studio


async def test_w113_losses_fences_and_silent_hosts_are_seen(cluster: Cluster) -> None:
    """W-113: a project taken away, a lease that ran out, a host that does not answer."""
    project = await cluster.story()
    owner = next(host for host in cluster.hosts if host.runtime.owned(project))
    other = next(host for host in cluster.hosts if host is not owner)
    await other.runtime.open(project, depose=owner.runtime.lease.row.incarnation)
    home = owner.runtime.owned(project)
    assert home is not None
    with contextlib.suppress(Exception):
        await home.append([])
    other.meters.listen(_self_fenced())
    found = await cluster.metrics()
    assert of("losses_total", found, reason="fenced") == 1
    assert of("self_fences_total", found) == 1
    silent = other.runtime.lease.row.id
    await other._port.stop()
    cluster.generation = False
    found = await cluster.metrics()
    assert of("host_answers", found, host=silent) == 0
    assert of("host_answers", found) == 1
    assert of("up", found, part="generation") == 0


def _self_fenced() -> object:
    from actors.runtime.lifecycle import SelfFenced

    return SelfFenced(1)


async def test_w114_nothing_is_open_and_labels_are_few(cluster: Cluster) -> None:
    """W-114: without a token nobody reads numbers; the scraper's token opens nothing else; no id of a project, person
    or document is a label."""
    scraper = {"authorization": f"Bearer {Gate(TOKEN, SECRET.encode()).metrics_token()}"}
    for headers, status in (({"authorization": ""}, 401), ({"authorization": "Bearer nothing"}, 401), (scraper, 200)):
        assert (await cluster.client.get("/metrics", headers=headers)).status_code == status
    link = Gate(TOKEN, SECRET.encode()).link_token(await cluster.story(), "lnk_" + "a" * 26)
    assert (await cluster.client.get("/metrics", headers={"authorization": f"Bearer {link}"})).status_code == 401
    asked = {"query": "{ __typename }"}
    assert (await cluster.client.post("/graphql", json=asked, headers=scraper)).status_code == 401
    assert (await cluster.client.get("/api/status", headers=scraper)).status_code == 401
    found = await cluster.metrics()
    assert {name for _, labels in found for name, _ in labels} <= LABELS
    values = {value for _, labels in found for _, value in labels}
    assert not [value for value in values if value.startswith(("prj_", "scn_", "lnk_", "job_"))]
    most, many = Counter(name for name, _ in found).most_common(1)[0]
    assert many < 100, most  # of one number: what other tests of this process counted is in them too


async def test_w112_readiness_is_each_replica_s_and_the_whole_s(cluster: Cluster) -> None:
    """W-112: one draining host leaves the whole ready, two do not; strangers are told how many, the owner which and
    why; each replica answers for itself."""

    async def ready(**headers: str) -> tuple[int, dict[str, object]]:
        answer = await cluster.client.get("/readyz", headers=headers)
        return answer.status_code, answer.json()

    status, body = await ready(authorization="")
    assert (status, body) == (
        200,
        {
            "ready": True,
            "parts": {"ledger": True, "collab": True, "generation": True, "objects": True},
            "hosts": {"ready": 2, "live": 2},
        },
    )
    first, second = cluster.hosts
    first._sockets.draining = True
    status, body = await ready()
    assert (status, body["hosts"]) == (200, {"ready": 1, "live": 2})
    each = body["each"]
    assert isinstance(each, dict)
    good = {"ledger": True, "lease": True, "schema": True, "not_draining": True}
    assert each == {first.runtime.lease.row.id: {**good, "not_draining": False}, second.runtime.lease.row.id: good}
    for host, expected in ((first, 503), (second, 200)):
        transport = httpx.ASGITransport(app=host.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://host.test") as client:
            assert (await client.get("/ready")).status_code == expected
    second._sockets.draining = True
    status, body = await ready()
    assert (status, body["ready"]) == (503, False)
    assert (await cluster.client.get("/healthz")).status_code == 200
    second._sockets.draining = False
    cluster.generation = False
    assert (await ready())[0] == 503


async def test_w112_a_lease_that_ran_out_is_not_ready(cluster: Cluster) -> None:
    """W-112: a host whose heartbeat the ledger no longer takes says so before anybody is sent to it."""
    (host, _) = cluster.hosts
    await host.runtime.lease.kill()
    assert host.meters.ready(host.runtime)["lease"] is False


def test_w113_the_text_is_what_prometheus_reads() -> None:
    """W-113: escapes, infinities, buckets that add up, one family however many hosts."""
    kept = Histogram((0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        kept.observe(value)
    text = render(
        [
            Family.from_plain(gauge("g", 'a "word"\nand \\', 1.5).plain(), host='h"\\\n1'),
            Family.from_plain(gauge("g", "again", 2).plain(), host="h2"),
            histogram("h_seconds", "times", kept),
        ]
    )
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert [(s.labels, s.value) for s in families["storyforge_g"].samples] == [
        ({"host": 'h"\\\n1'}, 1.5),
        ({"host": "h2"}, 2.0),
    ]
    samples = {
        (s.name.rpartition("_")[2], s.labels.get("le")): s.value for s in families["storyforge_h_seconds"].samples
    }
    assert samples == {
        ("bucket", "0.1"): 2,
        ("bucket", "1"): 3,
        ("bucket", "+Inf"): 4,
        ("sum", None): 7.65,
        ("count", None): 4,
    }


async def test_w113_a_held_loop_is_seen() -> None:
    """W-113: what holds the loop is counted in its bucket, by one timer that ends with its host."""
    lag = LoopLag()
    lag.start()
    loop = asyncio.get_running_loop()
    held_until = loop.time() + 2 * EVERY_S
    while loop.time() < held_until:
        pass
    async with asyncio.timeout(5):
        while not sum(lag.kept.counts):  # noqa: ASYNC110 - the loop comes to the late timer by itself
            await asyncio.sleep(0)
    lag.stop()
    assert lag.kept.sum >= EVERY_S * 0.9
    assert sum(lag.kept.counts[lag.kept.bounds.index(0.1) :]) == 1
