# SPDX-License-Identifier: Apache-2.0
"""Tiny models with random weights, one for each family that export knows, saved as their makers save them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZE = 64
VIT = {
    'hidden_size': 32,
    'num_hidden_layers': 2,
    'num_attention_heads': 2,
    'intermediate_size': 64,
    'image_size': SIZE,
    'patch_size': 16,
}
TEXT = {
    'hidden_size': 32,
    'num_hidden_layers': 2,
    'num_attention_heads': 2,
    'intermediate_size': 64,
    'max_position_embeddings': 16,
}
STAGES = {'embed_dim': 24, 'depths': [1, 1, 1, 1], 'num_heads': [1, 2, 4, 8], 'window_size': 2, 'image_size': SIZE}
SQUARE = {'height': SIZE, 'width': SIZE}


def _clip(t: Any) -> Any:
    ends = {'vocab_size': 64, 'bos_token_id': 1, 'eos_token_id': 2, 'pad_token_id': 0}
    return t.CLIPModel(t.CLIPConfig(vision_config=VIT, text_config=TEXT | ends, projection_dim=24))


def _siglip(t: Any) -> Any:
    text = TEXT | {'vocab_size': 64, 'projection_size': 32, 'bos_token_id': 1, 'eos_token_id': 2, 'pad_token_id': 0}
    return t.SiglipModel(t.SiglipConfig(vision_config=VIT, text_config=text))


def _siglip2(t: Any) -> Any:
    vision = {k: v for k, v in VIT.items() if k != 'image_size'} | {'num_patches': 16}
    text = TEXT | {'vocab_size': 64, 'projection_size': 32, 'bos_token_id': 1, 'eos_token_id': 2, 'pad_token_id': 0}
    return t.Siglip2Model(t.Siglip2Config(vision_config=vision, text_config=text))


def _perceiver(t: Any) -> Any:
    config = t.PerceiverConfig(
        num_latents=8,
        d_latents=32,
        d_model=64,
        num_blocks=1,
        num_self_attends_per_block=1,
        num_self_attention_heads=2,
        num_cross_attention_heads=1,
        image_size=32,
        num_labels=3,
    )
    return t.PerceiverForImageClassificationLearned(config)


def _convnext_sizes() -> dict[str, Any]:
    return {'depths': [1, 1, 1, 1], 'hidden_sizes': [8, 16, 24, 32]}


def _dinov2(t: Any) -> Any:
    sizes = {k: VIT[k] for k in ('hidden_size', 'num_hidden_layers', 'num_attention_heads')}
    return t.Dinov2Model(t.Dinov2Config(**sizes, image_size=56, patch_size=14))


def _dinov2_registers(t: Any) -> Any:
    sizes = {k: VIT[k] for k in ('hidden_size', 'num_hidden_layers', 'num_attention_heads')}
    return t.Dinov2WithRegistersModel(t.Dinov2WithRegistersConfig(**sizes, image_size=56, patch_size=14))


def _pvt(t: Any) -> Any:
    return t.PvtV2Model(
        t.PvtV2Config(image_size=SIZE, hidden_sizes=[8, 16, 24, 32], depths=[1] * 4, num_attention_heads=[1, 1, 2, 2])
    )


def _bit(t: Any) -> Any:
    return t.BitModel(t.BitConfig(embedding_size=8, hidden_sizes=[32, 32, 64, 64], depths=[1] * 4, num_groups=8))


def _mae(t: Any) -> Any:
    decoder = {'decoder_hidden_size': 16, 'decoder_num_attention_heads': 2, 'decoder_num_hidden_layers': 1}
    return t.ViTMAEForPreTraining(t.ViTMAEConfig(**VIT, **decoder, decoder_intermediate_size=32))


def _resnet(t: Any) -> Any:
    config = t.ResNetConfig(embedding_size=16, hidden_sizes=[16, 32, 48, 64], depths=[1] * 4, layer_type='basic')
    return t.ResNetModel(config)


_STRETCH = {'size': SQUARE}
_CLIP_CROP = {'size': {'shortest_edge': SIZE}, 'crop_size': SQUARE}
_DINO_CROP = {'size': {'shortest_edge': 64}, 'crop_size': {'height': 56, 'width': 56}}

# family: (model, image processor's class, its settings)
FAMILIES: dict[str, tuple[Callable[[Any], Any], str, dict[str, Any]]] = {
    'clip': (_clip, 'CLIPImageProcessor', _CLIP_CROP),
    'siglip': (_siglip, 'SiglipImageProcessor', _STRETCH),
    'siglip2': (_siglip2, 'Siglip2ImageProcessor', {'patch_size': 16, 'max_num_patches': 16}),
    'dinov2': (_dinov2, 'BitImageProcessor', _DINO_CROP),
    'dinov2_with_registers': (_dinov2_registers, 'BitImageProcessor', _DINO_CROP),
    'dinov3_vit': (
        lambda t: t.DINOv3ViTModel(t.DINOv3ViTConfig(**VIT, num_register_tokens=2)),
        'DINOv3ViTImageProcessorFast',
        _STRETCH,
    ),
    'dinov3_convnext': (
        lambda t: t.DINOv3ConvNextModel(t.DINOv3ConvNextConfig(**_convnext_sizes(), image_size=SIZE)),
        'DINOv3ViTImageProcessorFast',
        _STRETCH,
    ),
    'vit': (lambda t: t.ViTForImageClassification(t.ViTConfig(**VIT)), 'ViTImageProcessor', _STRETCH),
    'vit_mae': (_mae, 'ViTImageProcessor', _STRETCH),
    'beit': (
        lambda t: t.BeitForImageClassification(t.BeitConfig(**VIT)),
        'BeitImageProcessor',
        _STRETCH | {'do_center_crop': False},
    ),
    'swin': (lambda t: t.SwinModel(t.SwinConfig(**STAGES)), 'ViTImageProcessor', _STRETCH),
    'swinv2': (lambda t: t.Swinv2Model(t.Swinv2Config(**STAGES)), 'ViTImageProcessor', _STRETCH),
    'convnext': (
        lambda t: t.ConvNextForImageClassification(t.ConvNextConfig(**_convnext_sizes(), image_size=SIZE)),
        'ConvNextImageProcessor',
        {'size': {'shortest_edge': SIZE}, 'crop_pct': 0.875},
    ),
    'convnextv2': (
        lambda t: t.ConvNextV2Model(t.ConvNextV2Config(**_convnext_sizes(), image_size=SIZE)),
        'ConvNextImageProcessor',
        {'size': {'shortest_edge': SIZE}, 'crop_pct': 0.875},
    ),
    'pvt_v2': (_pvt, 'PvtImageProcessor', _STRETCH),
    'bit': (_bit, 'BitImageProcessor', _CLIP_CROP),
    'resnet': (_resnet, 'ConvNextImageProcessor', {'size': {'shortest_edge': SIZE}, 'crop_pct': 0.875}),
    'perceiver': (
        _perceiver,
        'PerceiverImageProcessor',
        {'size': {'height': 32, 'width': 32}, 'crop_size': {'height': 36, 'width': 36}},
    ),
}


# What each family's vector is, and the rows, columns and length of its patch tokens (none: 0, 0, 0).
HEADS = dict.fromkeys(FAMILIES, 'pooler_output') | {
    'clip': 'image_embeds',
    'dinov2': 'cls',
    'dinov2_with_registers': 'cls',
    'dinov3_vit': 'cls',
    'vit': 'cls',
    'vit_mae': 'cls',
    'pvt_v2': 'mean',
    'perceiver': 'mean',
}
GRIDS = dict.fromkeys(FAMILIES, (4, 4, 32)) | {
    'swin': (2, 2, 192),
    'swinv2': (2, 2, 192),
    'dinov3_convnext': (2, 2, 32),
    'convnext': (2, 2, 32),
    'convnextv2': (2, 2, 32),
    'pvt_v2': (2, 2, 32),
    'bit': (2, 2, 64),
    'resnet': (2, 2, 64),
    'perceiver': (0, 0, 0),
    'test_resnet': (5, 5, 216),
    'test_vit': (10, 10, 64),
}


def save_model(family: str, folder: Path) -> Path:
    """Write config, safetensors and image processor of a family's tiny model; seeded, so always the same."""
    import torch
    import transformers

    make, processor, settings = FAMILIES[family]
    torch.manual_seed(0)
    model = make(transformers).eval()
    model.save_pretrained(folder)
    getattr(transformers, processor)(**settings).save_pretrained(folder)
    if hasattr(model, 'text_model'):
        from tiny_tokenizer import save_tokenizer

        save_tokenizer(folder)
    return folder


def save_timm(name: str, folder: Path) -> Path:
    """Write a timm model with random weights as timm publishes it."""
    import timm
    import torch
    from timm.models import save_for_hf

    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False).eval()
    save_for_hf(model, str(folder), safe_serialization=True)
    return folder
