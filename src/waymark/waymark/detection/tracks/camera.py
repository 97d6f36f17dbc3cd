# SPDX-License-Identifier: Apache-2.0
"""How the camera moved between two images, from what is known of the images between them."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.checks import require_finite, require_shape

Floats = NDArray[np.float64]

KEPT = 600  # homographies: 20 s at 30 images a second


class CameraMotion:
    """Keeps homographies from image to image; those between two images are chained.

    Who looks at every third image alone still learns how the camera moved, when the motion was told image by image.
    """

    def __init__(self) -> None:
        """Start with nothing known."""
        self._steps: OrderedDict[int, tuple[int, Floats]] = OrderedDict()

    def add(self, previous_ns: int, current_ns: int, H_cur_prev: ArrayLike) -> None:
        """Learn of one step.

        Args:
            previous_ns: Stamp of the image before.
            current_ns: Stamp of the image.
            H_cur_prev: (3, 3) homography from pixels of the image before to pixels of the image.

        Raises:
            ValueError: The stamps are not in order, or it is no homography: not finite, or without an inverse.
        """
        H = np.array(H_cur_prev, np.float64)
        require_shape('H_cur_prev', H, (3, 3))
        require_finite('H_cur_prev', H)
        if previous_ns >= current_ns:
            raise ValueError(f'stamps: the image before must be earlier, got {previous_ns} and {current_ns} ns')
        if abs(np.linalg.det(H)) <= 1e-12 * np.abs(H).max() ** 3:
            raise ValueError(f'H_cur_prev: {H.round(6).tolist()} has no inverse')
        self._steps[current_ns] = previous_ns, H
        self._steps.move_to_end(current_ns)
        if len(self._steps) > KEPT:
            self._steps.popitem(last=False)

    def between(self, previous_ns: int, current_ns: int) -> Floats | None:
        """Homography (3, 3) from pixels of the one image to pixels of the other.

        Returns:
            None where a step is missing: the image at `current_ns` must end the last one, that at `previous_ns` begin
            the first.
        """
        H, at_ns = np.eye(3), current_ns
        while at_ns > previous_ns:
            if at_ns not in self._steps:
                return None
            at_ns, step = self._steps[at_ns]
            H = H @ step
        return H / np.abs(H).max() if at_ns == previous_ns else None

    def clear(self) -> None:
        """Forget all: stamps start anew."""
        self._steps.clear()
