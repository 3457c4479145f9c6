"""The gate: three proofs, each in constant time, and where each counts."""

from __future__ import annotations

import pytest

from serve_app.auth import OWNER, SESSION_COOKIE, Gate, Principal

pytestmark = pytest.mark.unit

TOKEN, SECRET = "a-token-of-enough-length", b"a-secret-of-enough-length"
ADA = Principal("ada", "Ada 🎬", frozenset({"projects:read"}))


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> Gate:
    return Gate(TOKEN, SECRET, clock_s=clock)


def test_w30_a_ticket_is_not_the_token_and_expires(gate: Gate, clock: Clock) -> None:
    """W-30: signed, different each time, and nobody after its time."""
    ticket = gate.ticket(ADA, ttl_s=60)
    assert TOKEN not in ticket
    assert ticket != gate.ticket(ADA, ttl_s=60)
    assert gate.by_ticket(ticket) == ADA
    clock.now += 60
    assert gate.by_ticket(ticket) is None


def test_w30_a_ticket_dies_with_the_token_or_the_secret(gate: Gate, clock: Clock) -> None:
    """W-30: a new owner token signs everybody out; another installation's tickets mean nothing."""
    ticket = gate.ticket(OWNER)
    assert Gate("another-token-of-length", SECRET, clock_s=clock).by_ticket(ticket) is None
    assert Gate(TOKEN, b"another-secret-of-length", clock_s=clock).by_ticket(ticket) is None


def test_w30_every_changed_character_is_noticed(gate: Gate) -> None:
    """W-30: no byte of a ticket can be changed."""
    ticket = gate.ticket(OWNER)
    for at in range(len(ticket)):
        other = "A" if ticket[at] != "A" else "B"
        assert gate.by_ticket(ticket[:at] + other + ticket[at + 1 :]) is None, at


@pytest.mark.parametrize("junk", ["", ".", "v1..", "v1.a.b", "x" * 5_000, "v1.é.b", "v2.a.b", "v1.a.b.c"])
def test_w30_junk_is_nobody(gate: Gate, junk: str) -> None:
    """W-30: whatever is sent."""
    assert gate.by_ticket(junk) is None
    assert gate.verify_principal(junk) is None
    assert gate.by_token(junk) is None


def test_w31_a_signed_principal_travels_between_hosts(gate: Gate, clock: Clock) -> None:
    """W-31: believed on the cluster secret alone, briefly, and never as a session."""
    signed = gate.sign_principal(ADA, ttl_s=30)
    assert Gate("another-token-of-length", SECRET, clock_s=clock).verify_principal(signed) == ADA
    assert gate.by_ticket(signed) is None
    assert gate.verify_principal(gate.ticket(ADA)) is None
    clock.now += 30
    assert gate.verify_principal(signed) is None


def test_w32_where_each_proof_counts(gate: Gate) -> None:
    """W-32: Bearer first; an address only where allowed; a wrong proof is not rescued by a cookie."""
    own = {"host": "studio", "origin": "http://studio"}
    cookie = {SESSION_COOKIE: gate.ticket(ADA)}
    assert gate.authenticate({"authorization": f"bearer {TOKEN}"}) == OWNER
    assert gate.authenticate({}, {"token": TOKEN}) == OWNER
    assert gate.authenticate({}, None, {}) is None
    assert gate.authenticate(own, None, cookie) == ADA
    assert gate.authenticate({**own, "authorization": "Bearer no"}, None, cookie) is None
    assert gate.authenticate(own, {"token": "no"}, cookie) is None
    assert gate.authenticate({"host": "studio"}, None, cookie) is None
    assert gate.authenticate({"host": "studio"}, None, cookie, origin_required=False) == ADA
    assert gate.authenticate({"host": "studio", "origin": "null"}, None, cookie, origin_required=False) is None
    assert gate.authenticate({"origin": "null"}, None, cookie) is None
    named = Gate(TOKEN, SECRET, origins=frozenset({"https://front.example"}), clock_s=gate.clock_s)
    assert named.authenticate({"host": "inner", "origin": "https://front.example"}, None, cookie) == ADA


def test_w30_an_empty_token_and_a_weak_secret_are_refused_at_start() -> None:
    """W-30: no token, or a short secret, never opens a door."""
    with pytest.raises(ValueError, match="owner token"):
        Gate("", SECRET)
    with pytest.raises(ValueError, match="cluster secret"):
        Gate(TOKEN, b"short")


def test_w32_scopes() -> None:
    """W-32: the owner may all; others what their scopes name."""
    assert OWNER.may("anything")
    assert ADA.may("projects:read")
    assert not ADA.may("projects:write")
