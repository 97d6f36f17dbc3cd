# SPDX-License-Identifier: Apache-2.0
"""Tiny policies with random weights and what lerobot answers with them: `python tiny_policies.py FOLDER [NAME]`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

FRONT, STATE, ACTION = 'observation.images.front', 'observation.state', 'action'
SIZE_WH, STATES, ACTIONS = (64, 48), 3, 2
TASK, SEED, AHEAD, DELAY = 'a photo of a barn', 7, 5, 3
NAMED = {
    'fake_image_token': '<fake_token_around_image>',
    'image_token': '<image>',
    'global_image_token': '<global-img>',
    'end_of_utterance_token': '<end_of_utterance>',
}


def features() -> dict[str, Any]:
    from lerobot.configs.types import FeatureType, PolicyFeature

    image = PolicyFeature(FeatureType.VISUAL, (3, *SIZE_WH[::-1]))
    state, action = PolicyFeature(FeatureType.STATE, (STATES,)), PolicyFeature(FeatureType.ACTION, (ACTIONS,))
    return {'input_features': {FRONT: image, STATE: state}, 'output_features': {ACTION: action}, 'device': 'cpu'}


def save(policy: Any, folder: Path) -> Path:
    """Write a policy with its processors, normalised by statistics that are easy to tell from none."""
    import torch
    from lerobot.policies.factory import make_pre_post_processors

    stats = {
        FRONT: {'mean': torch.full((3, 1, 1), 0.5), 'std': torch.full((3, 1, 1), 0.2)},
        STATE: {'mean': torch.ones(STATES), 'std': torch.full((STATES,), 2.0)},
        ACTION: {'mean': torch.tensor([10.0, 0.0]), 'std': torch.full((ACTIONS,), 3.0)},
    }
    for of in stats.values():  # diffusion policies normalise by these
        of |= {'min': of['mean'] - 2 * of['std'], 'max': of['mean'] + 2 * of['std']}
    for part in (policy, *make_pre_post_processors(policy.config, dataset_stats=stats)):
        part.save_pretrained(folder)
    return folder


def save_smolvla(folder: Path) -> Path:
    import torch
    from lerobot.policies.smolvla.configuration_smolvla import SmolVLAConfig
    from lerobot.policies.smolvla.modeling_smolvla import SmolVLAPolicy
    from tiny_vlm import save_vlm
    from transformers import AutoTokenizer

    vlm = save_vlm(folder.with_name('vlm').resolve())
    AutoTokenizer.from_pretrained(vlm, extra_special_tokens=NAMED).save_pretrained(vlm)
    torch.manual_seed(0)
    sizes = {'num_vlm_layers': 2, 'chunk_size': 20, 'n_action_steps': 20, 'max_state_dim': 8, 'max_action_dim': 8}
    config = SmolVLAConfig(
        **features(),
        **sizes,
        vlm_model_name=str(vlm),
        load_vlm_weights=False,
        resize_imgs_with_padding=(64, 64),
        tokenizer_max_length=16,
    )
    return save(SmolVLAPolicy(config), folder)


def save_act(folder: Path) -> Path:
    import torch
    from lerobot.policies.act.configuration_act import ACTConfig
    from lerobot.policies.act.modeling_act import ACTPolicy

    torch.manual_seed(0)
    sizes = {'chunk_size': 10, 'n_action_steps': 10, 'dim_model': 32, 'n_heads': 2, 'dim_feedforward': 64}
    layers = {'n_encoder_layers': 1, 'n_vae_encoder_layers': 1, 'latent_dim': 8}
    config = ACTConfig(**features(), **sizes, **layers, pretrained_backbone_weights=None)
    return save(ACTPolicy(config), folder)


def save_diffusion(folder: Path) -> Path:
    """Wants two observations at once."""
    import torch
    from lerobot.policies.diffusion.configuration_diffusion import DiffusionConfig
    from lerobot.policies.diffusion.modeling_diffusion import DiffusionPolicy

    torch.manual_seed(0)
    sizes = {'horizon': 8, 'n_action_steps': 4, 'down_dims': (16, 32), 'diffusion_step_embed_dim': 8}
    steps = {'noise_scheduler_type': 'DDIM', 'num_train_timesteps': 10, 'num_inference_steps': 3}
    config = DiffusionConfig(**features(), **sizes, **steps, pretrained_backbone_weights=None)
    return save(DiffusionPolicy(config), folder)


def observation(number: int = 0, steps: int = 1) -> dict[str, Any]:
    """What is observed, as a node gives it; a history of several steps, the newest last."""
    rng = np.random.default_rng(number)
    before = () if steps == 1 else (steps,)
    image = rng.integers(0, 256, (*before, *SIZE_WH[::-1], 3), np.uint8)
    return {FRONT: image, STATE: rng.normal(size=(*before, STATES)).astype(np.float32), 'task': TASK}


def save_truth(folder: Path, overrides: dict[str, Any] | None = None) -> None:
    """Write what lerobot answers to observation(0), and where it can to observation(1) as a continuation of it."""
    import torch
    from lerobot.configs.policies import PreTrainedConfig
    from lerobot.policies.factory import get_policy_class, make_pre_post_processors

    kind = PreTrainedConfig.from_pretrained(folder).type
    policy = get_policy_class(kind).from_pretrained(folder)
    pre, post = make_pre_post_processors(
        policy.config, pretrained_path=str(folder), preprocessor_overrides=overrides or {}
    )

    def answer(number: int, **continued: Any) -> Any:
        given = observation(number, policy.config.n_obs_steps)
        image = torch.from_numpy(given[FRONT]).movedim(-1, -3).float() / 255
        torch.manual_seed(SEED)
        batch = pre({FRONT: image[None], STATE: torch.from_numpy(given[STATE])[None], 'task': [TASK]})
        return policy.predict_action_chunk(batch, **continued)

    raw = answer(0)
    found = {'raw': raw, 'actions': post(raw.clone()), 'other': post(answer(1))}
    if kind in ('smolvla', 'pi0'):
        from lerobot.policies.rtc.configuration_rtc import RTCConfig

        policy.config.rtc_config = RTCConfig(enabled=True)
        policy.init_rtc_processor()
        continued = {'inference_delay': DELAY, 'prev_chunk_left_over': raw[:, AHEAD:], 'execution_horizon': DELAY + 8}
        found['continued'] = post(answer(1, **continued))
    np.savez(folder / 'truth.npz', **{k: v.detach().numpy()[0] for k, v in found.items()})


if __name__ == '__main__':
    import torch

    torch.set_num_threads(1)  # as the process that is held against this
    makers = {'smolvla': save_smolvla, 'act': save_act, 'diffusion': save_diffusion}
    for name in sys.argv[2:] or makers:
        save_truth(makers[name](Path(sys.argv[1]) / name))
