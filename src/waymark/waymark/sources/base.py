# SPDX-License-Identifier: Apache-2.0
"""What every input looks like from outside: frames in order, with what is known about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from waymark.image.camera import CameraModel
from waymark.types import Frame


@dataclass(frozen=True)
class SourceInfo:
    """What a source knows before its first frame.

    Attributes:
        uri: What the user asked for.
        is_live: True for cameras and streams: frames come when they come, stamped with the system clock.
        rate_hz: Frames per second, None where unknown.
        frame_count: None where unknown.
        has_truth: True when frames carry the exact pose (simulators).
    """

    uri: str
    is_live: bool
    rate_hz: float | None = None
    frame_count: int | None = None
    has_truth: bool = False


@dataclass(frozen=True)
class SourceFrame:
    """One image of a source.

    Attributes:
        frame: The image with its header.
        camera: Intrinsics, None where the source does not know them.
        T_map_base: 4x4 exact pose of the vehicle (FLU) in the map (ENU), m; None unless simulated.
        name: The image's file name, where it comes from a file of its own.
    """

    frame: Frame
    camera: CameraModel | None = None
    T_map_base: NDArray[np.float64] | None = None
    name: str = ''


class Source(Protocol):
    """An opened input. Opening already raised SourceError for whatever can't be read.

    `frames` raises SourceError when the input ends too early (a video cut in half), after all readable frames were
    given.
    """

    info: SourceInfo

    def frames(self) -> Iterator[SourceFrame]:
        """Yield the frames once, in order; stamps increase."""
        ...

    def close(self) -> None:
        """Release files and devices; safe to call twice, and from another thread to unblock `frames`."""
        ...
