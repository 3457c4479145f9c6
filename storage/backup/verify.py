"""Whether a backup, or a living installation, is whole. One sentence for each fault, naming the file and the place.

Owns what is compared with what: files with the manifest's hashes, rows with the law (`check`) and the manifest's heads,
objects with their hashes, and the objects that projections name with those that are there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from storage.backup import objects, stream
from storage.backup.check import Check, DecodesSnapshot, check
from storage.backup.manifest import LEDGER_FILE, OBJECTS_FILE, Manifest, file_sha256, load, object_path
from storage.backup.stream import Damaged
from storage.backup.tables import Source
from storage.objects.protocol import ObjectStore, ObjectStoreError

Told = Callable[[str], None]


def _quiet(_: str) -> None: ...


def verify_backup(folder: Path, decodes: DecodesSnapshot | None = None, told: Told = _quiet) -> Check:
    """Everything in a backup's folder, and the objects it shares with others."""
    found = Check(decodes)
    try:
        manifest = load(folder)
    except Damaged as damage:
        found.fault(str(damage))
        return found
    _files(folder, manifest, found)
    _rows(folder, manifest, found, told)
    _objects(folder, manifest, found, told)
    return found


def _files(folder: Path, manifest: Manifest, found: Check) -> None:
    for name, sha256 in manifest.files.items():
        path = folder / name
        if not path.is_file():
            found.fault(f"{name}: is missing")
        elif file_sha256(path) != sha256:
            found.fault(f"{name}: its hash is not the manifest's")


def _rows(folder: Path, manifest: Manifest, found: Check, told: Told) -> None:
    if not (folder / LEDGER_FILE).is_file():
        return
    for record in stream.read(folder / LEDGER_FILE, lambda damage: found.fault(str(damage))):
        found.look(record)
        if record.kind == "home":
            told(f"{len(found.heads)} of {len(manifest.homes)} projects")
    found.finish()
    if {home: list(head) for home, head in found.heads.items()} != manifest.homes:
        found.fault(f"{LEDGER_FILE}: its homes and heads are not the manifest's")
    if {kind: n for kind, n in found.counts.items() if n} != {kind: n for kind, n in manifest.rows.items() if n}:
        found.fault(f"{LEDGER_FILE}: the numbers of its rows are not the manifest's")


def _objects(folder: Path, manifest: Manifest, found: Check, told: Told) -> None:
    if not (folder / OBJECTS_FILE).is_file():
        return
    keys: set[str] = set()
    hashed: dict[str, bool] = {}
    for record in stream.read(folder / OBJECTS_FILE, lambda damage: found.fault(str(damage))):
        for row in record.rows:
            key, sha256 = row[objects.KEY], row[objects.SHA256]
            keys.add(key)
            path = object_path(folder, sha256)
            if sha256 not in hashed:
                hashed[sha256] = path.is_file() and file_sha256(path) == sha256
            if not hashed[sha256]:
                found.fault(f"object {key}: {path} {'is not what was copied' if path.is_file() else 'is missing'}")
        told(f"{len(keys)} of {manifest.objects} objects")
    for key, who in found.named.items():
        if key not in keys:
            found.fault(f"object {key}: is not in the backup, and {who} names it")


async def verify_living(
    source: Source, store: ObjectStore, decodes: DecodesSnapshot | None = None, told: Told = _quiet
) -> Check:
    """A ledger at one moment, and the object store beside it. Reads every named object."""
    found = check(stream.records(source), decodes)
    for number, (key, who) in enumerate(sorted(found.named.items()), 1):
        try:
            info = await store.head(key)
            if info is None:
                found.fault(f"object {key}: is missing, and {who} names it")
            elif await objects.content_sha256(store, key) != info.sha256:
                found.fault(f"object {key}: its content is not what was stored")
        except ObjectStoreError as error:
            found.fault(f"object {key}: cannot be read ({error.code})")
        told(f"{number} of {len(found.named)} objects")
    return found
