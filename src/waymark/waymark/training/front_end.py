# SPDX-License-Identifier: Apache-2.0
"""The analytic first layers: edge directions and colours, as input of what is learned and as a layout of their own.

Histograms of oriented gradients (Dalal and Triggs, CVPR 2005) in convolutions alone: derivatives [-1, 0, 1] along
`bins` directions, absolute value, less the direction at right angles, averaged over cells, root.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_OPPONENTS = ((0.7, -0.7, 0.0), (0.35, 0.35, -0.7))  # red - green, yellow - blue
_EDGE_FLOOR, _ROOT_FLOOR, _LIGHT_FLOOR, _EVEN = 2e-3, 1e-2, 1e-3, 1e-4  # below these there is only noise
_DARK = 0.1  # brightness below which hues fade
EDGE_CELL_PX, EDGE_REACH_PX = 8, 16  # a cell's height, and its width: twice, for the camera turns sideways more
COLOUR_CELLS = 8


def input_channels(bins: int) -> int:
    """Channels of the first output."""
    return 2 * bins + 1 + len(_OPPONENTS)


def layout_size(bins: int, input_wh: tuple[int, int]) -> int:
    """Length of the second output."""
    rows, columns = input_wh[1] // EDGE_CELL_PX, (input_wh[0] - EDGE_REACH_PX) // EDGE_CELL_PX + 1
    return bins * rows * columns + 2 * COLOUR_CELLS**2


def build_front_end(bins: int, sharpness: float, colour_weight: float) -> nn.Module:
    """Make the module; nothing in it is learned.

    It takes (N, 3, H, W) RGB 0..1 and gives
        (N, 2 * bins + 3, H / 4, W / 4) edge directions at two scales and colours, relative to the image's contrast;
        (N, layout_size) where edges of which direction lie, and where which colour lies.
    """
    import torch
    from torch import nn
    from torch.nn import functional

    class FrontEnd(nn.Module):  # type: ignore[misc] # torch may be absent
        def __init__(self) -> None:
            super().__init__()
            for name, values in _kernels(bins, sharpness).items():
                self.register_buffer(name, values)

        def edges(self, light: Tensor) -> Tensor:
            return functional.relu(
                functional.conv2d(functional.conv2d(light, self.derivatives, padding=1).abs(), self.rivals)
            )

        def hues(self, rgb: Tensor) -> Tensor:
            # Relative to brightness: what a shadow or another exposure leaves as it is.
            return functional.conv2d(rgb, self.opponents) / (rgb.mean(1, keepdim=True) + _DARK)

        def forward(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
            light = functional.conv2d(rgb, self.luma)
            fine, coarse = self.edges(light), self.edges(functional.avg_pool2d(light, 2))
            small = functional.avg_pool2d(rgb, 4)
            brightness = functional.conv2d(small, self.luma)
            rest = brightness - brightness.mean((2, 3), keepdim=True)
            rest = 0.5 * rest / torch.sqrt((rest * rest).mean((2, 3), keepdim=True) + _LIGHT_FLOOR)
            parts = [_relative(functional.avg_pool2d(fine, 4)), _relative(functional.avg_pool2d(coarse, 2))]
            seen = torch.cat([*parts, rest, self.hues(small)], 1)
            reach = (EDGE_CELL_PX, EDGE_REACH_PX)
            cells = torch.sqrt(functional.avg_pool2d(fine, reach, EDGE_CELL_PX) + _EVEN)
            patches = functional.avg_pool2d(small, (small.shape[2] // COLOUR_CELLS, small.shape[3] // COLOUR_CELLS))
            return seen, torch.cat([unit_layout(cells), colour_weight * unit_layout(self.hues(patches))], 1)

    return FrontEnd()


def _relative(edges: Tensor) -> Tensor:
    import torch

    return torch.sqrt(edges / (edges.mean((1, 2, 3), keepdim=True) + _EDGE_FLOOR) + _ROOT_FLOOR) - math.sqrt(
        _ROOT_FLOOR
    )


def unit_layout(grid: Tensor) -> Tensor:
    """Take its mean over the cells from each channel, as all images share it; (N, C, h, w) to (N, C * h * w)."""
    return unit((grid - grid.mean((2, 3), keepdim=True)).flatten(1))


def unit(rows: Tensor) -> Tensor:
    """Make rows unit length; nearly empty ones stay short."""
    import torch

    return rows / torch.sqrt((rows * rows).sum(1, keepdim=True) + _EVEN)


def _kernels(bins: int, sharpness: float) -> dict[str, Any]:
    import torch

    angles = torch.arange(bins) * math.pi / bins
    dx = torch.tensor([[0.0, 0.0, 0.0], [-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    derivatives = torch.cos(angles)[:, None, None] * dx + torch.sin(angles)[:, None, None] * dx.T
    rivals = torch.eye(bins) - sharpness * torch.eye(bins).roll(bins // 2, 1)
    return {
        'derivatives': derivatives[:, None],
        'rivals': rivals[:, :, None, None],
        'luma': torch.tensor([_LUMA])[:, :, None, None],
        'opponents': torch.tensor(_OPPONENTS)[:, :, None, None],
    }
