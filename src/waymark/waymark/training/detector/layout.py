# SPDX-License-Identifier: Apache-2.0
"""The sizes of the embedded detector: all that is needed to build the network again."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.detection.box_net import BOX_NET_STRIDES as STRIDES

__all__ = ['STRIDES', 'BoxNetLayout']


@dataclass(frozen=True)
class BoxNetLayout:
    """Sizes of one network.

    Attributes:
        class_names: What it finds.
        widths: Channels at strides 2, 4, 8, 16, 32.
        depths: Residual blocks at strides 4, 8, 16, 32.
        neck: Channels where the three scales meet.
        input_wh: Of the exported model, px, multiples of 32.
    """

    class_names: tuple[str, ...]
    widths: tuple[int, int, int, int, int] = (16, 24, 48, 96, 128)
    depths: tuple[int, int, int, int] = (1, 2, 2, 1)
    neck: int = 48
    input_wh: tuple[int, int] = (640, 640)

    @property
    def channels(self) -> int:
        """Of each output: a logit per class, offset x and y, log sides, cos and sin of twice the angle."""
        return len(self.class_names) + 6
