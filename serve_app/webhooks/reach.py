"""Where a webhook may go: public addresses over TLS, unless the operator says otherwise.

Owns the policy and the name lookup. Invariant: the address that was judged is the one that is connected to: a name is
looked up once, every address it has must be allowed, and the connection goes to one of them by number (a name that
answers otherwise the second time, DNS rebinding, gets nowhere).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

LOOKUP_S_MAX = 5.0


class Unreachable(Exception):
    """This endpoint may not or cannot be reached. `for_good`: looking again cannot help while the policy stands."""

    def __init__(self, problem: str, for_good: bool) -> None:
        super().__init__(problem, for_good)
        self.problem, self.for_good = problem, for_good


@dataclass(frozen=True, slots=True)
class Place:
    """`address`: a number to connect to; `host`: the name for Host, TLS and its certificate."""

    address: str
    host: str
    port: int
    secure: bool
    path: str

    @property
    def url(self) -> str:
        number = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'https' if self.secure else 'http'}://{number}:{self.port}{self.path}"

    @property
    def authority(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.secure else 80) else f"{name}:{self.port}"


def allowed(address: str) -> bool:
    """Whether anybody on the internet could have that address: what is loopback, private, link-local (where clouds keep
    their credentials), shared, reserved or multicast is not; nor one of those in IPv6 clothes."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is not None:
            return allowed(str(inner))
        if found in ipaddress.ip_network("64:ff9b::/96"):  # NAT64 carries an IPv4 address in its last four bytes
            return allowed(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
    return found.is_global and not found.is_multicast


async def find(url: str, *, private: bool) -> Place:
    """Raises `Unreachable`."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    if not secure and not private:
        raise Unreachable("HTTPS_ONLY", True)
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    try:
        async with asyncio.timeout(LOOKUP_S_MAX):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise Unreachable("NO_SUCH_HOST", False) from error
    addresses = [str(each[4][0]) for each in found]
    if not private and not all(allowed(address) for address in addresses):
        raise Unreachable("PRIVATE_ADDRESS", True)
    return Place(addresses[0], host, port, secure, _path(parts))


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
