# SPDX-License-Identifier: Apache-2.0
"""Kalman filters for oriented boxes, all at once: constant rates, right through turns, squares and moves of the camera.

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
FIRST_SPEED = 3.0  # sizes per s along the longer side, standard deviation of the velocity of what was seen once
FIRST_GROWTH = 0.2  # 1/s, likewise of ln w and ln h
FIRST_TURN = 0.5  # rad/s
GROWTH_S = 0.5  # for about so long sides go on growing or shrinking: what seems to shrink is mostly being hidden
USUAL = 9.24  # squared normalised error that one in ten exceeds by chance (5 degrees of freedom)
PART = 3.0  # standard deviations by which a side is off that is probably hidden in part
ALIKE = 0.25  # of logarithms: sides that noise may have made change places
_SWAPPED = [0, 1, 3, 2, 4]
_DIAGONAL = range(SIZE)


@dataclass(frozen=True, eq=False)
class BoxStates:
    """Where boxes are thought to be.

    Attributes:
        mean: (N, 10) cx, cy in px, ln(w / px), ln(h / px), theta in rad; then their rates per s.
        covariance: (N, 10, 10).
    """

    mean: Floats
    covariance: Floats

    @property
    def boxes(self) -> Floats:
        """(N, 5) cx, cy, w, h, theta; not canonical."""
        return np.concatenate([self.mean[:, :2], np.exp(self.mean[:, 2:4]), self.mean[:, 4:5]], axis=1)

    @property
    def sizes(self) -> Floats:
        """(N,) sqrt(w h), px."""
        return np.asarray(np.exp((self.mean[:, 2] + self.mean[:, 3]) / 2))

    def __getitem__(self, which: NDArray[np.intp] | NDArray[np.bool_] | list[int]) -> BoxStates:
        """Some of them."""
        return BoxStates(self.mean[which], self.covariance[which])

    def joined(self, others: BoxStates) -> BoxStates:
        """These, then others."""
        return BoxStates(np.concatenate([self.mean, others.mean]), np.concatenate([self.covariance, others.covariance]))

    def changed(self, which: list[int], states: BoxStates) -> BoxStates:
        """With other states in the places `which`."""
        mean, covariance = self.mean.copy(), self.covariance.copy()
        mean[which], covariance[which] = states.mean, states.covariance
        return BoxStates(mean, covariance)


def measured(boxes: Floats) -> Floats:
    """Boxes (N, 5) as measurements: cx, cy, ln w, ln h, theta."""
    return np.concatenate([boxes[:, :2], np.log(np.maximum(boxes[:, 2:4], MIN_SIDE_PX)), boxes[:, 4:5]], axis=1)


def noise_of(boxes: Floats, share: float, elongation: Floats | None = None) -> Floats:
    """Covariances (N, 5, 5) of measured boxes whose edges are off by `share` of the sides.

    The angle is that of the Gaussian box's longer axis: a covariance whose entries are off by `share` turns its
    eigenvectors by share w h / (w^2 - h^2) = share / (2 sinh ln(w / h)) (first-order perturbation of eigenvectors), so
    that squares have none. As of a near square the form nearest to the expected one is taken, whatever its angle, it
    tells ever less than that: nothing, where the angle could be any.

    Args:
        boxes: (N, 5) cx, cy, w, h in px, theta in rad.
        share: Standard deviation of an edge, as a share of the side.
        elongation: (N,) |ln(w / h)| that is sure; None: the boxes' own.
    """
    sides = np.maximum(boxes[:, 2:4], MIN_SIDE_PX)
    noise = np.zeros((len(boxes), SIZE, SIZE))
    noise[:, :2, :2] = _turned(boxes[:, 4], (share * sides) ** 2)
    long = np.abs(np.log(sides[:, 0] / sides[:, 1])) if elongation is None else elongation
    angle = np.minimum(share / (2 * np.sinh(np.clip(long, 1e-9, 50))), UNKNOWN_ANGLE)
    told = 1.0 if elongation is None else np.maximum(1 - (angle / UNKNOWN_ANGLE) ** 2, 1e-6)
    noise[:, 2, 2] = noise[:, 3, 3] = 2 * share**2
    noise[:, 4, 4] = angle**2 / told
    return noise


def sure_elongation(states: BoxStates) -> Floats:
    """(N,) |ln(w / h)| less its standard deviation, at least 0."""
    P = states.covariance
    sigma = np.sqrt(np.maximum(P[:, 2, 2] + P[:, 3, 3] - 2 * P[:, 2, 3], 0))
    return np.asarray(np.maximum(np.abs(states.mean[:, 2] - states.mean[:, 3]) - sigma, 0.0))


def begun(boxes: Floats, share: float, sideways: float) -> BoxStates:
    """The states of boxes (N, 5) that are seen for the first time; see noise_of and expected."""
    mean = np.concatenate([measured(boxes), np.zeros((len(boxes), SIZE))], axis=1)
    covariance = np.zeros((len(boxes), 2 * SIZE, 2 * SIZE))
    covariance[:, :SIZE, :SIZE] = noise_of(boxes, share)
    covariance[:, range(SIZE, 2 * SIZE), range(SIZE, 2 * SIZE)] = np.square(
        [0, 0, FIRST_GROWTH, FIRST_GROWTH, FIRST_TURN]
    )
    states = BoxStates(mean, covariance)
    covariance[:, 5:7, 5:7] = _turned(boxes[:, 4], _along(states, FIRST_SPEED, sideways))
    return states


def expected(states: BoxStates, dt_s: float, speed_change: float, turn_change: float, sideways: float) -> BoxStates:
    """The states `dt_s` later, by constant rates that white noise changes; what turns goes on along its curve.

    The velocity turns with the box (coordinated turn: Y. Bar-Shalom et al.: Estimation with applications to tracking,
    2001, ch. 11.7): vehicles and ships go where they point, and of a camera that turns all turns alike. Sides that
    grow or shrink soon stop.

    Args:
        states: Now.
        dt_s: 0 or more.
        speed_change: Sizes per s^2 and sqrt(s), along the longer side.
        turn_change: rad/s^2 and sqrt(s).
        sideways: Share of `speed_change` across the longer side; 1 for squares.
    """
    turn, velocity = states.mean[:, 9] * dt_s, states.mean[:, SIZE : SIZE + 2]
    half, whole = _rotations(turn / 2), _rotations(turn)
    slower = float(np.exp(-dt_s / GROWTH_S))
    move = np.broadcast_to(np.eye(2 * SIZE), (len(turn), 2 * SIZE, 2 * SIZE)).copy()
    move[:, _DIAGONAL, range(SIZE, 2 * SIZE)] = dt_s
    move[:, :2, 5:7] = dt_s * np.sinc(turn / (2 * np.pi))[:, None, None] * half
    move[:, 5:7, 5:7] = whole
    move[:, [2, 3], [7, 8]], move[:, [7, 8], [7, 8]] = GROWTH_S * (1 - slower), slower
    mean = (move @ states.mean[:, :, None])[..., 0]
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    move[:, :2, 9] = dt_s**2 / 2 * (quarter @ half @ velocity[:, :, None])[..., 0]
    move[:, 5:7, 9] = dt_s * (quarter @ whole @ velocity[:, :, None])[..., 0]
    covariance = move @ states.covariance @ move.transpose(0, 2, 1)
    density = np.zeros((len(turn), SIZE, SIZE))
    density[:, _DIAGONAL, _DIAGONAL] = np.square([0, 0, SIDE_DRIFT, SIDE_DRIFT, turn_change])
    density[:, :2, :2] = _turned(states.mean[:, 4] + turn / 2, _along(states, speed_change, sideways))
    for i, j, weight in ((0, 0, dt_s**3 / 3), (0, 1, dt_s**2 / 2), (1, 0, dt_s**2 / 2), (1, 1, dt_s)):
        # White noise on the rates (the same, ch. 6.2.2).
        covariance[:, i * SIZE : (i + 1) * SIZE, j * SIZE : (j + 1) * SIZE] += weight * density
    return BoxStates(mean, covariance)


def _along(states: BoxStates, sizes: float, across: float) -> Floats:
    """Variances (N, 2) along both sides, px^2, of so many sizes along the longer one and a share of that across."""
    long = states.mean[:, 2] - states.mean[:, 3]
    less = 1 - (1 - across) * np.minimum(np.abs(long) / ALIKE, 1.0)
    shares = np.where(
        long[:, None] > 0, np.column_stack([np.ones_like(less), less]), np.column_stack([less, np.ones_like(less)])
    )
    return np.asarray((sizes * shares * states.sizes[:, None]) ** 2)


def carried(states: BoxStates, H_cur_prev: Floats) -> BoxStates:
    """The states as they look after the camera has moved.

    Args:
        states: In pixels of the image before.
        H_cur_prev: (3, 3) homography from those pixels to these.
    """
    at = np.column_stack([states.mean[:, :2], np.ones(len(states.mean))]) @ H_cur_prev.T
    there, s = at[:, :2] / at[:, 2:], at[:, 2, None, None]
    A = (H_cur_prev[:2, :2] - there[:, :, None] * H_cur_prev[2, :2]) / s  # derivatives there
    axes = _rotations(states.mean[:, 4])
    a, b = ((A @ axes[:, :, k : k + 1])[..., 0] for k in (0, 1))
    aa, ab, bb = (a * a).sum(axis=1), (a * b).sum(axis=1), (b * b).sum(axis=1)
    mean = states.mean.copy()
    mean[:, :2] = there
    mean[:, 2] += 0.5 * np.log(aa)
    mean[:, 3] += 0.5 * np.log(bb)
    along = axes[:, :, 0]
    mean[:, 4] += np.arctan2(along[:, 0] * a[:, 1] - along[:, 1] * a[:, 0], (along * a).sum(axis=1))
    mean[:, 5:7] = (A @ states.mean[:, 5:7, None])[..., 0]
    whole = np.zeros((len(mean), 2 * SIZE, 2 * SIZE))
    for k in (0, SIZE):
        whole[:, range(k, k + SIZE), range(k, k + SIZE)] = 1.0
        whole[:, k : k + 2, k : k + 2] = A
        whole[:, k + 2, k + 4], whole[:, k + 3, k + 4] = ab / aa, -ab / bb
        whole[:, k + 4, k + 4] = np.linalg.det(A) / aa
    return BoxStates(mean, whole @ states.covariance @ whole.transpose(0, 2, 1))


def corrected(states: BoxStates, boxes: Floats, share: float) -> tuple[BoxStates, Floats]:
    """The states after each has been seen.

    Args:
        states: Expected at the time of the image.
        boxes: (N, 5) as seen.
        share: See noise_of.

    Returns:
        The new states, and the squared normalised innovations (N,) (5 expected where `share` is right).
    """
    seen = nearest_forms(measured(boxes), states.mean[:, :SIZE])
    shown = np.abs(seen[:, 2] - seen[:, 3])  # of an object that is hidden but for a short piece
    noise = noise_of(boxes, share, np.minimum(sure_elongation(states), shown))
    error = seen - states.mean[:, :SIZE]
    before, noise = _parted(states, noise, error)
    squares = _squares(error, before[:, :SIZE, :SIZE] + noise)
    noise = noise * np.maximum(1.0, squares / USUAL)[:, None, None]  # what is far off counts less
    gain = np.linalg.solve(before[:, :SIZE, :SIZE] + noise, before[:, :SIZE, :]).transpose(0, 2, 1)
    keep = np.broadcast_to(np.eye(2 * SIZE), before.shape).copy()
    keep[:, :, :SIZE] -= gain
    # Joseph's form: stays positive
    covariance = keep @ before @ keep.transpose(0, 2, 1) + gain @ noise @ gain.transpose(0, 2, 1)
    mean = states.mean + (gain @ error[:, :, None])[..., 0]
    return BoxStates(mean, (covariance + covariance.transpose(0, 2, 1)) / 2), squares


def _squares(error: Floats, covariance: Floats) -> Floats:
    return np.asarray((error * np.linalg.solve(covariance, error[:, :, None])[..., 0]).sum(axis=1))


def _parted(states: BoxStates, noise: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Covariances of states and measurements where one of both is probably only a part of the object.

    A box that is far shorter than expected is one of what something leaves to be seen: its length tells little, and its
    middle is off by up to half of what is missing. One that is far longer tells that so far only a part was seen.
    """
    covariance, noise = states.covariance.copy(), noise.copy()
    axes, sides = _rotations(states.mean[:, 4]), np.exp(states.mean[:, 2:4])
    for side in (0, 1):
        off = error[:, 2 + side]
        doubtful = np.abs(off) > PART * np.sqrt(covariance[:, 2 + side, 2 + side] + noise[:, 2 + side, 2 + side])
        axis = axes[:, :, side]
        spread = (sides[:, side] * np.expm1(off) / 2)[:, None, None] ** 2 * axis[:, :, None] * axis[:, None]
        for doubted, which in ((noise, doubtful & (off < 0)), (covariance, doubtful & (off >= 0))):
            doubted[which, 2 + side, 2 + side] += off[which] ** 2
            doubted[which, :2, :2] += spread[which]
    return covariance, noise


