"""What S3 says when it refuses, in the words of the object store's contract.

The invariant: whoever reads the error knows whether trying again can help, and which setting is wrong when one is. No
key, secret or signed address is in a message. (S3 API reference, "Error responses".)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from storage.objects.protocol import ObjectStoreError

_SAYS: dict[str, tuple[str, str, bool]] = {
    "NoSuchKey": ("NOT_FOUND", "there is no such object", False),
    "404": ("NOT_FOUND", "there is no such object", False),
    "NotFound": ("NOT_FOUND", "there is no such object", False),
    "NoSuchBucket": ("NO_BUCKET", "there is no such bucket; make it, or correct s3_bucket", False),
    "PreconditionFailed": ("EXISTS", "the key is taken", False),
    "412": ("EXISTS", "the key is taken", False),
    "ConditionalRequestConflict": ("CONFLICT", "another put of the key was on its way", True),
    "OperationAborted": ("CONFLICT", "another put of the key was on its way", True),
    "InvalidRange": ("BAD_RANGE", "the object has no such bytes", False),
    "416": ("BAD_RANGE", "the object has no such bytes", False),
    "EntityTooLarge": ("TOO_LARGE", "the store takes no object of that size", False),
    "BadDigest": ("IO", "the object was damaged on its way to the store", True),
    "SlowDown": ("THROTTLED", "the store asks to go slower", True),
    "TooManyRequests": ("THROTTLED", "the store asks to go slower", True),
    "Throttling": ("THROTTLED", "the store asks to go slower", True),
    "429": ("THROTTLED", "the store asks to go slower", True),
}

_DENIED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403", "Forbidden", "Unauthorized", "401")


@contextlib.contextmanager
def faults(what: str) -> Iterator[None]:
    """Raise `ObjectStoreError` for what boto3 raises; `what`: get, put, delete, list, bucket."""
    try:
        yield
    except ClientError as error:
        said = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        raise _of(said, status, what) from error
    except NoCredentialsError as error:
        fix = "there are no credentials for the object store: set s3_access_key_id and s3_secret_access_key"
        raise ObjectStoreError("ACCESS_DENIED", fix, False) from error
    except (BotoCoreError, OSError) as error:
        words = f"the object store cannot be reached ({type(error).__name__}): check s3_endpoint"
        raise ObjectStoreError("IO", words, True) from error


def _of(said: str, status: int, what: str) -> ObjectStoreError:
    if what == "bucket" and (said in ("404", "NotFound") or status == 404):
        said = "NoSuchBucket"
    if said in _SAYS:
        return ObjectStoreError(*_SAYS[said])
    if said in _DENIED or status in (401, 403):
        fix = "check s3_access_key_id, s3_secret_access_key and the bucket's policy"
        return ObjectStoreError("ACCESS_DENIED", f"the object store refuses to {what}: {fix}", False)
    return ObjectStoreError("IO", f"the object store failed ({said or status})", status >= 500 or status == 0)
