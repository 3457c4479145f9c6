"""Preview frames of a film in the making: small pictures under the attempt's prefix, named on its row.

Invariant: a preview is weather: it is stored at most every `PREVIEW_S`, the row names the newest only, and one that
cannot be stored is left out, never an error of the film.
"""

from __future__ import annotations

import logging
import time

from serve_app.step_runs import Report
from serve_app.steps.stores import IMMUTABLE, StepStores
from storage.objects.protocol import ObjectStoreError, StoreName

logger = logging.getLogger("storyforge.previews")

PREVIEW_S = 1.0
"""Between stored previews. Lower: a fast model writes an object and a row for each of its steps."""


class Previews:
    def __init__(self, stores: StepStores, prefix: str, report: Report) -> None:
        self._stores, self._prefix, self._report = stores, prefix, report
        self._count, self._next_at, self._progress = 0, 0.0, 0.0

    def at(self, progress: float) -> None:
        self._progress = progress

    def show(self, jpeg: bytes, message: str) -> None:
        if time.monotonic() < self._next_at:
            return
        key = StoreName.ASSETS.key("previews", self._prefix, f"{self._count}.jpg")
        put = self._stores.objects.put(key, jpeg, content_type="image/jpeg", cache_control=IMMUTABLE)
        try:
            self._stores.wait(put)
        except ObjectStoreError as error:
            logger.warning("a preview was not stored", extra={"code": error.code})
            return
        self._count, self._next_at = self._count + 1, time.monotonic() + PREVIEW_S
        self._report(self._progress, message, {"preview_key": key})
