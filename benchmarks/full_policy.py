# SPDX-License-Identifier: Apache-2.0
"""A SmolVLA of full size (450 M), random weights, built by lerobot without a download: `python full_policy.py OUT`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'tests' / 'support'))

import tiny_policies as tiny
import tiny_vlm

STATES, TASK = 6, 'a photo of a red car , a green tree .'
NAMES = ('1x640x480', '1x512x512', '2x512x512', '3x512x512')  # cameras, width, height of their images
# SmolVLM2-500M-Video-Instruct, on which smolvla_base stands: https://huggingface.co/HuggingFaceTB
VISION = {'hidden_size': 768, 'intermediate_size': 3072, 'num_hidden_layers': 12, 'num_attention_heads': 12}
TEXT = {'hidden_size': 960, 'intermediate_size': 2560, 'num_hidden_layers': 32, 'num_attention_heads': 15}
TEXT |= {'num_key_value_heads': 5, 'head_dim': 64, 'vocab_size': 49280, 'max_position_embeddings': 8192}


def camera_keys(count: int) -> list[str]:
    return [f'observation.images.camera{n + 1}' for n in range(count)]


def save_vlm(folder: Path) -> Path:
    """Configuration, image processor and a tokenizer of a few words; the weights are in the policy's file."""
    from transformers import AutoTokenizer, SmolVLMConfig

    tiny_vlm.save_vlm(folder)
    AutoTokenizer.from_pretrained(folder, extra_special_tokens=tiny.NAMED).save_pretrained(folder)
    (folder / 'model.safetensors').unlink()
    image = AutoTokenizer.from_pretrained(folder).convert_tokens_to_ids('<image>')
    text = TEXT | {'model_type': 'llama', 'rope_theta': 100000, 'pad_token_id': 0, 'bos_token_id': 1, 'eos_token_id': 2}
    vision = VISION | {'image_size': 512, 'patch_size': 16}
    config = SmolVLMConfig(vision_config=vision, text_config=text, image_token_id=image, scale_factor=4, pad_token_id=0)
    config.save_pretrained(folder)
    return folder


def save_policy(folder: Path, vlm: Path, cameras: int, size_wh: tuple[int, int], weights: Path | None) -> Path:
    """Write a policy for so many cameras; `weights` of one that was written before are linked: they are the same."""
    import torch
    from lerobot.configs.types import FeatureType, PolicyFeature
    from lerobot.policies.factory import make_pre_post_processors
    from lerobot.policies.smolvla.configuration_smolvla import SmolVLAConfig
    from lerobot.policies.smolvla.modeling_smolvla import SmolVLAPolicy

    inputs = {key: PolicyFeature(FeatureType.VISUAL, (3, *size_wh[::-1])) for key in camera_keys(cameras)}
    inputs[tiny.STATE] = PolicyFeature(FeatureType.STATE, (STATES,))
    outputs = {tiny.ACTION: PolicyFeature(FeatureType.ACTION, (STATES,))}
    config = SmolVLAConfig(
        input_features=inputs, output_features=outputs, device='cpu', vlm_model_name=str(vlm), load_vlm_weights=False
    )
    stats = {k: {'mean': torch.zeros(STATES), 'std': torch.ones(STATES)} for k in (tiny.STATE, tiny.ACTION)}
    for part in make_pre_post_processors(config, dataset_stats=stats):
        part.save_pretrained(folder)
    if weights is None:
        torch.manual_seed(0)
        SmolVLAPolicy(config).save_pretrained(folder)
    else:
        config.save_pretrained(folder)
        (folder / 'model.safetensors').symlink_to(weights)
    return folder


def save_all(out: Path) -> None:
    """All of NAMES, in folders of that name; what is there is kept."""
    vlm = out.resolve() / 'vlm'
    if not vlm.is_dir():
        save_vlm(vlm)
    weights = None
    for name in NAMES:
        cameras, *size_wh = map(int, name.split('x'))
        folder = out.resolve() / name
        if not (folder / 'model.safetensors').exists():
            save_policy(folder, vlm, cameras, (size_wh[0], size_wh[1]), weights)
        weights = weights or folder / 'model.safetensors'


if __name__ == '__main__':
    os.environ.setdefault('HF_HUB_OFFLINE', '1')
    save_all(Path(sys.argv[1]))
