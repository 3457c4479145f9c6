"""`storyforge worker`, `storyforge bridge`, `storyforge queue`: the other end of the lists, from a terminal.

Owns words and exit codes. No Ray and no ledger on its path: a machine with a GPU needs Redis and the object store.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from serve_app.config import Settings, SettingsError, default_data_dir
from serve_app.remote.opening import open_lists, renders_of
from storage.queue.protocol import Lists, QueueUnavailable

EXIT_REFUSED = 2
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", envvar="STORYFORGE_DATA_DIR", help="Default: ~/.storyforge.")
]
Letter = Annotated[str, typer.Argument(help="The id of a dead letter, as `storyforge queue dead` prints it.")]
T = TypeVar("T")

queue = typer.Typer(help="Look after the lists of remote jobs.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.command()(worker)
    app.command()(bridge)
    app.add_typer(queue, name="queue")


@contextlib.contextmanager
def _sentences() -> Iterator[None]:
    """What is refused is one sentence on stderr and exit code 2."""
    try:
        yield
    except SettingsError as error:
        typer.echo(f"{error.setting}: {error.problem}; {error.fix}.", err=True)
        raise typer.Exit(EXIT_REFUSED) from None
    except QueueUnavailable as error:
        typer.echo(f"The lists cannot be used: {error.reason}.", err=True)
        raise typer.Exit(EXIT_REFUSED) from None


def _settings(data_dir: Path | None) -> Settings:
    return Settings.from_args({"data_dir": str(data_dir or default_data_dir())})


def worker(
    data_dir: DataDir = None,
    name: Annotated[str | None, typer.Option(help="Shown beside its jobs. Default: host and process.")] = None,
) -> None:
    """Render jobs of the lists here, until SIGTERM or Ctrl-C; what is in hand then goes back at once."""
    with _sentences():
        settings = _settings(data_dir)
        renders_of(settings)
        asyncio.run(_work(settings, open_lists(settings), name or _own_name()))
    os._exit(0)  # a thread that still renders has nothing to say any more


async def _work(settings: Settings, lists: Lists, name: str) -> None:
    from serve_app.remote.rendering import renderer_of
    from serve_app.remote.worker import RemoteWorker

    made = RemoteWorker(name, lists, renderer_of(settings), hold_s=float(settings.remote_hold_s))
    _on_signals(made.leave)
    typer.echo(f"{name} waits for jobs", err=True)
    await made.run()
    await lists.close()
    typer.echo(f"{name} left: {_counted(made.counts)}", err=True)


def bridge(
    data_dir: DataDir = None,
    for_s: Annotated[
        int | None, typer.Option("--for", min=1, max=86_400, help="Leave after so many seconds (for timers).")
    ] = None,
) -> None:
    """Feed the list of jobs into a RunPod-style endpoint and push back what it answers, until SIGTERM or Ctrl-C."""
    with _sentences():
        settings = _settings(data_dir)
        if not settings.bridge_url.startswith(("https://", "http://")):
            fix = "set RUNPOD_ENDPOINT_URL to what stands before /run"
            raise SettingsError("bridge_url", "the bridge needs the address of an endpoint", fix)
        asyncio.run(_bridge(settings, open_lists(settings), for_s))


async def _bridge(settings: Settings, lists: Lists, for_s: int | None) -> None:
    from serve_app.remote.bridge import Bridge
    from serve_app.remote.endpoint import Endpoint
    from serve_app.stores import open_objects

    endpoint = Endpoint(settings.bridge_url, settings.bridge_key, run_s=float(settings.bridge_run_s))
    flights, grace_s = settings.bridge_in_flight, float(settings.remote_hold_s)
    made = Bridge(lists, endpoint, open_objects(settings), in_flight=flights, grace_s=grace_s)
    _on_signals(made.leave)
    if for_s is not None:
        asyncio.get_running_loop().call_later(for_s, made.leave)
    typer.echo("the bridge waits for jobs", err=True)
    await made.run()
    await endpoint.close()
    await lists.close()
    typer.echo(f"the bridge left: {_counted(made.counts)}", err=True)


@queue.command("list")
def list_(data_dir: DataDir = None) -> None:
    """How many jobs and results wait, are in hand, are dead."""
    with _sentences():
        found = _ask(data_dir, lambda lists: lists.sizes())
        typer.echo(f"jobs     {found.jobs} waiting  {found.taken} in hand")
        typer.echo(f"results  {found.results} waiting  {found.results_taken} in hand")
        typer.echo(f"dead     {found.dead}")


@queue.command()
def dead(data_dir: DataDir = None) -> None:
    """Dead letters, the oldest first, with why."""
    with _sentences():
        for letter in _ask(data_dir, lambda lists: lists.dead()):
            at = datetime.fromtimestamp(letter.at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
            typer.echo(f"{letter.id}  {letter.kind}  {at}  {_plain(letter.why)}")


@queue.command()
def requeue(id: Letter, data_dir: DataDir = None) -> None:
    """Put a dead letter back where it came from, as if new."""
    with _sentences():
        _one(id, _ask(data_dir, lambda lists: lists.requeue(id)), "back in its list")


@queue.command()
def drop(id: Letter, data_dir: DataDir = None) -> None:
    """Throw a dead letter away."""
    with _sentences():
        _one(id, _ask(data_dir, lambda lists: lists.drop(id)), "thrown away")


def _one(id: str, count: int, done: str) -> None:
    if not count:
        typer.echo(f"There is no dead letter {_plain(id)}; `storyforge queue dead` lists them.", err=True)
        raise typer.Exit(EXIT_REFUSED)
    typer.echo(f"{_plain(id)} {done}")


def _ask(data_dir: Path | None, what: Callable[[Lists], Awaitable[T]]) -> T:
    async def run() -> T:
        lists = open_lists(_settings(data_dir))
        try:
            return await what(lists)
        finally:
            await lists.close()

    return asyncio.run(run())


def _on_signals(leave: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, leave)


def _own_name() -> str:
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:64] or "worker"
    return f"{host}-{os.getpid()}-{secrets.token_hex(3)}"


def _counted(counts: Any) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(counts.items())) or "nothing to do"


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isprintable())
