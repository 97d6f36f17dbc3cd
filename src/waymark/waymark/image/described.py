# SPDX-License-Identifier: Apache-2.0
"""A picture and what was found in it, computed at the first need and kept: one that meets many is described once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_gray
from waymark.image.affine_views import ViewFeatures, describe_views
from waymark.image.features import FeatureConfig, Features, detect

# Tilt, longer side px and most features of the views that are described.
STAGES = ((1.0, 640, 1500), (2.0, 400, 800), (4.0, 400, 800))


class DescribedImage:
    """A picture with its features; not for several threads at once.

    Attributes:
        gray: (H, W) uint8.
        size_wh: Its size, px.
    """

    def __init__(self, gray: NDArray[np.uint8], config: FeatureConfig) -> None:
        """Take a picture; nothing is computed yet.

        Args:
            gray: (H, W) uint8.
            config: Of the detector.

        Raises:
            ValueError: Not such an image.
        """
        require_gray('gray', gray)
        self.gray = gray
        self.size_wh = (gray.shape[1], gray.shape[0])
        self._config = config
        self._features: Features | None = None
        self._views: dict[int, tuple[ViewFeatures, ...]] = {}

    @property
    def features(self) -> Features:
        """Keypoints of the detector."""
        if self._features is None:
            self._features = detect(self.gray, self._config)
        return self._features

    def views(self, stage: int) -> tuple[ViewFeatures, ...]:
        """RootSIFT of the views of one stage: 0 the picture itself, 1 and 2 tilted ones."""
        if stage not in self._views:
            tilt, side_px, count = STAGES[stage]
            self._views[stage] = describe_views(self.gray, tilt, side_px, count)
        return self._views[stage]
