# SPDX-License-Identifier: Apache-2.0
"""A Kalman filter for one oriented box: constant velocity, right through turns, squares and moves of the camera.

The state is cx, cy, ln w, ln h, theta and their rates. Logarithms keep sides positive and make their noise a share.
A box of sides w, h and angle theta is also one of h, w and theta + pi/2: of the four ways to write what was seen the
one nearest to what is expected is taken, so nothing jumps at theta = +-pi/2 or where w and h change places.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SIZE = 5
MIN_SIDE_PX = 1e-3
# An angle that is not known at all is uniform over a quarter turn: standard deviation pi / 2 / sqrt(12).
UNKNOWN_ANGLE = np.pi / 2 / np.sqrt(12)
SIDE_DRIFT = 0.05  # 1/s, how much the rate of the logarithm of a side changes in sqrt(s)
FIRST_SPEED = 1.0  # sizes per s, standard deviation of the velocity of what was seen once
FIRST_GROWTH = 0.2  # 1/s, likewise of ln w and ln h
FIRST_TURN = 0.5  # rad/s
ALIKE = 0.25  # of logarithms: sides that noise may have made change places


@dataclass(frozen=True, eq=False)
class BoxState:
    """Where a box is thought to be.

    Attributes:
        mean: (10,) cx, cy in px, ln(w / px), ln(h / px), theta in rad; then their rates per s.
        covariance: (10, 10).
    """

    mean: Floats
    covariance: Floats

    @property
    def box(self) -> Floats:
        """(5,) cx, cy, w, h, theta; not canonical."""
        return np.array([*self.mean[:2], *np.exp(self.mean[2:4]), self.mean[4]])


def measured(box: Floats) -> Floats:
    """A box (5,) as a measurement: cx, cy, ln w, ln h, theta."""
    return np.array([*box[:2], *np.log(np.maximum(box[2:4], MIN_SIDE_PX)), box[4]])


def noise_of(box: Floats, share: float, elongation: float | None = None) -> Floats:
    """Covariance (5, 5) of a measured box whose edges are off by `share` of the sides.

    The angle is that of the Gaussian box's longer axis: a covariance whose entries are off by `share` turns its
    eigenvectors by share w h / (w^2 - h^2) = share / (2 sinh ln(w / h)) (first-order perturbation of eigenvectors), so
    that squares have none. As of a near square the form nearest to the expected one is taken, whatever its angle, it
    tells ever less than that: nothing, where the angle could be any.

    Args:
        box: (5,) cx, cy, w, h in px, theta in rad.
        share: Standard deviation of an edge, as a share of the side.
        elongation: |ln(w / h)| that is sure; None: the box's own.
    """
    w, h = np.maximum(box[2:4], MIN_SIDE_PX)
    cos, sin = np.cos(box[4]), np.sin(box[4])
    turn = np.array([[cos, -sin], [sin, cos]])
    noise = np.zeros((SIZE, SIZE))
    noise[:2, :2] = turn @ np.diag([(share * w) ** 2, (share * h) ** 2]) @ turn.T
    long = abs(np.log(w / h)) if elongation is None else elongation
    angle = min(share / (2 * np.sinh(max(long, 1e-9))), UNKNOWN_ANGLE)
    told = 1.0 if elongation is None else max(1 - (angle / UNKNOWN_ANGLE) ** 2, 1e-6)
    noise[[2, 3, 4], [2, 3, 4]] = 2 * share**2, 2 * share**2, angle**2 / told
    return noise


def sure_elongation(state: BoxState) -> float:
    """|ln(w / h)| less its standard deviation, at least 0."""
    difference = float(state.mean[2] - state.mean[3])
    P = state.covariance
    sigma = float(np.sqrt(max(P[2, 2] + P[3, 3] - 2 * P[2, 3], 0)))
    return max(abs(difference) - sigma, 0.0)


def begun(box: Floats, share: float) -> BoxState:
    """The state of a box that is seen for the first time."""
    size = float(np.sqrt(max(box[2] * box[3], MIN_SIDE_PX**2)))
    covariance = np.zeros((2 * SIZE, 2 * SIZE))
    covariance[:SIZE, :SIZE] = noise_of(box, share)
    rates = (FIRST_SPEED * size, FIRST_SPEED * size, FIRST_GROWTH, FIRST_GROWTH, FIRST_TURN)
    covariance[SIZE:, SIZE:] = np.diag(np.square(rates))
    return BoxState(np.r_[measured(box), np.zeros(SIZE)], covariance)


def expected(state: BoxState, dt_s: float, speed_change: float, turn_change: float) -> BoxState:
    """The state `dt_s` later, by constant rates that white noise changes.

    Args:
        state: Now.
        dt_s: 0 or more.
        speed_change: Sizes per s^2 and sqrt(s).
        turn_change: rad/s^2 and sqrt(s).
    """
    move = np.eye(2 * SIZE)
    move[:SIZE, SIZE:] = dt_s * np.eye(SIZE)
    size = float(np.exp((state.mean[2] + state.mean[3]) / 2))
    density = np.square([speed_change * size, speed_change * size, SIDE_DRIFT, SIDE_DRIFT, turn_change])
    # White noise on the rates (Y. Bar-Shalom et al.: Estimation with applications to tracking, 2001, ch. 6.2.2).
    grown = np.kron(np.array([[dt_s**3 / 3, dt_s**2 / 2], [dt_s**2 / 2, dt_s]]), np.diag(density))
    return BoxState(move @ state.mean, move @ state.covariance @ move.T + grown)


def carried(state: BoxState, H_cur_prev: Floats) -> BoxState:
    """The state as it looks after the camera has moved.

    Args:
        state: In pixels of the image before.
        H_cur_prev: (3, 3) homography from those pixels to these.
    """
    x, y = state.mean[:2]
    u, v, s = H_cur_prev @ np.array([x, y, 1.0])
    A = (H_cur_prev[:2, :2] - np.outer([u / s, v / s], H_cur_prev[2, :2])) / s  # derivative there
    along = np.array([np.cos(state.mean[4]), np.sin(state.mean[4])])
    across = np.array([-along[1], along[0]])
    a, b = A @ along, A @ across
    mean = state.mean.copy()
    mean[:2] = u / s, v / s
    mean[2] += 0.5 * np.log(a @ a)
    mean[3] += 0.5 * np.log(b @ b)
    mean[4] += _turn(along, a)
    mean[SIZE : SIZE + 2] = A @ state.mean[SIZE : SIZE + 2]
    J = np.eye(SIZE)
    J[:2, :2] = A
    J[2, 4], J[3, 4] = (a @ b) / (a @ a), -(a @ b) / (b @ b)
    J[4, 4] = np.linalg.det(A) / (a @ a)
    whole = np.kron(np.eye(2), J)
    return BoxState(mean, whole @ state.covariance @ whole.T)


def corrected(state: BoxState, box: Floats, share: float) -> tuple[BoxState, float]:
    """The state after a box has been seen.

    Args:
        state: Expected at the time of the image.
        box: (5,) as seen.
        share: See noise_of.

    Returns:
        The new state, and the squared normalised innovation (5 expected where `share` is right).
    """
    seen, noise = nearest_form(measured(box), state.mean[4]), noise_of(box, share, sure_elongation(state))
    S = state.covariance[:SIZE, :SIZE] + noise
    error = seen - state.mean[:SIZE]
    gain = np.linalg.solve(S, state.covariance[:SIZE, :]).T
    keep = np.eye(2 * SIZE)
    keep[:, :SIZE] -= gain
    covariance = keep @ state.covariance @ keep.T + gain @ noise @ gain.T  # Joseph's form: stays positive
    new = replace(state, mean=state.mean + gain @ error, covariance=(covariance + covariance.T) / 2)
    return new, float(error @ np.linalg.solve(S, error))


def nearest_form(seen: Floats, theta: float) -> Floats:
    """Of the forms of one box the one whose angle is nearest to `theta`; by quarter turns only where sides are alike.

    Args:
        seen: (5,) cx, cy, ln w, ln h, theta.
        theta: rad, expected; of any number of turns.
    """
    turned = seen[[0, 1, 3, 2, 4]] + np.array([0, 0, 0, 0, np.pi / 2])
    forms = [seen, turned] if abs(seen[2] - seen[3]) < ALIKE else [seen]
    moved = [f + np.array([0, 0, 0, 0, np.pi * np.round((theta - f[4]) / np.pi)]) for f in forms]
    return min(moved, key=lambda f: abs(f[4] - theta))


def _turn(before: Floats, after: Floats) -> float:
    return float(np.arctan2(before[0] * after[1] - before[1] * after[0], before @ after))
