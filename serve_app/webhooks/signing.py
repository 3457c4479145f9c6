"""Signatures of webhooks, as the specification of github.com/standard-webhooks/standard-webhooks has them.

Owns no secret: a webhook's follows from its id and the cluster's own, so nothing secret is in the ledger, its backups
or its dumps. Invariant: what is signed is `{id}.{timestamp}.{body}`, byte for byte as it is sent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

PREFIX = "whsec_"


def secret_of(cluster_secret: bytes, webhook: str) -> str:
    """What its owner is shown once, in the form receivers take: 32 bytes."""
    raw = hmac.new(cluster_secret, b"webhook:" + webhook.encode(), hashlib.sha256).digest()
    return PREFIX + base64.b64encode(raw).decode()


def headers(secret: str, id: str, at_s: int, body: bytes) -> dict[str, str]:
    """The three headers of one try."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = hmac.new(key, f"{id}.{at_s}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
    }
