"""Tiny video models with random weights, built on the spot and saved as folders in diffusers' layout.

Invariant: nothing is fetched; tokenizers are made from their own bytes. The folders load as any model's do.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import peft
import torch
import transformers

from gpu.video.clips import jpeg

SEED = 7
CLIP_FRAMES = {"animatediff": 8, "svd": 5, "ltx": 9, "wan": 9}


def animatediff(folder: Path) -> None:
    torch.manual_seed(SEED)
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(32, 64), layers_per_block=1, sample_size=8, in_channels=4, out_channels=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32, norm_num_groups=2,
    )  # fmt: skip
    motion = diffusers.MotionAdapter(
        block_out_channels=(32, 64), motion_layers_per_block=1, motion_norm_num_groups=2, motion_num_attention_heads=4
    )
    made = diffusers.AnimateDiffPipeline(
        vae=_image_vae(),
        text_encoder=_clip_text(),
        tokenizer=_clip_tokenizer(),
        unet=unet,
        motion_adapter=motion,
        scheduler=diffusers.DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="linear", clip_sample=False
        ),
    )
    made.save_pretrained(folder)


def svd(folder: Path) -> None:
    torch.manual_seed(SEED)
    unet = diffusers.UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 64), layers_per_block=1, sample_size=32, in_channels=8, out_channels=4,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        cross_attention_dim=32, num_attention_heads=(2, 4), projection_class_embeddings_input_dim=96,
        addition_time_embed_dim=32,
    )  # fmt: skip
    vae = diffusers.AutoencoderKLTemporalDecoder(
        block_out_channels=[32, 32, 32, 32], in_channels=3, out_channels=3, latent_channels=4, layers_per_block=1,
        down_block_types=["DownEncoderBlock2D"] * 4,
    )  # fmt: skip
    eye = transformers.CLIPVisionModelWithProjection(
        transformers.CLIPVisionConfig(
            hidden_size=32, projection_dim=32, num_hidden_layers=2, num_attention_heads=4, image_size=224,
            intermediate_size=37, patch_size=32,
        )
    )  # fmt: skip
    made = diffusers.StableVideoDiffusionPipeline(
        vae=vae,
        image_encoder=eye,
        unet=unet,
        scheduler=diffusers.EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", interpolation_type="linear",
            num_train_timesteps=1000, prediction_type="v_prediction", sigma_max=700.0, sigma_min=0.002,
            steps_offset=1, timestep_spacing="leading", timestep_type="continuous", trained_betas=None,
            use_karras_sigmas=True,
        ),
        feature_extractor=transformers.CLIPImageProcessor(crop_size=224, size=224),
    )  # fmt: skip
    made.save_pretrained(folder)


def ltx(folder: Path) -> None:
    torch.manual_seed(SEED)
    transformer = diffusers.LTXVideoTransformer3DModel(
        in_channels=8, out_channels=8, patch_size=1, patch_size_t=1, num_attention_heads=4, attention_head_dim=8,
        cross_attention_dim=32, num_layers=2, caption_channels=32,
    )  # fmt: skip
    vae = diffusers.AutoencoderKLLTXVideo(
        in_channels=3, out_channels=3, latent_channels=8, block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8), layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1, 1), spatio_temporal_scaling=(True, True, False, False),
        decoder_spatio_temporal_scaling=(True, True, False, False), decoder_inject_noise=(False,) * 5,
        upsample_residual=(False,) * 4, upsample_factor=(1,) * 4, timestep_conditioning=False, patch_size=1,
        patch_size_t=1, encoder_causal=True, decoder_causal=False,
    )  # fmt: skip
    vae.use_framewise_encoding = vae.use_framewise_decoding = False
    made = diffusers.LTXPipeline(
        transformer=transformer,
        vae=vae,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        text_encoder=_t5(),
        tokenizer=_t5_tokenizer(),
    )
    made.save_pretrained(folder)


def ltx_large(folder: Path) -> None:
    """The size of the real model's transformer (2 billion weights) and decoder, random: for a GPU only."""
    torch.manual_seed(SEED)
    made = diffusers.LTXPipeline(
        transformer=diffusers.LTXVideoTransformer3DModel(caption_channels=32),
        vae=diffusers.AutoencoderKLLTXVideo(),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        text_encoder=_t5(),
        tokenizer=_t5_tokenizer(),
    )
    made.to(torch.bfloat16).save_pretrained(folder)


