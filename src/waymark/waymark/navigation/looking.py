# SPDX-License-Identifier: Apache-2.0
"""What of an image is looked at to teach and repeat a route: its local features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waymark.image.features import Features, detect
from waymark.image.stretching import stretched
from waymark.navigation.config import NavigationConfig


def features_of(gray: NDArray[np.uint8], config: NavigationConfig) -> Features:
    """Find local features; where the camera looks down at ground that may be bare, in a stretched image.

    Args:
        gray: (H, W) uint8.
        config: Of features and stretching.
    """
    if config.camera_looks != 'down':
        return detect(gray, config)
    return detect(gray, config, lambda image: stretched(image, config.smooth_px, config.stretch))
