# SPDX-License-Identifier: Apache-2.0
"""A Kalman filter for one oriented box: constant velocity, right through turns, squares and moves of the camera.

The state is cx, cy, ln w, ln h, theta and their rates. Logarithms keep sides positive and make their noise a share.
A box of sides w, h and angle theta is also one of h, w and theta + pi/2: of the four ways to write what was seen the
one nearest to what is expected is taken, so nothing jumps at theta = +-pi/2 or where w and h change places.
"""

from __future__ import annotations

from dataclasses import dataclass

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
GROWTH_S = 0.5  # for about so long sides go on growing or shrinking: what seems to shrink is mostly being hidden
ACROSS = 0.4  # of the change of speed, across the longer side
JOLT, LOST_CAMERA = 0.25, 0.3  # standard deviations: shares of a jolt, of the size
USUAL = 9.24  # squared normalised error that one in ten exceeds by chance (5 degrees of freedom)
PART = 3.0  # standard deviations by which a side is off that is probably hidden in part
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
    """The state `dt_s` later, by constant rates that white noise changes; what turns goes on along its curve.

    The velocity turns with the box (coordinated turn: Y. Bar-Shalom et al.: Estimation with applications to tracking,
    2001, ch. 11.7): vehicles and ships go where they point, and of a camera that turns all turns alike. Sides that
    grow or shrink soon stop.

    Args:
        state: Now.
        dt_s: 0 or more.
        speed_change: Sizes per s^2 and sqrt(s), along the longer side; less across.
        turn_change: rad/s^2 and sqrt(s).
    """
    turn = state.mean[9] * dt_s
    velocity = state.mean[SIZE : SIZE + 2]
    half, whole = _rotation(turn / 2), _rotation(turn)
    chord = dt_s * np.sinc(turn / (2 * np.pi)) * half
    slower = float(np.exp(-dt_s / GROWTH_S))
    move = np.eye(2 * SIZE)
    move[:SIZE, SIZE:] = dt_s * np.eye(SIZE)
    move[:2, 5:7], move[5:7, 5:7] = chord, whole
    move[[2, 3], [7, 8]], move[[7, 8], [7, 8]] = GROWTH_S * (1 - slower), slower
    mean = move @ state.mean
    sideways = np.array([[0.0, -1.0], [1.0, 0.0]])
    move[:2, 9], move[5:7, 9] = dt_s**2 / 2 * sideways @ half @ velocity, dt_s * sideways @ whole @ velocity
    density = _density(state, turn, speed_change, turn_change)
    # White noise on the rates (the same, ch. 6.2.2).
    grown = np.kron(np.array([[dt_s**3 / 3, dt_s**2 / 2], [dt_s**2 / 2, dt_s]]), density)
    return BoxState(mean, move @ state.covariance @ move.T + grown)


def _density(state: BoxState, turn: float, speed_change: float, turn_change: float) -> Floats:
    """Spectral density (5, 5) of the rates' noise."""
    size = float(np.exp((state.mean[2] + state.mean[3]) / 2))
    long = state.mean[2] - state.mean[3]
    across = speed_change * (1 - (1 - ACROSS) * min(abs(long) / ALIKE, 1.0))
    shares = np.array([speed_change, across] if long > 0 else [across, speed_change])
    axes = _rotation(state.mean[4] + turn / 2)
    density = np.diag(np.square([0, 0, SIDE_DRIFT, SIDE_DRIFT, turn_change]))
    density[:2, :2] = axes @ np.diag((shares * size) ** 2) @ axes.T
    return density


def _rotation(angle: float) -> Floats:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])


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


def jolted(state: BoxState, before: BoxState | None) -> BoxState:
    """The state with what is unsure about a motion of the camera that only the boxes themselves tell.

    Args:
        state: After that motion.
        before: Without it; None: the boxes did not agree on any.
    """
    size = float(np.exp((state.mean[2] + state.mean[3]) / 2))
    sigma = LOST_CAMERA * size if before is None else JOLT * float(np.linalg.norm(state.mean[:2] - before.mean[:2]))
    covariance = state.covariance.copy()
    covariance[[0, 1], [0, 1]] += sigma**2
    return BoxState(state.mean, covariance)


def corrected(state: BoxState, box: Floats, share: float) -> tuple[BoxState, float]:
    """The state after a box has been seen.

    Args:
        state: Expected at the time of the image.
        box: (5,) as seen.
        share: See noise_of.

    Returns:
        The new state, and the squared normalised innovation (5 expected where `share` is right).
    """
    seen, noise = nearest_form(measured(box), state.mean[:SIZE]), noise_of(box, share, sure_elongation(state))
    error = seen - state.mean[:SIZE]
    before, noise = _parted(state.covariance, noise, error, state.mean)
    square = float(error @ np.linalg.solve(before[:SIZE, :SIZE] + noise, error))
    noise = noise * max(1.0, square / USUAL)  # what is far off counts less
    gain = np.linalg.solve(before[:SIZE, :SIZE] + noise, before[:SIZE, :]).T
    keep = np.eye(2 * SIZE)
    keep[:, :SIZE] -= gain
    covariance = keep @ before @ keep.T + gain @ noise @ gain.T  # Joseph's form: stays positive
    return BoxState(state.mean + gain @ error, (covariance + covariance.T) / 2), square


def _parted(covariance: Floats, noise: Floats, error: Floats, mean: Floats) -> tuple[Floats, Floats]:
    """Covariances of state and measurement where one of both is probably only a part of the object.

    A box that is far shorter than expected is one of what something leaves to be seen: its length tells little, and its
    middle is off by up to half of what is missing. One that is far longer tells that so far only a part was seen.
    """
    covariance, noise = covariance.copy(), noise.copy()
    sides = np.exp(mean[2:4])
    for side in (0, 1):
        off = error[2 + side]
        if abs(off) > PART * np.sqrt(covariance[2 + side, 2 + side] + noise[2 + side, 2 + side]):
            axis = _rotation(mean[4])[:, side]
            doubted = noise if off < 0 else covariance
            doubted[2 + side, 2 + side] += off**2
            doubted[:2, :2] += (sides[side] * np.expm1(off) / 2) ** 2 * np.outer(axis, axis)
    return covariance, noise


def nearest_form(seen: Floats, expected: Floats) -> Floats:
    """Of the forms of one box the one whose angle is nearest to what is expected.

    By quarter turns only where sides are alike, or where the box is what is left of the expected one when all but a
    short piece of it is hidden: as long as that is wide, and less wide than that is long.

    Args:
        seen: (5,) cx, cy, ln w, ln h, theta.
        expected: (5,) the same, theta of any number of turns.
    """
    theta, turned = expected[4], seen[[0, 1, 3, 2, 4]] + np.array([0, 0, 0, 0, np.pi / 2])
    off = turned[2:4] - expected[2:4]
    is_piece = np.abs(off).min() < ALIKE and off.min() < -ALIKE
    forms = [seen, turned] if abs(seen[2] - seen[3]) < ALIKE or is_piece else [seen]
    moved = [f + np.array([0, 0, 0, 0, np.pi * np.round((theta - f[4]) / np.pi)]) for f in forms]
    return min(moved, key=lambda f: abs(f[4] - theta))


def _turn(before: Floats, after: Floats) -> float:
    return float(np.arctan2(before[0] * after[1] - before[1] * after[0], before @ after))
