"""The HTTP header that says when to come again."""

from __future__ import annotations

import email.utils
import time


def retry_after_s(header: str | None) -> float | None:
    """Seconds or an HTTP date; None where there is none, or none that makes sense."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None
