# SPDX-License-Identifier: Apache-2.0
"""Views of the ground, and the homography from one to another."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.ego_motion.config import EgoMotionConfig
from waymark.image.camera import CameraModel
from waymark.image.features import FeatureConfig, Features, detect, match
from waymark.image.flow import follow_points, good_points
from waymark.image.geometry import corner_error, coverage, image_corners, is_convex, local_scale, transform_points
from waymark.image.homography import find_homography

Floats = NDArray[np.float64]
_FEATURES = FeatureConfig(max_features=600, max_side_px=640)
_RATIO = 0.85
_FAR_PX = 4.0  # mean corner error of a guess above which what was found is a guess, too
_NEAR_LEVELS, _FAR_LEVELS, _QUICK_LEVELS = 1, 3, 2  # halvings: for guesses right to some 10 px, and to some 30 px
_HALF_FROM_PX = 480  # longer side from which half the size tells as exactly
_HALF = np.diag([0.5, 0.5, 1.0])
_MIN_DARK = 8.0  # a picture whose contrast is smaller (grey levels) gets no gain fitted


@dataclass(frozen=True, eq=False)
class Match:
    """Two views of one plane.

    Attributes:
        H_cur_ref: (3, 3) reference px to current px, undistorted, H[2, 2] = 1.
        points_ref: (M, 2) undistorted px of the points that agree.
        points_cur: (M, 2) the same points in the current view.
        ends: (M, 2) the same in the current view, px as they are in the image.
        share: Of the followed points, those that agree.
        overlap: Share of the current image that the reference shows.
    """

    H_cur_ref: Floats
    points_ref: Floats
    points_cur: Floats
    ends: NDArray[np.float32]
    share: float
    overlap: float


@dataclass(eq=False)
class View:
    """An image with the points that can be followed from it.

    Attributes:
        gray: (H, W) uint8.
        camera: Its calibration; None: unknown, pixels are taken as undistorted.
        points: (N, 2) px, raw.
    """

    gray: NDArray[np.uint8]
    camera: CameraModel | None
    points: NDArray[np.float32]
    _features: list[Features] = field(default_factory=list, repr=False)
    _half: list[NDArray[np.uint8]] = field(default_factory=list, repr=False)

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height, px."""
        return self.gray.shape[1], self.gray.shape[0]

    @property
    def features(self) -> Features:
        """Local features, computed when first asked for."""
        if not self._features:
            self._features.append(detect(self.gray, _FEATURES))
        return self._features[0]

    @property
    def half(self) -> NDArray[np.uint8]:
        """`gray` at half the size, computed when first asked for; pixel (x, y) of it is (2x, 2y)."""
        if not self._half:
            self._half.append(np.asarray(cv2.pyrDown(self.gray), np.uint8))
        return self._half[0]

    def undistorted(self, points: NDArray[np.floating]) -> Floats:
        """(N, 2) px where an ideal camera would see them."""
        if self.camera is None or not self.camera.D.any():
            return np.asarray(points, np.float64)
        return self.camera.undistort_points(points)


def view_of(gray: NDArray[np.uint8], camera: CameraModel | None, config: EgoMotionConfig) -> View:
    """Look for points to follow."""
    return View(gray, camera, good_points(gray, config))


def match_views(reference: View, current: View, H_guess: Floats, config: EgoMotionConfig) -> Match | str:
    """Find how the ground moved, beginning at a guess that is right to some 30 px.

    The reference is warped to the guess first: then the windows that are compared look alike whatever turn and
    scale lie between.

    Args:
        reference: With its points.
        current: Of the same size.
        H_guess: (3, 3) reference px to current px.
        config: Gates.

    Returns:
        The match, or the reason why there is none.
    """
    if reference.gray.shape != current.gray.shape:
        return 'the image size changed'
    points = reference.points
    found = _settled(reference, current, points, H_guess, config, _NEAR_LEVELS)
    if isinstance(found, str):  # the guess was worse than it mostly is
        found = _settled(reference, current, points, H_guess, config, _FAR_LEVELS)
    if isinstance(found, str) and len(points) >= config.min_inliers:
        # At half the size there is half the noise: what is blurred is found only there.
        coarse = _followed(reference, current, points, H_guess, config, _FAR_LEVELS, at_half=True)
        return found if isinstance(coarse, str) else coarse
    return found


def match_quickly(reference: View, current: View, H_guess: Floats, config: EgoMotionConfig, count: int) -> Match | str:
    """As match_views, by the best `count` points, and at half the size of an image that is large enough for that."""
    if reference.gray.shape != current.gray.shape:
        return 'the image size changed'
    at_half = max(current.size_wh) >= _HALF_FROM_PX
    levels = _QUICK_LEVELS if at_half else _FAR_LEVELS
    found = _settled(reference, current, reference.points[:count], H_guess, config, levels, at_half)
    return match_views(reference, current, H_guess, config) if isinstance(found, str) else found


def _settled(
    reference: View,
    current: View,
    points: NDArray[np.float32],
    H_guess: Floats,
    config: EgoMotionConfig,
    levels: int,
    at_half: bool = False,
) -> Match | str:
    """As _followed, twice where the guess was far off: then windows were turned, scaled or sheared."""
    found = _followed(reference, current, points, H_guess, config, levels, at_half)
    if isinstance(found, str) or corner_error(H_guess, found.H_cur_ref, current.size_wh) <= _FAR_PX:
        return found
    again = _followed(reference, current, points, found.H_cur_ref, config, levels, at_half)
    return found if isinstance(again, str) else again


