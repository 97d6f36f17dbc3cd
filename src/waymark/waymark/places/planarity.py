# SPDX-License-Identifier: Apache-2.0
"""Does a homography explain everything that two images share, or is there depth?

The geometric robust information criterion (Torr, "Geometric motion segmentation and model selection", Phil. Trans. A
356, 1998): errors of both models in standard deviations, cut off for outliers, and a price for what each leaves free.
"""

from __future__ import annotations

import numpy as np

from waymark.image.geometry import transform_points
from waymark.image.homography import find_homography
from waymark.places.epipolar import find_essential, sampson
from waymark.places.least_squares import Floats
from waymark.places.rigid import cross, rays_of
from waymark.places.views import Views

_FREE = np.log(4.0)  # price of a dimension of the model's variety, per match
_CUT = 2.0  # of a squared error, per dimension that the model explains
_LEAST_SIGMA_PX = 0.3
# Per match. Corridors begin at .8 (95 % of them); so do a few flights over flat ground, as keypoints of upper levels
# are less exact than sigma says: there must be points beside the plane, too.
_DEPTH_PAYS = 0.5
_BESIDE = 0.06


def shows_a_plane(views: Views, threshold_px: float) -> bool:
    """Whether matches fit one plane (or a camera that only turned) about as well as any two views.

    Args:
        views: The matched points, with outliers.
        threshold_px: Of the homography's inliers.
    """
    ref, cur, K = views.points_ref, views.points_cur, views.K
    H, _ = find_homography(np.asarray(ref, np.float32), np.asarray(cur, np.float32), threshold_px)
    if H is None:
        return False
    is_beside = ~(np.linalg.norm(cur - transform_points(H, ref), axis=1) < threshold_px)
    if np.count_nonzero(is_beside) < _BESIDE * len(ref):  # whatever the essential matrix says of these few
        return True
    epipolar = find_essential(ref, cur, K)
    if epipolar is None or not epipolar.inliers.any() or abs(np.linalg.det(H)) < 1e-12:
        return True
    focal = float(np.sqrt(K[0, 0] * K[1, 1]))
    off_line = focal * sampson(cross(epipolar.t) @ epipolar.R, rays_of(ref, K), rays_of(cur, K))
    sigma = max(1.4826 * float(np.median(np.abs(off_line[epipolar.inliers]))), _LEAST_SIGMA_PX)
    plane = _criterion(_off_plane(H, ref, cur) / sigma**2, dimension=2, parameters=8)
    depth = _criterion(off_line**2 / sigma**2, dimension=3, parameters=5)
    beside = np.count_nonzero(epipolar.inliers & is_beside)
    return bool(plane - depth < _DEPTH_PAYS * len(ref) or beside < _BESIDE * len(ref))


def _off_plane(H: Floats, ref: Floats, cur: Floats) -> Floats:
    """(N,) squared errors in both images together, px^2: of two equal ones half of either, as Sampson's distance."""
    there = ((cur - transform_points(H, ref)) ** 2).sum(axis=1)
    back = ((ref - transform_points(np.linalg.inv(H), cur)) ** 2).sum(axis=1)
    with np.errstate(invalid='ignore'):
        return np.asarray(np.nan_to_num(there * back / np.maximum(there + back, 1e-12), nan=np.inf), np.float64)


def _criterion(squares: Floats, dimension: int, parameters: int) -> float:
    errors = np.minimum(squares, _CUT * (4 - dimension)).sum()
    return float(errors + _FREE * dimension * len(squares) + np.log(4.0 * len(squares)) * parameters)
