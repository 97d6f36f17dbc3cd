# SPDX-License-Identifier: Apache-2.0
"""What a planar target looks like: learnt from one or several pictures, or from a box in a camera's image."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.errors import ConfigError
from waymark.image.agreement import BLOCK_PX
from waymark.image.features import MOVES, Features, detect, on_still_ground
from waymark.image.geometry import transform_points
from waymark.image.homography import register
from waymark.tracking.alignment import align
from waymark.tracking.config import TrackerConfig
from waymark.tracking.pyramid import FramePyramid
from waymark.tracking.template import Template, templates_of

Box = tuple[int, int, int, int]  # left, top, width, height, px

_AROUND_PX = 32  # a keypoint needs this much around it to be described
_REDUCED = (1.0, 0.5)  # sizes of the picture whose keypoints are learnt: one alone is not found from afar
_LEAST_SIDE_PX = 24
_MASK_MARGIN_PX = 8  # masks are rough at the rim of what moves: a little more than they show is no part of a target


@dataclass(frozen=True, eq=False)
class View:
    """One picture of a target, in the coordinates of its first picture.

    Attributes:
        features: Keypoints in px of the first picture.
        templates: The picture as the first one's camera would have seen it, at several sizes, largest first.
        followed: Those of them that are small enough to be laid onto every image.
    """

    features: Features
    templates: tuple[Template, ...]
    followed: tuple[Template, ...]


@dataclass(frozen=True, eq=False)
class Target:
    """A planar target.

    Attributes:
        target_id: Its name.
        views: The first picture, and further ones; homographies map the first one's pixels to the current image.
        width_m: Real width of the first picture, m; 0: unknown.
    """

    target_id: str
    views: tuple[View, ...]
    width_m: float = 0.0

    @property
    def size_wh(self) -> tuple[int, int]:
        """Of the first picture, px."""
        return self.views[0].features.size_wh

    @property
    def features(self) -> Features:
        """Of all views together."""
        if len(self.views) == 1:
            return self.views[0].features
        points = np.concatenate([v.features.keypoints for v in self.views])
        return Features(points, np.concatenate([v.features.descriptors for v in self.views]), self.size_wh)


def learn_target(
    target_id: str,
    gray: NDArray[np.uint8],
    config: TrackerConfig,
    width_m: float = 0.0,
    box: Box | None = None,
    moving: NDArray[np.floating] | None = None,
) -> Target:
    """Learn a target from its picture, or from a box in an image that shows it from the front.

    Args:
        target_id: Its name.
        gray: (H, W) uint8.
        config: What a target needs.
        width_m: Real width of the picture or the box, m; 0: unknown.
        box: Part of `gray` that is the target; None: all of it.
        moving: (H, W) of `gray`, 0 to 1 (waymark.masks.motion_mask): what moves is no part of the target; None:
            nothing does.

    Returns:
        The target; homographies map pixels of the picture, or of the box, to the current image.

    Raises:
        ConfigError: The box is no part of the image, or the target has too little texture to be found again.
        ValueError: `moving` is not of the image's size.
    """
    box = box or (0, 0, gray.shape[1], gray.shape[0])
    picture, still = cut(gray, box), cut(_still(moving, gray), box)
    features = _on(_learnt_features(gray, box, config), still)
    if len(features) < config.min_target_features:
        raise ConfigError(
            f'target {target_id!r} has too little texture: {len(features)} keypoints of '
            f'{config.min_target_features} needed. Use a more detailed picture, or lower min_target_features.'
        )
    view = _view(features, picture, still == 255, config)
    if len(view.followed[0].points) < config.min_inliers:
        raise ConfigError(
            f'target {target_id!r} has too little texture: {len(view.followed[0].points)} corners to follow of '
            f'{config.min_inliers} needed. Use a more detailed picture, or lower min_inliers.'
        )
    return Target(target_id, (view,), width_m)


def with_view(
    target: Target,
    gray: NDArray[np.uint8],
    config: TrackerConfig,
    box: Box | None = None,
    moving: NDArray[np.floating] | None = None,
) -> Target:
    """Add a picture of a target from elsewhere or in another light.

    Args:
        target: As known so far.
        gray: (H, W) uint8, shows the target somewhere.
        config: Of the tracker.
        box: Part of `gray` that is looked at; None: all of it.
        moving: (H, W) of `gray`, 0 to 1: what moves is no part of the target; None: nothing does.

    Returns:
        The target that is found by either.

    Raises:
        ConfigError: The box is no part of the image, or the known pictures don't recognise it.
        ValueError: `moving` is not of the image's size.
    """
    box = box or (0, 0, gray.shape[1], gray.shape[0])
    gray, still = cut(gray, box), cut(_still(moving, gray), box)
    current = _on(detect(gray, config), still)
    found = register(target.features, current, config.ratio, config)
    image = FramePyramid(gray)
    laid = None if found is None else align(target.views[0].followed, image, found.H_cur_ref, config.template_points)
    if found is None:
        raise ConfigError(
            f'a further picture of {target.target_id!r} does not show what its first one shows, or from too far aside. '
            'Give a picture in between.'
        )
    H_view_ref = found.H_cur_ref if laid is None else laid.H_cur_ref
    keypoints = transform_points(np.linalg.inv(H_view_ref), current.keypoints)
    inside = ((keypoints >= 0) & (keypoints <= np.array(target.size_wh) - 1)).all(axis=1)
    features = Features(keypoints[inside].astype(np.float32), current.descriptors[inside], target.size_wh)
    picture, shown = (_warped_back(plane, H_view_ref, target.size_wh) for plane in (gray, still))
    return replace(target, views=(*target.views, _view(features, picture, shown == 255, config)))


def _view(features: Features, picture: NDArray[np.uint8], shown: NDArray[np.bool_], config: TrackerConfig) -> View:
    templates = templates_of(picture, shown, config.template_px, config.check_px, config.template_points)
    # Sizes are whole blocks, so a little may be added.
    followed = tuple(t for t in templates if max(t.size_wh) < config.template_px + BLOCK_PX)
    return View(features, templates, followed)


def cut(gray: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """Part of an image.

    Raises:
        ConfigError: The box reaches beyond the image, or is too small for a target.
    """
    _require_inside(box, gray)
    left, top, width, height = box
    return np.ascontiguousarray(gray[top : top + height, left : left + width])


def _still(moving: NDArray[np.floating] | None, gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W) 255 where nothing moves, else 0."""
    if moving is None:
        return np.full_like(gray, 255)
    require_shape('moving', moving, gray.shape)
    around = np.ones((2 * _MASK_MARGIN_PX + 1,) * 2, np.uint8)
    return np.asarray(255 - cv2.dilate(np.where(moving < MOVES, 0, 255).astype(np.uint8), around), np.uint8)


