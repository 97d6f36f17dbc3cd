# SPDX-License-Identifier: Apache-2.0
"""Chunks of a tiny SmolVLA in each precision, and what is refused, as JSON: `python faster_policies.py FOLDER`."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tiny_policies as tiny

LONG_TASK = f'{tiny.TASK} beside a red barn'  # of another number of tokens than what is tried at load
BLANK = 'observation.images.empty_camera_0'


def load(folder: Path, **changes: Any) -> Any:
    from waymark.policy.lerobot_policy import LerobotPolicy
    from waymark.policy.serving import ServeConfig

    return LerobotPolicy(folder, ServeConfig(policy=str(folder), threads=1, **changes))


def refusal(folder: Path, **changes: Any) -> str:
    from waymark.errors import PolicyError

    try:
        load(folder, **changes)
    except PolicyError as error:
        return str(error)
    return ''


def ask(policy: Any, overlap: Any = None, task: str = '') -> np.ndarray:
    from waymark.policy.observation import Request, request_of

    asked = request_of(tiny.observation(0), tiny.SEED)
    return policy.answer(Request(asked.arrays, task or asked.task, tiny.SEED, overlap)).raw


def padded(smolvla: Path) -> Path:
    """The same weights in a policy that pads its text to the longest and has a blank camera."""
    from lerobot.configs.policies import PreTrainedConfig
    from lerobot.policies.factory import get_policy_class

    settings = PreTrainedConfig.from_pretrained(smolvla)
    settings.empty_cameras, settings.pad_language_to = 1, 'max_length'
    policy = get_policy_class('smolvla').from_pretrained(smolvla, config=settings)
    assert BLANK in policy.config.input_features
    return tiny.save(policy, smolvla.with_name('padded'))


def lerobots_own(folder: Path) -> tuple[np.ndarray, int]:
    """lerobot's chunk of a policy, and the tokens it reads."""
    import torch
    from lerobot.policies.factory import make_pre_post_processors
    from lerobot.policies.smolvla.modeling_smolvla import SmolVLAPolicy

    policy = SmolVLAPolicy.from_pretrained(folder).eval()
    pre, _ = make_pre_post_processors(policy.config, pretrained_path=str(folder))
    given = tiny.observation(0)
    image = torch.from_numpy(given[tiny.FRONT]).permute(2, 0, 1).float() / 255
    torch.manual_seed(tiny.SEED)
    batch = pre({tiny.FRONT: image, tiny.STATE: torch.from_numpy(given[tiny.STATE]), 'task': tiny.TASK})
    tokens = batch['observation.language.tokens'].shape[1]
    return policy.predict_action_chunk(batch)[0].numpy(), tokens


def autocast(folder: Path) -> np.ndarray:
    """With weights that stay fp32, as lerobot keeps them."""
    policy = load(folder)
    policy._autocast = True
    return ask(policy)


def count_inputs(policy: Any) -> tuple[int, int]:
    """Tokens and images that reach the model."""
    seen: list[tuple[int, int]] = []
    before = policy._policy.model.embed_prefix

    def look(images: Any, masks: Any, tokens: Any, *rest: Any, **more: Any) -> Any:
        seen.append((tokens.shape[1], len(images)))
        return before(images, masks, tokens, *rest, **more)

    policy._policy.model.embed_prefix = look
    ask(policy)
    return seen[-1]


def large_token() -> float:
    """Relative error of the rows beside one that is a thousand times larger."""
    import torch

    from waymark.policy.faster import _hold_linear_int8

    torch.manual_seed(0)
    linear, values = torch.nn.Linear(64, 32), torch.randn(10, 64)
    values[3] *= 1000
    with torch.no_grad():
        exact = linear(values)
        _hold_linear_int8(linear, torch)
        apart = (linear(values) - exact)[torch.arange(10) != 3]
        return float(apart.norm() / exact[torch.arange(10) != 3].norm())


def look_at_all(folder: Path) -> dict[str, Any]:
    from waymark.policy.observation import Overlap

    smolvla, act = tiny.save_smolvla(folder / 'smolvla'), tiny.save_act(folder / 'act')
    found: dict[str, Any] = {'autocast': autocast(smolvla)}
    found['padded'], found['padded_tokens'] = lerobots_own(padded(smolvla))
    lean = load(folder / 'padded')
    found['lean'] = ask(lean)
    found['lean_tokens'], found['lean_cameras'] = count_inputs(lean)
    for name in ('fp32', 'bf16', 'int8', 'openvino fp32', 'openvino int8'):
        *engine, precision = name.split()
        policy = load(smolvla, precision=precision, engine=engine[0] if engine else 'torch')
        found[name] = ask(policy)
        ahead = Overlap(np.array(found['fp32'][tiny.AHEAD :]), tiny.DELAY)
        found[f'{name}_continued'] = ask(policy, ahead)
        found[f'{name}_distance'] = policy.distance
        found[f'{name}_long'] = ask(policy, task=LONG_TASK)
    found['steps_distance'] = load(smolvla, flow_steps=2, max_distance=100.0).distance
    found['act'] = refusal(act, precision='int8')
    found['act_distance'] = load(act, precision='bf16').distance
    found['openvino_act'] = refusal(act, engine='openvino')
    found['openvino_bf16'] = refusal(smolvla, engine='openvino', precision='bf16')
    found['cuda'] = refusal_of_cuda(smolvla)
    found['too_far'] = refusal(smolvla, precision='int8', max_distance=1e-9)
    return found | {'large_token': large_token()}


def refusal_of_cuda(folder: Path) -> str:
    """What is said before anything is moved there: this machine need not have one."""
    from waymark.errors import PolicyError
    from waymark.policy.faster import hold_int8

    try:
        hold_int8(load(folder)._policy, 'smolvla', 'cuda')
    except PolicyError as error:
        return str(error)
    return ''


if __name__ == '__main__':
    import torch

    torch.set_num_threads(1)
    with contextlib.redirect_stdout(sys.stderr):
        seen = look_at_all(Path(sys.argv[1]))
    print(json.dumps({k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in seen.items()}))
