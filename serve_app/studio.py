"""Studio without Ray: fills the web side's ports from the ledger, the peer ports and the object folder.

Invariant: Studio never writes the ledger; every change is a command to the owner.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from gpu.enhance.brains import list_brains
from serve_app.auth import Gate
from serve_app.config import Settings
from serve_app.graphql.ports import BrainCard
from serve_app.http.deps import MediaStat, StudioDeps, StudioLimits
from serve_app.http.studio import studio_app
from serve_app.ownership import Directory, PeerCommands
from serve_app.peers.client import PeerClient
from serve_app.peers.faults import FaultError
from serve_app.peers.wire import PeerError
from serve_app.stores import open_ledger, open_objects
from storage.ledger.protocol import Ledger, LedgerError
from storage.objects.protocol import ObjectStore
from storage.objects.signing import MediaSigner

STATIC_DIR = Path(__file__).parent / "static"
TEXT_S = 2.0
"""How long a query waits for the owner's fresher text before it takes the projection's."""
