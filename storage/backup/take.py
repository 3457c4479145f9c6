"""One backup being made: ledger first, then the objects it names, then the manifest.

Owns the folder while it is partial. The invariant: whatever ends the work early (an error, Ctrl-C, `kill -9`, a full
disk) leaves no folder that looks whole: it has another name until its manifest is written and synced. Only one backup
is made in a place at a time; what a killed one left is swept by the next.

    DEST/storyforge-backups            the marker
    DEST/objects/ab/abcd…              contents, shared by all backups
    DEST/2026-11-28T19-14-41Z/         ledger.sfb, objects.sfb, secrets.json (asked for only), manifest.json
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from storage.backup import objects, stream
from storage.backup.manifest import (
    LEDGER_FILE,
    MANIFEST_FILE,
    MARKER_FILE,
    OBJECTS_DIR,
    OBJECTS_FILE,
    PARTIAL,
    SECRETS_FILE,
    Manifest,
    file_sha256,
)
from storage.backup.tables import Record, Row, Source
from storage.objects.protocol import ObjectStore


class PlaceRefused(Exception):
    """Nothing was written. `fix`: what to do instead."""

    code = "BACKUP_PLACE"
    retryable = False

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem, fix)
        self.problem, self.fix = problem, fix

    def __str__(self) -> str:
        return f"{self.problem}: {self.fix}"


class Taking:
    """Use as a context: `ledger`, then `objects`, then `finish`."""

    def __init__(self, place: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._place, self._taken_at = place, now()
        self.folder = place / f"{self._taken_at:%Y-%m-%dT%H-%M-%SZ}{PARTIAL}"
        self._lock = -1
        self._schema = 0
        self._homes: dict[str, list[int | str]] = {}
        self._rows: dict[str, int] = {}
        self._objects: list[Row] = []
        self._files: dict[str, str] = {}
        self._finished = False
        self.faults: list[str] = []

    def __enter__(self) -> Taking:
        """Raises `PlaceRefused`, `OSError`."""
        marker = self._place / MARKER_FILE
        self._place.mkdir(parents=True, exist_ok=True)
        if not marker.exists() and any(self._place.iterdir()):
            raise PlaceRefused(f"{self._place} holds something else", "name an empty or a new folder")
        self._lock = os.open(marker, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise PlaceRefused(f"another backup is being written to {self._place}", "wait for it") from None
        self._sweep()
        if self.folder.with_suffix("").exists():
            os.close(self._lock)
            raise PlaceRefused(f"{self.folder.with_suffix('')} exists", "try again in a second")
        self.folder.mkdir(mode=0o700)
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        if not self._finished:
            shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)

    def _sweep(self) -> None:
        for left in self._place.glob(f"*{PARTIAL}"):
            shutil.rmtree(left, ignore_errors=True)
        for temp in self._place.glob(f"{OBJECTS_DIR}/tmp-*"):
            temp.unlink(missing_ok=True)

    def ledger(self, source: Source, told: Callable[[Record], None] = lambda _: None) -> None:
        def seen(record: Record) -> None:
            if record.kind == "home":
                self._homes[record.home] = list(record.rows[0])
            self._rows[record.kind] = self._rows.get(record.kind, 0) + len(record.rows)
            told(record)

        self._schema = source.schema
        with (self.folder / LEDGER_FILE).open("xb") as out:
            self._files[LEDGER_FILE] = stream.write(stream.records(source), out, seen)
            _sync(out.fileno())

    async def objects(self, store: ObjectStore, told: objects.Listed = lambda done, copied_bytes: None) -> None:
        self._objects, faults = await objects.take(store, self.folder, told)
        self.faults += faults
        self._files[OBJECTS_FILE] = objects.write_list(self._objects, self.folder / OBJECTS_FILE)

    def secrets(self, values: dict[str, str]) -> None:
        path = self.folder / SECRETS_FILE
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump(values, out)
            out.flush()
            _sync(out.fileno())
        self._files[SECRETS_FILE] = file_sha256(path)

    def finish(self, storyforge: str) -> tuple[Path, Manifest]:
        """The finished backup's folder."""
        manifest = Manifest(
            taken_at=self._taken_at.isoformat(timespec="seconds"),
            storyforge=storyforge,
            schema=self._schema,
            homes=self._homes,
            rows=self._rows,
            objects=len(self._objects),
            object_bytes=sum(row[objects.SIZE] for row in self._objects),
            files=self._files,
            secrets=SECRETS_FILE in self._files,
        )
        with (self.folder / MANIFEST_FILE).open("xb") as out:
            out.write(manifest.render())
            out.flush()
            _sync(out.fileno())
        _sync_folder(self.folder)
        whole = self.folder.with_suffix("")
        self.folder.rename(whole)
        _sync_folder(self._place)
        self._finished = True
        return whole, manifest


def _sync(descriptor: int) -> None:
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
