# SPDX-License-Identifier: Apache-2.0
"""What ties keyframes together: links between two that show one place, and routes through many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.maps.keyframe import MapPose

# H_next_prev (3, 3), px of a keyframe to px of the next; or the pose of the next in the camera's frame; or unknown.
Relative: TypeAlias = NDArray[np.float64] | MapPose | None


@dataclass(frozen=True)
class Link:
    """Two keyframes that show one place.

    Attributes:
        first: Id of the one seen later, or of either.
        second: Id of the other.
        inliers: Local features that agree.
    """

    first: int
    second: int
    inliers: int


@dataclass(frozen=True, eq=False)
class Route:
    """A way through the map.

    Attributes:
        route_id: Tells it from the map's others.
        name: For people.
        keyframe_ids: In the order they are passed.
        relative: From each to the next, one fewer than keyframes; () where nothing is known.
    """

    route_id: int
    name: str
    keyframe_ids: tuple[int, ...]
    relative: tuple[Relative, ...] = ()

    def __post_init__(self) -> None:
        if self.relative and len(self.relative) != len(self.keyframe_ids) - 1:
            raise ValueError(f'relative: expected {len(self.keyframe_ids) - 1} entries, got {len(self.relative)}')
        for step in self.relative:
            if isinstance(step, np.ndarray):
                require_shape('relative', step, (3, 3))
