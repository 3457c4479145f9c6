"""What Studio is made of: ports and settings, given once by `serve_app.app`.

The invariant: `StudioDeps` is complete; nothing in `serve_app.http` looks anything up from the environment. Tests fill
it with the in-memory ledger and a folder.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from gpu.video.capabilities import ANIMATIC, Capabilities
from serve_app.auth import Gate
from serve_app.graphql.limits import GraphQLLimits
from serve_app.graphql.ports import AskOwner, BrainCard, Commands, Reader, SceneText
from serve_app.media_addresses import MediaAddresses
from serve_app.settings.cache import CacheSettings
from storage.bus.protocol import Bus
from storage.objects.protocol import ObjectStore

IMAGE_BYTES_MAX = 20 * 1024 * 1024
SCREENPLAY_BYTES_MAX = 12 * 1024 * 1024
CHECK_TIMEOUT_S = 2.0
"""A part that says nothing for this long counts as down: a load balancer waits no longer either."""


@dataclass(frozen=True, slots=True)
class MediaStat:
    """`etag` without quotes."""

    size: int
    etag: str


class Media(Protocol):
    """Objects as Studio serves and takes them. Keys are relative, "/"-separated, never "..": checked before use."""

    async def stat(self, key: str) -> MediaStat | None: ...

    def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes start..end, the end not included, in chunks."""
        ...

    async def write(self, key: str, chunks: AsyncIterator[bytes], content_type: str) -> MediaStat:
        """Store all of it or nothing: an iterator that raises leaves no object behind."""
        ...


async def nothing_told() -> Mapping[str, Any]:
    return {}


async def _no_metrics() -> str:
    return ""


async def _no_hosts() -> Mapping[str, Mapping[str, bool]]:
    return {}


VerifyMedia = Callable[[str, str], bool]
"""(token, key) -> whether the token was signed for this key or a folder above it, and has not expired; a key that no
store can hold ("..", hidden parts) never was."""

Check = Callable[[], Awaitable[bool]]
"""Whether a part works now. Raising counts as False."""


@dataclass(frozen=True, slots=True)
class StudioLimits:
    image_bytes_max: int = IMAGE_BYTES_MAX
    screenplay_bytes_max: int = SCREENPLAY_BYTES_MAX
    check_timeout_s: float = CHECK_TIMEOUT_S
    graphql: GraphQLLimits = field(default_factory=GraphQLLimits)


@dataclass(frozen=True, slots=True)
class StudioDeps:
    """`required`: parts without which the product does not work (studio itself is implied: collab, ledger).

    `optional`: parts whose absence degrades it (generation). `owner`: {pid, peer, host, epoch} of a project's owner or
    None. `move`: asks a host by name to take a project (`serve_app.moves`). `metrics`: Prometheus text. `ready_hosts`:
    host id → what it can do now. `said`: parts that health names and does not count. `static_dir`: the built editor.
    `told`: what a generation worker says of itself; health takes its `parts`.
    """

    gate: Gate
    reader: Reader
    commands: Commands
    text: SceneText
    ask_owner: AskOwner
    addresses: MediaAddresses
    verify_media: VerifyMedia
    media: Media
    brains: Sequence[BrainCard]
    static_dir: Path
    owner: Callable[[str], Awaitable[Mapping[str, Any] | None]]
    move: Callable[[str, str], Awaitable[Mapping[str, Any]]]
    status: Callable[[], Awaitable[Mapping[str, Any]]]
    required: Mapping[str, Check] = field(default_factory=dict)
    optional: Mapping[str, Check] = field(default_factory=dict)
    metrics: Callable[[], Awaitable[str]] = _no_metrics
    ready_hosts: Callable[[], Awaitable[Mapping[str, Mapping[str, bool]]]] = _no_hosts
    secure_cookies: bool = False
    limits: StudioLimits = field(default_factory=StudioLimits)
    bus: Bus | None = None
    video_offers: Sequence[Capabilities] = (ANIMATIC,)
    cache_bound: int = CacheSettings.cache_error_bound
    said: Mapping[str, str] = field(default_factory=dict)
    objects: ObjectStore | None = None
    """The store itself, where it takes uploads past Studio; with it `upload_secret`, which signs their tickets."""
    upload_secret: bytes = field(default=b"", repr=False)
    told: Callable[[], Awaitable[Mapping[str, Any]]] = nothing_told
