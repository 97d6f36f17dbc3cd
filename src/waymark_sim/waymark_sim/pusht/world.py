# SPDX-License-Identifier: Apache-2.0
"""The world of gym-pusht: 512 x 512 px, y down, ten steps a second, an action is where the disc is to go."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.errors import BackendUnavailable

SIDE_PX = 512.0
RATE_HZ = 10
DISC_PX = 15.0
SUBSTEPS = 10
_P, _V, _DT_S = 100.0, 20.0, 0.01  # gym-pusht's control of the disc
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """What is known after a step.

    Attributes:
        disc_px: (2,) x, y.
        tee: (3,) x, y of the T in px and its angle in rad.
        coverage: Share of the mark that the T covers.
        is_success: Whether that is more than 0.95.
    """

    disc_px: Vector
    tee: Vector
    coverage: float
    is_success: bool


class PushWorld:
    """One episode after another."""

    def __init__(self) -> None:
        """Build the world.

        Raises:
            BackendUnavailable: gym-pusht is not installed.
        """
        self._env = _environment()
        self._env.reset(seed=0)

    def reset(self, seed: int) -> Seen:
        """Begin an episode; equal seeds, equal beginnings."""
        _, facts = self._env.reset(seed=seed)
        return self._seen(facts, float(self._env.unwrapped._get_coverage()))

    def step(self, goal_px: Vector) -> Seen:
        """Send the disc to a place for a tenth of a second.

        Args:
            goal_px: (2,) x, y; kept inside the world.
        """
        goal = np.clip(np.asarray(goal_px, np.float64), 0.0, SIDE_PX)
        *_, facts = self._env.step(goal)
        return self._seen(facts, float(facts['coverage']))

    def image(self, side_px: int = 96) -> NDArray[np.uint8]:
        """What a camera above sees, (side, side, 3) RGB."""
        env = self._env.unwrapped
        env.observation_width = env.observation_height = side_px
        return np.asarray(env._render(), np.uint8)

    @property
    def mark(self) -> Vector:
        """(3,) where the T belongs: x, y in px and angle in rad."""
        return np.array(self._env.unwrapped.goal_pose, np.float64)

    def _seen(self, facts: dict[str, Any], coverage: float) -> Seen:
        env = self._env.unwrapped
        tee = np.array([*env.block.position, env.block.angle])
        return Seen(np.array(facts['pos_agent'], np.float64), tee, coverage, coverage > env.success_threshold)


class PushTrial:
    """A second world in which pushes are tried before they are made."""

    def __init__(self) -> None:
        """Build it, as PushWorld."""
        self._env = _environment()
        self._env.reset(seed=0)

    def push(self, tee: Vector, path_px: Vector) -> Vector:
        """Where the T is after the disc went along a path, beginning at rest at its first point.

        Args:
            tee: (3,) pose before.
            path_px: (N, 2) one place per step.

        Returns:
            (3,) pose after.
        """
        env = self._env.unwrapped
        block, disc = env.block, env.agent
        block.velocity, block.angular_velocity, block.angle = (0.0, 0.0), 0.0, float(tee[2])
        block.position = float(tee[0]), float(tee[1])
        disc.velocity, disc.position = (0.0, 0.0), (float(path_px[0][0]), float(path_px[0][1]))
        env.space.reindex_shapes_for_body(block)
        env.space.reindex_shapes_for_body(disc)
        for goal in path_px[1:]:
            for _ in range(SUBSTEPS):
                x, y = disc.position
                vx, vy = disc.velocity
                ax, ay = _P * (goal[0] - x) - _V * vx, _P * (goal[1] - y) - _V * vy
                disc.velocity = (vx + ax * _DT_S, vy + ay * _DT_S)
                env.space.step(_DT_S)
        return np.array([*block.position, block.angle])


def _environment() -> Any:
    os.environ.setdefault('SDL_VIDEODRIVER', 'dummy')  # pygame draws; no window is wanted
    os.environ.setdefault('PYGAME_HIDE_SUPPORT_PROMPT', '1')
    try:
        from gym_pusht.envs.pusht import PushTEnv
    except ImportError as error:
        raise BackendUnavailable(
            f'gym-pusht is not installed ({error}): pip install "waymark[pusht]" and then '
            'pip install --no-deps gym-pusht==0.1.8 (its own needs name a second OpenCV).'
        ) from None
    return PushTEnv(obs_type='state')
