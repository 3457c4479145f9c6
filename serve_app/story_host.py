"""One StoryHost without Ray: ledger, runtime, peer port and sockets, started and stopped together.

Owns the order of start and stop. Invariant: the host row is written after the peer port listens, so an address in the
directory can be called; on stop, sockets are told to come again before the homes are released.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp

from serve_app.config import Settings
from serve_app.peers.port import PeerPort
