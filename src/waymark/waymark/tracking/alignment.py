# SPDX-License-Identifier: Apache-2.0
"""Put a target's picture exactly where the current image shows it, starting from nearly there.

The image is warped back onto the picture and followed by optical flow from the picture itself, so nothing drifts.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.geometry import image_corners, local_scale, transform_points
from waymark.image.homography import find_homography
from waymark.image.rectification import shown
from waymark.tracking.fit import fit_near
from waymark.tracking.flow import followed
from waymark.tracking.likeness import Likeness, likeness
from waymark.tracking.pyramid import FramePyramid
from waymark.tracking.template import Template, detail

_FIRST_LEVELS = 2  # halvings in the first pass: catches about 20 px of the template
_PASSES = 4
_SETTLED_PX = 0.7  # a correction below this needs no further look
_NEARLY_SETTLED_PX = 1.5  # nor one below this if what was seen before it agrees as well as this
_CLEARLY = 0.8
_NEAR_PX = 3.0  # below this it is exact, and the image is only looked at again to compare it
_INLIER_PX = 1.5
_MARGIN_PX = 2.0
_LEAST_ENLARGED = 0.85  # current px per template px: a template finer than the image compares blur
_FEWEST = 8


@dataclass(frozen=True, eq=False)
class Alignment:
    """A picture laid onto the current image.

    Attributes:
        H_cur_ref: (3, 3) picture px to current px.
        points_ref: (N, 2) picture px that were looked for: those that the image can show.
        points_cur: (N, 2) where they were found, current px.
        inliers: (N,) bool, which agree with H_cur_ref.
        corner_sigma_px: Standard deviation of the worst corner of the picture, current px.
        likeness: How the image looks there.
        visible: Share of the picture that lies inside the current image, 0 to 1.
        template: That was laid on.
    """

    H_cur_ref: NDArray[np.float64]
    points_ref: NDArray[np.float64]
    points_cur: NDArray[np.float64]
    inliers: NDArray[np.bool_]
    corner_sigma_px: float
    likeness: Likeness
    visible: float
    template: Template

    @property
    def agreement(self) -> float:
        """Share of the visible texture that looks alike, 0 to 1."""
        return self.likeness.agreement


@dataclass(frozen=True, eq=False)
class _Match:
    """Template points found in the warped image, both template px."""

    points: NDArray[np.float32]
    found: NDArray[np.float32]
    inliers: NDArray[np.bool_]
    H: NDArray[np.float64]  # from template px to themselves, the correction


def choose_template(templates: tuple[Template, ...], H_cur_ref: NDArray[np.float64]) -> tuple[Template, float] | None:
    """The largest template that the image shows about as large or larger, and current px per picture px."""
    largest = templates[0]
    scale = float(local_scale(H_cur_ref, largest.centre_ref)[0])
    if not 0 < scale < np.inf:
        return None
    fits = (t for t in templates if t.H_ref_template[0, 0] * scale >= _LEAST_ENLARGED)
    found = next(fits, None)
    return None if found is None else (found, scale)


def align(
    templates: tuple[Template, ...],
    image: FramePyramid,
    H_cur_ref: NDArray[np.float64],
    points: int,
    is_near: bool = False,
) -> Alignment | None:
    """Correct a homography until the picture lies on the image.

    Args:
        templates: Of the target's picture.
        image: The current one.
        H_cur_ref: (3, 3) picture px to current px, within some 20 px of a picture of 240 px.
        points: Most points to follow.
        is_near: Whether it is the next image of a steady motion: then most points agree, and the last look is spared
            where the one before it shows enough.

    Returns:
        The alignment; None where the flow loses itself. Whether to believe one is for the gates.
    """
    chosen = choose_template(templates, H_cur_ref)
    if chosen is None:
        return None
    template, scale = chosen
    H = H_cur_ref @ template.H_ref_template
    for number in range(_PASSES):
        patch = detail(_seen_through(image, H, template, scale))
        match = _follow(template, patch, H, image.size_wh, 0 if number else _FIRST_LEVELS, points, is_near)
        if match is None:
            return None
        moved = _moved(match.H, template.size_wh)
        if moved < _NEAR_PX:
            laid = _laid(template, match, H)
            return None if laid is None else _settled(laid, patch, image, scale, moved, is_near)
        H = H @ match.H
        H /= H[2, 2]
    return None


def _settled(
    laid: _Laid, patch: NDArray[np.uint8], image: FramePyramid, scale: float, moved_px: float, is_near: bool
) -> Alignment:
    """Judge by what was seen before the last correction where that is enough, else look again."""
    if moved_px < (_NEARLY_SETTLED_PX if is_near else _SETTLED_PX):
        judged = _judged(laid, patch, image.size_wh)
        if moved_px < _SETTLED_PX or judged.agreement >= _CLEARLY:
            return judged
    return _judged(laid, detail(_seen_through(image, laid.H_cur_template, laid.template, scale)), image.size_wh)


def _seen_through(
    image: FramePyramid, H_cur_template: NDArray[np.float64], template: Template, scale: float
) -> NDArray[np.uint8]:
    """The image as the template would see it, from the level that is about as fine."""
    enlarged = scale * template.H_ref_template[0, 0]
    level = max(int(np.floor(np.log2(enlarged) + 0.4)), 0)
    source = image.level(level)
    return np.asarray(
        cv2.warpPerspective(
            source,
            image.scaling(level) @ H_cur_template,
            template.size_wh,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.uint8,
    )


def _follow(
    template: Template,
    patch: NDArray[np.uint8],
    H_cur_template: NDArray[np.float64],
    size_wh: tuple[int, int],
    levels: int,
    count: int,
    is_near: bool,
) -> _Match | None:
    """Optical flow from the template to the warped image, and the correction that it asks for."""
    points = template.points[:count]
    points = points[_inside(transform_points(H_cur_template, points), size_wh)]
    if len(points) < _FEWEST:
        return None
    found, kept = followed(template.detail, patch, points, levels)
    if np.count_nonzero(kept) < _FEWEST:
        return None
    H, agreeing = find_homography(points[kept], found[kept], _INLIER_PX, quick=is_near)
    if H is None or np.count_nonzero(agreeing) < _FEWEST:
        return None
    inliers = np.zeros(len(points), np.bool_)
    inliers[np.flatnonzero(kept)[agreeing]] = True
    return _Match(points, found, inliers, H)


@dataclass(frozen=True, eq=False)
class _Laid:
    """Where a template lies, by points that agree."""

    template: Template
    H_cur_template: NDArray[np.float64]
    points_cur: NDArray[np.float64]
    match: _Match
    corner_sigma_px: float


def _laid(template: Template, match: _Match, H_warp: NDArray[np.float64]) -> _Laid | None:
    fitted = fit_near(match.H, match.points[match.inliers], match.found[match.inliers], template.size_wh)
    if fitted is None:
        return None
    H, covariance = H_warp @ fitted[0], fitted[1].reshape(4, 2, 4, 2)
    sigma = np.sqrt(np.einsum('kiki->k', covariance)) * np.abs(local_scale(H, image_corners(template.size_wh)))
    return _Laid(template, H, transform_points(H_warp, match.found), match, float(sigma.max()))


def _judged(laid: _Laid, patch: NDArray[np.uint8], size_wh: tuple[int, int]) -> Alignment:
    template, H = laid.template, laid.H_cur_template
    valid = template.shown & shown(H, template.size_wh, size_wh)
    H_cur_ref = H @ np.linalg.inv(template.H_ref_template)
    return Alignment(
        H_cur_ref / H_cur_ref[2, 2],
        transform_points(template.H_ref_template, laid.match.points),
        laid.points_cur,
        laid.match.inliers,
        laid.corner_sigma_px,
        likeness(template, patch, valid),
        np.count_nonzero(valid) / max(template.area, 1),
        template,
    )


def _inside(points_px: NDArray[np.float64], size_wh: tuple[int, int]) -> NDArray[np.bool_]:
    with np.errstate(invalid='ignore'):
        low = (points_px >= _MARGIN_PX).all(axis=1)
        return np.asarray(low & (points_px <= np.array(size_wh) - 1 - _MARGIN_PX).all(axis=1))


def _moved(H: NDArray[np.float64], size_wh: tuple[int, int]) -> float:
    corners = image_corners(size_wh)
    moved = float(np.abs(transform_points(H, corners) - corners).max())
    return moved if np.isfinite(moved) else np.inf
