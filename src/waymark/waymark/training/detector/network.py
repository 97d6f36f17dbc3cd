# SPDX-License-Identifier: Apache-2.0
"""The embedded detector: residual blocks of plain 3 x 3 convolutions, a top-down neck, one output per stride.

Only convolutions, ReLU, sums and doubling: what an NPU of a small board runs well. No anchors: each cell answers for
the box whose middle it is near (Z. Tian et al.: FCOS, ICCV 2019).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from waymark.training.detector.layout import STRIDES, BoxNetLayout

if TYPE_CHECKING:
    from torch import Tensor, nn

_RARE = 0.01  # what a fresh network thinks of each class in each cell (Lin et al.: Focal loss, ICCV 2017)


def build_network(layout: BoxNetLayout, normalised: bool = True) -> nn.Module:
    """Make a network with fresh weights: (N, 3, H, W) RGB 0..1 to (N, channels, H / s, W / s) for each stride s.

    Args:
        layout: Its sizes.
        normalised: With batch normalisation, to be taught; without, as it is shipped.
    """
    import torch
    from torch import nn
    from torch.nn import functional

    class BoxNet(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            a, b, c, d, e = layout.widths
            self.stem = _conv(3, a, 2, normalised)
            self.stage4 = _stage(a, b, layout.depths[0], normalised)
            self.stage8 = _stage(b, c, layout.depths[1], normalised)
            self.stage16 = _stage(c, d, layout.depths[2], normalised)
            self.stage32 = _stage(d, e, layout.depths[3], normalised)
            self.across = nn.ModuleList(_conv(width, layout.neck, 1, normalised, size=1) for width in (c, d, e))
            self.joined = nn.ModuleList(_conv(layout.neck, layout.neck, 1, normalised) for _ in STRIDES)
            self.heads = nn.ModuleList(_head(layout, normalised) for _ in STRIDES)

        def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
            fine = self.stage8(self.stage4(self.stem(rgb)))
            middle = self.stage16(fine)
            coarse = self.stage32(middle)
            scales = [across(x) for across, x in zip(self.across, (fine, middle, coarse), strict=True)]
            for k in (1, 0):
                scales[k] = scales[k] + functional.interpolate(scales[k + 1], scale_factor=2.0, mode='nearest')
            return tuple(
                head(torch.relu(joined(torch.relu(x))))
                for head, joined, x in zip(self.heads, self.joined, scales, strict=True)
            )

    return BoxNet()


def _head(layout: BoxNetLayout, normalised: bool) -> nn.Sequential:
    from torch import nn

    last = nn.Conv2d(layout.neck, layout.channels, 1)
    nn.init.normal_(last.weight, std=0.01)
    nn.init.zeros_(last.bias)
    nn.init.constant_(last.bias[: len(layout.class_names)], -math.log((1 - _RARE) / _RARE))
    return nn.Sequential(_conv(layout.neck, layout.neck, 1, normalised), nn.ReLU(), last)


def _conv(inputs: int, outputs: int, stride: int, normalised: bool, size: int = 3) -> nn.Sequential:
    from torch import nn

    layer = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=not normalised)
    return nn.Sequential(layer, *([nn.BatchNorm2d(outputs)] if normalised else []))


def _stage(inputs: int, outputs: int, depth: int, normalised: bool) -> nn.Sequential:
    from torch import nn

    blocks = (_block(outputs, normalised) for _ in range(depth))
    return nn.Sequential(nn.ReLU(), _conv(inputs, outputs, 2, normalised), nn.ReLU(), *blocks)


def _block(width: int, normalised: bool) -> nn.Module:
    """He et al.: Deep residual learning, CVPR 2016, the basic block."""
    import torch
    from torch import nn

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first = _conv(width, width, 1, normalised)
            self.second = _conv(width, width, 1, normalised)
            if normalised:
                nn.init.zeros_(self.second[-1].weight)

        def forward(self, x: Tensor) -> Tensor:
            return torch.relu(x + self.second(torch.relu(self.first(x))))

    return Block()
