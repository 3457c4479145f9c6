"""`storyforge ledger dump | verify`: the log of a project for people, straight from the data directory.

Reads only; works beside a running StoryForge.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from serve_app.config import Settings, SettingsError
from serve_app.stores import open_ledger
from storage.ledger.dump import dump as dump_rows
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Ledger
from storage.ledger.verify import faults

app = typer.Typer(help="Look into the ledger.", no_args_is_help=True)

DataDir = Annotated[Path, typer.Option("--data-dir", envvar="STORYFORGE_DATA_DIR", help="Where the ledger is.")]
Project = Annotated[str, typer.Argument(help="A project id, prj_….")]
EXIT_FAULTY = 1
EXIT_REFUSED = 2

T = TypeVar("T")


@contextlib.asynccontextmanager
async def _opened(data_dir: Path) -> AsyncIterator[Ledger]:
    ledger = open_ledger(Settings.from_args({"data_dir": str(data_dir)}))
    await ledger.open()
    try:
        yield ledger
    finally:
        await ledger.close()


def _run(work: Coroutine[Any, Any, T]) -> T:
    """A ledger that cannot be read is a sentence, not a traceback."""
    try:
        return asyncio.run(work)
    except (LedgerError, SettingsError) as error:
        again = "; try again when it answers" if error.retryable else ""
        typer.echo(f"The ledger cannot be read: {error} ({error.code}){again}.", err=True)
        raise typer.Exit(EXIT_REFUSED) from None


@app.command()
def dump(
    project: Project,
    data_dir: DataDir = Path("~/.storyforge"),
    doc: Annotated[str | None, typer.Option(help='One stream: "@project", "outline", "scene:scn_…".')] = None,
    after: Annotated[int, typer.Option(min=0, help="Rows after this sequence.")] = 0,
) -> None:
    """Print every row as one line of JSON."""

    async def run() -> None:
        async with _opened(data_dir) as ledger:
            async for row in dump_rows(ledger, project, doc=doc, after=after):
                typer.echo(json.dumps(row, ensure_ascii=False))

    _run(run())


@app.command()
def verify(project: Project, data_dir: DataDir = Path("~/.storyforge")) -> None:
    """Check that sequences are gapless and epochs sound; one sentence per fault, exit code 1 if there is any."""

    async def run() -> list[str]:
        async with _opened(data_dir) as ledger:
            return await faults(ledger, project)

    found = _run(run())
    for fault in found:
        typer.echo(fault)
    if found:
        raise typer.Exit(EXIT_FAULTY)
    typer.echo("sound")
