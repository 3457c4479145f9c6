"""From settings to the parts of remote rendering. Raises `SettingsError` for what nobody could use."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from serve_app.config import Settings, SettingsError
from serve_app.settings.remote import JOB_LIST, RESULT_LIST
from storage.bus.protocol import Bus
from storage.cache.exact import ExactCache
from storage.ledger.protocol import Ledger
from storage.objects.protocol import ObjectStore
from storage.queue.protocol import BACKENDS, NAME, Lists, Names

if TYPE_CHECKING:
    from serve_app.remote.dispatcher import Dispatcher


def open_lists(settings: Settings) -> Lists:
    """Connects at first use."""
    url = settings.remote_redis_url or settings.redis_url
    if not url:
        fix = "set REDIS_URL (redis:// or rediss://)"
        raise SettingsError("remote_redis_url", "remote rendering needs a Redis or Valkey", fix)
    try:
        from storage.queue.redis_lists import RedisLists  # the client is an extra: only who names a server needs it
    except ModuleNotFoundError as error:
        fix = "install storyforge[redis]"
        raise SettingsError("remote_redis_url", "the Redis client is not installed", fix) from error
    names = Names(settings.remote_job_list or JOB_LIST, settings.remote_result_list or RESULT_LIST)
    for setting, name in (("remote_job_list", names.jobs), ("remote_result_list", names.results)):
        if not NAME.fullmatch(name):
            raise SettingsError(setting, f"{name!r} is no name of a list", "use letters, digits and . _ : -")
    if names.jobs == names.results:
        raise SettingsError("remote_result_list", "it is also the list of jobs", "give each a name of its own")
    try:
        return RedisLists(url, names)
    except ValueError as error:
        fix = "use redis://host:port/0, or rediss:// for TLS"
        raise SettingsError("remote_redis_url", str(error), fix) from error


def backends_of(settings: Settings) -> tuple[str, ...]:
    """What workers on the lists render, the default first; none: nothing is sent there."""
    wanted = tuple(dict.fromkeys(word.strip() for word in settings.remote_backends.split(",") if word.strip()))
    for name in wanted:
        if name not in BACKENDS:
            fix = f"use some of {', '.join(BACKENDS)}"
            raise SettingsError("remote_backends", f"workers of the lists know no {name!r}", fix)
    return wanted


def renders_of(settings: Settings) -> dict[str, str]:
    """Name on the wire → backend of ours."""
    found: dict[str, str] = {}
    for part in settings.remote_renders.split(","):
        name, equals, backend = (word.strip() for word in part.partition("="))
        if not part.strip():
            continue
        if not equals or not backend or name not in BACKENDS:
            fix = f"give NAME=BACKEND, with a name of {', '.join(BACKENDS)}"
            raise SettingsError("remote_renders", f"{part.strip()!r} says nothing", fix)
        found[name] = backend
    return found


def start_dispatcher(
    settings: Settings, ledger: Ledger, objects: ObjectStore, cache: ExactCache, bus: Bus
) -> Dispatcher | None:
    """Running on this loop, where anything is sent elsewhere at all. Its owner stops it, then it closes its lists."""
    backends = backends_of(settings)
    if not backends:
        return None
    from serve_app.owner_bell import OwnerBell
    from serve_app.remote.dispatcher import Dispatcher, Pace
    from serve_app.remote.finishing import Finisher
    from serve_app.steps.stores import StepStores

    stores = StepStores(asyncio.get_running_loop(), objects, cache)
    made = Dispatcher(
        ledger,
        open_lists(settings),
        objects,
        cache,
        Finisher(stores, private=bool(settings.remote_private)),
        OwnerBell(bus),
        backends=backends,
        pace=Pace(hold_s=settings.remote_hold_s, lost_s=settings.remote_lost_s),
        bus=bus,
    )
    made.start()
    return made
