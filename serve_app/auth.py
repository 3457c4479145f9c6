"""Who is asking: the owner token, tokens of access links, the session cookie, and principals signed for tunnels.

Owns every comparison of a secret. The invariant: nobody is anybody until one of three proofs holds (the owner token,
a link's token or a session ticket this installation signed, a principal signed with the cluster secret), each compared
in constant time and without looking anything up; a cookie never carries the token itself. Whether a link still counts
is its project's to say (`actors.project.access`), after this. Sockets of `collab`, GraphQL and pages all ask here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from serve_app.webhooks import signing

SESSION_COOKIE = "storyforge_session"
SESSION_TTL_S = 30 * 24 * 3600
"""How long a browser stays signed in. Longer: a stolen profile is a way in for longer; shorter: more signing in."""
METRICS_TOKEN = "sfm1"
"""First part of the token that opens `/metrics` and nothing else: a scraper's file is read by many."""
LINK_TOKEN = "sfl1"
"""First part of a link's token: `sfl1.{project}.{link}.{expiry in s, 0: never}.{signature}`."""
SIGNED_CHARS_MAX = 2_048
TOKEN_CHARS_MIN = 1
"""The operator's own choice of token is taken; `storyforge serve` says when it is weak."""
SCOPE_ALL = "*"


class AuthError(Exception):
    """Base of refusals at the door. `code` names the class; trying again with the same proof cannot help."""

    code = "UNAUTHENTICATED"
    retryable = False


class Unauthenticated(AuthError):
    """No proof, or one that does not hold."""

    def __init__(self, reason: str = "sign in with the owner token") -> None:
        super().__init__(reason)
        self.reason = reason


