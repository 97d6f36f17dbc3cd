# SPDX-License-Identifier: Apache-2.0
"""Where a photo was taken: what its homography to the map says of the camera, and how exactly.

The third row of H_map_photo is the photo's horizon. With the camera's K, the ground's normal in the optical frame is
K^T l, and the pixel straight below the camera is where the normal's ray meets the image (Hartley and Zisserman,
Multiple View Geometry, 8.6: pole and polar of the image of the absolute conic).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.image.geometry import local_scale, transform_points

Floats = NDArray[np.float64]

# Cameras of drones and phones have focal lengths of .5 to 1 of the image's longer side.
USUAL_FOCAL = 0.75
USUAL_FOCAL_SIGMA = 0.2  # share
_POINT_PX = 1.5  # standard deviation of a tracked point, px of the map at which it was tracked
_INDEPENDENT = 25  # relief moves neighbours together: more points than these say nothing new


@dataclass(frozen=True, eq=False)
class GeoFix:
    """A photo's place on the map.

    Attributes:
        x_px: Of the map, straight below the camera. y_px: likewise.
        middle_px: (x, y) of the map that the photo's middle shows.
        yaw_deg: Where the photo's up points: clockwise from the map's up, 0 to 360.
        metres_per_pixel: Of the ground, at the photo's middle.
        altitude_m: Of the camera above the ground; None where its focal length is not known.
        tilt_deg: Angle of its axis with straight down; by a usual focal length where its own is not known.
        covariance_m2: (2, 2) of the position, right and up on the map, m^2.
        yaw_sigma_deg: Standard deviation.
        altitude_sigma_m: Standard deviation; None like the altitude.
        tilt_sigma_deg: Standard deviation of roll and pitch.
        R_map_camera: (3, 3) optical frame (x right, y down, z forward) to right, up on the map, and up from the ground.
        H_map_photo: (3, 3) photo px to map px.
        inliers: Matched features that agree.
        agreement: Photometric agreement, -1 to 1.
        support: Share of tracked points that agree, 0 to 1.
    """

    x_px: float
    y_px: float
    middle_px: tuple[float, float]
    yaw_deg: float
    metres_per_pixel: float
    altitude_m: float | None
    tilt_deg: float
    covariance_m2: Floats
    yaw_sigma_deg: float
    altitude_sigma_m: float | None
    tilt_sigma_deg: float
    R_map_camera: Floats
    H_map_photo: Floats
    inliers: int = 0
    agreement: float = 0.0
    support: float = 0.0

    def __post_init__(self) -> None:
        require_shape('covariance_m2', self.covariance_m2, (2, 2))
        require_shape('R_map_camera', self.R_map_camera, (3, 3))
        require_shape('H_map_photo', self.H_map_photo, (3, 3))

    @property
    def sigma_m(self) -> float:
        """Standard deviation of the position in its worst direction."""
        return float(math.sqrt(max(float(np.linalg.eigvalsh(self.covariance_m2)[-1]), 0.0)))


@dataclass(frozen=True)
class _Camera:
    """Focal length px and principal point px; `focal_sigma` is a share of the focal length."""

    focal_px: float
    centre_px: tuple[float, float]
    focal_sigma: float


def fix_of(
    H_map_photo: Floats,
    agreeing_px: Floats,
    point_px: float,
    size_wh: tuple[int, int],
    metres_per_pixel: float,
    K: Floats | None,
) -> GeoFix | None:
    """Say where the camera was.

    Args:
        H_map_photo: (3, 3) photo px to map px.
        agreeing_px: (N, 2) photo px of points that agree with it.
        point_px: How many px of the map a tracked point's picture has for one of its own, at least 1.
        size_wh: Of the photo, px.
        metres_per_pixel: Of the map.
        K: (3, 3) intrinsics of the photo, px; None: not known.

    Returns:
        None where the homography is no camera's view of ground below it, or too few points bear it.
    """
    known = K is not None and K[0, 0] > 0
    if K is not None and known:
        camera = _Camera(float(math.sqrt(K[0, 0] * K[1, 1])), (float(K[0, 2]), float(K[1, 2])), 0.01)
    else:
        middle = (size_wh[0] - 1) / 2, (size_wh[1] - 1) / 2
        camera = _Camera(USUAL_FOCAL * max(size_wh), middle, USUAL_FOCAL_SIGMA)
    state = _state(H_map_photo, camera, size_wh)
    spread = _spread(H_map_photo, agreeing_px, camera, size_wh, _POINT_PX * max(point_px, 1.0))
    if state is None or spread is None:
        return None
    x, y, yaw, height = state[:4]
    flip = np.array([1.0, -1.0]) * metres_per_pixel
    middle = transform_points(H_map_photo, np.array([[(size_wh[0] - 1) / 2, (size_wh[1] - 1) / 2]]))[0]
    scale = float(local_scale(H_map_photo, np.array([[(size_wh[0] - 1) / 2, (size_wh[1] - 1) / 2]]))[0])
    return GeoFix(
        x_px=float(x),
        y_px=float(y),
        middle_px=(float(middle[0]), float(middle[1])),
        yaw_deg=math.degrees(yaw) % 360,
        metres_per_pixel=scale * metres_per_pixel,
        altitude_m=float(height) * metres_per_pixel if known else None,
        tilt_deg=math.degrees(math.atan(math.hypot(state[4], state[5]))),
        covariance_m2=spread[:2, :2] * np.outer(flip, flip),
        yaw_sigma_deg=math.degrees(math.sqrt(spread[2, 2])),
        altitude_sigma_m=math.sqrt(spread[3, 3]) * metres_per_pixel if known else None,
        tilt_sigma_deg=math.degrees(math.sqrt(max(spread[4, 4], spread[5, 5]))),
        R_map_camera=_rotation(np.array([state[4], state[5], 1.0]), float(yaw)),
        H_map_photo=H_map_photo,
    )


def _state(H: Floats, camera: _Camera, size_wh: tuple[int, int]) -> Floats | None:
    """What H says of the camera; None where it shows no ground below.

    Returns:
        (6,) x and y below it and its height, in map px, as 0, 1 and 3; 2: yaw, rad; 4 and 5: how far right and down in
        the image straight down lies, as tangents.
    """
    cx, cy = camera.centre_px
    a, b = H[2, 0], H[2, 1]
    c = a * cx + b * cy + H[2, 2]
    if abs(c) < 1e-12:
        return None
    u, v = camera.focal_px**2 * a / c, camera.focal_px**2 * b / c
    tilt = math.atan(math.hypot(u, v) / camera.focal_px)
    below = np.array([[cx + u, cy + v]])
    scale = float(local_scale(H, below)[0])
    x, y = transform_points(H, below)[0]
    # The image's up at its middle; as its top nears the horizon the middle is what still has a direction.
    middle = np.array([[cx, cy], [cx, cy - 0.01 * size_wh[1]]])
    up = np.diff(transform_points(H, middle), axis=0)[0]
    yaw = math.atan2(up[0], -up[1])
    height = camera.focal_px * scale / math.cos(tilt) ** 1.5
    state = np.array([x, y, yaw, height, u / camera.focal_px, v / camera.focal_px])
    return state if np.isfinite(state).all() and scale > 0 else None


def _spread(H: Floats, points_px: Floats, camera: _Camera, size_wh: tuple[int, int], sigma_px: float) -> Floats | None:
    """(6, 6) covariance of the state: of the points through H's eight parameters, and of the focal length.

    First-order propagation (Hartley and Zisserman, Multiple View Geometry, 5.2.3) with numeric derivatives.
    """
    if len(points_px) < 4:
        return None
    unit = np.diag([float(max(size_wh)), float(max(size_wh)), 1.0])
    parameters = (H @ unit / (H @ unit)[2, 2]).ravel()[:8]
    steps = 1e-6 * np.maximum(np.abs(parameters), 1e-2)
    back = np.linalg.inv(unit)

    def rebuilt(values: Floats) -> Floats:
        return np.asarray(np.append(values, 1.0).reshape(3, 3) @ back)

    base = _state(rebuilt(parameters), camera, size_wh)
    mapped = transform_points(rebuilt(parameters), points_px)
    if base is None or not np.isfinite(mapped).all():
        return None
    J_points, J_state = np.zeros((mapped.size, 8)), np.zeros((6, 8))
    for k in range(8):
        moved = parameters.copy()
        moved[k] += steps[k]
        state = _state(rebuilt(moved), camera, size_wh)
        if state is None:
            return None
        J_points[:, k] = (transform_points(rebuilt(moved), points_px) - mapped).ravel() / steps[k]
        J_state[:, k] = _difference(state, base) / steps[k]
    information = J_points.T @ J_points * min(1.0, _INDEPENDENT / len(points_px))
    if not np.isfinite(information).all() or np.linalg.cond(information) > 1e14:
        return None
    spread = J_state @ np.linalg.inv(information) @ J_state.T * sigma_px**2
    other = _Camera(camera.focal_px * (1 + 1e-4), camera.centre_px, 0.0)
    state = _state(H, other, size_wh)
    if state is None:
        return None
    by_focal = _difference(state, base) / 1e-4 * camera.focal_sigma
    return np.asarray(spread + np.outer(by_focal, by_focal))


def _difference(a: Floats, b: Floats) -> Floats:
    """Of two states, the yaw's wrapped."""
    d = a - b
    d[2] = (d[2] + math.pi) % (2 * math.pi) - math.pi
    return np.asarray(d)


def _rotation(down: Floats, yaw_rad: float) -> Floats:
    """Optical frame to the map's right, up, and up from the ground.

    Args:
        down: (3,) straight down in the optical frame, any length.
        yaw_rad: Where the image's up points on the map, clockwise from the map's up.
    """
    d = down / np.linalg.norm(down)
    # Where the ground point of the image's middle goes when it moves up in the image: h (r / (r.d)) differentiated.
    ahead = np.array([0.0, -d[2], d[1]])
    ahead /= np.linalg.norm(ahead)
    in_camera = np.column_stack([np.cross(ahead, -d), ahead, -d])
    s, c = math.sin(yaw_rad), math.cos(yaw_rad)
    in_map = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(in_map @ in_camera.T)
