# SPDX-License-Identifier: Apache-2.0
"""Whether frames in a row go from one picture to another as mixtures of both.

Each must be (1 - share) * old + share * new, with a share that grows and is the same all over the picture: in a pan, or
behind something that passes, each place shows one or the other. Both ends are moved to where they lie in each frame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.shots.signature import SMALL_WH, Signature
from waymark.shots.views import Views

_LOOKS = 0.5, 0.3, 0.4, 0.6, 0.7  # where in the row, the most telling first
_MIXED = 0.15, 0.85  # share in the middle
_INSIDE = 0.08, 0.92  # share of looks that tell where the mixture begins and ends
_LEAST_INSIDE = 3  # of the looks
_JUMP = 0.35  # by which the share may grow from look to look; more is a cut
_BACK = 0.08  # by which it may go back
_LEAST_SLOPE = 0.8  # growth over the whole row
_OUTSIDE = 0.12  # part of the row by which the mixture may begin before it, or end behind it
_RESIDUAL = 0.36  # rms that the mixture may leave unexplained, as a share of the difference of both ends
_OVERLAP = 0.3  # share of the picture in which both ends, moved along, can be seen
_SIGMA_PX = 1.5
_NEAR = 0.3  # frames


def mixed_extent(signs: Sequence[Signature], views: Views) -> tuple[int, int] | None:
    """Find the mixtures of the first and the last frame between them.

    Args:
        signs: Frames in a row, at least 8: the old shot, what may be mixtures, the new shot.
        views: Compares frames.

    Returns:
        Index of the first mixed frame and of the first that is wholly new; None where it is no mixture that goes on
        steadily.
    """
    looks: list[tuple[int, float]] = []
    for look in _LOOKS:
        at = round(look * (len(signs) - 1))
        share, residual, overlap = _fit(signs[0], signs[at], signs[-1], views)
        if residual > _RESIDUAL or overlap < _OVERLAP or not (looks or _MIXED[0] < share < _MIXED[1]):
            return None
        looks.append((at, share))
    looks.sort()
    moves = [after - before for (_, before), (_, after) in pairwise(looks)]
    inside = [(at, share) for at, share in looks if _INSIDE[0] < share < _INSIDE[1]]
    if min(moves) < -_BACK or max(moves) > _JUMP or len(inside) < _LEAST_INSIDE:
        return None
    return _ends(inside, len(signs) - 1)


def _ends(inside: Sequence[tuple[int, float]], last: int) -> tuple[int, int] | None:
    """Follow the line through the looks to where it begins and ends; None where that lies outside the row."""
    slope, at_zero = (float(v) for v in np.polyfit([at for at, _ in inside], [share for _, share in inside], 1))
    if slope * last < _LEAST_SLOPE:
        return None
    begin, end = -at_zero / slope, (1 - at_zero) / slope
    if begin < -_OUTSIDE * last or end > (1 + _OUTSIDE) * last:
        return None
    # A look is as exact as its noise: what falls on a frame but for that is meant to.
    first, new = max(math.floor(begin + _NEAR) + 1, 0), min(math.ceil(end - _NEAR), last)
    return min(first, inside[0][0]), max(new, inside[-1][0] + 1)


def _fit(old: Signature, here: Signature, new: Signature, views: Views) -> tuple[float, float, float]:
    """The share of the new picture, what it leaves unexplained, and how much of the picture shows both."""
    (before, seen_before), (after, seen_after) = (_moved(s, here, views) for s in (old, new))
    seen = (seen_before * seen_after)[..., None]
    way, rest = (after - before) * seen, (_smooth(here) - before) * seen
    energy = max(cv2.norm(way, cv2.NORM_L2SQR), 1e-6)
    share = float((way * rest).sum()) / energy
    return share, cv2.norm(rest - share * way) / math.sqrt(energy), float(seen.mean())


def _moved(sign: Signature, here: Signature, views: Views) -> tuple[NDArray[Any], NDArray[Any]]:
    """A picture moved to where it lies in a frame, and a mask (36, 64) of where that is known."""
    x, y = views.shift(here, sign)
    M = np.array([[1, 0, x], [0, 1, y]], np.float32)
    known = np.ones(SMALL_WH[::-1], np.float32)
    return cv2.warpAffine(_smooth(sign), M, SMALL_WH), cv2.warpAffine(known, M, SMALL_WH)


def _smooth(sign: Signature) -> NDArray[Any]:
    return np.asarray(cv2.GaussianBlur(sign.small.astype(np.float32), (0, 0), _SIGMA_PX))