class CrossOrigin(AuthError):
    """A cookie came with a request that another site's page made."""

    code = "CROSS_ORIGIN"

    def __init__(self, origin: str = "") -> None:
        super().__init__(origin)
        self.origin = origin


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who acts. `id` is written as the author of events; `scopes` say what may be done.

    `project`: the only one that exists for the holder of a link, "": no bound. `until_s`: Unix time at which the proof
    stops being one, None: never.
    """

    id: str
    name: str
    scopes: frozenset[str] = frozenset()
    project: str = ""
    until_s: float | None = field(default=None, compare=False)

    def may(self, scope: str) -> bool:
        return SCOPE_ALL in self.scopes or scope in self.scopes

    def enters(self, project: str) -> bool:
        """Whether the project may exist for this principal."""
        return self.project in ("", project)


OWNER = Principal(id="owner", name="Owner", scopes=frozenset({SCOPE_ALL}))
"""The one identity of an installation without a directory: whoever holds the owner token."""


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


@dataclass(frozen=True, slots=True)
class Gate:
    """Checks proofs and makes tickets for one installation.

    `owner_token`: what the printed URL carries. `secret`: the cluster secret, the same in every process, never sent.
    A new token voids every session, since tickets are keyed by both.
    """

    owner_token: str
    secret: bytes
    owner: Principal = OWNER
    origins: frozenset[str] = frozenset()  # further allowed origins, e.g. "https://studio.example"
    clock_s: Callable[[], float] = field(default=time.time)

    def __post_init__(self) -> None:
        if len(self.owner_token) < TOKEN_CHARS_MIN:
            raise ValueError(f"owner token is shorter than {TOKEN_CHARS_MIN} characters")
        if len(self.secret) < 16:
            raise ValueError("cluster secret is shorter than 16 bytes")

    # proofs
    def authenticate(
        self,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
        *,
        origin_required: bool = True,
    ) -> Principal | None:
        """The principal of a request or socket handshake, or None. `headers` has lower-case names.

        Order: `Authorization: Bearer`, then `?token=` (pass `query` only where a token in the address is allowed),
        then the cookie. A cookie counts only if the request is same-origin; `origin_required=False` (safe reads)
        lets it count without an `Origin` header, but never with a foreign one. A proof that is given and wrong ends
        the search: a bad Bearer is not rescued by a good cookie.
        """
        bearer = _bearer(headers)
        if bearer is not None:
            return self.by_token(bearer)
        if query is not None and (token := query.get("token")):
            return self.by_token(token)
        ticket = (cookies or {}).get(SESSION_COOKIE)
        if not ticket or not self.same_origin(headers, required=origin_required):
            return None
        return self.by_ticket(ticket)

    def by_token(self, token: str) -> Principal | None:
        held = hmac.compare_digest(token.encode("utf-8", "surrogatepass"), self.owner_token.encode())
        return self.owner if held else self._by_link(token)

    def link_token(self, project: str, link: str, expires_at_ms: int = 0) -> str:
        """What the holder of a link shows. The same each time it is made: nothing of it needs to be kept."""
        body = f"{LINK_TOKEN}.{project}.{link}.{expires_at_ms // 1000}"
        return f"{body}.{self._link_mac(body)}"

    def metrics_token(self) -> str:
        """What a scraper shows. The same each time it is made; a new cluster secret voids it."""
        return f"{METRICS_TOKEN}.{_b64(hmac.digest(self._key('metrics'), b'', 'sha256'))}"

    def opens_metrics(self, headers: Mapping[str, str]) -> bool:
        """The scraper's token, or the owner's. `headers` has lower-case names."""
        shown = _bearer(headers) or ""
        if hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), self.metrics_token().encode()):
            return True
        found = self.authenticate(headers)
        return found is not None and found.may(SCOPE_ALL)

    def webhook_secret(self, webhook: str) -> str:
        """What the owner of a webhook verifies its messages with; as with links, nothing of it is kept."""
        return signing.secret_of(self.secret, webhook)

    def _by_link(self, token: str) -> Principal | None:
        body, _, mac = token.rpartition(".")
        if not body.startswith(f"{LINK_TOKEN}.") or len(token) > SIGNED_CHARS_MAX or not token.isascii():
            return None
        if not hmac.compare_digest(self._link_mac(body), mac):
            return None
        _, project, link, expiry = body.split(".")
        until = float(expiry) or None
        if until is not None and until <= self.clock_s():
            return None
        return Principal(link, "", project=project, until_s=until)

    def _link_mac(self, body: str) -> str:
        return _b64(hmac.digest(self._key("link"), body.encode(), "sha256"))

    def same_origin(self, headers: Mapping[str, str], *, required: bool) -> bool:
        """Whether a browser's request came from a page of ours: `Origin` against `Host`, else `Sec-Fetch-Site`."""
        origin = headers.get("origin")
        if origin is not None:
            netloc = urlsplit(origin).netloc  # "" for the opaque origin "null", which is never ours
            return origin in self.origins or (netloc != "" and netloc == headers.get("host"))
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin" or (not required and site in {"none", "same-site"})
        return not required

    # session tickets
    def ticket(self, principal: Principal, ttl_s: float = SESSION_TTL_S) -> str:
        """A session for the cookie: signed, expiring with the proof it came from, and different each time."""
        return self._sign("session", principal, self.ticket_ttl_s(principal, ttl_s))

    def ticket_ttl_s(self, principal: Principal, ttl_s: float = SESSION_TTL_S) -> float:
        return ttl_s if principal.until_s is None else min(ttl_s, principal.until_s - self.clock_s())

    def by_ticket(self, ticket: str) -> Principal | None:
        """A socket that came by a ticket ends with it."""
        return self._verify("session", ticket, ends_with_ticket=True)

    # principals on their way to another host
    def sign_principal(self, principal: Principal, ttl_s: float = 30.0) -> str:
        """For a tunnel: the owner host believes it without ever seeing a token."""
        return self._sign("principal", principal, ttl_s)

    def verify_principal(self, signed: str) -> Principal | None:
        return self._verify("principal", signed)

    def _key(self, purpose: str) -> bytes:
        token = self.owner_token.encode() if purpose == "session" else b""
        label = b"storyforge." + purpose.encode() + b"\0" + hashlib.sha256(token).digest()
        return hmac.digest(self.secret, label, "sha256")

    def _sign(self, purpose: str, principal: Principal, ttl_s: float) -> str:
        claims = {
            "id": principal.id,
            "name": principal.name,
            "scopes": sorted(principal.scopes),
            "prj": principal.project,
            "until": principal.until_s,
            "exp": int(self.clock_s() + ttl_s),
            "n": secrets.token_hex(8),
        }
        body = _b64(json.dumps(claims, separators=(",", ":"), ensure_ascii=True).encode())
        mac = _b64(hmac.digest(self._key(purpose), body.encode(), "sha256"))
        return f"v1.{body}.{mac}"

    def _verify(self, purpose: str, signed: str, *, ends_with_ticket: bool = False) -> Principal | None:
        parts = signed.split(".") if len(signed) <= SIGNED_CHARS_MAX and signed.isascii() else []
        if len(parts) != 3 or parts[0] != "v1":
            return None
        mac = _b64(hmac.digest(self._key(purpose), parts[1].encode(), "sha256"))
        if not hmac.compare_digest(mac, parts[2]):
            return None
        try:
            claims = json.loads(_unb64(parts[1]))
        except (ValueError, binascii.Error):
            return None
        if claims["exp"] <= self.clock_s():
            return None
        until = claims["exp"] if ends_with_ticket else claims.get("until")
        # A ticket from before links has neither project nor end: it was the owner's.
        return Principal(
            claims["id"], claims["name"], frozenset(claims["scopes"]), claims.get("prj", ""), until_s=until
        )


def _bearer(headers: Mapping[str, str]) -> str | None:
    """The Bearer token of an Authorization header; "" for another scheme (a proof that cannot hold)."""
    value = headers.get("authorization")
    if value is None:
        return None
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
