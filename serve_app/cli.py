"""The command line: `storyforge serve | stop | status | token | owner | move | import | archive | ledger | document |
backup | restore | verify | copy-project | build-editor | worker | bridge | queue`.

Owns words on the terminal and exit codes (0 done, 1 not running or unhealthy, 2 refused with one sentence). Everything
it does is done by `serve_app.lifecycle` or asked of the running server over HTTP. Ray is imported only when needed.
"""

import json
import os
import secrets
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn

import httpx
import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from serve_app import backup_cli, ledger_cli
from serve_app.config import (
    CLUSTER_SECRET_FILE,
    SECRET_CHARS_MIN,
    TOKEN_FILE,
    Settings,
    SettingsError,
    default_data_dir,
)
from serve_app.lifecycle.instance import Run
from serve_app.lifecycle.refusal import Refusal
from serve_app.remote import worker_cli

REQUEST_TIMEOUT_S = 120.0
MOVE_ASK_S = 1.0
"""Between two looks for a project that is to move; each renews what was asked (a want is void after 15 s)."""
ARCHIVE_AGE = timedelta(days=30)
"""What `archive` takes for old where nobody says."""
EXIT_UNHEALTHY = 1
EXIT_REFUSED = 2

IMPORT_MUTATION = """mutation Import($input: ImportScreenplayInput!) {
  importScreenplay(input: $input) { project { id title scenes { id } } userErrors { code message } sequence }
}"""

RENEW_MUTATION = """mutation Renew($project: ID!, $document: String!, $key: String!) {
  renewDocument(projectId: $project, document: $document, idempotencyKey: $key) {
    epoch bytesBefore bytesAfter leftOut userErrors { code message }
  }
}"""

ARCHIVE_MUTATION = """mutation Archive($project: ID!, $before: DateTime!, $key: String!) {
  archiveProject(projectId: $project, before: $before, idempotencyKey: $key) { upto rows userErrors { code message } }
}"""

app = typer.Typer(
    help="Write together, generate, pick, watch.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # a local may be a token
)
app.add_typer(ledger_cli.app, name="ledger")
backup_cli.add_to(app)
worker_cli.add_to(app)
documents = typer.Typer(help="Look after documents.", no_args_is_help=True)
app.add_typer(documents, name="document")
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def _data_dir_default() -> Path:
    """`./.storyforge` where one already is, else `~/.storyforge`."""
    here = Path.cwd() / ".storyforge"
    return here if here.is_dir() else default_data_dir()


DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", envvar="STORYFORGE_DATA_DIR", help="Default: ./.storyforge, else ~/.storyforge."),
]


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the editor and the API.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to bind; loopback unless you say otherwise.")] = "127.0.0.1",
    data_dir: DataDir = None,
    token: Annotated[
        str | None,
        typer.Option(envvar="STORYFORGE_OWNER_TOKEN", help="Use this owner token (kept in the data directory)."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(envvar="STORYFORGE_CONFIG", help="A Serve config file other than serve_config.yaml.")
    ] = None,
    hosts: Annotated[int | None, typer.Option(min=1, max=64, help="How many StoryHost processes.")] = None,
    dashboard: Annotated[bool, typer.Option(help="Start Ray's dashboard too (about 0.5 GB more).")] = False,
) -> None:
    """Start everything and stay until Ctrl-C."""
    from serve_app.lifecycle import serving

    options = serving.ServeOptions(host, port, data_dir or _data_dir_default(), token, config, hosts, dashboard)
    if token is not None and len(token) < SECRET_CHARS_MIN:
        err.print(f"The owner token is weak: {SECRET_CHARS_MIN} characters or more resist guessing.", markup=False)
    status = err.status("checking")

    is_ready = False

    def say(sentence: str) -> None:
        if err.is_terminal and not is_ready:
            status.update(sentence)
        else:
            err.print(f"storyforge: {sentence}", markup=False)

    def ready(settings: Settings, run: Run) -> None:
        nonlocal is_ready
        is_ready = True
        status.stop()
        rows = Table.grid(padding=(0, 2))
        rows.add_row("data", str(settings.data_dir))
        rows.add_row("ingress", run.ingress)
        rows.add_row("stop", "Ctrl-C")
        out.print(Panel(rows, title="StoryForge is ready", expand=False, border_style="green"))
        typer.echo(_signed_in_url(settings.url, settings.owner_token))

    with _refusals(), status:
        serving.serve(options, say=say, ready=ready)


@app.command()
def stop(data_dir: DataDir = None) -> None:
    """Stop the running StoryForge and everything it started."""
    from serve_app.lifecycle import serving

    with _refusals():
        stopped = serving.stop(_dir(data_dir), say=lambda sentence: err.print(sentence, markup=False))
    out.print("stopped" if stopped else "nothing was running")


