"""What a backup says of itself: `manifest.json`, written last.

Owns the folder's names and the manifest's form. The invariant: a folder with a manifest whose digest holds is whole as
far as it was written; everything else in it is named there with its hash. The file has one spelling: read and written
again it is the same bytes, so that no flipped byte of it goes unseen.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from storage.backup.stream import Damaged

FORMAT = 1
MANIFEST_FILE = "manifest.json"
LEDGER_FILE = "ledger.sfb"
OBJECTS_FILE = "objects.sfb"
SECRETS_FILE = "secrets.json"
OBJECTS_DIR = "objects"
MARKER_FILE = "storyforge-backups"
"""Stands in a folder of backups, so that nothing is written into or swept from any other folder."""

PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class Manifest:
    """`homes`: name → [epoch, head, digest of its rows]. `files`: name → SHA-256. `rows`: table → how many."""

    taken_at: str  # UTC, ISO 8601
    storyforge: str  # version that wrote it
    schema: int  # of the ledger it was read from
    homes: dict[str, list[int | str]]
    rows: dict[str, int]
    objects: int
    object_bytes: int
    files: dict[str, str]
    secrets: bool = False
    format: int = FORMAT

    def render(self) -> bytes:
        body = json.dumps(asdict(self), indent=1, sort_keys=True)
        digest = hashlib.sha256(body.encode()).hexdigest()
        return json.dumps({"digest": digest, "manifest": asdict(self)}, indent=1, sort_keys=True).encode() + b"\n"


def load(folder: Path) -> Manifest:
    """Raises `Damaged`: also where there is none."""
    try:
        raw = (folder / MANIFEST_FILE).read_bytes()
    except OSError as error:
        raise Damaged(MANIFEST_FILE, f"cannot be read ({error.strerror}): the backup was never finished") from None
    try:
        found = json.loads(raw)["manifest"]
        if found["format"] != FORMAT:
            raise Damaged(MANIFEST_FILE, f"format {found['format']}, this version reads {FORMAT}")
        known = {item.name for item in fields(Manifest)}
        manifest = Manifest(**{name: value for name, value in found.items() if name in known})
        whole = manifest.render() == raw
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(MANIFEST_FILE, f"cannot be understood ({type(error).__name__})") from None
    if not whole:
        raise Damaged(MANIFEST_FILE, "its digest does not hold")
    return manifest


def folder_of(place: Path) -> Path:
    """The backup meant by `place`: it, or the newest whole one of a folder of backups. Raises `Damaged`."""
    if (place / MANIFEST_FILE).exists() or not (place / MARKER_FILE).exists():
        return place
    found = sorted(path.parent for path in place.glob(f"*/{MANIFEST_FILE}") if not path.parent.name.endswith(PARTIAL))
    if not found:
        raise Damaged(str(place), "there is no finished backup in this folder")
    return found[-1]


def object_path(folder: Path, sha256: str) -> Path:
    """Objects lie beside the backups that share them, under their hash."""
    return folder.parent / OBJECTS_DIR / sha256[:2] / sha256


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
