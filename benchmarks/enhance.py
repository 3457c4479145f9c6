"""The vLLM writer beside the bare engine, and what of a model's words survives. Run with the interpreter that has vLLM:

    PYTHONPATH=$PWD VLLM_PYTHON -m benchmarks.enhance MODEL_FOLDER [SHOTS]

Prints a JSON line a part: schema-valid, survived before and after the fallback, prefix cache, tokens per second of both
in turns on one engine, eight at once, and how long a cancel takes. Predicted before the first run: ratio 0.97, because
all that is ours per token is one string in Python beside the engine's own detokenizer.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

AT_ONCE = 8
ROUNDS = 3
CALLS = 24


def requests() -> list[Any]:
    """Scenes of the shipped short with each brain."""
    from actors.screenplay.breakdown import breakdown
    from actors.screenplay.fountain import parse
    from actors.screenplay.slots import enhance_request
    from gpu.enhance.brains import list_brains
    from tests.screenplays import last_ferry

    scenes = [scene.raw for scene in parse(last_ferry()).scenes]
    names = ["MARGARET", "TOMAS", "ELIAS"]
    return [
        enhance_request(raw, breakdown(raw, names), brain=brain.id, seed=seed)
        for seed, brain in enumerate(list_brains())
        for raw in scenes
    ]


async def survival(completer: Any, shots: int) -> dict[str, Any]:
    from gpu.enhance.phrasing import PhrasingWriter
    from gpu.enhance.survival import lost
    from gpu.enhance.writer import Usage

    writer, used = PhrasingWriter(completer, calls_at_once=AT_ONCE), Usage()
    seen = valid = raw = sent = 0
    for request in requests():
        written = await writer.write(request, lambda delta: None)
        used += written.usage
        for shot, prompt, words in zip(written.scene.shots, written.scene.shot_prompts, written.shots, strict=True):
            if seen == shots:
                break
            seen += 1
            raw += words.writer == completer.name
            valid += words.writer == completer.name or bool(words.lost)
            sent += lost(shot, prompt) == ()
        if seen == shots:
            break
    cached = round(used.cached_tokens / max(1, used.prompt_tokens), 3)
    return {"shots": seen, "schema_valid": valid, "survived_raw": raw, "survived_sent": sent, "prompt_cached": cached}


async def throughput(completer: Any) -> dict[str, Any]:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    from gpu.enhance.brains import brain_for
    from gpu.enhance.grammar import GrammarWriter
    from gpu.enhance.phrasing import calls_of

    grammar, numbers = GrammarWriter(), iter(range(1_000_000))
    calls = [c for r in requests() for c in calls_of(r, brain_for(r), grammar.write(r).shots, 1)][:CALLS]

    async def bare(call: Any) -> int:
        how = StructuredOutputsParams(json=call.schema, disable_any_whitespace=True)
        most = min(call.tokens_max, completer.room_of(call))
        kind = RequestOutputKind.DELTA
        params = SamplingParams(
            temperature=0.4, seed=call.seed, max_tokens=most, output_kind=kind, structured_outputs=how
        )
        found = completer.engine.generate(completer.prompt_of(call), params, f"bare-{next(numbers)}")
        return sum([len(answer.outputs[0].token_ids) async for answer in found])

    async def ours(call: Any) -> int:
        return sum([piece.usage.completion_tokens async for piece in completer.complete(call) if piece.usage])

    rates: dict[str, list[float]] = {"bare": [], "ours": []}
    await _rate(bare, calls[:AT_ONCE])
    for _ in range(ROUNDS):
        rates["bare"].append(await _rate(bare, calls))
        rates["ours"].append(await _rate(ours, calls))
    ratio = sum(rates["ours"]) / sum(rates["bare"])
    return {"tokens_per_s": {k: [round(x) for x in v] for k, v in rates.items()}, "ratio": round(ratio, 3)}


async def _rate(one: Callable[[Any], Awaitable[int]], calls: list[Any]) -> float:
    turns = asyncio.Semaphore(AT_ONCE)

    async def held(call: Any) -> int:
        async with turns:
            return await one(call)

    began = time.perf_counter()
    return sum(await asyncio.gather(*map(held, calls))) / (time.perf_counter() - began)


async def cancelling(completer: Any) -> dict[str, Any]:
    from gpu.enhance.phrasing import PhrasingWriter

    begun = asyncio.Event()
    task = asyncio.create_task(
        PhrasingWriter(completer, calls_at_once=AT_ONCE).write(requests()[0], lambda delta: begun.set())
    )
    await begun.wait()
    at = time.perf_counter()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return {"cancel_ms": round((time.perf_counter() - at) * 1000), "left_running": completer.under_way()}


async def main(model: str, shots: int) -> None:
    from gpu.enhance.vllm_writer import EngineSize, VllmCompleter

    began = time.perf_counter()
    completer = await VllmCompleter.start(model, EngineSize(4096, 64, 0.8, on_cpu=True))
    up_s = round(time.perf_counter() - began, 1)
    await completer.check()
    print(json.dumps({"model": completer.model, "up_s": up_s}), flush=True)
    for part in (survival(completer, shots), cancelling(completer), throughput(completer)):
        print(json.dumps(await part), flush=True)
    await completer.close()


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200))
