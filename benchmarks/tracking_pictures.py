# SPDX-License-Identifier: Apache-2.0
"""Pictures read in gray, and drawn through homographies without aliasing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


def mips(gray: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """A picture and its halves, for rendering it small without aliasing."""
    levels = [gray]
    while min(levels[-1].shape) >= 64:
        height, width = levels[-1].shape
        levels.append(np.asarray(cv2.resize(levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA)))
    return levels


def read_gray(path: Path, longest_px: int = 0) -> NDArray[np.uint8]:
    """A picture in gray, reduced where it is larger."""
    gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if gray is None:
        raise SystemExit(f'{path} is not a picture')
    scale = longest_px / max(gray.shape) if longest_px else 1.0
    if scale < 1:
        gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(gray, np.uint8)


def corners(gray: NDArray[np.uint8], H: NDArray[np.float64]) -> NDArray[np.float64]:
    right, bottom = gray.shape[1] - 0.5, gray.shape[0] - 0.5
    mapped = np.array([[-0.5, -0.5, 1], [right, -0.5, 1], [right, bottom, 1], [-0.5, bottom, 1]]) @ H.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


def warped(
    levels: list[NDArray[np.uint8]], H: NDArray[np.float64], size_wh: tuple[int, int], border: int
) -> NDArray[np.uint8]:
    """Draw a picture from its level that is about as large as it appears."""
    gray = levels[0]
    centre = np.array([gray.shape[1] / 2, gray.shape[0] / 2, 1.0])
    scale = np.sqrt(abs(np.linalg.det(H) / (H[2] @ centre) ** 3)) if H[2] @ centre else 1.0
    level = int(np.clip(np.floor(np.log2(1 / max(scale, 1e-3)) + 0.3), 0, len(levels) - 1))
    small = levels[level]
    sx, sy = gray.shape[1] / small.shape[1], gray.shape[0] / small.shape[0]
    # Pixel centres are integers: (x + .5) * s - .5.
    up = np.array([[sx, 0, sx / 2 - 0.5], [0, sy, sy / 2 - 0.5], [0, 0, 1.0]])
    return np.asarray(cv2.warpPerspective(small, H @ up, size_wh, flags=cv2.INTER_LINEAR, borderMode=border))
