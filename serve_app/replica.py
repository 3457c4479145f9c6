"""What every deployment does first in its process: the socket seam, the private RPC port, and a word on the ingress.

Invariant: call `prepare` in a deployment's `__init__`. Serve opens a replica's HTTP and RPC ports only after `__init__`
has returned, so both changes are in place before anybody can connect.
"""

import gc
import logging
import os
import sys
from typing import Any

from serve_app import seam

logger = logging.getLogger("storyforge.replica")


GC_NEW_OBJECTS = 20_000
"""Between collections of the young (CPython's default of 700 runs one every dozen edits for nothing: what an edit makes
is freed by its count)."""

SWITCH_INTERVAL_S = 0.001
"""How long the event loop may keep the interpreter while the ledger's writer thread wants it. The writer asks a dozen
times a commit; at CPython's default of 5 ms a busy room's commits wait for the loop."""


RENDER_NICENESS = 15
"""Of a process that paints and encodes on the processor: hosts, and whatever else people do there, go first."""


def step_back() -> None:
    """Let others go first, in this thread and all that it starts later. Call it before any of them."""
    os.nice(max(0, RENDER_NICENESS - os.nice(0)))


def settle() -> None:
    """For a process that hosts rooms, after everything is imported: what stays for ever is taken out of collections
    (a full one over Ray's modules stops every room for over 100 ms), and threads take turns more often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_NEW_OBJECTS, 20, 20)
    sys.setswitchinterval(SWITCH_INTERVAL_S)


def prepare(*, document_bytes_max: int) -> str:
    """Make this process fit to serve; returns the ingress mode it sees, `haproxy` or `python`."""
    seam.install(document_bytes_max=document_bytes_max)
    bound = keep_rpc_on_node_address()
    mode = ingress_mode()
    logger.info("replica prepared", extra={"ingress": mode, "rpc_on_node_address": bound})
    return mode


def ingress_mode() -> str:
    """What the cluster was born with; an application cannot change it."""
    return "haproxy" if os.environ.get("RAY_SERVE_ENABLE_HA_PROXY") == "1" else "python"


def keep_rpc_on_node_address() -> bool:
    """Bind Serve's RPC port between replicas to the node's address instead of all interfaces.

    Ray Serve 2.60 opens it on `[::]:0`, without authentication, and unpickles what comes in: on a laptop in a café that
    is everybody's. On loopback clusters the node's address is 127.0.0.1. False where Serve's inside looks different
    (then the port stays as Serve makes it, and the log says so).
    """
    try:
        import ray
        from ray.serve._private import replica

        node = ray.util.get_node_ip_address()
        plain = replica.add_port_to_grpc_server
    except (ImportError, AttributeError):
        logger.warning("replica RPC port left on all interfaces")
        return False
    if getattr(plain, "storyforge", False):
        return True
    host = f"[{node}]" if ":" in node else node

    def on_node_address(server: Any, address: str) -> Any:
        return plain(server, address.replace("[::]:", f"{host}:") if address.startswith("[::]:") else address)

    on_node_address.storyforge = True  # type: ignore[attr-defined]
    replica.add_port_to_grpc_server = on_node_address
    return True
