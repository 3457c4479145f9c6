"""`storyforge ledger dump | verify`: the log of a project for people, straight from the data directory.

Reads only; works beside a running StoryForge.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from serve_app.config import Settings
from serve_app.stores import open_ledger
from storage.ledger.dump import dump as dump_rows
from storage.ledger.verify import faults

app = typer.Typer(help="Look into the ledger.", no_args_is_help=True)

DataDir = Annotated[Path, typer.Option("--data-dir", envvar="STORYFORGE_DATA_DIR", help="Where the ledger is.")]
Project = Annotated[str, typer.Argument(help="A project id, prj_….")]
EXIT_FAULTY = 1


@app.command()
def dump(
    project: Project,
    data_dir: DataDir = Path("~/.storyforge"),
    doc: Annotated[str | None, typer.Option(help='One stream: "@project", "outline", "scene:scn_…".')] = None,
    after: Annotated[int, typer.Option(min=0, help="Rows after this sequence.")] = 0,
) -> None:
    """Print every row as one line of JSON."""

    async def run() -> None:
        ledger = open_ledger(Settings.from_args({"data_dir": str(data_dir)}))
        await ledger.open()
        try:
            async for row in dump_rows(ledger, project, doc=doc, after=after):
                typer.echo(json.dumps(row, ensure_ascii=False))
        finally:
            await ledger.close()

    asyncio.run(run())


@app.command()
def verify(project: Project, data_dir: DataDir = Path("~/.storyforge")) -> None:
    """Check that sequences are gapless and epochs sound; one sentence per fault, exit code 1 if there is any."""

    async def run() -> list[str]:
        ledger = open_ledger(Settings.from_args({"data_dir": str(data_dir)}))
        await ledger.open()
        try:
            return await faults(ledger, project)
        finally:
            await ledger.close()

    found = asyncio.run(run())
    for fault in found:
        typer.echo(fault)
    if found:
        raise typer.Exit(EXIT_FAULTY)
    typer.echo("sound")
