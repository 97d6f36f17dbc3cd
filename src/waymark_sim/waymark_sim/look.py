# SPDX-License-Identifier: Apache-2.0
"""Light, blur and noise: what a camera makes of what it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_MARGIN_PX = 64  # by which the noise picture is larger than the image
_GREY = 118  # of what has no texture


@dataclass(frozen=True)
class Look:
    """What is done to an image after projection.

    Attributes:
        gain: Factor on brightness.
        blur_px: Standard deviation of a Gaussian blur, px; 0 for none.
        noise: Standard deviation of the sensor's noise, levels of 255; 0 for none.
    """

    gain: float = 1.0
    blur_px: float = 0.0
    noise: float = 0.0


class Development:
    """Applies looks to the images of one camera; equal calls give equal images."""

    def __init__(self, size_wh: tuple[int, int], noise: float, seed: int) -> None:
        """Draw the noise.

        Args:
            size_wh: Of images, px.
            noise: Its standard deviation, levels of 255; 0: none.
            seed: Of the noise.
        """
        width, height = size_wh
        self._size_wh, self._seed = size_wh, seed
        rng = np.random.default_rng(seed)
        shape = (height + _MARGIN_PX, width + _MARGIN_PX, 3)
        self._noise = np.rint(rng.normal(0.0, noise, shape)).astype(np.int16) if noise else None

    def apply(self, image: NDArray[np.uint8], look: Look, index: int) -> NDArray[np.uint8]:
        """Blur, light, noise.

        Args:
            image: RGB (H, W, 3).
            look: Its `noise` was given before.
            index: Of the image: it decides the noise.
        """
        if look.blur_px:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), look.blur_px), np.uint8)
        if look.gain != 1.0:
            image = np.asarray(cv2.convertScaleAbs(image, alpha=look.gain), np.uint8)
        if self._noise is not None:
            # One large picture of noise, cut out elsewhere each time: 20 times faster than drawing it anew.
            y, x = np.random.default_rng((self._seed, index)).integers(0, _MARGIN_PX, 2)
            noise = self._noise[y : y + image.shape[0], x : x + image.shape[1]]
            image = np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)
        return image

    def blank(self, noise: float, index: int) -> NDArray[np.uint8]:
        """An image without texture: fog, dusk, water."""
        width, height = self._size_wh
        drawn = np.random.default_rng((self._seed, 13, index)).normal(0.0, 1.0, (height, width, 3))
        return np.clip(_GREY + noise * drawn, 0, 255).astype(np.uint8)
