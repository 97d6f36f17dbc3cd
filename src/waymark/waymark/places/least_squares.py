# SPDX-License-Identifier: Apache-2.0
"""Gauss-Newton with an honest covariance: what residuals really do, not what they should do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
State = TypeVar('State')

_ITERATIONS = 10
_ASTRAY = 0.1  # rad, or a share of the unit of length: who still goes so far with each step is on no solution's way
_STEP = 1e-6  # of the differences that stand for derivatives
_STILL = 1e-6  # rad, or a share of the unit of length: a hundredth of what keypoints tell
HUBER = 1.5  # standard deviations from which a residual counts less and less
_FEWEST_GROUPS = 4


@dataclass(frozen=True)
class Noise:
    """What no scatter of residuals shows.

    Attributes:
        shared_px: Standard deviation of an error that all keypoints share: they lie on whole pixels of their level, and
            near views shift them all alike. Residuals are in px.
        doubt: Factor on the covariance: neighbouring groups share a little of their error too.
        is_estimate: Whether the covariance allows for being an estimate: by G groups, the squared normalised error of P
            parameters is (G - 1) / (G - P - 2) times too large in the mean (Hotelling's T squared; Mardia, Kent and
            Bibby, Multivariate Analysis, 1979, ch. 3).
    """

    shared_px: float
    doubt: float = 1.0
    is_estimate: bool = False


# By simulated flights over planes. Rather a little too careful than too sure.
ON_A_PLANE = Noise(shared_px=0.05, doubt=1.1)
# By rendered corridors, where points are fewer and those on one pillar or wall err together.
IN_DEPTH = Noise(shared_px=0.15, doubt=1.6, is_estimate=True)


@dataclass(frozen=True, eq=False)
class Fit(Generic[State]):
    """A solution.

    Attributes:
        state: The best one.
        covariance: (P, P) of the small changes that `moved` takes.
        sigma: Standard deviation of one residual, in its unit.
    """

    state: State
    covariance: Floats
    sigma: float


def minimize(
    start: State,
    residuals: Callable[[State], Floats],
    moved: Callable[[State, Floats], State],
    size: int,
    groups: NDArray[np.intp],
    prior: Callable[[State], Floats] | None = None,
    noise: Noise = ON_A_PLANE,
) -> Fit[State] | None:
    """Fit a state to points.

    The covariance is the jackknife over groups of points, one Newton step each (Efron, The Jackknife, the Bootstrap and
    Other Resampling Plans, 1982, ch. 3; CR3 of Bell and McCaffrey, 2002): it needs no model of the noise, which differs
    from keypoint to keypoint and is shared by keypoints that lie on one another.

    Args:
        start: Near the solution.
        residuals: (N, R) of a state, R per point.
        moved: A state changed by (P,) small steps.
        size: P.
        groups: (N,) number of each point's group; points of one group may share their error.
        prior: Residuals (Q,) of what is known beforehand, in standard deviations.
        noise: What the covariance has beside the scatter of the residuals.

    Returns:
        The fit; None where the points do not fix the state (or steps stay long), or are in too few groups.
    """
    state = start
    for _ in range(_ITERATIONS):
        normal, step, parts = _equations(state, residuals, moved, size, prior)
        if normal is None or not np.isfinite(step).all():
            return None
        state = moved(state, step)
        if float(np.abs(step).max()) < _STILL:
            break  # what the covariance is made of hardly changes in so small a step
    else:
        normal, _, parts = _equations(state, residuals, moved, size, prior)
        if normal is None or float(np.abs(step).max()) > _ASTRAY:
            return None
    return _with_covariance(state, parts(), groups, noise)


@dataclass(frozen=True, eq=False)
class _Parts:
    gradient: Floats  # (N, P): each point's
    curvature: Floats  # (N, P, P): each point's, of Huber's loss
    known: Floats  # (P, P): what the prior adds
    shared: Floats  # (P, R): how an error that all points share pulls
    sigma: float


def _equations(
    state: State,
    residuals: Callable[[State], Floats],
    moved: Callable[[State, Floats], State],
    size: int,
    prior: Callable[[State], Floats] | None,
) -> tuple[Floats | None, Floats, Callable[[], _Parts]]:
    """Normal matrix, Gauss-Newton step, and what makes the parts of the covariance, once they are wanted."""
    r = residuals(state)
    around = [moved(state, h) for h in _STEP * np.eye(size)]
    J = _jacobian(residuals, r, around)
    length = np.linalg.norm(r, axis=1)
    sigma = max(1.4826 * float(np.median(length)) / np.sqrt(r.shape[1]), 1e-12)
    bend = HUBER * sigma * np.sqrt(r.shape[1])
    weight = np.minimum(1.0, bend / np.maximum(length, 1e-12)) / sigma**2
    gradient = np.einsum('nrp,nr,n->np', J, r, weight)
    normal = np.einsum('nrp,nrq,n->pq', J, J, weight)
    known, pull = np.zeros((size, size)), np.zeros(size)
    if prior is not None:
        q = prior(state)
        Jq = _jacobian(prior, q, around)
        known, pull = Jq.T @ Jq, Jq.T @ q

    def parts() -> _Parts:
        # Beyond the bend, Huber's gradient no longer grows with the residual, only turns with it.
        along = np.einsum('nrp,nr->np', J, r / np.maximum(length, 1e-12)[:, None])
        bent = weight * (length > bend)
        curvature = np.einsum('nrp,nrq,n->npq', J, J, weight) - np.einsum('np,nq,n->npq', along, along, bent)
        return _Parts(gradient, curvature, known, np.einsum('nrp,n->pr', J, weight), sigma)

    try:
        return normal + known, -np.linalg.solve(normal + known, gradient.sum(axis=0) + pull), parts
    except np.linalg.LinAlgError:
        return None, np.zeros(size), parts


def _jacobian(residuals: Callable[[State], Floats], here: Floats, around: Sequence[State]) -> Floats:
    """Forward differences, (..., P): residuals are `here` at the state, and known at a small step in each direction.

    They are exact to a millionth, which moves the solution less than `_STILL`, at half the price of central ones.
    """
    return np.stack([(residuals(there) - here) / _STEP for there in around], axis=-1)


def _with_covariance(state: State, parts: _Parts, groups: NDArray[np.intp], noise: Noise) -> Fit[State] | None:
    _, group = np.unique(groups, return_inverse=True)
    count, size = int(group.max(initial=-1)) + 1, parts.gradient.shape[1]
    if count < (size + 3 if noise.is_estimate else max(_FEWEST_GROUPS, (size + 1) // 2)):
        return None
    gradient, curvature = np.zeros((count, size)), np.zeros((count, size, size))
    np.add.at(gradient, group, parts.gradient)
    np.add.at(curvature, group, parts.curvature)
    whole = curvature.sum(axis=0) + parts.known
    try:
        steps = np.linalg.solve(whole - curvature, gradient[:, :, None])[:, :, 0]
        inverse = np.linalg.inv(whole)
    except np.linalg.LinAlgError:
        return None
    steps -= steps.mean(axis=0)
    pulled = inverse @ parts.shared * noise.shared_px
    # As large an error of each point alone keeps views that are the same pixel by pixel from being infinitely sure.
    shared = pulled @ pulled.T + (noise.shared_px / parts.sigma) ** 2 * inverse
    few = (count - 1) / (count - size - 2) if noise.is_estimate else 1.0
    covariance = few * (count - 1) / count * steps.T @ steps + inverse @ parts.known @ inverse + shared
    return Fit(state, 0.5 * noise.doubt * (covariance + covariance.T), parts.sigma)
