"""Where buckets are and how a client of them behaves: limits of one call, and which key lies in which bucket.

The invariant: a key names its place the same way whether all stores share a bucket or each has its own. (S3 API
reference, virtual hosting; SigV4.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from storage.objects.protocol import StoreName, store_of

THREADS_MAX = 16
"""Calls on their way at once, from one process; further ones wait. Each holds a connection and a part in memory."""

CONNECT_S, READ_S, TRIES = 5.0, 30.0, 3
"""One call: to a connection, between bytes, and how often boto3 tries what may pass (5xx, throttling, timeouts)."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """Where keys lie. One bucket for all, or one a store (`{prefix}-videos`, -assets, -exports, -internal); the key is
    the same in both. Keys of no store are with the internal ones."""

    name: str
    one_each: bool = False

    def of(self, key: str) -> str:
        return self.name if not self.one_each else f"{self.name}-{store_of(key) or StoreName.INTERNAL}"

    @property
    def all(self) -> tuple[str, ...]:
        return (self.name,) if not self.one_each else tuple(sorted(f"{self.name}-{store}" for store in StoreName))


@dataclass(frozen=True, slots=True)
class S3Place:
    """`endpoint` empty: Amazon's own. `region` "auto" is what R2 takes. Empty keys: boto3's own chain of credentials
    (environment, profile, instance role)."""

    buckets: Buckets
    endpoint: str = ""
    region: str = "auto"
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)


def client_of(place: S3Place) -> Any:
    """boto3's client. Raises ValueError for an endpoint it cannot use."""
    return boto3.client(
        "s3",
        endpoint_url=place.endpoint or None,
        region_name=place.region,
        aws_access_key_id=place.access_key or None,
        aws_secret_access_key=place.secret_key or None,
        config=Config(
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            retries={"mode": "standard", "max_attempts": TRIES},
            max_pool_connections=THREADS_MAX,
            signature_version="s3v4",
            request_checksum_calculation="when_required",  # else every put goes with trailers R2 and others refuse
            response_checksum_validation="when_required",
            s3={"addressing_style": "path" if place.endpoint else "auto"},
        ),
    )
