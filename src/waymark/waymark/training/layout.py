# SPDX-License-Identifier: Apache-2.0
"""The numbers that shape the embedded encoder."""

from __future__ import annotations

from dataclasses import dataclass

CELL_PX = 16  # one cell of the last stage sees this many input px per side, and their surroundings


@dataclass(frozen=True)
class PlaceNetLayout:
    """Sizes of a place encoder.

    Attributes:
        input_wh: Width and height of its input, px; multiples of 16.
        bins: Edge directions of the front end, 0 to 180 degrees; an even number.
        sharpness: How much the direction at right angles is taken off each edge direction.
        widths: Channels of the three stages, at 1/4, 1/8 and 1/16 of the input.
        depths: Residual blocks of each stage.
        grid_channels: Channels kept of each cell of the last stage.
        plain_dim: Length of its analytic part.
        plain_weight: Length of the analytic part beside the unit-length learned one.
        colour_weight: Length of colours beside the unit-length edges within the analytic part.
    """

    input_wh: tuple[int, int] = (128, 96)
    bins: int = 8
    sharpness: float = 2.0
    widths: tuple[int, int, int] = (48, 96, 160)
    depths: tuple[int, int, int] = (1, 3, 3)
    grid_channels: int = 8
    plain_dim: int = 192
    plain_weight: float = 1.0
    colour_weight: float = 0.45

    @property
    def grid_hw(self) -> tuple[int, int]:
        """Rows and columns of the last stage."""
        return self.input_wh[1] // CELL_PX, self.input_wh[0] // CELL_PX

    @property
    def learned_dim(self) -> int:
        """Length of the learned part of the vector."""
        rows, columns = self.grid_hw
        return self.grid_channels * rows * columns

    @property
    def dim(self) -> int:
        """Length of the vector."""
        return self.learned_dim + self.plain_dim
