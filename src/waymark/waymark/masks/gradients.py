# SPDX-License-Identifier: Apache-2.0
"""Where edges are and which way they turn: the gradients under histograms of oriented gradients (HOG).

N. Dalal, B. Triggs: Histograms of oriented gradients for human detection, CVPR 2005: derivatives by [-1, 0, 1] without
smoothing; of a colour image each pixel takes the channel whose gradient is longest.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_gray, require_rgb

FULL_EDGE = 64.0  # grey levels between both neighbours that count as an edge beyond doubt


@dataclass(frozen=True, eq=False)
class Gradients:
    """Derivatives of an image.

    Attributes:
        dx: (H, W) float32, right neighbour less left neighbour, grey levels per 2 px; at the border the image is
            mirrored about its last pixel, so the derivative across it is 0.
        dy: (H, W) float32, lower neighbour less upper neighbour.
    """

    dx: NDArray[np.float32]
    dy: NDArray[np.float32]

    @property
    def magnitude(self) -> NDArray[np.float32]:
        """(H, W), grey levels per 2 px, 0 to 361."""
        # cv2.magnitude rounds by where an array lies in memory; the same image must give the same mask.
        return np.sqrt(self.dx * self.dx + self.dy * self.dy)

    @property
    def angle(self) -> NDArray[np.float32]:
        """(H, W), rad, 0 to 2 pi, from +x (right) towards +y (down): the way brightness rises; 0 where it does not."""
        return np.asarray(np.mod(np.arctan2(self.dy, self.dx), np.float32(2 * np.pi)), np.float32)


def gradients_of(image: NDArray[np.uint8]) -> Gradients:
    """Derive an image by [-1, 0, 1] in x and y.

    Args:
        image: (H, W) or RGB (H, W, 3), uint8.

    Raises:
        ValueError: Neither of these, or empty.
    """
    if image.ndim == 2:
        require_gray('image', image)
    else:
        require_rgb('image', image)
    # ksize 1 is [-1, 0, 1]; the default border mirrors about the last pixel.
    dx = np.asarray(cv2.Sobel(image, cv2.CV_32F, 1, 0, ksize=1), np.float32)
    dy = np.asarray(cv2.Sobel(image, cv2.CV_32F, 0, 1, ksize=1), np.float32)
    if image.ndim == 2:
        return Gradients(dx, dy)
    longest = (dx * dx + dy * dy).argmax(axis=2)[..., None]
    return Gradients(*(np.take_along_axis(d, longest, axis=2)[..., 0] for d in (dx, dy)))


def hog_mask(image: NDArray[np.uint8], full: float = FULL_EDGE) -> NDArray[np.float32]:
    """Where edges are: the gradient's magnitude, 1 from `full` on.

    The scale is absolute, not the image's own: an even image has no edges, however much its noise is enlarged.

    Args:
        image: (H, W) or RGB (H, W, 3), uint8.
        full: Magnitude that counts fully, grey levels per 2 px.

    Returns:
        (H, W), 0 to 1.

    Raises:
        ValueError: Not such an image, or `full` not above 0.
    """
    if not full > 0:
        raise ValueError(f'full: expected a number above 0, got {full}')
    return np.asarray(np.minimum(gradients_of(image).magnitude / full, 1), np.float32)


def gradient_picture(image: NDArray[np.uint8], full: float = FULL_EDGE) -> NDArray[np.uint8]:
    """Gradients for the eye: hue is the angle, brightness the magnitude (black: none, full colour from `full` on).

    A gradient to the right (dark left, bright right) is red, down yellow-green, left cyan, up violet.

    Args:
        image: (H, W) or RGB (H, W, 3), uint8.
        full: Magnitude shown at full brightness, grey levels per 2 px.

    Returns:
        RGB uint8 (H, W, 3).

    Raises:
        ValueError: Not such an image, or `full` not above 0.
    """
    mask = hog_mask(image, full)
    hue = np.rint(gradients_of(image).angle * (90 / np.pi)) % 180  # OpenCV's 8-bit hue counts in 2 degrees
    hsv = np.stack([hue, np.full_like(hue, 255), np.rint(mask * 255)], axis=-1)
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)
