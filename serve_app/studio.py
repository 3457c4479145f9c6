"""Studio without Ray: fills the web side's ports from the ledger, the peer ports and the object folder.

Invariant: Studio never writes the ledger; every change is a command to the owner.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from gpu.enhance.brains import list_brains
from serve_app.auth import Gate
from serve_app.config import Settings
from serve_app.embedding import embedder_part
from serve_app.graphql.limits import GraphQLLimits
from serve_app.graphql.style_nodes import card
from serve_app.http.deps import MediaStat, StudioDeps, StudioLimits, nothing_told
from serve_app.http.studio import studio_app
from serve_app.media_addresses import MediaAddresses
from serve_app.moves import Moves
from serve_app.ownership import Directory, PeerCommands
from serve_app.peers.client import PeerClient
from serve_app.peers.faults import FaultError
from serve_app.peers.wire import PeerError
from serve_app.settings.cache import cache_part
from serve_app.stores import OBJECT_COUNTS, metered, open_buckets, open_bus, open_ledger, open_objects
from serve_app.telemetry.gather import Gathering
from serve_app.telemetry.objects import object_families
from serve_app.video_offers import offers_of
from storage.ledger.errors import LedgerError
from storage.objects.protocol import ObjectStore
from storage.objects.signing import MediaSigner

STATIC_DIR = Path(__file__).parent / "static"
TEXT_S = 2.0
"""How long a query waits for the owner's fresher text before it takes the projection's."""


class OwnerText:
    """The script as its owner has it now; None when nobody holds it live or answers in time."""

    def __init__(self, directory: Directory, peers: PeerClient) -> None:
        self._directory, self._peers = directory, peers

    async def read(self, home: str, scene_id: str) -> str | None:
        text: str | None = (await self._ask(home, scene_id, "scene_text")).get("text")
        return text

    async def carets(self, home: str, scene_id: str) -> list[Any]:
        return list((await self._ask(home, scene_id, "scene_carets")).get("carets") or ())

    async def _ask(self, home: str, scene_id: str, op: str) -> dict[str, Any]:
        """A host that was only believed to hold it says so, and the ledger's owner is asked instead."""
        for _ in range(2):
            try:
                owner = await self._directory.owner(home)
                if owner is None:
                    return {}
                answer = await self._peers.call(owner.peer, op, {"home": home, "scene": scene_id}, timeout_s=TEXT_S)
                if answer.get("held"):
                    return answer
            except LedgerError:
                return {}
            except (PeerError, FaultError):
                pass
            self._directory.forget(home)
        return {}


class StoredMedia:
    """`serve_app.http.deps.Media` over the object store."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def stat(self, key: str) -> MediaStat | None:
        info = await self._objects.head(key)
        return None if info is None else MediaStat(info.size, info.sha256)

    def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        return self._objects.open(key, start, end)

    async def write(self, key: str, chunks: AsyncIterator[bytes], content_type: str) -> MediaStat:
        info = await self._objects.put(key, chunks, content_type=content_type)
        return MediaStat(info.size, info.sha256)


class StudioCore:
    """`generation_runs`: whether renders can happen now (Ray knows). `generation_told`: what a worker says of itself
    (`serve_app.deployments.generation`). The lifespan of `app` starts and stops it."""

    def __init__(
        self,
        settings: Settings,
        generation_runs: Callable[[], Awaitable[bool]],
        generation_told: Callable[[], Awaitable[Mapping[str, Any]]] = nothing_told,
    ) -> None:
        secret = settings.cluster_secret.encode()
        self._settings = settings
        self._ledger = open_ledger(settings)
        self._bus = open_bus(settings)
        self._peers = PeerClient(secret)
        required = {"ledger": self._ledger_works, "collab": self._collab_works}
        own = partial(object_families, OBJECT_COUNTS)
        parts = {**required, "generation": generation_runs}
        gathering = Gathering(self._ledger, self._peers, parts, own, generation_told)
        directory = Directory(self._ledger)
        commands = PeerCommands(directory, self._peers, self._ledger.saw)
        signer = MediaSigner(secret, expires_s=settings.media_link_ttl_ms / 1000)
        addresses, self._objects = addresses_of(settings, signer), metered(open_objects(settings), settings)
        self.app = studio_app(
            StudioDeps(
                gate=Gate(settings.owner_token, secret, origins=frozenset({settings.url})),
                reader=self._ledger,
                commands=commands,
                ask_owner=commands.ask,
                text=OwnerText(directory, self._peers),
                addresses=addresses,
                verify_media=signer.allows,
                media=StoredMedia(self._objects),
                objects=self._objects,
                upload_secret=secret,
                brains=[card(brain) for brain in list_brains()],
                static_dir=STATIC_DIR,
                owner=self._owner,
                move=Moves(self._ledger, self._peers).ask,
                status=self._status,
                bus=self._bus,
                video_offers=offers_of(settings),
                required=required,
                metrics=gathering.metrics,
                ready_hosts=gathering.ready_hosts,
                optional={"generation": generation_runs, "objects": self._objects_work},
                cache_bound=settings.cache_error_bound,
                said={"embedder": embedder_part(settings), "cache": cache_part(settings)},
                told=generation_told,
                secure_cookies=settings.url.startswith("https:"),
                limits=StudioLimits(
                    screenplay_bytes_max=settings.screenplay_bytes_max,
                    graphql=GraphQLLimits(
                        settings.graphql_depth_max,
                        settings.graphql_cost_max,
                        settings.graphql_body_bytes_max,
                        settings.subscriptions_max,
                    ),
                ),
            )
        )
        self.app.router.lifespan_context = self._lifespan

    async def start(self) -> None:
        await self._ledger.open()
        await self._bus.open()

    async def stop(self) -> None:
        await self._peers.close()
        await self._bus.close()
        await self._ledger.close()

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        await self.start()
        try:
            yield
        finally:
            await self.stop()

    async def _ledger_works(self) -> bool:
        await self._ledger.now_ms()
        return True

    async def _objects_work(self) -> bool:
        await self._objects.check()
        return True

    async def _collab_works(self) -> bool:
        """Some host answers at its peer port."""
        for host in await self._ledger.hosts():
            with contextlib.suppress(PeerError, FaultError):
                await self._peers.call(host.peer, "ping", {}, timeout_s=1.0)
                return True
        return False

    async def _owner(self, project: str) -> Mapping[str, Any] | None:
        owner = await self._ledger.owner(project)
        if owner is None or owner.host is None or not owner.live:
            return None
        host = owner.host
        return {"pid": host.pid, "peer": host.peer, "host": host.id, "epoch": owner.epoch}

    async def _status(self) -> Mapping[str, Any]:
        hosts: list[dict[str, Any]] = []
        for host in await self._ledger.hosts():
            seen: dict[str, Any] = {"host": host.id, "pid": host.pid, "peer": host.peer, "answers": False}
            with contextlib.suppress(PeerError, FaultError):
                seen |= await self._peers.call(host.peer, "ping", {}, timeout_s=1.0)
                seen["answers"] = True
            hosts.append(seen)
        return {"hosts": hosts, "profile": self._settings.profile}


def addresses_of(settings: Settings, links: MediaSigner) -> MediaAddresses:
    segments = MediaSigner(settings.cluster_secret.encode(), expires_s=settings.segment_link_ttl_ms / 1000)
    bucket = open_buckets(settings) if settings.s3_direct else None
    seconds = settings.segment_link_ttl_ms // 1000
    return MediaAddresses(links, segments, cdn=settings.cdn_base_url, bucket=bucket, bucket_s=seconds)