def _followed(
    reference: View,
    current: View,
    points: NDArray[np.float32],
    H_guess: Floats,
    config: EgoMotionConfig,
    levels: int,
    at_half: bool = False,
) -> Match | str:
    expected = np.asarray(transform_points(H_guess, points), np.float32)
    inside = (expected >= 0).all(axis=1) & (expected <= np.array(current.size_wh) - 1).all(axis=1)
    tried = int(np.count_nonzero(inside))
    if tried < config.min_inliers:
        return f'only {tried} points to follow'
    if at_half:
        before, after, scale, H = reference.half, current.half, np.float32(0.5), _HALF @ H_guess @ np.linalg.inv(_HALF)
    else:
        before, after, scale, H = reference.gray, current.gray, np.float32(1.0), H_guess
    near = expected[inside] * scale
    found, good = follow_points(same_light(_warped(before, H), after, H), after, near, near, config, levels)
    return judged(reference, current, points[inside][good], found[good] / scale, tried, config)


def match_features(reference: View, current: View, config: EgoMotionConfig) -> Match | str:
    """Find how the ground moved without a guess, by local features; then follow points for precision.

    Returns:
        The match, or the reason why there is none.
    """
    pairs = match(reference.features, current.features, _RATIO)
    ref, cur = reference.features.keypoints[pairs[:, 0]], current.features.keypoints[pairs[:, 1]]
    H, agreeing = find_homography(ref, cur, 3.0)
    if H is None or np.count_nonzero(agreeing) < 12:
        return 'no local features agree'
    if not _is_view(H, reference.size_wh):
        return 'local features agree on no possible view'
    return match_views(reference, current, H, config)


def judged(
    reference: View,
    current: View,
    starts: NDArray[np.float32],
    ends: NDArray[np.float32],
    tried: int,
    config: EgoMotionConfig,
) -> Match | str:
    """Fit a homography to followed points and let it through the gates.

    Args:
        reference: Where they started.
        current: Where they are now.
        starts: (N, 2) px, raw.
        ends: (N, 2) px, raw.
        tried: How many were followed, the lost ones too.
        config: Gates.
    """
    ref, cur = reference.undistorted(starts), current.undistorted(ends)
    H, agreeing = find_homography(np.asarray(ref, np.float32), np.asarray(cur, np.float32), config.match_threshold_px)
    count = int(np.count_nonzero(agreeing))
    if H is None or count < config.min_inliers:
        return f'only {count} points move as one plane'
    share = count / max(tried, 1)
    if share < config.min_inlier_share:
        return f'only {100 * share:.0f} % of the points move as one plane'
    if coverage(ends[agreeing], current.size_wh) < config.min_coverage:
        return 'the points that move as one plane lie in one corner'
    if not _is_view(H, reference.size_wh):
        return 'the motion is none that a camera can make'
    return Match(H, ref[agreeing], cur[agreeing], ends[agreeing], share, overlap(H, reference.size_wh))


def overlap(H_cur_ref: Floats, size_wh: tuple[int, int]) -> float:
    """Share of the current image that the reference, of the same size, covers; 0 to 1."""
    corners = transform_points(H_cur_ref, image_corners(size_wh))
    if not is_convex(corners) or not (local_scale(H_cur_ref, image_corners(size_wh)) > 0).all():
        return 0.0
    frame = image_corners(size_wh).astype(np.float32)
    area, _ = cv2.intersectConvexConvex(corners.astype(np.float32), frame)
    return float(area) / float((size_wh[0] - 1) * (size_wh[1] - 1))


def _is_view(H: Floats, size_wh: tuple[int, int]) -> bool:
    corners = image_corners(size_wh)
    scale = local_scale(H, corners)
    return bool((scale > 0.2).all() and (scale < 5.0).all() and is_convex(transform_points(H, corners)))


def _warped(gray: NDArray[np.uint8], H: Floats) -> NDArray[np.uint8]:
    size_wh = gray.shape[1], gray.shape[0]
    return np.asarray(cv2.warpPerspective(gray, H, size_wh, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def same_light(warped: NDArray[np.uint8], current: NDArray[np.uint8], H: Floats) -> NDArray[np.uint8]:
    """The warped picture under the current one's light: mean and spread of the part that both show."""
    size_wh = current.shape[1], current.shape[0]
    corners = np.clip(transform_points(H, image_corners(size_wh)), -1e4, 1e4)
    seen = np.zeros(current.shape, np.uint8)
    cv2.fillConvexPoly(seen, np.rint(corners).astype(np.int32), 255)
    (mean_a, spread_a), (mean_b, spread_b) = (_light(image, seen) for image in (warped, current))
    if min(spread_a, spread_b) < _MIN_DARK / 4:
        return warped
    gain = spread_b / spread_a
    # Not through convertScaleAbs: what falls below 0 must stay there.
    table = np.clip(np.arange(256) * gain + (mean_b - gain * mean_a), 0, 255)
    return np.asarray(cv2.LUT(warped, np.rint(table).astype(np.uint8)), np.uint8)


def _light(image: NDArray[np.uint8], seen: NDArray[np.uint8]) -> tuple[float, float]:
    # Every fourth row and column is enough for two numbers.
    mean, spread = cv2.meanStdDev(image[::4, ::4], mask=np.ascontiguousarray(seen[::4, ::4]))
    return float(mean[0, 0]), float(spread[0, 0])
