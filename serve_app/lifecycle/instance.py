"""One running StoryForge on one data directory: its lock, its run file, its scratch folder.

Invariant: whoever holds the lock is the only one to start, and the run file describes the holder. The lock is an
`flock`, so it ends with the process however that dies; the run file may outlive it and then names what to reap.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from serve_app.lifecycle.processes import Signs
from serve_app.lifecycle.refusal import Refusal

RUN_FILE = "run.json"
LOCK_FILE = "run.lock"


@dataclass(frozen=True, slots=True)
class Run:
    """What others need to find and end a running instance. Kept 0600: it holds the cluster's token."""

    instance: str
    pid: int
    url: str
    ingress: str
    ray_address: str
    ray_token: str = field(repr=False)
    scratch: str
    started_at: float
    ports: dict[str, int]
    session: int = 0

    @property
    def signs(self) -> Signs:
        return Signs(self.instance, self.scratch, self.session)


def instance_name(data_dir: Path) -> str:
    """The same for every start on this data directory, different for every other."""
    return hashlib.sha256(f"{os.getuid()}:{data_dir}".encode()).hexdigest()[:10]


def scratch_path(instance: str) -> Path:
    return Path(tempfile.gettempdir()) / f"sf-{instance}"


def scratch_dir(instance: str) -> Path:
    """A private folder with a short path: Unix socket names end at 107 bytes and Ray adds 70."""
    path = scratch_path(instance)
    path.mkdir(mode=0o700, exist_ok=True)
    status = path.lstat()
    if path.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise Refusal(f"{path} belongs to someone else: remove it or set TMPDIR.")
    return path


def clear_scratch(instance: str) -> None:
    shutil.rmtree(scratch_path(instance), ignore_errors=True)


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data directory's lock; raises Refusal naming the running instance when it is taken."""
    with open(data_dir / LOCK_FILE, "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            run = read_run(data_dir)
            where = f" at {run.url} (process {run.pid})" if run else ""
            raise Refusal(
                f"StoryForge already runs on {data_dir}{where}: stop it with `storyforge stop`, "
                "or choose another --data-dir and --port."
            ) from None
        yield


def is_running(data_dir: Path) -> bool:
    """Whether somebody holds the lock right now."""
    try:
        with open(data_dir / LOCK_FILE) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return True
    except OSError:
        pass
    return False


def write_run(data_dir: Path, run: Run) -> None:
    path = data_dir / RUN_FILE
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(run), file, indent=1)
    os.replace(fresh, path)


def read_run(data_dir: Path) -> Run | None:
    """The run file, or None when there is none that can be understood."""
    try:
        return Run(**json.loads((data_dir / RUN_FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def signs_of(data_dir: Path) -> Signs:
    """What the last run on this data directory can be recognised by, even when its run file is gone."""
    run = read_run(data_dir)
    instance = instance_name(data_dir)
    return run.signs if run else Signs(instance, str(scratch_path(instance)))


def forget_run(data_dir: Path) -> None:
    (data_dir / RUN_FILE).unlink(missing_ok=True)
