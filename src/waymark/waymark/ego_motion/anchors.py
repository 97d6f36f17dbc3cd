# SPDX-License-Identifier: Apache-2.0
"""Anchors: views with poses, and one covariance over all of them and over what is wrong for the whole flight.

A Kalman filter in information form over (biases, anchor 1, anchor 2, ...): what two of them learn about each other, all
others learn too. The current camera joins it only when it becomes an anchor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.ego_motion.ground import BIASES, Equations, Floats, Pose
from waymark.ego_motion.view import View
from waymark.image.rotation import rotation_of


@dataclass(eq=False)
class Anchor:
    """A view that others are measured against.

    Attributes:
        number: Counts up from 0; never given twice.
        view: What it looked like; None where nothing could be kept (it only passes on where it was).
        pose: Of its camera.
    """

    number: int
    view: View | None
    pose: Pose


@dataclass(frozen=True, eq=False)
class Fix:
    """What is known of the current camera, linearized around `pose`.

    Attributes:
        pose: Of the camera, before the correction that the equations still ask for.
        near: The anchors that the equations are about.
        equations: On (biases (3), each of `near` (6), current (6)).
    """

    pose: Pose
    near: tuple[Anchor, ...]
    equations: Equations


@dataclass(frozen=True, eq=False)
class Located:
    """A camera with its uncertainty.

    Attributes:
        pose: Best estimate.
        covariance: (6, 6) position (m), turn about odom's axes (rad).
    """

    pose: Pose
    covariance: Floats


class AnchorMap:
    """Anchors of one flight."""

    def __init__(self, bias_sigmas: Floats, ahead: Floats | None = None) -> None:
        """Begin with none.

        Args:
            bias_sigmas: (3,) standard deviations of the scale of altitudes and of roll and pitch (rad).
            ahead: (3,) the vehicle's forward in the optical frame: the first anchor's heads along x, whatever is
                learnt of its tilt; None: that does not matter.
        """
        self._ahead = ahead
        self.biases = np.zeros(BIASES)
        self.anchors: list[Anchor] = []
        self._covariance = np.diag(np.maximum(bias_sigmas, 1e-9) ** 2)
        self._next = 0

    def covariance_of(self, anchor: Anchor) -> Floats:
        """(6, 6) of an anchor's pose."""
        rows = self._rows((anchor,))[BIASES:]
        return np.asarray(self._covariance[np.ix_(rows, rows)])

    def locate(self, fix: Fix) -> Located | None:
        """Where the current camera is, given all anchors; None where the equations do not say."""
        rows = self._rows(fix.near)
        prior = self._covariance[np.ix_(rows, rows)]
        reduced = _without_current(fix.equations, len(rows))
        if reduced is None:
            return None
        about, step_c, back, P_own = reduced
        gain = np.linalg.inv(np.eye(len(rows)) + about.N @ prior)
        step = prior @ gain @ about.g
        covariance = prior @ gain
        P = P_own + back @ covariance @ back.T
        return Located(fix.pose.moved(step_c - back @ step), (P + P.T) / 2)

    def learn(self, fix: Fix, view: View | None = None, becomes_anchor: bool = False) -> Anchor | None:
        """Let all anchors learn from what the current camera saw, and keep it as an anchor where that is wanted.

        Returns:
            The new anchor; None where there is none.
        """
        rows = self._rows(fix.near)
        reduced = _without_current(fix.equations, len(rows))
        if reduced is None:
            return None
        about, step_c, back, P_own = reduced
        step = self._absorb(rows, about)
        if not becomes_anchor:
            self._head_along_x()
            return None
        P, size = self._covariance, len(self._covariance)
        grown = np.zeros((size + 6, size + 6))
        grown[:size, :size] = P
        grown[size:, :size] = -back @ P[rows, :]
        grown[:size, size:] = grown[size:, :size].T
        grown[size:, size:] = P_own + back @ P[np.ix_(rows, rows)] @ back.T
        self._covariance = (grown + grown.T) / 2
        anchor = Anchor(self._next, view, fix.pose.moved(step_c - back @ step[rows]))
        self._next += 1
        self.anchors.append(anchor)
        self._head_along_x()
        return anchor

    def weigh(self, fix: Fix, row: Floats, residual: float, variance: float) -> Fix:
        """Let all anchors learn from one number that was measured at the current camera.

        Args:
            fix: Of the current camera; not of this number.
            row: (9,) how the number changes with (biases, camera).
            residual: Measured less expected at `fix.pose`.
            variance: Of the measurement.

        Returns:
            The fix, linearized where the anchors are now.
        """
        rows = self._rows(fix.near)
        reduced = _without_current(fix.equations, len(rows))
        if reduced is None:
            return fix
        _, step_c, back, P_own = reduced
        follows = -row[BIASES:] @ back  # the camera goes where its anchors go
        follows[:BIASES] += row[:BIASES]
        weight = 1 / (variance + float(row[BIASES:] @ P_own @ row[BIASES:]))
        rest = residual - float(row[BIASES:] @ step_c)
        step = self._absorb(rows, Equations(weight * np.outer(follows, follows), weight * rest * follows))
        N = fix.equations.N
        return Fix(fix.pose, fix.near, Equations(N, fix.equations.g - N[:, : len(rows)] @ step[rows]))

    def _absorb(self, rows: NDArray[np.intp], about: Equations) -> Floats:
        """Kalman update by equations on some rows; returns the step (n,) of all."""
        P = self._covariance
        gain = np.linalg.inv(np.eye(len(rows)) + about.N @ P[np.ix_(rows, rows)])
        step = np.asarray(P[:, rows] @ gain @ about.g)
        P = P - P[:, rows] @ gain @ about.N @ P[rows, :]
        self._covariance = (P + P.T) / 2
        self._move(step)
        return step

    def forget(self, anchor: Anchor) -> None:
        """Leave one out; what it taught the others stays."""
        rows = self._rows((anchor,))[BIASES:]
        self._covariance = np.delete(np.delete(self._covariance, rows, 0), rows, 1)
        self.anchors.remove(anchor)

    def _head_along_x(self) -> None:
        """Turn all about z, so that the first anchor heads along x again.

        Where a flight begins, position and heading are zero by definition. Without attitude its tilt is known only
        later, and taking roll and pitch of 5 degrees each away turns the heading by about their product, 0.4 degrees.
        """
        if self._ahead is None or not self.anchors:
            return
        x, y, _ = self.anchors[0].pose.R @ self._ahead
        R = rotation_of(np.array([0.0, 0.0, -np.arctan2(y, x)]))
        for anchor in self.anchors:
            anchor.pose = Pose(R @ anchor.pose.R, R @ anchor.pose.p)
        G = np.eye(len(self._covariance))
        for k in range(BIASES, len(G), 3):
            G[k : k + 3, k : k + 3] = R
        self._covariance = G @ self._covariance @ G.T

    def _move(self, step: Floats) -> None:
        self.biases = self.biases + step[:BIASES]
        for k, anchor in enumerate(self.anchors):
            anchor.pose = anchor.pose.moved(step[BIASES + 6 * k : BIASES + 6 * k + 6])

    def _rows(self, anchors: tuple[Anchor, ...]) -> NDArray[np.intp]:
        """Rows of the biases and of some anchors in the covariance."""
        at = [BIASES + 6 * self.anchors.index(anchor) for anchor in anchors]
        return np.concatenate([np.arange(BIASES), *(np.arange(i, i + 6) for i in at)])


def _without_current(equations: Equations, n: int) -> tuple[Equations, Floats, Floats, Floats] | None:
    """Take the current camera out by Schur's complement.

    Returns:
        Equations on the n others; the camera's own step; how it follows theirs (6, n): own step - back @ theirs; its
        own covariance (6, 6). None where the equations do not fix the camera.
    """
    N, g = equations.N, equations.g
    if np.linalg.cond(N[n:, n:]) > 1e13:
        return None
    P_own = np.asarray(np.linalg.inv(N[n:, n:]), np.float64)
    back = P_own @ N[n:, :n]
    step = P_own @ g[n:]
    about = N[:n, :n] - N[:n, n:] @ back
    return Equations((about + about.T) / 2, g[:n] - N[:n, n:] @ step), step, back, P_own
