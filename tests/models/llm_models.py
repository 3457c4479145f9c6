"""Makes models for vLLM on the spot, beside diffusers: `python llm_models.py tiny|smollm2 FOLDER [GGUF]`.

tiny: a Llama of two layers with random weights and a byte-level tokenizer trained on our own prompts. smollm2: the GGUF
file of SmolLM2 dequantised into a folder, because vLLM 0.29 reads no GGUF. Invariant: a folder that exists is whole: it
is made beside its place and moved there, so that what was interrupted is made again.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path


def tiny(folder: str, _gguf: str) -> None:
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    here = Path(__file__).parents[2] / "gpu" / "enhance"
    texts = [(here / name).read_text(encoding="utf-8") for name in ("phrasing.py", "prompt.py")]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    bytes_of = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=2_000, special_tokens=["<s>", "</s>"], initial_alphabet=bytes_of)
    tokenizer.train_from_iterator(texts, trainer)
    made = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")
    made.save_pretrained(folder)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=8_192,
        bos_token_id=0,
        eos_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def smollm2(folder: str, gguf: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    where, name = os.path.split(gguf)
    AutoTokenizer.from_pretrained(where, gguf_file=name).save_pretrained(folder)
    plain = GgufConfig(dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(where, gguf_file=name, dtype=torch.bfloat16, quantization_config=plain)
    model.save_pretrained(folder)


def whole(make: Callable[[str, str], None], folder: Path, gguf: str) -> None:
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = tempfile.mkdtemp(dir=folder.parent, prefix=".making-")
    try:
        make(beside, gguf)
        os.replace(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


if __name__ == "__main__":
    kind, folder, *gguf = sys.argv[1:]
    whole({"tiny": tiny, "smollm2": smollm2}[kind], Path(folder), *(gguf or [""]))
