"""Settings of the object store: where pictures and films lie, and how they are handed out.

The names that S3's own tools and StoryWorld's programs use in the environment (`S3_BUCKET`, `S3_ENDPOINT`, …) are read
too; credentials may also come by boto3's own chain (`AWS_ACCESS_KEY_ID`, a profile, an instance's role).
"""

from __future__ import annotations

from dataclasses import dataclass

from serve_app.settings.bounded import also, bounded


@dataclass(frozen=True, kw_only=True)
class ObjectSettings:
    s3_bucket: str = also("S3_BUCKET", "R2_BUCKET")
    """The bucket; with `s3_bucket_each` what stands before -videos, -assets, -exports, -internal. Empty: a folder."""
    s3_bucket_each: int = bounded(0, 0, 1, "1: a bucket for each of the four stores, so that policies can differ")
    s3_endpoint: str = also("S3_ENDPOINT", "R2_ENDPOINT", "AWS_ENDPOINT_URL_S3")
    """https://… of R2 or another server that speaks S3. Empty: Amazon's own."""
    s3_region: str = also("S3_REGION", "AWS_REGION", "AWS_DEFAULT_REGION")
    """Empty: auto with an endpoint (what R2 takes), us-east-1 without."""
    s3_access_key_id: str = also("S3_ACCESS_KEY_ID", "S3_ACCESS_KEY", "R2_ACCESS_KEY_ID", secret=True)
    s3_secret_access_key: str = also("S3_SECRET_ACCESS_KEY", "S3_SECRET_KEY", "R2_SECRET_ACCESS_KEY", secret=True)

    cdn_base_url: str = also("CDN_BASE_URL")
    """https://… of a CDN with us as its origin: what playlists name is fetched there (docs/operating.md)."""
    s3_direct: int = bounded(
        0, 0, 1, "1: what playlists name is fetched from the bucket itself; it must allow our pages' origin (CORS)"
    )
    media_link_ttl_ms: int = bounded(86_400_000, 60_000, 604_800_000, "life of a signed media link")
    segment_link_ttl_ms: int = bounded(
        3_600_000,
        60_000,
        86_400_000,
        "life of addresses in a playlist; a longer film stops in the middle",
    )
