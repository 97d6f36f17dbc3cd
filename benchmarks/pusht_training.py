# SPDX-License-Identifier: Apache-2.0
"""Teach a small policy of lerobot's what `pusht_lessons.py` recorded; saved as lerobot saves one, each few minutes.

.venv-models/bin/python benchmarks/pusht_training.py FOLDER lessons.npz ... --kind act --minutes 20
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lerobot.configs.types import FeatureType, PolicyFeature
from lerobot.policies.factory import get_policy_class, make_pre_post_processors
from lerobot.processor import AbsoluteActionsProcessorStep, NormalizerProcessorStep, RelativeActionsProcessorStep

DISC, TEE, ACTION = 'observation.state', 'observation.environment_state', 'action'
CHUNK = 8  # ACT's chunk; diffusion's horizon
SAVE_S = 100.0


def configured(kind: str, width: int) -> Any:
    """A small policy's configuration: the disc (2) and the T (6) in, places of the disc (2) out."""
    inputs = {DISC: PolicyFeature(FeatureType.STATE, (2,)), TEE: PolicyFeature(FeatureType.ENV, (6,))}
    outputs = {ACTION: PolicyFeature(FeatureType.ACTION, (2,))}
    if kind == 'diffusion':
        from lerobot.policies.diffusion.configuration_diffusion import DiffusionConfig

        return DiffusionConfig(
            input_features=inputs, output_features=outputs, device='cpu', n_obs_steps=2, horizon=CHUNK,
            n_action_steps=CHUNK - 1, down_dims=(width, 2 * width), diffusion_step_embed_dim=64,
            noise_scheduler_type='DDIM', num_train_timesteps=50, num_inference_steps=10, prediction_type='sample',
        )  # fmt: skip
    from lerobot.policies.act.configuration_act import ACTConfig

    return ACTConfig(
        input_features=inputs, output_features=outputs, device='cpu', chunk_size=CHUNK, n_action_steps=CHUNK,
        dim_model=width, n_heads=4, dim_feedforward=4 * width, n_encoder_layers=2, use_vae=False, dropout=0.0,
        pretrained_backbone_weights=None,
        normalization_mapping={'STATE': 'MEAN_STD', 'ENV': 'MEAN_STD', 'ACTION': 'MEAN_STD'},
    )  # fmt: skip


class Lessons:
    """Windows of episodes: what was seen up to a step, and what was done from the first of these on."""

    def __init__(self, files: list[Path], seen_steps: int, is_relative: bool) -> None:
        """Read them; steps behind the end of an episode repeat its last.

        Args:
            files: Of pusht_lessons.py.
            seen_steps: Observations that the policy takes at once.
            is_relative: Actions are taught as seen from where the disc is.
        """
        parts = [np.load(file) for file in files]
        states, actions = (np.concatenate([p[k] for p in parts]) for k in ('states', 'actions'))
        lengths = np.concatenate([p['lengths'] for p in parts])
        ends, at = np.cumsum(lengths)[:, None], np.arange(len(states))[:, None]
        first, last = np.repeat(ends - lengths[:, None], lengths, 0), np.repeat(ends - 1, lengths, 0)
        seen = np.clip(at + np.arange(1 - seen_steps, 1), first, last)
        wanted = at + np.arange(CHUNK) + 1 - seen_steps
        done = actions[np.clip(wanted, first, last)]
        observed = states[seen] if seen_steps > 1 else states
        self.windows = {DISC: observed[..., :2], TEE: observed[..., 2:], ACTION: done, 'action_is_pad': wanted > last}
        if is_relative:
            self.windows[ACTION] = done - states[:, None, :2]
        self.statistics = {
            key: {n: torch.from_numpy(f(self.windows[key].reshape(-1, size), axis=0)) for n, f in KINDS.items()}
            for key, size in ((DISC, 2), (TEE, 6), (ACTION, 2))
        }

    def normalised(self, config: Any) -> dict[str, torch.Tensor]:
        """All windows as lerobot's normaliser makes them."""
        found = {k: torch.from_numpy(v) for k, v in self.windows.items()}
        for key, kind in ((DISC, 'STATE'), (TEE, 'ENV'), (ACTION, 'ACTION')):
            of = self.statistics[key]
            if 'MEAN_STD' in str(config.normalization_mapping[kind]):
                found[key] = (found[key] - of['mean']) / (of['std'] + 1e-8)
            else:
                found[key] = 2 * (found[key] - of['min']) / (of['max'] - of['min'] + 1e-8) - 1
        return found


KINDS: dict[str, Any] = {'mean': np.mean, 'std': np.std, 'min': np.min, 'max': np.max}


def processors_of(config: Any, lessons: Lessons, is_relative: bool) -> tuple[Any, Any]:
    pre, post = make_pre_post_processors(config, dataset_stats=lessons.statistics)
    if is_relative:
        steps = RelativeActionsProcessorStep(enabled=True), AbsoluteActionsProcessorStep(enabled=True)
        at = next(i for i, s in enumerate(pre.steps) if isinstance(s, NormalizerProcessorStep))
        pre.steps = [*pre.steps[:at], steps[0], *pre.steps[at:]]
        post.steps = [post.steps[0], steps[1], *post.steps[1:]]
    return pre, post


def train(config: Any, lessons: Lessons, arguments: argparse.Namespace) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    kind = get_policy_class(arguments.kind)
    policy = kind.from_pretrained(arguments.folder) if arguments.resume else kind(config)
    processors = processors_of(config, lessons, arguments.kind == 'act')
    windows = lessons.normalised(config)
    optimiser = torch.optim.AdamW(policy.parameters(), lr=arguments.rate, weight_decay=1e-5)
    policy.train()
    count, step, mean = len(windows[DISC]), 0, 0.0
    began_s, saved_s = time.process_time(), time.monotonic()
    while (share := (time.process_time() - began_s) / (60 * arguments.minutes)) < 1.0 and step < arguments.steps:
        share = max(share, step / arguments.steps)
        for group in optimiser.param_groups:
            group['lr'] = arguments.rate * min(1.0, (step + 1) / 50) * (0.02 + 0.49 * (1 + np.cos(np.pi * share)))
        at = torch.randint(count, (arguments.batch,))
        loss, _ = policy.forward({k: v[at] for k, v in windows.items()})
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimiser.step()
        step, mean = step + 1, 0.98 * mean + 0.02 * float(loss) if step else float(loss)
        if step % 50 == 0:
            print(f'{step} steps, {time.process_time() - began_s:.0f} s of a core, loss {mean:.4f}', flush=True)
        if time.monotonic() - saved_s > SAVE_S:
            save(policy, processors, arguments.folder)
            saved_s = time.monotonic()
    save(policy, processors, arguments.folder)


def save(policy: Any, processors: tuple[Any, Any], folder: Path) -> None:
    for part in (policy, *processors):
        part.save_pretrained(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folder', type=Path)
    parser.add_argument('lessons', type=Path, nargs='+')
    parser.add_argument('--kind', choices=('act', 'diffusion'), default='act')
    parser.add_argument('--minutes', type=float, default=20.0, help='of a core')
    parser.add_argument('--resume', action='store_true', help='go on with what is in the folder')
    parser.add_argument('--steps', type=int, default=20000)
    parser.add_argument('--batch', type=int, default=256)
    parser.add_argument('--rate', type=float, default=2e-3)
    parser.add_argument('--width', type=int, default=64)
    arguments = parser.parse_args()
    config = configured(arguments.kind, arguments.width)
    train(config, Lessons(arguments.lessons, config.n_obs_steps, arguments.kind == 'act'), arguments)


if __name__ == '__main__':
    main()