@app.command()
def status(
    data_dir: DataDir = None, as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False
) -> None:
    """Say what runs, where, and how it is."""
    from serve_app.lifecycle import report

    found = report.status(_dir(data_dir))
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        _print_status(found)
    if not (found["running"] and found["healthy"]):
        raise typer.Exit(EXIT_UNHEALTHY)


@app.command()
def token(
    data_dir: DataDir = None,
    metrics: Annotated[bool, typer.Option("--metrics", help="The token that opens /metrics and nothing else.")] = False,
) -> None:
    """Print the address that signs the owner in."""
    from serve_app.lifecycle import serving

    with _refusals():
        folder = _dir(data_dir)
        if metrics:
            typer.echo(_metrics_token(folder))
            return
        try:
            run = serving.running(folder)
        except Refusal:  # started by somebody else (`serve deploy`), or not at all: the token is the same
            if not (folder / TOKEN_FILE).is_file():
                raise
            typer.echo("not started by `storyforge serve` here; this is the token alone:", err=True)
            typer.echo(_owner_token(folder))
            return
        typer.echo(_signed_in_url(run.url, _owner_token(folder)))


@app.command()
def owner(project: Annotated[str, typer.Argument(help="A project id, prj_….")], data_dir: DataDir = None) -> None:
    """Print the process id and peer address of the host that owns a project."""
    with _refusals():
        answer = _request(_dir(data_dir), "GET", f"/api/owner/{project}")
        if answer.status_code == 404:
            raise Refusal(f"Nobody owns {project} now: it is idle, or there is no such project.")
        found = _json_of(answer)
        if not {"pid", "peer"} <= found.keys():
            raise Refusal("The server's answer could not be understood: do client and server have the same version?")
        typer.echo(f"pid {found['pid']}  peer {found['peer']}")


