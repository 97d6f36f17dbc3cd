# SPDX-License-Identifier: Apache-2.0
"""What others do with planar targets: OpenCV's tutorial with AKAZE or ORB in every image, and optical flow alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

RATIO, THRESHOLD_PX, FEWEST = 0.8, 3.0, 12


class EveryFrame:
    """Detect, match with the ratio test, fit by MAGSAC, in each image anew; keypoints are shared by the targets."""

    def __init__(self, detector: Any, targets: Sequence[NDArray[np.uint8]]) -> None:
        self._detector, self._matcher = detector, cv2.BFMatcher(cv2.NORM_HAMMING)
        self._targets = [detector.detectAndCompute(t, None) for t in targets]

    def track(self, gray: NDArray[np.uint8]) -> list[NDArray[np.float64] | None]:
        """H_cur_ref per target, None where fewer than 12 matches agree."""
        keypoints, descriptors = self._detector.detectAndCompute(gray, None)
        if descriptors is None or len(keypoints) < 2:
            return [None] * len(self._targets)
        return [self._found(k, d, keypoints, descriptors) for k, d in self._targets]

    def _found(self, known: Any, described: Any, keypoints: Any, descriptors: Any) -> NDArray[np.float64] | None:
        pairs = (p for p in self._matcher.knnMatch(described, descriptors, k=2) if len(p) == 2)
        kept = [a for a, b in pairs if a.distance < RATIO * b.distance]
        if len(kept) < FEWEST:
            return None
        points = np.float32([known[m.queryIdx].pt for m in kept])
        found = np.float32([keypoints[m.trainIdx].pt for m in kept])
        return _fitted(points, found)


class FlowAlone:
    """Corners of the target, told where they are in the first image, then followed from image to image for good."""

    def __init__(self, targets: Sequence[NDArray[np.uint8]], first: NDArray[np.uint8], truth: Sequence[Any]) -> None:
        self._last = first
        self._pairs = [self._begun(t, H) for t, H in zip(targets, truth, strict=True)]

    def _begun(self, target: NDArray[np.uint8], H: NDArray[np.float64]) -> tuple[Any, Any]:
        points = cv2.goodFeaturesToTrack(target, 100, 0.01, 7).reshape(-1, 1, 2)
        return points, cv2.perspectiveTransform(points, H).astype(np.float32)

    def track(self, gray: NDArray[np.uint8]) -> list[NDArray[np.float64] | None]:
        """H_cur_ref per target; None where the points are lost."""
        answers = []
        for number, (points, at) in enumerate(self._pairs):
            if len(at) < FEWEST:
                answers.append(None)
                continue
            moved, status, _ = cv2.calcOpticalFlowPyrLK(self._last, gray, at, None, winSize=(21, 21), maxLevel=3)
            kept = status.ravel() > 0
            self._pairs[number] = points[kept], moved[kept]
            answers.append(_fitted(points[kept].reshape(-1, 2), moved[kept].reshape(-1, 2)))
        self._last = gray
        return answers


def _fitted(points: NDArray[np.float32], found: NDArray[np.float32]) -> NDArray[np.float64] | None:
    if len(points) < FEWEST:
        return None
    try:
        H, mask = cv2.findHomography(points, found, cv2.USAC_MAGSAC, THRESHOLD_PX, maxIters=2000, confidence=0.999)
    except cv2.error:
        return None
    return H if H is not None and mask.sum() >= FEWEST else None