def wan(folder: Path) -> None:
    torch.manual_seed(SEED)
    vae = diffusers.AutoencoderKLWan(
        base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
    )
    transformer = diffusers.WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=16, out_channels=16,
        text_dim=32, freq_dim=256, ffn_dim=32, num_layers=2, cross_attn_norm=True, qk_norm="rms_norm_across_heads",
        rope_max_seq_len=32,
    )  # fmt: skip
    made = diffusers.WanPipeline(
        transformer=transformer,
        vae=vae,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder=transformers.UMT5EncoderModel(_t5_config(transformers.UMT5Config)),
        tokenizer=_t5_tokenizer(),
    )
    made.save_pretrained(folder)


BUILDERS: dict[str, Callable[[Path], None]] = {"animatediff": animatediff, "svd": svd, "ltx": ltx, "wan": wan}


def built(folder: Path) -> dict[str, Path]:
    """Every family's folder below this one; those that are there are taken as they are."""
    made = {family: folder / family for family in BUILDERS}
    for family, where in made.items():
        if not (where / "model_index.json").exists():
            BUILDERS[family](where)
    return made


def model(folders: dict[str, Path], family: str, steps: int, **fields: Any) -> dict[str, Any]:
    """A model of the configuration, small enough for any machine."""
    return {
        "name": family, "family": family, "source": str(folders[family]), "dtype": "float32", "steps": steps,
        "width": 64, "height": 64, "frames_max": CLIP_FRAMES[family], "preview_every": 2, **fields,
    }  # fmt: skip


def lora(folder: Path, where: Path) -> Path:
    """Low-rank weights for the LTX model in `folder`, none of them zero."""
    pipe = diffusers.LTXPipeline.from_pretrained(folder, local_files_only=True)
    torch.manual_seed(SEED)
    pipe.transformer.add_adapter(
        peft.LoraConfig(r=2, lora_alpha=16, target_modules=["to_q", "to_v"], init_lora_weights=False)
    )
    pipe.save_lora_weights(where, transformer_lora_layers=peft.get_peft_model_state_dict(pipe.transformer))
    return where


def plain(colour: tuple[int, int, int]) -> bytes:
    return jpeg(np.full((90, 160, 3), colour, np.uint8))


def _image_vae() -> Any:
    return diffusers.AutoencoderKL(
        block_out_channels=[32, 32, 32, 32], in_channels=3, out_channels=3, latent_channels=4, norm_num_groups=2,
        layers_per_block=1, down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
    )  # fmt: skip


def _clip_text() -> Any:
    config = transformers.CLIPTextConfig(
        bos_token_id=0, eos_token_id=2, hidden_size=32, intermediate_size=37, num_attention_heads=4,
        num_hidden_layers=2, pad_token_id=1, vocab_size=1000,
    )  # fmt: skip
    return transformers.CLIPTextModel(config)


def _clip_tokenizer() -> Any:
    letters = [chr(n) for n in range(33, 127)]
    words = ["<|startoftext|>", "<|pad|>", "<|endoftext|>", *letters, *(letter + "</w>" for letter in letters)]
    return transformers.CLIPTokenizer(vocab={word: n for n, word in enumerate(words)}, merges=[], model_max_length=77)


def _t5_config(kind: Any) -> Any:
    return kind(
        d_model=32, d_ff=37, d_kv=8, num_heads=4, num_layers=2, vocab_size=400, relative_attention_num_buckets=8
    )


def _t5() -> Any:
    return transformers.T5EncoderModel(_t5_config(transformers.T5Config))


def _t5_tokenizer() -> Any:
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((chr(n), -3.0) for n in (0x2581, *range(33, 127)))]
    return transformers.T5TokenizerFast(vocab=pieces, extra_ids=0)
