# SPDX-License-Identifier: Apache-2.0
"""How far answers are from what they should be: Gaussian boxes by ProbIoU or Wasserstein, classes by quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from waymark.detection.box_net import BASE_SIDES, LARGEST_LOG
from waymark.training.detector.layout import BoxNetLayout
from waymark.training.detector.targets import Targets

if TYPE_CHECKING:
    from torch import Tensor

BOX_LOSSES = ('probiou', 'gwd')
_BOX_WEIGHT = 2.5
_TURN_WEIGHT = 0.3


@dataclass(frozen=True, eq=False)
class Losses:
    """Parts of a loss, to be added; tensors without axes."""

    classes: Tensor
    boxes: Tensor

    @property
    def total(self) -> Tensor:
        """What is to become small."""
        return self.classes + self.boxes


def flattened(outputs: tuple[Tensor, ...]) -> Tensor:
    """(N, C, h, w) of all strides as (N * K, C)."""
    import torch

    rows = torch.cat([o.flatten(2) for o in outputs], 2).transpose(1, 2)
    return rows.reshape(-1, rows.shape[2]).float()


def decoded(rows: Tensor, centres: Tensor, strides: Tensor) -> Tensor:
    """Boxes (P, 5) px, rad of the last six answers of cells (P, 6)."""
    import torch

    middle = centres + rows[:, :2] * strides[:, None]
    sides = torch.exp(rows[:, 2:4].clamp(-LARGEST_LOG, LARGEST_LOG)) * (BASE_SIDES * strides[:, None])
    theta = 0.5 * torch.atan2(rows[:, 5], rows[:, 4] + 1e-6)
    return torch.cat([middle, sides, theta[:, None]], 1)


def loss_of(
    rows: Tensor,
    targets: Targets,
    where: tuple[NDArray[np.float32], NDArray[np.float32]],
    layout: BoxNetLayout,
    box_loss: str,
) -> Losses:
    """Measure a batch.

    Quality focal loss (X. Li et al.: Generalized focal loss, NeurIPS 2020): where a box is, the class should answer how
    well the box fits (ProbIoU); elsewhere 0.

    Args:
        rows: (N * K, C) of `flattened`.
        targets: What they should be.
        where: Middles (K, 2) and strides (K,) of the cells.
        layout: Of the network.
        box_loss: One of BOX_LOSSES.
    """
    import torch
    from torch.nn import functional

    count, cells = len(layout.class_names), torch.from_numpy(targets.cells)
    one = cells % len(where[0])
    found = decoded(rows[cells, count:], torch.from_numpy(where[0])[one], torch.from_numpy(where[1])[one])
    wanted = torch.from_numpy(targets.boxes)
    distance = hellinger(found, wanted)
    part = distance if box_loss == 'probiou' else wasserstein_loss(found, wanted)
    fit = (1 - distance).detach()
    quality = torch.zeros(len(rows), count)
    quality[cells, torch.from_numpy(targets.classes)] = fit.clamp(min=0.05)
    logits = rows[:, :count]
    weight = (quality - logits.detach().sigmoid()).abs().square()
    weight[torch.from_numpy(targets.ignored)] = 0.0
    entropy = functional.binary_cross_entropy_with_logits(logits, quality, reduction='none')
    positives = max(len(cells), 1)
    turn = _turn_loss(rows[cells, count + 4 :], wanted)
    boxes = (_BOX_WEIGHT * part.sum() + _TURN_WEIGHT * turn.sum()) / positives
    return Losses((weight * entropy).sum() / positives, boxes)


def hellinger(a: Tensor, b: Tensor) -> Tensor:
    """1 - ProbIoU (P,) of boxes (P, 5): Llerena et al., 2021 (see waymark.boxes.probiou)."""
    ax, ay, az = _covariance(a)
    bx, by, bz = _covariance(b)
    x, y, z = ax + bx, ay + by, az + bz
    det = (x * y - z * z).clamp(min=1e-6)
    dx, dy = a[:, 0] - b[:, 0], a[:, 1] - b[:, 1]
    far = (x * dy * dy + y * dx * dx - 2 * z * dx * dy) / det
    dets = ((ax * ay - az * az).clamp(min=1e-6) * (bx * by - bz * bz).clamp(min=1e-6)).sqrt()
    distance = far / 4 + 0.5 * (det / (4 * dets) + 1e-7).log()
    return (1 - (-distance.clamp(1e-6, 60.0)).exp() + 1e-5).sqrt()


def wasserstein_loss(a: Tensor, b: Tensor) -> Tensor:
    """1 / 2 - 1 / (2 + ln(1 + d)) (P,), d the Wasserstein distance in units of the sides: Yang et al., ICML 2021."""
    ax, ay, az = (3 * v for v in _covariance(a))  # there a box is a Gaussian of variance w^2 / 4
    bx, by, bz = (3 * v for v in _covariance(b))
    dets = ((ax * ay - az * az).clamp(min=1e-6) * (bx * by - bz * bz).clamp(min=1e-6)).sqrt()
    mixed = (ax * bx + ay * by + 2 * az * bz + 2 * dets).clamp(min=1e-6).sqrt()
    shape = (ax + ay + bx + by - 2 * mixed).clamp(min=0)
    far = (a[:, 0] - b[:, 0]).square() + (a[:, 1] - b[:, 1]).square()
    scale = 2 * dets.sqrt().sqrt()
    return 0.5 - 1 / (2 + ((far + shape + 1e-6).sqrt() / scale).log1p())


def _covariance(boxes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """xx, yy, xy of Gaussian boxes: the second moments of a rectangle."""
    w, h = boxes[:, 2].square() / 12, boxes[:, 3].square() / 12
    c, s = boxes[:, 4].cos(), boxes[:, 4].sin()
    return w * c * c + h * s * s, w * s * s + h * c * c, (w - h) * c * s


def _turn_loss(turns: Tensor, wanted: Tensor) -> Tensor:
    """How far (cos, sin) of twice the angle are from the box's; a square has none."""
    import torch

    long = 1 - wanted[:, 3] / wanted[:, 2].clamp(min=1e-3)
    target = torch.stack([(2 * wanted[:, 4]).cos(), (2 * wanted[:, 4]).sin()], 1)
    return long * (turns - target).square().sum(1)
