# SPDX-License-Identifier: Apache-2.0
"""Statistics that lerobot's normalisers ask for: min, max, mean, std, count and five quantiles per element."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

QUANTILES = {'q01': 0.01, 'q10': 0.1, 'q50': 0.5, 'q90': 0.9, 'q99': 0.99}
_SAMPLED_PX = 150  # images are counted at about this size, as lerobot does
Statistics = dict[str, NDArray[Any]]


def vector_statistics(values: NDArray[Any]) -> Statistics:
    """Statistics of a column.

    Args:
        values: (N, D), N at least 1.

    Returns:
        Name to (D,) float64; `count` is (1,).
    """
    rows = np.asarray(values, np.float64)
    found: Statistics = {'min': rows.min(axis=0), 'max': rows.max(axis=0)}
    found |= {'mean': rows.mean(axis=0), 'std': rows.std(axis=0), 'count': np.array([len(rows)])}
    return found | {name: np.quantile(rows, share, axis=0) for name, share in QUANTILES.items()}


class ImageStatistics:
    """Counts the shades of each channel: every statistic follows from the counts."""

    def __init__(self) -> None:
        """Begin with no image."""
        self._counts = np.zeros((3, 256), np.int64)
        self._images = 0

    def add(self, rgb: NDArray[np.uint8]) -> None:
        """Count an image (H, W, 3), every n-th pixel of a large one."""
        step = max(1, round(min(rgb.shape[:2]) / _SAMPLED_PX))
        few = rgb[::step, ::step]
        self._counts += [np.bincount(few[:, :, c].ravel(), minlength=256) for c in range(3)]
        self._images += 1

    def merge(self, others: Iterable[ImageStatistics]) -> ImageStatistics:
        """The statistics of the images of all."""
        total = ImageStatistics()
        for one in (self, *others):
            total._counts += one._counts
            total._images += one._images
        return total

    def result(self) -> Statistics:
        """Name to (3, 1, 1) in 0..1; `count` is (1,), of images.

        Raises:
            ValueError: No image was counted.
        """
        if not self._images:
            raise ValueError('no image was counted')
        shades, total = np.arange(256) / 255.0, self._counts.sum(axis=1, keepdims=True)
        mean = self._counts @ shades / total[:, 0]
        # About the mean: the difference of two large numbers would lose the spread of an even picture.
        variance = (self._counts * (shades - mean[:, None]) ** 2).sum(axis=1) / total[:, 0]
        share = np.cumsum(self._counts, axis=1) / total
        found = {'min': shades[np.argmax(self._counts > 0, axis=1)], 'mean': mean, 'std': np.sqrt(variance)}
        found['max'] = shades[255 - np.argmax(self._counts[:, ::-1] > 0, axis=1)]
        found |= {name: shades[np.argmax(share >= q, axis=1)] for name, q in QUANTILES.items()}
        return {name: v.reshape(3, 1, 1) for name, v in found.items()} | {'count': np.array([self._images])}


def plain(statistics: Statistics) -> dict[str, Any]:
    """As lists, for JSON and Parquet."""
    return {name: values.tolist() for name, values in statistics.items()}
