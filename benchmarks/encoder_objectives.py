# SPDX-License-Identifier: Apache-2.0
"""Objectives and inputs of the embedded encoder at the same short budget, seed and worlds; prints JSON.

    python benchmarks/encoder_objectives.py ../shared/data --cache out/pretrain --worlds 600 --steps 120

Runs where torch and lightly are (.venv-models). Figures are those of the learned part alone. `rgb` gives the network
the pixels instead of edge and colour channels, `rgb + edges` both.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from place_sets import PlaceSet, corridor, generated

from waymark.training.layout import PlaceNetLayout
from waymark.training.network import build_network
from waymark.training.pretrain import render_worlds, small
from waymark.training.samples import WorldSampler
from waymark.training.trainer import Plan, Trainer, to_tensor

CHECK_SEED = 910_000
OBJECTIVES = ('infonce', 'moco', 'simsiam', 'byol', 'dino')


def network_of(inputs: str, layout: PlaceNetLayout) -> Any:
    """A fresh network that sees edges, 'rgb' or 'rgb + edges'."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.manual_seed(0)
    network = build_network(layout)
    if inputs == 'edges':
        return network
    front, stem = network.front, network.stage1[0][0]

    class Pixels(nn.Module):
        def forward(self, rgb: Any) -> Any:
            seen, where = front(rgb)
            pixels = functional.pixel_unshuffle(rgb - 0.5, 4)
            return pixels if inputs == 'rgb' else torch.cat([pixels, seen], 1), where

    network.front = Pixels()
    channels = 48 if inputs == 'rgb' else 48 + stem.in_channels
    network.stage1[0][0] = nn.Conv2d(channels, stem.out_channels, 3, 1, 1, bias=False)
    return network


def recalls(network: Any, layout: PlaceNetLayout, sets: list[PlaceSet]) -> dict[str, dict[str, float]]:
    import torch

    def encode(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.no_grad():
            seen, _ = network.front(to_tensor(small(rgb[None], layout.input_wh)))
            return np.asarray(network.learned(seen)[0][0].numpy())

    network.eval()
    return {s.name: s.recall(encode) for s in sets}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', type=Path, help='folder with vpr_corridor')
    parser.add_argument('--cache', type=Path, required=True)
    parser.add_argument('--worlds', type=int, default=600)
    parser.add_argument('--steps', type=int, default=120)
    parser.add_argument('--seeds', type=int, default=1)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--only', default='', help='one run: an objective, rgb, or rgb + edges')
    args = parser.parse_args()
    import torch

    torch.set_num_threads(args.threads)
    layout = PlaceNetLayout()
    visits = render_worlds(args.worlds, 0, args.cache, 2)
    sets = [corridor(args.data), generated(render_worlds(24, CHECK_SEED, args.cache, 2))]
    runs = [(name, 'edges') for name in OBJECTIVES] + [('infonce', 'rgb'), ('infonce', 'rgb + edges')]
    print(json.dumps({'untrained': recalls(network_of('edges', layout), layout, sets)}), flush=True)
    for objective, inputs in runs:
        if args.only and args.only not in (inputs if inputs != 'edges' else objective, objective + inputs):
            continue
        for seed in range(args.seeds):
            began = time.monotonic()
            plan = Plan((objective,), args.steps, 3e-3, seed, slow=0.98, mixed=True)
            trainer = Trainer(network_of(inputs, layout), layout, plan)
            trainer.run(WorldSampler(visits, layout.input_wh, 10), lambda _: True)
            row: dict[str, Any] = {'objective': objective, 'inputs': inputs, 'seed': seed, 'steps': args.steps}
            row |= {'views_seen': 240 * args.steps, 'seconds': round(time.monotonic() - began)}
            print(json.dumps(row | recalls(trainer.result, layout, sets)), flush=True)


if __name__ == '__main__':
    main()
