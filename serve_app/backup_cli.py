"""`storyforge backup | restore | verify | copy-project`: words on the terminal for `serve_app.backups` and `copies`.

Owns what is said and the exit codes (0 done and sound, 1 faults were found, 2 refused with one sentence).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from serve_app.lifecycle.refusal import Refusal
from storage.backup.check import Check

EXIT_FAULTY = 1
EXIT_REFUSED = 2
MIB = 1024 * 1024
err = Console(stderr=True, highlight=False)

DataDir = Annotated[
    Path, typer.Option("--data-dir", envvar="STORYFORGE_DATA_DIR", help="The installation's data directory.")
]
DatabaseUrl = Annotated[
    str,
    typer.Option(
        "--database-url",
        envvar=["STORYFORGE_DATABASE_URL", "DATABASE_URL"],
        help="PostgreSQL, past its pooler; default: SQLite in the data directory.",
    ),
]
DEFAULT = Path("~/.storyforge")


def backup(
    dest: Annotated[Path, typer.Argument(help="A folder for backups: new, empty, or one of earlier backups.")],
    data_dir: DataDir = DEFAULT,
    with_secrets: Annotated[bool, typer.Option("--secrets", help="Owner token and cluster secret too.")] = False,
    database_url: DatabaseUrl = "",
) -> None:
    """Copy ledger and objects, of one moment, while StoryForge runs."""
    from serve_app import backups

    with _spoken() as say:
        folder, manifest, faults = backups.take(
            _at(data_dir), _at(dest), with_secrets=with_secrets, database_url=database_url, say=say
        )
    for fault in faults:
        typer.echo(fault)
    typer.echo(
        f"{folder}  {len(manifest.homes)} projects  {manifest.rows.get('events', 0)} rows  "
        f"{manifest.objects} objects, {manifest.object_bytes // MIB} MiB"
    )
    if faults:
        raise typer.Exit(EXIT_FAULTY)


def restore(
    src: Annotated[Path, typer.Argument(help="A backup, or a folder of backups: then its newest.")],
    data_dir: Annotated[Path, typer.Option("--data-dir", help="A new or empty data directory.")],
    database_url: DatabaseUrl = "",
) -> None:
    """Make a living installation of a backup, in an empty place only."""
    from serve_app import backups

    with _spoken() as say:
        manifest, homes = backups.restore(_at(src), _at(data_dir), say, database_url)
    typer.echo(f"{_at(data_dir)}  {homes} projects as of {manifest.taken_at}")
    if not manifest.secrets:
        typer.echo("The backup holds no secrets: the owner token is new, and access links must be made anew.", err=True)


def verify(
    src: Annotated[Path | None, typer.Argument(help="A backup, or a folder of backups: then its newest.")] = None,
    data_dir: DataDir = DEFAULT,
    database_url: DatabaseUrl = "",
) -> None:
    """Check a backup, or a living installation (also while it runs). One sentence a fault; exit code 1 if any."""
    from serve_app import backups

    with _spoken() as say:
        if src is not None:
            found = backups.verify_place(_at(src), say)
        else:
            found = backups.verify_data_dir(_at(data_dir), say, database_url)
    _report(found)


def copy_project(
    project: Annotated[str, typer.Argument(help="A project id, prj_….")],
    at: Annotated[str | None, typer.Option(help="A sequence, or a time (2026-11-28T19:00Z). Default: now.")] = None,
    source: Annotated[Path | None, typer.Option("--from", help="A backup, or a folder of backups.")] = None,
    data_dir: DataDir = DEFAULT,
    key: Annotated[str | None, typer.Option(help="Names the request: asked again, it is the same copy.")] = None,
    by: Annotated[str, typer.Option(help="Principal who asks.", hidden=True)] = "owner",
    database_url: DatabaseUrl = "",
) -> None:
    """Make a new project of one as it was: its text, takes and history up to then; the original stays as it is."""
    from actors.commands import CommandError
    from serve_app import copies
    from storage.backup.stream import Damaged
    from storage.ledger.errors import Unavailable

    with _spoken() as say:
        seq, at_ms = _point(at)
        asked = copies.Asked(project, by, key or secrets.token_hex(16), seq, at_ms)
        say(f"copying {project}")
        try:
            now_ms = time.time_ns() // 1_000_000
            if source is None:
                done = copies.copy_living(_at(data_dir), asked, now_ms, database_url)
            else:
                done = copies.copy_from_backup(_at(source), _at(data_dir), asked, now_ms, database_url)
        except CommandError as error:
            raise Refusal(f"{project} was not copied: {error.message} ({error.code}).") from error
        except (Damaged, Unavailable, OSError) as error:
            raise Refusal(f"{project} was not copied: {error}.") from error
    err.print(done.title, markup=False)
    typer.echo(done.project)


def _point(at: str | None) -> tuple[int | None, int | None]:
    """(sequence, Unix milliseconds)."""
    if at is None:
        return None, None
    if at.isdecimal():
        return int(at), None
    try:
        when = datetime.fromisoformat(at)
    except ValueError:
        raise Refusal(f"{at} is neither a sequence nor a time such as 2026-11-28T19:00Z.") from None
    if when.tzinfo is None:
        raise Refusal(f"{at} does not say its time zone: add Z for UTC.")
    return None, int(when.timestamp() * 1000)


def _report(found: Check) -> None:
    for fault in found.faults:
        typer.echo(fault)
    if found.more:
        typer.echo(f"and {found.more} more")
    if found.faults:
        raise typer.Exit(EXIT_FAULTY)
    rows = found.counts.get("events", 0)
    typer.echo(f"sound  {len(found.heads)} projects  {rows} rows  {len(found.named)} objects named")


def _at(path: Path) -> Path:
    return path.expanduser().absolute()


@contextmanager
def _spoken() -> Iterator[Callable[[str], None]]:
    """Progress on a terminal, nothing in a log; a refusal becomes one sentence, Ctrl-C ends the work."""
    with err.status("") as status:
        try:
            yield status.update if err.is_terminal else _silent
        except Refusal as refusal:
            status.stop()
            _refuse(str(refusal))


def _silent(_sentence: str) -> None: ...


def _refuse(sentence: str) -> NoReturn:
    err.print(sentence, markup=False, soft_wrap=True)
    raise typer.Exit(EXIT_REFUSED)


def add_to(app: typer.Typer) -> None:
    for command in (backup, restore, verify):
        app.command()(command)
    app.command("copy-project")(copy_project)
