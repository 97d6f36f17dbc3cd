# SPDX-License-Identifier: Apache-2.0
"""Where along the map, through time: a belief over keyframes that each image moves on and corrects.

A hidden Markov model (Thrun, Burgard, Fox, Probabilistic Robotics, 2005, ch. 8: Markov localization on a graph). States
are (keyframe, direction of travel) and one `elsewhere`; robots move along the order of keyframes at an unknown speed,
turn back sometimes, and are rarely carried off.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape

Floats = NDArray[np.float64]

# Chances per image: of staying at a keyframe, or going on by one, two, three.
_STEPS = np.array([0.35, 0.4, 0.2, 0.05])
_TURN = 0.05  # of turning back
_JUMP = 0.01  # of being anywhere in the map next
_LEAVE, _ENTER = 0.01, 0.1  # of leaving the map, and of coming into it from outside
# What one image can say at most, for or against: images of one moment share their errors.
_MOST_FOR, _MOST_AGAINST = 8.0, -3.0
# How much a step of a finding's score says, and of what geometry adds to it; fitted to corridors and flights.
_SHARPNESS, _VERIFIED = 2.5, 2.5


def evidence_of(scores: NDArray[np.floating], verified: NDArray[np.floating]) -> Floats:
    """Turn scores (K,) of an image's candidates into log likelihood ratios for SequenceFilter.update.

    Scores are compared with the median of the same image: what they are worth alone differs from camera to camera.
    """
    if len(scores) == 0:
        return np.zeros(0)
    plain = np.asarray(scores, np.float64)
    return np.asarray(_SHARPNESS * (plain - np.median(plain)) + _VERIFIED * (np.asarray(verified) - plain))


class SequenceFilter:
    """Belief over keyframes by position in the map's order; causal, O(keyframes) per image."""

    def __init__(self) -> None:
        self._onward = np.zeros(0)
        self._backward = np.zeros(0)
        self.elsewhere = 1.0

    def __len__(self) -> int:
        return len(self._onward)

    @property
    def belief(self) -> Floats:
        """(N,) probability of each keyframe's place; with `elsewhere` they sum to 1."""
        return self._onward + self._backward

    def reset(self) -> None:
        """Know nothing again, of a map as large as before."""
        self._onward[:] = 0
        self._backward[:] = 0
        self.elsewhere = 1.0

    def grow(self, count: int) -> None:
        """Let the map have `count` keyframes; new ones come last."""
        more = np.zeros(max(count - len(self), 0))
        self._onward, self._backward = np.append(self._onward, more), np.append(self._backward, more)

    def remove(self, position: int) -> None:
        """Forget a keyframe; its belief goes to its neighbours."""
        for values in (self._onward, self._backward):
            neighbours = [i for i in (position - 1, position + 1) if 0 <= i < len(values)]
            for i in neighbours:
                values[i] += values[position] / len(neighbours)
        self._onward, self._backward = np.delete(self._onward, position), np.delete(self._backward, position)

    def update(self, positions: NDArray[np.intp], evidence: NDArray[np.floating], moved: float | None = None) -> None:
        """Take in one image.

        Args:
            positions: (K,) of the keyframes that were looked at.
            evidence: (K,) log of how much likelier the image is there than at a place outside the map.
            moved: Distance since the last image by odometry, in steps between keyframes; None: unknown.
        """
        require_shape('evidence', evidence, (len(positions),))
        self._move(moved)
        said = np.clip(np.asarray(evidence, np.float64), _MOST_AGAINST, _MOST_FOR)
        # Keyframes that retrieval left out are less alike than the least of those it found.
        factor = np.full(len(self), np.exp(min(float(said.min(initial=0.0)), 0.0)))
        factor[positions] = np.exp(said)
        self._onward *= factor
        self._backward *= factor
        total = float(self._onward.sum() + self._backward.sum()) + self.elsewhere
        self._onward /= total
        self._backward /= total
        self.elsewhere /= total

    def near(self, positions: NDArray[np.intp], reach: int) -> float:
        """Probability of being at one of some positions (K,) or at most `reach` from one, in the map's order."""
        belief = self.belief
        at = (np.asarray(positions)[:, None] + np.arange(-reach, reach + 1)).ravel()
        return float(belief[np.unique(at[(at >= 0) & (at < len(belief))])].sum())

    def best(self, count: int) -> NDArray[np.intp]:
        """Positions of the most believed keyframes, best first; fewer where belief is zero."""
        belief = self.belief
        count = min(count, len(belief))
        if count == 0:
            return np.zeros(0, np.intp)
        kept = np.argpartition(-belief, count - 1)[:count]
        kept = kept[belief[kept] > 0]
        return np.asarray(kept[np.argsort(-belief[kept], kind='stable')], np.intp)

    def _move(self, moved: float | None) -> None:
        steps = _STEPS if moved is None else _steps_of(moved)
        onward, backward = _shifted(self._onward, steps, 1), _shifted(self._backward, steps, -1)
        inside = float(onward.sum() + backward.sum())
        spread = (_JUMP * inside + _ENTER * self.elsewhere) / max(2 * len(self), 1)
        keep = 1 - _JUMP - _LEAVE
        self._onward = keep * ((1 - _TURN) * onward + _TURN * backward) + spread
        self._backward = keep * ((1 - _TURN) * backward + _TURN * onward) + spread
        self.elsewhere = (1 - _ENTER) * self.elsewhere + _LEAVE * inside
        if len(self) == 0:
            self.elsewhere = 1.0


def _steps_of(moved: float) -> Floats:
    """Chances of going on by 0, 1, 2, ... keyframes where odometry says `moved`: a triangle of half a step and more."""
    wide = 1.0 + 0.2 * abs(moved)
    reach = np.arange(int(abs(moved) + wide) + 2)
    chances = np.maximum(1 - np.abs(reach - abs(moved)) / wide, 0)
    return np.asarray(chances / chances.sum())


def _shifted(values: Floats, steps: Floats, sign: int) -> Floats:
    """Move belief by each number of steps with its chance; what would leave at an end stays there."""
    n = len(values)
    moved = np.zeros(n)
    ordered = values if sign > 0 else values[::-1]
    for step, chance in enumerate(steps):
        if chance == 0 or n == 0:
            continue
        s = min(step, n - 1)
        moved[s:] += chance * ordered[: n - s]
        moved[-1] += chance * float(ordered[n - s :].sum())
    return moved if sign > 0 else moved[::-1]
