# SPDX-License-Identifier: Apache-2.0
"""Which frames of a video are needed: the next is taken when the last one is about to leave the view."""

from __future__ import annotations

import cv2
import numpy as np

from waymark.image.geometry import image_corners, local_scale, transform_points
from waymark.image.homography import HomographyConfig, register
from waymark.mosaic.config import MosaicConfig
from waymark.mosaic.view import View


class FrameSelector:
    """Keeps, online, as few frames as overlap enough.

    Attributes:
        views: Those that were kept so far.
    """

    def __init__(self, config: MosaicConfig, keep_all: bool) -> None:
        """Begin.

        Args:
            config: The overlap wanted.
            keep_all: Photos: nobody takes them in vain.
        """
        self.views: list[View] = []
        self._overlap = 0.0 if keep_all else config.overlap
        self._ratio = config.ratio
        self._gates = HomographyConfig(min_inliers=config.min_inliers, min_inlier_share=0.2)
        self._waiting: View | None = None

    def offer(self, view: View) -> None:
        """Take the next frame, or let it go."""
        if self._overlap == 0.0 or not self.views:
            self.views.append(view)
            return
        if self._covers(self.views[-1], view):
            self._waiting = view
            return
        # The frame before this one was the last that overlapped enough: it ties both together.
        if self._waiting is not None:
            self.views.append(self._waiting)
            self._waiting = None
            self.offer(view)
            return
        self.views.append(view)

    def finished(self) -> list[View]:
        """All views kept, the last frame of the input among them."""
        if self._waiting is not None:
            self.views.append(self._waiting)
            self._waiting = None
        return self.views

    def _covers(self, last: View, view: View) -> bool:
        """Whether `last` shows at least the wanted share of what `view` shows."""
        found = register(view.features, last.features, self._ratio, self._gates)
        if found is None or view.size_wh != last.size_wh:
            return False
        corners = image_corners(view.size_wh)
        if not (local_scale(found.H_cur_ref, corners) > 0).all():
            return False
        seen = transform_points(found.H_cur_ref, corners).astype(np.float32)
        shared, _ = cv2.intersectConvexConvex(seen, corners.astype(np.float32))
        return float(shared) >= self._overlap * max(float(cv2.contourArea(seen)), 1e-9)
