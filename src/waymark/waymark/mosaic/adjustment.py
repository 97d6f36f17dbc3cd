# SPDX-License-Identifier: Apache-2.0
"""All cameras at once: Levenberg-Marquardt over every link, so that errors do not add up along the flight.

A homography of a plane seen by a camera has six unknowns, not eight: where the camera is, and how it is turned. The
two that are left over would bend a long strip. The focal length and one term of radial distortion are shared by all
frames and solved for, too, where the input does not know its camera.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from waymark.mosaic.layout import Layout
from waymark.mosaic.matches import Matches, transfer_px
from waymark.mosaic.poses import Floats, Poses, focal_of, rotations
from waymark.mosaic.priors import USUAL_FOCAL, Known, PerCamera, lens_prior, priors
from waymark.mosaic.view import View

_STEPS = 40
_LEAST_PX = 1.0  # matches are not more exact than this at full size


def poses_of(layout: Layout, views: list[View]) -> Poses:
    """Cameras that look straight down and see what a layout says."""
    placed = [views[i] for i in layout.views]
    known = [focal_of(v) for v in placed]
    phi = np.array([USUAL_FOCAL if f is None else f for f in known])
    side = np.array([max(v.size_wh) for v in placed])
    size = np.abs(layout.scale_turn)
    turn = -np.angle(layout.scale_turn)
    R = rotations(np.column_stack([np.zeros((len(placed), 2)), turn]))
    c = np.column_stack([layout.position.real, layout.position.imag, -size * side * phi])
    return Poses(R, c, phi, np.zeros(len(placed)))


def adjust(
    poses: Poses,
    m: Matches,
    solve_lens: bool,
    known: Known | None = None,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> Poses:
    """Move all cameras so that matches meet.

    Args:
        poses: Near the solution.
        m: What has to meet.
        solve_lens: Whether focal length and distortion, equal for all, are unknown.
        known: Geotags; None: the first camera keeps its place, its height and its heading.
        advance: Told how many of how many steps were made, at the most.

    Returns:
        The poses of least Cauchy loss.
    """
    problem = _Problem(m, poses, solve_lens, known)
    damping, loss = 1e-4, problem.loss(poses)
    for step in range(_STEPS):
        advance(step, _STEPS)
        normal, gradient = problem.equations(poses)
        for _ in range(8):
            damped = normal + damping * np.diag(np.diag(normal))
            moved = problem.moved(poses, np.asarray(-np.linalg.solve(damped, gradient), np.float64))
            new = problem.loss(moved)
            if new <= loss:
                break
            damping *= 8
        else:
            break
        gain, poses, loss, damping = (loss - new) / max(loss, 1e-12), moved, new, max(damping / 8, 1e-9)
        if gain < 1e-6:
            break
    advance(_STEPS, _STEPS)
    return poses


class _Problem:
    """The equations of one adjustment. Unknowns: 6 per camera (turn, shift), then log focal length and k1."""

    def __init__(self, m: Matches, start: Poses, solve_lens: bool, known: Known | None) -> None:
        self._m, self._known, self._start = m, known, start
        self._lens = 2 if solve_lens else 0
        self._height = float(np.median(-start.c[:, 2]))  # makes shifts as large as turns
        length = np.linalg.norm(transfer_px(start, m), axis=2)[m.real > 0]
        self._sigma = max(float(np.median(length)), _LEAST_PX)

    def moved(self, poses: Poses, step: Floats) -> Poses:
        """Poses after a step in the unknowns."""
        cameras = step[: 6 * len(poses)].reshape(-1, 6)
        poses = poses.moved(cameras[:, :3], cameras[:, 3:] * self._height)
        return _with_lens(poses, *step[6 * len(poses) :]) if self._lens else poses

    def loss(self, poses: Poses) -> float:
        """Cauchy's of all points, and what the priors add."""
        squares = (transfer_px(poses, self._m) ** 2).sum(axis=2) / self._sigma**2
        total = float((np.log1p(squares) * self._m.real).sum())
        for prior in self._priors(poses):
            total += prior.loss()
        return total + (float((lens_prior(poses)[0] ** 2).sum()) if self._lens else 0.0)

    def equations(self, poses: Poses) -> tuple[Floats, Floats]:
        """Gauss-Newton's normal matrix and gradient, with Cauchy's weights."""
        size = 6 * len(poses) + self._lens
        normal, gradient = np.zeros((size, size)), np.zeros(size)
        self._add_links(poses, normal, gradient)
        for prior in self._priors(poses):
            prior.add(normal, gradient)
        if self._lens:
            residual, slope = lens_prior(poses)
            normal[-2:, -2:] += np.diag(slope**2)
            gradient[-2:] += slope * residual
        return normal, gradient

    def _priors(self, poses: Poses) -> list[PerCamera]:
        return priors(poses, self._start, self._height, self._known)

    def _add_links(self, poses: Poses, normal: Floats, gradient: Floats) -> None:
        m, cameras = self._m, 6 * len(poses)
        error = transfer_px(poses, m) / self._sigma
        weight = m.real / (1 + (error**2).sum(axis=2))
        J = self._jacobian(poses, error)
        flat = (J * weight[..., None, None]).reshape(len(J), -1, J.shape[-1])
        blocks = flat.transpose(0, 2, 1) @ J.reshape(flat.shape)
        slopes = (flat.transpose(0, 2, 1) @ error.reshape(len(J), -1, 1))[..., 0]
        lens = np.broadcast_to(np.arange(cameras, cameras + self._lens), (len(m.a), self._lens))
        own = np.arange(6)
        index = np.concatenate([6 * m.a[:, None] + own, 6 * m.b[:, None] + own, lens], axis=1)
        np.add.at(normal, (index[:, :, None], index[:, None, :]), blocks)
        np.add.at(gradient, index, slopes)

    def _jacobian(self, poses: Poses, error: Floats) -> Floats:
        """(L, P, 2, 12 or 14) by forward differences: each link's own two cameras, then the lens."""
        h, count = 1e-6, len(self._m.a)
        both = np.concatenate([self._m.a, self._m.b])
        pairs = Poses(poses.R[both], poses.c[both], poses.phi[both], poses.k1[both])
        apart = replace(self._m, a=np.arange(count), b=np.arange(count, 2 * count))
        columns = []
        for first in (True, False):
            for k in range(6):
                step = np.zeros((2 * count, 6))
                step[slice(0, count) if first else slice(count, None), k] = h
                columns.append(pairs.moved(step[:, :3], step[:, 3:] * self._height))
        if self._lens:
            columns += [_with_lens(pairs, h, 0.0), _with_lens(pairs, 0.0, h)]
        return np.stack([(transfer_px(c, apart) / self._sigma - error) / h for c in columns], axis=-1)


def _with_lens(poses: Poses, log_focal: float, k1: float) -> Poses:
    # The heights go along: what is seen stays as large as it was.
    factor = float(np.exp(log_focal))
    return replace(poses, phi=poses.phi * factor, k1=poses.k1 + k1, c=poses.c * (1.0, 1.0, factor))
