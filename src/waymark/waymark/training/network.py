# SPDX-License-Identifier: Apache-2.0
"""The embedded encoder: an analytic front end, depthwise-separable residual blocks, a head that keeps where things are.

Only convolutions, ReLU, pooling, sums and one linear layer: what an NPU of a small board runs well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from waymark.training import front_end
from waymark.training.layout import PlaceNetLayout

if TYPE_CHECKING:
    from torch import Tensor, nn

_EXPANSION = 2


def build_network(layout: PlaceNetLayout, normalised: bool = True) -> nn.Module:
    """Make a network with fresh weights: (N, 3, H, W) RGB 0..1 to vectors (N, dim) and patch tokens (N, C, h, w).

    A vector joins a learned part of unit length and an analytic one of length `plain_weight`. The learned part is the
    last stage's grid itself: a linear layer that mixes its cells learns generated worlds by heart and was much worse on
    real images.

    Args:
        layout: Its sizes.
        normalised: With batch normalisation, to be taught from nothing; without, as it is shipped and adapted (see
            weights.folded).
    """
    import torch
    from torch import nn
    from torch.nn import functional

    class PlaceNet(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            a, b, c = layout.widths
            self.front = front_end.build_front_end(layout.bins, layout.sharpness, layout.colour_weight)
            self.stage1 = _stage(front_end.input_channels(layout.bins), a, 1, layout.depths[0], normalised)
            self.stage2 = _stage(a, b, 2, layout.depths[1], normalised)
            self.stage3 = _stage(b, c, 2, layout.depths[2], normalised)
            self.cells = _conv(c, layout.grid_channels, 1, normalised)
            where = front_end.layout_size(layout.bins, layout.input_wh)
            self.plain = nn.Linear(where, layout.plain_dim).requires_grad_(False)

        def learned(self, seen: Tensor) -> tuple[Tensor, Tensor]:
            tokens = functional.relu(self.stage3(self.stage2(self.stage1(seen))))
            return front_end.unit_layout(self.cells(tokens)), tokens

        def join(self, learned: Tensor, where: Tensor) -> Tensor:
            return torch.cat([learned, layout.plain_weight * front_end.unit(self.plain(where))], 1)

        def forward(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
            seen, where = self.front(rgb)
            learned, tokens = self.learned(seen)
            return self.join(learned, where), tokens

    return PlaceNet()


def _conv(inputs: int, outputs: int, size: int, normalised: bool, stride: int = 1, groups: int = 1) -> nn.Sequential:
    from torch import nn

    layer = nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=not normalised)
    return nn.Sequential(layer, *([nn.BatchNorm2d(outputs)] if normalised else []))


def _stage(inputs: int, outputs: int, stride: int, depth: int, normalised: bool) -> nn.Sequential:
    from torch import nn

    blocks = (_block(outputs, normalised) for _ in range(depth))
    return nn.Sequential(_conv(inputs, outputs, 3, normalised, stride), nn.ReLU(), *blocks)


def _block(width: int, normalised: bool) -> nn.Module:
    """Add to x what an inverted residual finds (Sandler et al., CVPR 2018): nothing at first."""
    from torch import nn
    from torch.nn import functional

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.around = _conv(width, width, 3, normalised, groups=width)
            self.widen = _conv(width, _EXPANSION * width, 1, normalised)
            self.narrow = _conv(_EXPANSION * width, width, 1, normalised)
            nn.init.zeros_(self.narrow[-1].weight)

        def forward(self, x: Tensor) -> Tensor:
            return x + self.narrow(functional.relu(self.widen(self.around(x))))

    return Block()
