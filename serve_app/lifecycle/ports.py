"""Ports of one instance: the public one is asked for, all others are found free.

Invariant: everything binds loopback; two instances on one machine share no port.
"""

import socket
from dataclasses import asdict, dataclass, fields

from serve_app.lifecycle.refusal import Refusal

REPLICA_PORTS_FIRST = 30_000
REPLICA_PORTS_BLOCK = 250
REPLICA_PORTS_BLOCKS = 8
"""Room for replicas that come and go: a port rests for HAProxy's hard-stop after its replica. The blocks end below
Linux's ephemeral range (32768), so that no outgoing connection sits on a replica's port.
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """Every port an instance binds, except the ephemeral ones that Ray's own processes choose."""

    replicas_first: int
    gcs: int
    ray_client: int
    dashboard: int
    dashboard_agent: int
    metrics_export: int
    dashboard_metrics: int
    autoscaler_metrics: int
    fallback_http: int
    fallback_grpc: int
    haproxy_stats: int
    haproxy_metrics: int

    @property
    def replicas_last(self) -> int:
        return self.replicas_first + REPLICA_PORTS_BLOCK - 1

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def require_free(host: str, port: int) -> None:
    """Raise Refusal with one sentence when the public port cannot be bound."""
    try:
        with _bound(host, port):
            return
    except PermissionError:
        raise Refusal(f"Port {port} needs privileges you do not have: choose one above 1023 with --port.") from None
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno is None:
            raise Refusal(f"{host} is not an address of this machine: choose another with --host.") from None
        raise Refusal(f"Port {port} on {host} is in use by another program: choose another with --port.") from None


def choose() -> Ports:
    """Free ports, each held until all are chosen so that none is given twice."""
    held = [_bound("127.0.0.1", 0) for _ in range(len(fields(Ports)) - 1)]
    try:
        numbers = [sock.getsockname()[1] for sock in held]
    finally:
        for sock in held:
            sock.close()
    return Ports(_free_block(), *numbers)


def _free_block() -> int:
    for block in range(REPLICA_PORTS_BLOCKS):
        first = REPLICA_PORTS_FIRST + block * REPLICA_PORTS_BLOCK
        if all(_is_free(port) for port in range(first, first + REPLICA_PORTS_BLOCK)):
            return first
    raise Refusal("No free block of 250 ports between 30000 and 32000: stop what uses them.")


def _is_free(port: int) -> bool:
    try:
        _bound("127.0.0.1", port).close()
    except OSError:
        return False
    return True


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        if port:
            sock.listen(1)
    except BaseException:
        sock.close()
        raise
    return sock
