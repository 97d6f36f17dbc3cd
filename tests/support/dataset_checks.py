# SPDX-License-Identifier: Apache-2.0
"""What lerobot makes of a dataset that was written here: `python dataset_checks.py DATASET POLICY` where it is."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from lerobot.configs.types import FeatureType, PolicyFeature
from lerobot.datasets.lerobot_dataset import LeRobotDataset
from lerobot.policies.act.configuration_act import ACTConfig
from lerobot.policies.act.modeling_act import ACTPolicy
from lerobot.policies.factory import make_pre_post_processors

CHUNK, STEPS = 4, 10


def opened(folder: Path) -> LeRobotDataset:
    fps = json.loads((folder / 'meta/info.json').read_text())['fps']
    ahead = [i / fps for i in range(CHUNK)]
    return LeRobotDataset('local/written', root=folder, delta_timestamps={'action': ahead}, video_backend='pyav')


def feature(dataset: LeRobotDataset, key: str) -> PolicyFeature:
    shape = tuple(dataset[0][key].shape)
    if key == 'action':
        return PolicyFeature(FeatureType.ACTION, shape[1:])
    return PolicyFeature(FeatureType.VISUAL if 'images' in key else FeatureType.STATE, shape)


def trained(dataset: LeRobotDataset, folder: Path) -> list[float]:
    """Losses of a tiny ACT; the policy goes to the folder."""
    torch.manual_seed(0)
    keys = [k for k in dataset.meta.features if k.startswith('observation')]
    sizes = {'dim_model': 32, 'n_heads': 2, 'dim_feedforward': 64, 'n_encoder_layers': 1, 'latent_dim': 4}
    config = ACTConfig(
        input_features={k: feature(dataset, k) for k in keys},
        output_features={'action': feature(dataset, 'action')},
        chunk_size=CHUNK,
        n_action_steps=CHUNK,
        n_vae_encoder_layers=1,
        pretrained_backbone_weights=None,
        device='cpu',
        **sizes,
    )
    policy = ACTPolicy(config).train()
    pre, post = make_pre_post_processors(config, dataset_stats=dataset.meta.stats)
    optimiser = torch.optim.AdamW(policy.parameters(), 1e-3)
    loader = iter(torch.utils.data.DataLoader(dataset, batch_size=4, shuffle=True))
    losses = []
    for _ in range(STEPS):
        try:
            batch = next(loader)
        except StopIteration:
            loader = iter(torch.utils.data.DataLoader(dataset, batch_size=4, shuffle=True))
            batch = next(loader)
        loss, _ = policy.forward(pre(batch))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss))
    for part in (policy.eval(), pre, post):
        part.save_pretrained(folder)
    return losses


def main(folder: Path, policy: Path) -> dict[str, Any]:
    dataset = opened(folder)
    last = dataset[len(dataset) - 1]
    image = next((k for k in last if k.startswith('observation.images')), None)
    return {
        'episodes': dataset.num_episodes,
        'frames': len(dataset),
        'task': last['task'],
        'states': [dataset[i]['observation.state'].tolist() for i in range(len(dataset))],
        'actions': [dataset[i]['action'][0].tolist() for i in range(len(dataset))],
        'brightness': [float(dataset[i][image].mean()) for i in range(len(dataset))] if image else [],
        'losses': trained(dataset, policy),
    }


if __name__ == '__main__':
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
