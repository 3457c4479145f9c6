"""A `Completer` on vLLM in this process: one engine, its answers batched as they come, aborted when nobody waits.

Owns an `AsyncLLM`. Invariant: what an engine is asked begins with what it was asked before (rules and brain, then the
scene), so its prefix cache keeps it; every answer is held to its schema by the engine itself; closing an answer's
generator frees its place in the batch. The engine is a process of its own under this one and dies with it.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from vllm import SamplingParams
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams
from vllm.v1.engine.async_llm import AsyncLLM

from gpu.enhance.phrasing import Call, Piece
from gpu.enhance.writer import Usage, WriterError

TEMPERATURE = 0.4


@dataclass(frozen=True, slots=True)
class EngineSize:
    """`memory_share`: of the accelerator's memory; on a CPU vLLM takes VLLM_CPU_KVCACHE_SPACE gigabytes."""

    context_tokens: int = 4096
    at_once: int = 64
    memory_share: float = 0.8
    on_cpu: bool = False


class VllmCompleter:
    """Make it with `VllmCompleter.start`, on the loop that writes: it blocks until the model is loaded."""

    def __init__(self, engine: AsyncLLM, tokenizer: Any, model: str, context_tokens: int) -> None:
        self.engine, self._tokenizer, self._model = engine, tokenizer, model
        self._context, self._numbers = context_tokens, itertools.count()

    @classmethod
    async def start(cls, model: str, size: EngineSize) -> VllmCompleter:
        if size.on_cpu:
            os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
        args: dict[str, Any] = {} if size.on_cpu else {"gpu_memory_utilization": size.memory_share}
        engine = AsyncLLM.from_engine_args(
            AsyncEngineArgs(
                model=model,
                max_model_len=size.context_tokens,
                max_num_seqs=size.at_once,
                enable_prefix_caching=True,
                enforce_eager=size.on_cpu,
                structured_outputs_config={"backend": "xgrammar", "disable_any_whitespace": True},
                **args,
            )
        )
        tokenizer: Any = engine.get_tokenizer()
        if asyncio.iscoroutine(tokenizer):
            tokenizer = await tokenizer
        return cls(engine, tokenizer, os.path.basename(model.rstrip("/")), size.context_tokens)

    @property
    def name(self) -> str:
        return "vllm"

    @property
    def model(self) -> str:
        return self._model

    async def check(self) -> None:
        try:
            await self.engine.check_health()
        except Exception as error:
            raise WriterError("unavailable", f"the engine is down: {type(error).__name__}") from error

    async def close(self) -> None:
        await asyncio.to_thread(self.engine.shutdown)

    def prompt_of(self, call: Call) -> str:
        """Through the model's own chat template, where it has one."""
        user = f"{call.scene}\n{call.ask}"
        if not getattr(self._tokenizer, "chat_template", None):
            return f"{call.rules}\n{user}\n"
        messages = [{"role": "system", "content": call.rules}, {"role": "user", "content": user}]
        return str(self._tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False))

    def room_of(self, call: Call) -> int:
        """Tokens that an answer may have."""
        return self._context - len(self._tokenizer.encode(self.prompt_of(call))) - 1

    def under_way(self) -> int:
        """Answers that the engine is giving."""
        return int(self.engine.get_num_unfinished_requests())

    async def complete(self, call: Call) -> AsyncGenerator[Piece, None]:
        prompt = self.prompt_of(call)
        read = len(self._tokenizer.encode(prompt))
        if (room := self._context - read - 1) < 1:
            raise WriterError("refused", f"the scene is {read} tokens long, more than the model reads")
        params = SamplingParams(
            temperature=TEMPERATURE,
            seed=call.seed,
            max_tokens=min(call.tokens_max, room),
            output_kind=RequestOutputKind.DELTA,
            structured_outputs=StructuredOutputsParams(json=call.schema, disable_any_whitespace=True),
        )
        written, cached = 0, 0
        answers = self.engine.generate(prompt, params, f"enhance-{next(self._numbers)}")
        try:
            async for answer in answers:
                said = answer.outputs[0]
                written += len(said.token_ids)
                cached = max(cached, answer.num_cached_tokens or 0)
                yield Piece(said.text)
        except (asyncio.CancelledError, GeneratorExit, WriterError):
            raise
        except Exception as error:
            code = "unavailable" if self.engine.errored else "refused"
            raise WriterError(code, f"the engine failed: {type(error).__name__}", usage=Usage(read, written)) from error
        finally:
            await answers.aclose()  # aborts what is not ended
        yield Piece("", Usage(read, written, cached))