def nearest_forms(seen: Floats, expected: Floats) -> Floats:
    """Of the forms of each box the one whose angle is nearest to what is expected.

    By quarter turns only where sides are alike, or where the box is what is left of the expected one when all but a
    short piece of it is hidden: as long as that is wide, and less wide than that is long.

    Args:
        seen: (N, 5) cx, cy, ln w, ln h, theta.
        expected: (N, 5) the same, theta of any number of turns.
    """
    turned = seen[:, _SWAPPED] + np.array([0, 0, 0, 0, np.pi / 2])
    off = turned[:, 2:4] - expected[:, 2:4]
    is_piece = (np.abs(off).min(axis=1) < ALIKE) & (off.min(axis=1) < -ALIKE)
    may_turn = (np.abs(seen[:, 2] - seen[:, 3]) < ALIKE) | is_piece
    forms = np.stack([seen, turned])
    forms[..., 4] += np.pi * np.round((expected[:, 4] - forms[..., 4]) / np.pi)
    apart = np.abs(forms[..., 4] - expected[:, 4])
    return np.asarray(np.where((may_turn & (apart[1] < apart[0]))[:, None], forms[1], forms[0]))


def _rotations(angles: Floats) -> Floats:
    cos, sin = np.cos(angles), np.sin(angles)
    return np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)


def _turned(angles: Floats, variances: Floats) -> Floats:
    """Covariances (N, 2, 2) whose variances (N, 2) lie along axes turned by angles (N,)."""
    axes = _rotations(angles)
    return np.asarray((axes * variances[:, None]) @ axes.transpose(0, 2, 1))
