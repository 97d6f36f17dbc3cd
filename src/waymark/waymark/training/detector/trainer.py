# SPDX-License-Identifier: Apache-2.0
"""The training loop of the detector: it can stop after any step and go on as if it had not."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from waymark.training.detector.layout import BoxNetLayout
from waymark.training.detector.losses import flattened, loss_of
from waymark.training.detector.samples import Pictures, draw_crops, stacked
from waymark.training.detector.targets import Targets, assign, cell_centres
from waymark.training.trainer import to_tensor

if TYPE_CHECKING:
    from torch import Tensor, nn

_WEIGHT_DECAY = 0.05
_WARM_UP = 100  # steps
_SLOW = 0.998  # how much of itself the slow copy keeps at each step
_LARGEST_GRADIENT = 10.0
_AHEAD = 2  # batches drawn before they are needed


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        steps: Number of steps of the whole training.
        batch: Crops in one step.
        size: Width and height of a crop, px, a multiple of 32.
        learning_rate: Largest step width; it falls to 0 along half a cosine.
        box_loss: 'probiou' or 'gwd'.
        strength: Of the changes of view and light.
        seed: Decides all of it.
        mixed: Compute in bf16 where it does no harm (a CPU that has it is twice as fast).
    """

    steps: int
    batch: int = 16
    size: int = 320
    learning_rate: float = 2e-3
    box_loss: str = 'probiou'
    strength: float = 1.0
    seed: int = 0
    mixed: bool = False


@dataclass(frozen=True, eq=False)
class Batch:
    """What one step learns from: (N, S, S, 3) uint8 and what is in it."""

    rgb: NDArray[np.uint8]
    targets: Targets


class DetectorTrainer:
    """One training.

    Attributes:
        step: Steps done.
        loss: Running mean of the loss.
        losses: Of classes and of boxes, running means since the last start.
        network: What learns.
        result: Its slow copy: a mean over the last steps, better than any single one.
    """

    def __init__(self, network: nn.Module, layout: BoxNetLayout, plan: Plan) -> None:
        """Begin with a network's weights."""
        import torch

        self._plan, self._layout, self._where = plan, layout, cell_centres(plan.size)
        self.network = network.to(memory_format=torch.channels_last)
        self.result = copy.deepcopy(self.network).eval()
        learned = [p for p in network.parameters() if p.requires_grad]
        groups = [
            {'params': [p for p in learned if p.ndim > 1], 'weight_decay': _WEIGHT_DECAY},
            {'params': [p for p in learned if p.ndim <= 1], 'weight_decay': 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=plan.learning_rate)
        self.step, self.loss, self.losses = 0, 0.0, (0.0, 0.0)

    def parts(self) -> dict[str, nn.Module]:
        """All that has tensors to be kept in a checkpoint, beside the optimizer."""
        return {'network': self.network, 'slow': self.result}

    def run(self, pictures: Pictures, after_step: Callable[[DetectorTrainer], bool]) -> bool:
        """Do the steps that are left, or until `after_step` says False.

        Returns:
            Whether all steps are done.
        """
        self.network.train()
        for batch in batches(pictures, self._plan, self.step):
            self._one_step(batch)
            if not after_step(self):
                break
        return self.step >= self._plan.steps

    def _one_step(self, batch: Batch) -> None:
        import torch

        for group in self.optimizer.param_groups:
            group['lr'] = self._rate()
        with torch.autocast('cpu', torch.bfloat16, enabled=self._plan.mixed):
            outputs: tuple[Tensor, ...] = self.network(to_tensor(batch.rgb))
        losses = loss_of(flattened(outputs), batch.targets, self._where, self._layout, self._plan.box_loss)
        self.optimizer.zero_grad()
        losses.total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), _LARGEST_GRADIENT)
        self.optimizer.step()
        self._follow()
        self.step += 1
        keep = min(0.98, 1 - 1 / self.step)
        parts = float(losses.classes.detach()), float(losses.boxes.detach())
        self.loss = keep * self.loss + (1 - keep) * sum(parts)
        before = self.losses if any(self.losses) else parts
        self.losses = keep * before[0] + (1 - keep) * parts[0], keep * before[1] + (1 - keep) * parts[1]

    def _rate(self) -> float:
        plan = self._plan
        warm = min(1.0, (self.step + 1) / min(_WARM_UP, max(plan.steps // 10, 1)))
        return plan.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * self.step / plan.steps))

    def _follow(self) -> None:
        import torch

        keep = min(_SLOW, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for old, new in zip(self.result.state_dict().values(), self.network.state_dict().values(), strict=True):
                if old.dtype.is_floating_point:
                    old.lerp_(new, 1 - keep)
                else:
                    old.copy_(new)


def batches(pictures: Pictures, plan: Plan, first: int) -> Iterator[Batch]:
    """The batches of steps `first` and after, drawn by another process while this one learns.

    Each is decided by seed and step alone, so that a resumed training sees what an uninterrupted one would have seen.
    """
    with ProcessPoolExecutor(1, get_context('spawn'), _remember, (pictures, plan)) as pool:
        waiting: list[Future[Batch]] = [pool.submit(_draw, k) for k in range(first, min(first + _AHEAD, plan.steps))]
        try:
            for step in range(first, plan.steps):
                batch = waiting.pop(0).result()
                if step + _AHEAD < plan.steps:
                    waiting.append(pool.submit(_draw, step + _AHEAD))
                yield batch
        finally:
            for future in waiting:
                future.cancel()


_memory: dict[str, tuple[Pictures, Plan]] = {}  # of the drawing process


def _remember(pictures: Pictures, plan: Plan) -> None:
    import cv2

    cv2.setNumThreads(1)
    _memory['work'] = pictures, plan


def _draw(step: int) -> Batch:
    pictures, plan = _memory['work']
    rng = np.random.default_rng((plan.seed, 31, step))
    crops = draw_crops(pictures, plan.batch, plan.size, plan.strength, rng)
    return Batch(stacked(crops), assign(crops, plan.size))