def _on(features: Features, still: NDArray[np.uint8]) -> Features:
    return on_still_ground(features, still < 255)


def _warped_back(
    gray: NDArray[np.uint8], H_view_ref: NDArray[np.float64], size_wh: tuple[int, int]
) -> NDArray[np.uint8]:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpPerspective(gray, H_view_ref, size_wh, flags=flags), np.uint8)


def _learnt_features(gray: NDArray[np.uint8], box: Box, config: TrackerConfig) -> Features:
    """Keypoints inside a box, in its own pixels, at several sizes of the picture."""
    left, top, width, height = box
    x0, y0 = max(left - _AROUND_PX, 0), max(top - _AROUND_PX, 0)
    around = gray[y0 : top + height + _AROUND_PX, x0 : left + width + _AROUND_PX]
    points, descriptors = [], []
    reduced = replace(config, max_features=max(config.target_features // len(_REDUCED), 16))
    for scale in _REDUCED:
        size = round(around.shape[1] * scale), round(around.shape[0] * scale)
        small = around if scale == 1 else cv2.resize(around, size, interpolation=cv2.INTER_AREA)
        found = detect(np.ascontiguousarray(small, np.uint8), reduced)
        factor = np.array([around.shape[1] / small.shape[1], around.shape[0] / small.shape[0]])
        points.append((found.keypoints + 0.5) * factor - 0.5 + np.array([x0 - left, y0 - top]))
        descriptors.append(found.descriptors)
    keypoints = np.concatenate(points).astype(np.float32)
    inside = ((keypoints >= 0) & (keypoints <= np.array([width, height]) - 1)).all(axis=1)
    return Features(keypoints[inside], np.concatenate(descriptors)[inside], (width, height))


def _require_inside(box: Box, gray: NDArray[np.uint8]) -> None:
    left, top, width, height = box
    if left < 0 or top < 0 or left + width > gray.shape[1] or top + height > gray.shape[0]:
        raise ConfigError(
            f'box {left},{top} {width}x{height} px reaches beyond the image of {gray.shape[1]}x{gray.shape[0]} px.'
        )
    if min(width, height) < _LEAST_SIDE_PX:
        raise ConfigError(f'a target of {width}x{height} px is too small: {_LEAST_SIDE_PX} px a side are needed.')
