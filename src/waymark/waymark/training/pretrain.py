# SPDX-License-Identifier: Apache-2.0
"""The recipe of the embedded encoder: `python -m waymark.training.pretrain --out FOLDER`. Generated worlds only."""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.exporting.folder import whole_folder
from waymark.training.checkpoint import load_checkpoint, save_checkpoint
from waymark.training.layout import PlaceNetLayout
from waymark.training.network import build_network
from waymark.training.package import write_model_folder
from waymark.training.samples import WorldSampler
from waymark.training.trainer import Plan, Trainer, to_tensor
from waymark.training.weights import folded

if TYPE_CHECKING:
    from torch import nn

NAME = 'waymark-place-1'
_PLACES, _VISITS = 12, 4
_SAVE_EVERY = 100  # steps


def render_worlds(count: int, seed: int, cache: Path, workers: int) -> NDArray[np.uint8]:
    """Visit worlds `seed`, `seed` + 1, ...; what the cache holds of an earlier run is kept.

    Returns:
        (count, 12, 4, 108, 144, 3) uint8, mapped from the file.
    """
    from waymark_sim.scenes.visits import SIZE_WH

    file = cache / f'worlds_{seed}_{count}.npy'
    shape = (count, _PLACES, _VISITS, SIZE_WH[1], SIZE_WH[0], 3)
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        np.lib.format.open_memmap(file, 'w+', np.uint8, shape)
    visits = np.lib.format.open_memmap(file, 'r+')
    missing = [i for i in range(count) if not visits[i, -1].any()]
    # Spawned, not forked: OpenCV's threads don't survive a fork.
    with ProcessPoolExecutor(
        workers, mp_context=get_context('spawn'), initializer=cv2.setNumThreads, initargs=(1,)
    ) as pool:
        for done, (i, world) in enumerate(zip(missing, pool.map(_visit, [seed + i for i in missing]), strict=True)):
            visits[i] = world
            if done % 50 == 0:
                print(f'rendered {done} of {len(missing)} worlds', flush=True)
    return np.asarray(np.lib.format.open_memmap(file, 'r'))


def _visit(seed: int) -> NDArray[np.uint8]:
    from waymark_sim.scenes.visits import visit_world

    return visit_world(seed, _PLACES, _VISITS)


def fit_plain(network: Any, visits: NDArray[np.uint8], size_wh: tuple[int, int]) -> None:
    """Fit the projection of the analytic layout: its principal components over generated places, not whitened."""
    import torch

    views = visits[:, :, :2].reshape(-1, *visits.shape[3:])
    with torch.no_grad():
        layouts = torch.cat(
            [network.front(to_tensor(small(views[i : i + 96], size_wh)))[1] for i in range(0, len(views), 96)]
        )
        mean = layouts.mean(0)
        _, _, components = torch.linalg.svd(layouts - mean, full_matrices=False)
        kept = components[: network.plain.out_features]
        # The sign of a component is arbitrary: its largest entry is made positive, so that runs agree.
        kept = kept * kept.gather(1, kept.abs().argmax(1, keepdim=True)).sign()
        network.plain.weight.copy_(kept)
        network.plain.bias.copy_(-kept @ mean)


def small(views: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize views (N, H, W, 3) as the manifest will."""
    return np.stack([cv2.resize(v, size_wh, interpolation=cv2.INTER_AREA) for v in views])


def pretrain(arguments: argparse.Namespace) -> nn.Module:
    """Render, train, write the folder; the result without batch normalisation."""
    import torch

    torch.set_num_threads(arguments.threads)
    torch.use_deterministic_algorithms(True)
    visits = render_worlds(arguments.worlds, arguments.seed * 1_000_000, arguments.cache, arguments.workers)
    torch.manual_seed(arguments.seed)
    layout = PlaceNetLayout()
    network = build_network(layout)
    fit_plain(network, visits[:220], layout.input_wh)
    objectives = tuple(arguments.objective.split('+'))
    plan = Plan(objectives, arguments.steps, arguments.learning_rate, arguments.seed, slow=0.995, mixed=arguments.mixed)
    trainer = Trainer(network, layout, plan)
    _train(trainer, WorldSampler(visits, layout.input_wh, arguments.batch_worlds), arguments)
    result = folded(trainer.result, layout)
    source = f'waymark.training.pretrain --worlds {arguments.worlds} --steps {arguments.steps} --seed {arguments.seed}'
    with whole_folder(arguments.out) as folder:
        write_model_folder(result, layout, folder, NAME, source)
    return result


def _train(trainer: Trainer, sampler: WorldSampler, arguments: argparse.Namespace) -> None:
    folder = arguments.cache / 'training'
    settings = ' '.join(f'{k}={v}' for k, v in sorted(vars(arguments).items()) if k not in ('resume', 'out', 'workers'))
    if arguments.resume:
        load_checkpoint(trainer, folder, settings)
    began, first = time.monotonic(), trainer.step

    def after_step(state: Trainer) -> bool:
        if state.step % _SAVE_EVERY == 0:
            save_checkpoint(state, folder, settings)
            per_step = (time.monotonic() - began) / (state.step - first)
            print(f'step {state.step} of {arguments.steps}, loss {state.loss:.3f}, {per_step:.2f} s a step', flush=True)
        return True

    trainer.run(sampler, after_step)


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; its defaults made the shipped weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, required=True, help='model folder to write')
    parser.add_argument('--cache', type=Path, required=True, help='folder for rendered worlds and the checkpoint')
    parser.add_argument('--worlds', type=int, default=600)
    parser.add_argument('--steps', type=int, default=1000)
    parser.add_argument('--batch-worlds', type=int, default=10, help='worlds in one step: 12 places each, seen twice')
    parser.add_argument('--learning-rate', type=float, default=3e-3)
    parser.add_argument('--objective', default='infonce')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--workers', type=int, default=os.cpu_count() or 1, help='processes that render')
    parser.add_argument(
        '--mixed', action=argparse.BooleanOptionalAction, default=True, help='bf16 where it does no harm'
    )
    parser.add_argument('--resume', action='store_true')
    return parser.parse_args(words)


if __name__ == '__main__':
    pretrain(parse())
