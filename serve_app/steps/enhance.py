"""Step `enhance`: a scene's slots become shots with a prompt each."""

from __future__ import annotations

from typing import Any

from gpu.enhance.protocol import EnhanceRequest, PromptWriter
from serve_app.worker import Report
from storage.ledger.protocol import Attempt


class Enhance:
    def __init__(self, writer: PromptWriter) -> None:
        self._writer = writer

    def __call__(self, attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        report(0.1, "SCRIPT_EXPANSION|Reading the scene for shots")
        written = self._writer.write(EnhanceRequest.from_dict(request["enhance"]))
        return {"enhanced": written.to_dict()}
