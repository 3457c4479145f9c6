"""The typed error of the media room; light to import."""

from __future__ import annotations


class MediaError(Exception):
    """A fault in making or reading media; `code` is stable, `retryable` says whether trying again can help."""

    def __init__(self, code: str, message: str, retryable: bool = False) -> None:
        super().__init__(code, message, retryable)
        self.code = code
        self.message = message
        self.retryable = retryable

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
