# SPDX-License-Identifier: Apache-2.0
"""The points that links tie together, as arrays, and how far poses leave them apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.mosaic.linking import POINTS, Link
from waymark.mosaic.poses import Floats, Poses, ground_of, straight_view, units_of
from waymark.mosaic.view import View


@dataclass(frozen=True, eq=False)
class Matches:
    """The points of all links, in rows of equal length.

    Attributes:
        a: (L,) position of the first view among the placed ones.
        b: (L,) of the second.
        u_a: (L, P, 2) points, longer sides from the principal point.
        u_b: (L, P, 2).
        side_px: (L,) longer side of the second view.
        real: (L, P) 1 where a row holds a point, 0 where it is filled up.
    """

    a: NDArray[np.intp]
    b: NDArray[np.intp]
    u_a: Floats
    u_b: Floats
    side_px: Floats
    real: Floats


def matches_of(links: list[Link], views: list[View], placed: NDArray[np.intp]) -> Matches:
    """Put the links between placed views into arrays."""
    count = len(links)
    u_a, u_b, real = np.zeros((count, POINTS, 2)), np.zeros((count, POINTS, 2)), np.zeros((count, POINTS))
    for row, link in enumerate(links):
        n = len(link.points_a)
        u_a[row, :n], u_b[row, :n] = units_of(views[link.a], link.points_a), units_of(views[link.b], link.points_b)
        u_a[row, n:], u_b[row, n:] = u_a[row, 0], u_b[row, 0]
        real[row, :n] = 1.0
    ends = np.searchsorted(placed, [(k.a, k.b) for k in links])
    side_px = np.array([max(views[k.b].size_wh) for k in links], np.float64)
    return Matches(ends[:, 0], ends[:, 1], u_a, u_b, side_px, real)


def transfer_px(poses: Poses, m: Matches) -> Floats:
    """(L, P, 2) how far from its match each point of a first view falls in the second one, px; large where unseen."""
    seen = straight_view(poses, m.b, ground_of(poses, m.a, m.u_a))
    wanted = m.u_b * (1 + poses.k1[m.b][:, None, None] * (m.u_b * m.u_b).sum(axis=2, keepdims=True))
    return np.asarray(np.nan_to_num((seen - wanted) * m.side_px[:, None, None], nan=1e4))