@app.command()
def move(
    project: Annotated[str, typer.Argument(help="A project id, prj_….")],
    host: Annotated[str, typer.Argument(help="A host's id, process id or peer address.")],
    wait_s: Annotated[int, typer.Option("--wait", min=1, max=3600, help="Seconds to wait for it.")] = 120,
    data_dir: DataDir = None,
) -> None:
    """Move a project to another host, in order: people who have it open come again there, nothing is lost."""
    with _refusals():
        until, told = time.monotonic() + wait_s, False
        while True:
            found = _json_of(_request(_dir(data_dir), "POST", f"/api/move/{project}", {"host": host}))
            if found.get("moved"):
                break
            if time.monotonic() > until:
                raise Refusal(f"{project} has not moved within {wait_s} s. It was asked for; nothing is lost.")
            if not told:
                told = True
                err.print("asked for; where people have it open it stays a minute at least", markup=False)
            time.sleep(MOVE_ASK_S)
        typer.echo(f"pid {found['pid']}  peer {found['peer']}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A .fountain (or .fdx) screenplay.")],
    title: Annotated[str | None, typer.Option(help="The project's title; default: the file's name.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a project of a screenplay, on the running server."""
    with _refusals():
        text = _read_screenplay(file)
        form = "FDX" if file.suffix.lower() == ".fdx" else "FOUNTAIN"
        given = {"title": title or file.stem, "text": text, "format": form, "idempotencyKey": secrets.token_hex(16)}
        body = {"query": IMPORT_MUTATION, "variables": {"input": given}}
        answer = _json_of(_request(_dir(data_dir), "POST", "/graphql", body))
        _refuse_graphql_errors(answer)
        payload = answer["data"]["importScreenplay"]
        for problem in payload["userErrors"]:
            raise Refusal(f"{file.name} was not imported: {problem['message']} ({problem['code']}).")
        project = payload["project"]
        out.print(f"[bold]{_plain(project['title'])}[/bold]  {len(project['scenes'])} scenes")
        typer.echo(project["id"])


@documents.command()
def renew(
    project: Annotated[str, typer.Argument(help="A project id, prj_….")],
    document: Annotated[str, typer.Argument(help="outline, scene:scn_…, notes:scn_…")],
    data_dir: DataDir = None,
) -> None:
    """Rewrite a document under fresh ids: its weight goes, its text stays, open editors start it anew."""
    with _refusals():
        given = {"project": project, "document": document, "key": secrets.token_hex(16)}
        body = {"query": RENEW_MUTATION, "variables": given}
        answer = _json_of(_request(_dir(data_dir), "POST", "/graphql", body))
        _refuse_graphql_errors(answer)
        done = answer["data"]["renewDocument"]
        for problem in done["userErrors"]:
            raise Refusal(f"{document} was not renewed: {problem['message']} ({problem['code']}).")
        left_out = f", {done['leftOut']} updates left out that do not apply" if done["leftOut"] else ""
        typer.echo(f"epoch {done['epoch']}  {done['bytesBefore']} -> {done['bytesAfter']} bytes{left_out}")


@app.command()
def archive(
    project: Annotated[str, typer.Argument(help="A project id, prj_….")],
    before: Annotated[
        datetime | None, typer.Option(help="Rows written before this moment (local time). Default: 30 days ago.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Let old rows of a project go from the ledger to the object store; its history reads as before."""
    with _refusals():
        moment = (before or datetime.now() - ARCHIVE_AGE).astimezone()
        given = {"project": project, "before": moment.isoformat(), "key": secrets.token_hex(16)}
        body = {"query": ARCHIVE_MUTATION, "variables": given}
        answer = _json_of(_request(_dir(data_dir), "POST", "/graphql", body))
        _refuse_graphql_errors(answer)
        done = answer["data"]["archiveProject"]
        for problem in done["userErrors"]:
            raise Refusal(f"{project} was not archived: {problem['message']} ({problem['code']}).")
        typer.echo(f"{done['rows']} rows archived; everything up to sequence {done['upto']} is in the archive")


@app.command("build-editor")
def build_editor() -> None:
    """Build the editor's files if their sources are newer."""
    from serve_app.lifecycle.editor_build import ensure_built

    with _refusals():
        built = ensure_built(lambda sentence: err.print(sentence, markup=False))
    err.print("editor built" if built else "editor is current")


class _refusals:
    """Turn what we refuse into one sentence on stderr and exit code 2; never a traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Refusal):
            _refuse(str(error))
        if isinstance(error, SettingsError):
            _refuse(f"{error.setting}: {error.problem}; {error.fix}.")


def _refuse(sentence: str) -> NoReturn:
    err.print(sentence, markup=False, soft_wrap=True)
    raise typer.Exit(EXIT_REFUSED)


def _dir(given: Path | None) -> Path:
    return (given or _data_dir_default()).expanduser().absolute()


def _owner_token(data_dir: Path) -> str:
    try:
        return (data_dir / TOKEN_FILE).read_text().strip()
    except OSError as error:
        raise Refusal(f"Cannot read the owner token in {data_dir} ({error.strerror}).") from None


def _metrics_token(data_dir: Path) -> str:
    from serve_app.auth import Gate

    try:
        secret = (data_dir / CLUSTER_SECRET_FILE).read_text().strip()
    except OSError as error:
        raise Refusal(f"Cannot read the cluster secret in {data_dir} ({error.strerror}).") from None
    return Gate(_owner_token(data_dir), secret.encode()).metrics_token()


def _signed_in_url(url: str, owner_token: str) -> str:
    return f"{url}/?token={owner_token}"


def _request(data_dir: Path, method: str, path: str, body: Any = None) -> httpx.Response:
    from serve_app.lifecycle import serving

    run = serving.running(data_dir)
    headers = {"authorization": f"Bearer {_owner_token(data_dir)}"}
    try:
        with httpx.Client(base_url=run.url, headers=headers, timeout=REQUEST_TIMEOUT_S, trust_env=False) as client:
            return client.request(method, path, json=body)
    except httpx.HTTPError as error:
        raise Refusal(
            f"The server at {run.url} did not answer ({type(error).__name__}): is it still starting?"
        ) from None


def _json_of(answer: httpx.Response) -> Any:
    if answer.status_code == 401:
        raise Refusal("The server does not know the owner token of this data directory: is it the right one?")
    try:
        found = answer.json()
    except ValueError:
        found = None
    if answer.status_code >= 400 and isinstance(found, dict) and isinstance(found.get("message"), str):
        raise Refusal(found["message"])
    if answer.status_code >= 400 and not (isinstance(found, dict) and ("errors" in found or "data" in found)):
        raise Refusal(f"The server refused with status {answer.status_code}.")
    if not isinstance(found, dict):
        raise Refusal("The server's answer could not be understood: do client and server have the same version?")
    return found


def _refuse_graphql_errors(answer: dict[str, Any]) -> None:
    for problem in answer.get("errors") or []:
        raise Refusal(f"The server refused: {problem.get('message', 'no reason given')}.")


def _read_screenplay(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Refusal(f"Cannot read {file} ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise Refusal(f"{file} is not UTF-8 text: save it as UTF-8 and try again.") from None


def _print_status(found: dict[str, Any]) -> None:
    if not found["running"]:
        out.print("StoryForge is not running")
        return
    health = "[green]healthy[/green]" if found["healthy"] else "[red]not healthy[/red]"
    out.print(f"{_plain(found['url'])}  {health}  ingress {found['ingress']}  process {found['pid']}")
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("application", "deployment", "status", "replicas"):
        table.add_column(column)
    for name, application in found["applications"].items():
        table.add_row(name, "", application["status"], "")
        for deployment, details in application["deployments"].items():
            replicas = ", ".join(f"{count} {state.lower()}" for state, count in details["replicas"].items() if count)
            table.add_row("", deployment, details["status"], replicas)
    out.print(table)


def _plain(text: str) -> str:
    """Text of a person, with nothing in it that the terminal would take as markup."""
    return text.replace("[", "\\[")


def main() -> None:
    """Entry point of the `storyforge` command."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    app()


if __name__ == "__main__":
    main()
