# SPDX-License-Identifier: Apache-2.0
"""The training loop: pairs in, weights out; it can stop after any step and go on as if it had not."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from waymark.training.layout import PlaceNetLayout
from waymark.training.objectives import SLOW, Outputs, build_heads, total_loss
from waymark.training.samples import Sampler

if TYPE_CHECKING:
    from torch import Tensor, nn

_WEIGHT_DECAY = 0.05
_WARM_UP = 40  # steps


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        objectives: Names, their losses are added.
        steps: Number of steps of the whole training.
        learning_rate: Largest step width; it falls to 0 along half a cosine.
        seed: Decides heads and samples.
        slow: How much of itself the slow copy keeps at each step; the slow copy is the result.
        mixed: Compute in bf16 where it does no harm (needs a CPU that has it).
    """

    objectives: tuple[str, ...]
    steps: int
    learning_rate: float
    seed: int = 0
    slow: float = 0.99
    mixed: bool = False


class Trainer:
    """One training.

    Attributes:
        step: Steps done.
        loss: Running mean of the loss.
        network: What learns.
        result: Its slow copy: a mean over the last steps, better than any single one.
    """

    def __init__(self, network: nn.Module, layout: PlaceNetLayout, plan: Plan) -> None:
        """Begin with a network's weights; nothing else of it is kept."""
        import torch

        torch.manual_seed(plan.seed)
        self._plan, self._layout = plan, layout
        self.network = network.to(memory_format=torch.channels_last)
        self._heads = build_heads(plan.objectives, layout)
        self.result = copy.deepcopy(self.network).eval()
        self._slow_heads = build_heads(plan.objectives, layout)  # not a deep copy: weight norm can't be copied
        self._slow_heads.load_state_dict(self._heads.state_dict())
        self._needs_slow = any(name in SLOW for name in plan.objectives)
        learned = [p for m in (self.network, self._heads) for p in m.parameters() if p.requires_grad]
        groups = [
            {'params': [p for p in learned if p.ndim > 1], 'weight_decay': _WEIGHT_DECAY},
            {'params': [p for p in learned if p.ndim <= 1], 'weight_decay': 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=plan.learning_rate)
        self.step, self.loss = 0, 0.0

    def parts(self) -> dict[str, nn.Module]:
        """All that has tensors to be kept in a checkpoint, beside the optimizer."""
        return {'network': self.network, 'heads': self._heads, 'slow': self.result, 'slow_heads': self._slow_heads}

    def run(self, sampler: Sampler, after_step: Callable[[Trainer], bool]) -> bool:
        """Do the steps that are left, or until `after_step` says False.

        Returns:
            Whether all steps are done.
        """
        self.network.train()
        while self.step < self._plan.steps:
            self._one_step(sampler)
            if not after_step(self):
                break
        return self.step >= self._plan.steps

    def _one_step(self, sampler: Sampler) -> None:
        import torch

        plan = self._plan
        # By seed and step alone, so that a resumed training sees what an uninterrupted one would have seen.
        torch.manual_seed(plan.seed * 1_000_003 + self.step)
        pairs = sampler.draw(np.random.default_rng((plan.seed, 29, self.step)))
        images = to_tensor(pairs.views.reshape(-1, *pairs.views.shape[2:]))
        teacher = None if pairs.teacher is None else torch.from_numpy(pairs.teacher)
        fast = self._outputs(self.network, images)
        slow = None
        if self._needs_slow:
            with torch.no_grad():
                slow = self._outputs(self.result, images)
        loss = total_loss(plan.objectives, self._heads, self._slow_heads, fast, slow, teacher)
        for group in self.optimizer.param_groups:
            group['lr'] = self._rate()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self._follow()
        self.step += 1
        keep = min(0.98, 1 - 1 / self.step)
        self.loss = keep * self.loss + (1 - keep) * float(loss.detach())

    def _outputs(self, network: Any, images: Tensor) -> Outputs:
        import torch

        with torch.no_grad():
            seen, where = network.front(images)
        with torch.autocast('cpu', torch.bfloat16, enabled=self._plan.mixed):
            learned, _ = network.learned(seen)
        learned = learned.float()
        whole = network.join(learned, where)
        return Outputs(learned.unflatten(0, (2, -1)), whole.unflatten(0, (2, -1)))

    def _rate(self) -> float:
        plan = self._plan
        warm = min(1.0, (self.step + 1) / min(_WARM_UP, max(plan.steps // 10, 1)))
        return plan.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * self.step / plan.steps))

    def _follow(self) -> None:
        """Let the slow copies follow; quicker in the first steps, when there is nothing worth keeping."""
        import torch

        keep = min(self._plan.slow, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for slow, fast in ((self.result, self.network), (self._slow_heads, self._heads)):
                for old, new in zip(slow.state_dict().values(), fast.state_dict().values(), strict=True):
                    if old.dtype.is_floating_point:
                        old.lerp_(new, 1 - keep)
                    else:
                        old.copy_(new)


def to_tensor(images: NDArray[np.uint8]) -> Tensor:
    """(N, h, w, 3) uint8 to (N, 3, h, w) float 0..1 in channels-last memory."""
    import torch

    rows = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
    return (rows.float() / 255).contiguous(memory_format=torch.channels_last)
