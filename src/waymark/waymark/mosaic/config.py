# SPDX-License-Identifier: Apache-2.0
"""What a mosaic is made with."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import Config, param


@dataclass(frozen=True)
class MosaicConfig(Config):
    """Which frames are used, which pairs are tried, how frames are laid over one another."""

    detector: str = param('orb', 'Local features: orb is fast, akaze needs contrast.', choices=('orb', 'akaze'))
    features: int = param(1000, 'Most keypoints per frame.', ge=100, le=20_000)
    working_px: int = param(960, 'Longer side at which frames are matched.', ge=128, le=8192, unit='px')
    ratio: float = param(0.8, "Lowe's ratio test: the best match must be this much nearer than the second.", gt=0, le=1)
    min_inliers: int = param(20, 'Fewest matches that must agree before two frames count as overlapping.', ge=8)
    neighbours: int = param(
        3, 'Frames before and after, in the order of the input, that each frame is tried with.', ge=0
    )
    candidates: int = param(5, 'Frames that look alike, and frames taken nearby, that each frame is tried with.', ge=0)
    overlap: float = param(
        0.7, 'Of videos and bags a frame is left out while it shows this share of the last one.', gt=0, lt=1
    )
    max_frames: int = param(1000, 'Most frames that are laid together.', ge=2, le=2000)
    feather: float = param(
        0.03, 'How softly frames go over into each other, as a share of the way from edge to centre.', ge=0.015, le=1
    )
    balance: bool = param(True, "Whether the frames' brightness, tint and vignetting are made to agree.")
    metres_per_pixel: float = param(
        0.0, "The mosaic's scale where geotags give one; 0: as fine as the frames.", ge=0, unit='m'
    )
    max_side_px: int = param(
        16_384, 'Longer side of the mosaic; where it would be larger it is made coarser.', ge=64, unit='px'
    )
