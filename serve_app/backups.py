"""Backup, restore and verify of one installation: which databases and stores, in which order.

Owns the wiring only; the work is in `storage.backup`. Invariants: a backup never holds up a commit for longer than any
other reader would; a restore writes into an empty place only, after the backup was found whole, and the ledger last, so
that what was not finished is no installation.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pycrdt

from actors.runtime.lineage import unpack
from serve_app.config import CLUSTER_SECRET_FILE, TOKEN_FILE, Settings, store_secret
from serve_app.lifecycle.instance import only_one
from serve_app.lifecycle.refusal import Refusal
from serve_app.row_stores import LEDGER, open_sink, open_source
from serve_app.stores import objects_from_environment, open_ledger
from storage import codec
from storage.backup import stream
from storage.backup.check import Check
from storage.backup.manifest import SECRETS_FILE, Manifest, folder_of, load
from storage.backup.restore import restore_ledger, restore_objects
from storage.backup.tables import Record, Sink, Source
from storage.backup.take import PlaceRefused, Taking
from storage.backup.verify import verify_backup, verify_living
from storage.ledger.errors import Unavailable
from storage.ledger.protocol import Snapshot
from storage.ledger.seal import unseal
from storage.objects.protocol import ObjectStoreError

OBJECTS = "objects"
SCRATCH = "copied.db"
RESTORING = "restoring"
"""Stands in a data directory from the beginning of a restore to its end: one that was cut off can be repeated."""

NICENESS = 10
"""Of a backup's process: whoever writes goes first."""

MIB = 1024 * 1024

Say = Callable[[str], None]


def snapshot_decodes(stored: Snapshot) -> None:
    """Raises for a snapshot that no actor and no room could load."""
    snapshot = unseal(stored)
    if snapshot.doc.startswith("@"):
        codec.decode(snapshot.body)
        return
    update, _ = unpack(snapshot)
    pycrdt.get_state(update)


def take(
    data_dir: Path, place: Path, *, database_url: str = "", with_secrets: bool, say: Say
) -> tuple[Path, Manifest, list[str]]:
    """Make a backup while StoryForge runs, or not. Raises `Refusal`; then nothing is left that looks whole."""
    if not database_url and not (data_dir / LEDGER).is_file():  # before the place is touched
        raise Refusal(f"There is no ledger in {data_dir}: is it the right data directory?")
    os.nice(NICENESS)
    with _refusals(), Taking(place) as taking:
        with _source(data_dir, database_url, say, scratch=taking.folder / SCRATCH) as source:
            taking.ledger(source, _rows_told(say))
        told = _paced(say)
        asyncio.run(
            taking.objects(
                objects_from_environment(data_dir, os.environ),
                lambda done, copied_bytes: told(f"{done} objects, {copied_bytes // MIB} MiB of them new"),
            )
        )
        if with_secrets:
            taking.secrets({name: (data_dir / name).read_text() for name in (TOKEN_FILE, CLUSTER_SECRET_FILE)})
        folder, manifest = taking.finish(version("storyforge"))
    return folder, manifest, taking.faults


def restore(place: Path, data_dir: Path, say: Say, database_url: str = "") -> tuple[Manifest, int]:
    """Make a living installation of a backup; how many projects. Raises `Refusal` unless the place is empty."""
    with _refusals():
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with only_one(data_dir), _refusals():
        _must_be_empty(data_dir)
        folder = folder_of(place)
        found = verify_backup(folder, snapshot_decodes, _paced(say))
        if found.faults:
            raise Refusal(
                f"{folder} is damaged and was not restored: {found.faults[0]}. `storyforge verify` says more."
            )
        manifest = load(folder)
        sink = _empty_database(data_dir, database_url) if database_url else None
        (data_dir / RESTORING).write_text(manifest.taken_at)
        told = _paced(say)
        asyncio.run(
            restore_objects(
                folder,
                objects_from_environment(data_dir, os.environ),
                lambda done, copied_bytes: told(f"{done} objects, {copied_bytes // MIB} MiB"),
            )
        )
        if manifest.secrets:
            for name, value in json.loads((folder / SECRETS_FILE).read_text()).items():
                store_secret(data_dir, name, value)
        say("rows")
        homes = restore_ledger(folder, manifest, sink or open_sink(data_dir, ""), time.time_ns() // 1_000_000)
        (data_dir / RESTORING).unlink()
    return manifest, homes


def verify_place(place: Path, say: Say) -> Check:
    """Raises `Refusal` where there is no backup."""
    with _refusals():
        return verify_backup(folder_of(place), snapshot_decodes, _paced(say))


def verify_data_dir(data_dir: Path, say: Say, database_url: str = "") -> Check:
    """A living installation, also while it is written. Raises `Refusal` where there is none."""
    with _refusals(), _source(data_dir, database_url, say) as source:
        return asyncio.run(
            verify_living(source, objects_from_environment(data_dir, os.environ), snapshot_decodes, _paced(say))
        )


def _empty_database(data_dir: Path, database_url: str) -> Sink:
    """Its tables are made, and nothing is in them. Raises `Refusal`, `Unavailable`."""

    async def make() -> None:
        ledger = open_ledger(Settings.from_args({"data_dir": str(data_dir), "database_url": database_url}))
        await ledger.open()
        await ledger.close()

    asyncio.run(make())
    return open_sink(data_dir, database_url)


def _must_be_empty(data_dir: Path) -> None:
    """An empty place, or what an earlier restore left unfinished."""
    if (data_dir / LEDGER).exists():
        raise Refusal(f"{data_dir} holds a ledger: name a new data directory, or move {data_dir / LEDGER}* away.")
    stored = data_dir / OBJECTS / "data"
    if stored.is_dir() and any(stored.iterdir()) and not (data_dir / RESTORING).exists():
        raise Refusal(f"{data_dir} holds objects: name a new data directory, or move {data_dir / OBJECTS} away.")


@contextlib.contextmanager
def _source(data_dir: Path, database_url: str, say: Say, scratch: Path | None = None) -> Iterator[Source]:
    told = _paced(say)

    def copied(done: int, total: int) -> None:
        told(f"copying the ledger: {done // MIB} of {total // MIB} MiB")

    source = open_source(data_dir, database_url, scratch=scratch, told=copied)
    try:
        yield source
    finally:
        source.close()


def _rows_told(say: Say) -> Callable[[Record], None]:
    told, seen = _paced(say), {"rows": 0, "homes": 0}

    def record(found: Record) -> None:
        seen["rows"] += len(found.rows)
        seen["homes"] += found.kind == "home"
        told(f"{seen['homes']} projects, {seen['rows']} rows")

    return record


def _paced(say: Say, every_s: float = 0.2) -> Say:
    """At most one word in a while: a terminal is slower than a disk."""
    last = 0.0

    def told(sentence: str) -> None:
        nonlocal last
        if (now := time.monotonic()) - last >= every_s:
            last = now
            say(sentence)

    return told


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Faults of files and databases as one sentence for a person."""
    try:
        yield
    except (PlaceRefused, stream.Damaged, Unavailable, ObjectStoreError) as error:
        raise Refusal(f"{error}.") from error
    except OSError as error:
        raise Refusal(f"{error.filename or 'A file'} cannot be used ({error.strerror}).") from error
