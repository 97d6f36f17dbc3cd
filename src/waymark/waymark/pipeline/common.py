# SPDX-License-Identifier: Apache-2.0
"""What every node has besides its own parameters."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import Config, param


@dataclass(frozen=True)
class CommonConfig(Config):
    """Parameters that the lifecycle base class gives to each node."""

    autostart: bool = param(True, 'Configure and activate at start; false: a lifecycle manager does it.')
    image_transport: str = param(
        'raw',
        'Transport of the `image` topic: raw (sensor_msgs/Image), compressed (CompressedImage on <image>/compressed).',
        choices=('raw', 'compressed'),
    )
    stamp_tolerance_s: float = param(
        1.0, 'An image stamped further ahead of the clock than this is refused.', ge=0.0, unit='s'
    )
    silence_s: float = param(3.0, 'Diagnostics say why no image arrives after this long without one.', gt=0.0, unit='s')
    nice: int = param(
        0,
        'How far the node stands back where the CPU is scarce, as of nice(1): its worker and the threads of its model. '
        'Those of one process that stand back take turns. What only looks should stand behind what steers.',
        ge=0,
        le=19,
    )
