# SPDX-License-Identifier: Apache-2.0
"""What most boxes have in common from one image to the next: how the camera jolted, where nothing else tells it.

The similarity under which the boxes lie where their tracks are expected, found as a registration of point sets: votes
for the shift, then iterated closest points (P. Besl, N. McKay: A method for registration of 3-D shapes, 1992), each
pair weighted by how sure the track and the box are, and less the farther they are apart (Cauchy's weights).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REACH = 2.0  # sizes of the median object: so far the camera is thought to jolt from one image to the next
CELL = 0.15  # sizes: shifts that are this much alike count as one
PEAKS = 3  # shifts with most votes that are tried
ROUNDS = 6
FIRST_GATE = 0.35  # sizes, standard deviation of where a box may lie in the first round; it halves from round to round
SUPPORT, SHARE = 4, 0.4  # objects at least, and of the expected ones, that must agree
AGREES = 9.21  # squared normalised error, two degrees of freedom, that one in a hundred exceeds by chance
USUAL_TURN = 0.03  # rad and share: standard deviation of what the camera turns and nears in between


@dataclass(frozen=True, eq=False)
class SharedMotion:
    """A similarity (x, y) -> (a x - b y + c, b x + a y + d) about a middle.

    Attributes:
        H: (3, 3) from where objects are expected to where they are, px.
        middle: (2,) px, about which the covariance is told.
        covariance: (4, 4) of a, b, c, d.
    """

    H: Floats
    middle: Floats
    covariance: Floats

    def unsure(self, places: Floats) -> Floats:
        """Covariances (N, 2, 2) that it adds to places (N, 2), px^2."""
        J = _derivatives(places - self.middle)
        return np.asarray(J @ self.covariance @ J.transpose(0, 2, 1))


def shared_motion(expected: Floats, unsure: Floats, boxes: Floats) -> SharedMotion | None:
    """How most objects are off alike, as when the camera jolts or turns.

    Args:
        expected: (T, 5) where tracks are expected that the image before showed.
        unsure: (T, 2, 2) covariance of where their boxes' middles will be, px^2, but for the camera.
        boxes: (N, 5) as seen.

    Returns:
        The identity where there are too few objects to tell, None where too few agree.
    """
    if min(len(expected), len(boxes)) < SUPPORT:
        return SharedMotion(np.eye(3), np.zeros(2), np.zeros((4, 4)))
    size = max(float(np.median(np.sqrt(expected[:, 2] * expected[:, 3]))), 1.0)
    alike = _alike(expected, boxes)
    d = (boxes[None, :, :2] - expected[:, None, :2]) / size
    shifts = _most_voted(d[alike]) * size
    tried = [_registered(expected[:, :2], unsure, boxes[:, :2], alike, shift, size) for shift in shifts]
    best, support = max(tried, key=lambda t: t[1])
    return best if support >= max(SUPPORT, SHARE * len(expected)) else None


def _alike(expected: Floats, boxes: Floats) -> NDArray[np.bool_]:
    """Pairs (T, N) whose areas differ by less than two thirds, and whose angles do not where both are long."""
    areas = [np.log(np.maximum(rows[:, 2] * rows[:, 3], 1.0)) for rows in (expected, boxes)]
    long = [np.abs(np.log(np.maximum(rows[:, 2], 1.0) / np.maximum(rows[:, 3], 1.0))) for rows in (expected, boxes)]
    turned = np.abs(np.sin(boxes[None, :, 4] - expected[:, None, 4])) > 0.35
    are_long = np.minimum(long[0][:, None], long[1][None]) > 0.4
    return np.asarray((np.abs(areas[1][None] - areas[0][:, None]) < 0.5) & ~(turned & are_long))


def _most_voted(votes: Floats) -> Floats:
    """Where most of (N, 2) lie together, sizes: (PEAKS, 2), no two of them neighbours."""
    edges = np.arange(-REACH, REACH + CELL, CELL)
    counts = np.histogram2d(votes[:, 0], votes[:, 1], bins=(edges, edges))[0]
    padded = np.pad(counts, 1)
    around = np.array(
        [[padded[i : i + len(counts), j : j + len(counts)] for j in range(3)] for i in range(3)],
    ).sum(axis=(0, 1))
    peaks = []
    for _ in range(PEAKS):
        row, column = np.unravel_index(int(np.argmax(around)), counts.shape)
        peaks.append(np.array([edges[row], edges[column]]) + CELL / 2)
        around[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3] = -1
    return np.array(peaks)


def _registered(
    places: Floats, unsure: Floats, seen: Floats, alike: NDArray[np.bool_], shift: Floats, size: float
) -> tuple[SharedMotion, int]:
    """The similarity near a shift that pairs agree on, and how many do."""
    middle = places.mean(axis=0)
    J, p = _derivatives(places - middle), np.array([1.0, 0.0, *(shift + middle)])
    prior = np.diag([USUAL_TURN**-2, USUAL_TURN**-2, 1e-12, 1e-12])
    for step in range(ROUNDS):
        gate = 0.0 if step == ROUNDS - 1 else (FIRST_GATE * size / 2**step) ** 2
        precise = np.linalg.inv(unsure + gate * np.eye(2))
        off = seen[None] - (J @ p)[:, None]
        squares = np.where(alike, np.einsum('tni,tij,tnj->tn', off, precise, off), np.inf)
        pair = squares.argmin(axis=1)
        least = squares[np.arange(len(pair)), pair]
        is_mutual = squares[:, pair].argmin(axis=0) == np.arange(len(pair))
        weights = np.where(is_mutual & np.isfinite(least), 1 / (1 + least / 4), 0.0)
        weighted = weights[:, None, None] * (J.transpose(0, 2, 1) @ precise)
        information = (weighted @ J).sum(axis=0) + prior
        p = np.linalg.solve(information, (weighted @ seen[pair][:, :, None])[..., 0].sum(axis=0) + prior[:, 0])
    (a, b, c, d), (x, y) = p, middle
    H = np.array([[a, -b, c - a * x + b * y], [b, a, d - b * x - a * y], [0, 0, 1]])
    support = int((is_mutual & (least < AGREES)).sum())
    return SharedMotion(H, middle, np.linalg.inv(information)), support


def _derivatives(places: Floats) -> Floats:
    """Of (a x - b y + c, b x + a y + d) by a, b, c, d: (N, 2, 4)."""
    x, y = places.T
    one, none = np.ones_like(x), np.zeros_like(x)
    return np.stack([np.stack([x, -y, one, none], -1), np.stack([y, x, none, one], -1)], -2)
