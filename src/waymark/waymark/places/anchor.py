# SPDX-License-Identifier: Apache-2.0
"""Where the robot is in the map, and thus where its odometry's frame lies in it: `map -> odom`.

The odometry stays smooth and is never touched. `map -> odom` moves with verified matches alone. A match that fits what
is known is fused by covariance intersection (Julier and Uhlmann, ACC 1997), which needs no independence: a hundred
views of one keyframe are not surer than one. A match that does not fit is held back until `confirm` in a row agree with
each other by odometry; then it was the estimate that was wrong, and `map -> odom` jumps, once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.places.rigid import cross, inverse, turn_of, turned

Floats = NDArray[np.float64]

_FITS = 22.46  # chi-square of 6 degrees of freedom, exceeded by one true match in a thousand
_WEIGHTS = np.linspace(0.0, 1.0, 21)
_TURN_SHARE = 0.01  # of each turn that odometry gets wrong
_TURN_PER_M = 0.001  # rad of heading that it loses on a metre


@dataclass(frozen=True, eq=False)
class MapFix:
    """Where the robot is in the map.

    Attributes:
        T_map_base: (4, 4).
        covariance: (6, 6) of position and rotation about the map's axes, m and rad, given that the keyframes' own poses
            are right.
        T_map_odom: (4, 4), None without odometry.
    """

    T_map_base: Floats
    covariance: Floats
    T_map_odom: Floats | None = None


class MapAnchor:
    """Holds on to the map through time."""

    def __init__(self, drift: float, confirm: int = 3) -> None:
        """Know nothing yet.

        Args:
            drift: Standard deviation of odometry's position error, as a share of the distance travelled.
            confirm: Matches in a row that must agree with each other to overrule the estimate.
        """
        self._drift, self._confirm = drift, confirm
        self.reset()

    def reset(self) -> None:
        """Know nothing again: the odometry or the map is another one."""
        self._known: tuple[Floats, Floats, Floats] | None = None  # T_map_base, covariance, T_odom_base then
        self._doubts: list[tuple[Floats, Floats, Floats]] = []

    @property
    def T_map_odom(self) -> Floats | None:
        """(4, 4), None while unknown."""
        return None if self._known is None else np.asarray(self._known[0] @ inverse(self._known[2]), np.float64)

    def begin(self, T_odom_base: Floats) -> None:
        """Let the frame `map` be the odometry's: the map has no pose yet."""
        self._known = T_odom_base, np.diag([1e-6] * 3 + [1e-8] * 3), T_odom_base

    def update(self, T_map_base: Floats, covariance: Floats, T_odom_base: Floats) -> MapFix | None:
        """Take in where a verified match puts the robot.

        Args:
            T_map_base: (4, 4) by the match.
            covariance: (6, 6) of it, as in MapFix.
            T_odom_base: (4, 4) at the same moment.

        Returns:
            What is known now; None where the match contradicts it and is held back.
        """
        seen = T_map_base, covariance, T_odom_base
        if self._known is None:
            self._known = seen
        else:
            expected = self._moved(self._known, T_odom_base)
            if _distance(expected, seen) <= _FITS:
                self._known, self._doubts = _intersected(expected, seen), []
            elif not self._is_overruled(seen):
                return None
        T, P, _ = self._known
        return MapFix(T, P, self.T_map_odom)

    def _is_overruled(self, seen: tuple[Floats, Floats, Floats]) -> bool:
        if self._doubts and _distance(self._moved(self._doubts[-1], seen[2]), seen) > _FITS:
            self._doubts = []
        self._doubts.append(seen)
        if len(self._doubts) < self._confirm:
            return False
        self._known, self._doubts = seen, []
        return True

    def _moved(self, known: tuple[Floats, Floats, Floats], T_odom_base: Floats) -> tuple[Floats, Floats, Floats]:
        """What is known, carried on by odometry: the error of the heading becomes one of position on the way."""
        T, P, T_then = known
        step = inverse(T_then) @ T_odom_base
        there = T @ step
        way = float(np.linalg.norm(step[:3, 3]))
        F = np.eye(6)
        F[:3, 3:] = -cross(there[:3, 3] - T[:3, 3])
        turn = _TURN_SHARE * float(np.linalg.norm(turn_of(step[:3, :3]))) + _TURN_PER_M * way
        Q = np.diag([(self._drift * way) ** 2] * 3 + [turn**2] * 3)
        return there, F @ P @ F.T + Q, T_odom_base


def _error(a: Floats, b: Floats) -> Floats:
    """(6,) what takes pose a to pose b: shift, and turn about the map's axes."""
    return np.asarray(np.r_[b[:3, 3] - a[:3, 3], turn_of(b[:3, :3] @ a[:3, :3].T)], np.float64)


def _distance(expected: tuple[Floats, Floats, Floats], seen: tuple[Floats, Floats, Floats]) -> float:
    """Squared Mahalanobis distance."""
    error = _error(expected[0], seen[0])
    return float(error @ np.linalg.solve(expected[1] + seen[1], error))


def _intersected(
    expected: tuple[Floats, Floats, Floats], seen: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    """The weighted mean whose covariance has the smallest determinant; of equal ones that which trusts both alike."""
    A, B = np.linalg.inv(expected[1]), np.linalg.inv(seen[1])
    size = np.linalg.slogdet(_WEIGHTS[:, None, None] * B + (1 - _WEIGHTS[:, None, None]) * A)[1]
    weight = min(_WEIGHTS[size > size.max() - 1e-6], key=lambda w: abs(w - 0.5))
    P = np.linalg.inv(weight * B + (1 - weight) * A)
    by = P @ (weight * B) @ _error(expected[0], seen[0])
    T = expected[0].copy()
    T[:3, 3] += by[:3]
    T[:3, :3] = turned(by[3:]) @ T[:3, :3]
    return T, 0.5 * (P + P.T), seen[2]
