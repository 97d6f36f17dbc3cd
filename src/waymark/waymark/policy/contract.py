# SPDX-License-Identifier: Apache-2.0
"""What a policy is fed and what it answers: the part of it that must be known before a vehicle moves."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waymark.errors import PolicyError

ACTION = 'action'


@dataclass(frozen=True)
class CameraFeature:
    """An image that the policy takes.

    Attributes:
        key: As the policy's own data names it: 'observation.images.front'.
        size_wh: Width and height, px.
        channels: 3, or 1 for gray.
        mode: How its values are normalised ('IDENTITY': not at all).
    """

    key: str
    size_wh: tuple[int, int]
    channels: int = 3
    mode: str = 'IDENTITY'


@dataclass(frozen=True)
class VectorFeature:
    """Numbers that the policy takes or gives.

    Attributes:
        key: 'observation.state', 'action'.
        dim: How many.
        names: Of each, in order; None where the policy's files do not say.
        mode: How they are normalised: 'MEAN_STD', 'MIN_MAX', ... or 'IDENTITY'.
    """

    key: str
    dim: int
    names: tuple[str, ...] | None = None
    mode: str = 'IDENTITY'


@dataclass(frozen=True)
class Contract:
    """What goes into a policy and what comes out.

    Attributes:
        policy_type: lerobot's name of the kind: 'smolvla', 'act', 'diffusion', 'pi0', ...
        cameras: Images, in the policy's order.
        states: Vectors that are observed.
        action: The vector that is answered, once for each step of a chunk.
        chunk_steps: Actions in a chunk.
        observation_steps: Observations that it wants at once, the newest last (diffusion policies: 2).
        takes_instruction: Whether it reads a text.
        has_rtc: Whether it can continue a chunk that is being carried out (real-time chunking).
        fps: Steps in a second of what it was trained on; None where its files do not say.
        problems: What is wrong with its files, a sentence each; such a policy is not served.
    """

    policy_type: str
    cameras: tuple[CameraFeature, ...]
    states: tuple[VectorFeature, ...]
    action: VectorFeature
    chunk_steps: int
    observation_steps: int = 1
    takes_instruction: bool = False
    has_rtc: bool = False
    fps: float | None = None
    problems: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of all arrays of an observation."""
        return (*(c.key for c in self.cameras), *(s.key for s in self.states))

    def shape_of(self, key: str) -> tuple[int, ...]:
        """Shape of an array of an observation: (H, W, C) uint8 or (D,) float32, behind the steps where there are more.

        Raises:
            KeyError: The policy does not take it.
        """
        shapes: dict[str, tuple[int, ...]] = {c.key: (*c.size_wh[::-1], c.channels) for c in self.cameras}
        shapes |= {s.key: (s.dim,) for s in self.states}
        steps = (self.observation_steps,) if self.observation_steps > 1 else ()
        return (*steps, *shapes[key])

    def require_sound(self, name: str) -> None:
        """Refuse a policy whose files are incomplete.

        Raises:
            PolicyError: All problems.
        """
        if self.problems:
            raise PolicyError(f'{name} can not be used: ' + ' '.join(self.problems))

    def to_plain(self) -> dict[str, Any]:
        """Values that JSON can hold."""
        return dataclasses.asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> Contract:
        """Build from `to_plain`'s values, as they come over a wire.

        Raises:
            PolicyError: They are no contract.
        """
        try:
            return cls(
                policy_type=str(values['policy_type']),
                cameras=tuple(_camera(v) for v in values['cameras']),
                states=tuple(_vector(v) for v in values['states']),
                action=_vector(values['action']),
                chunk_steps=int(values['chunk_steps']),
                observation_steps=int(values['observation_steps']),
                takes_instruction=bool(values['takes_instruction']),
                has_rtc=bool(values['has_rtc']),
                fps=None if values['fps'] is None else float(values['fps']),
                problems=tuple(str(p) for p in values['problems']),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise PolicyError(f'what the policy process says of its policy is no contract ({error}).') from error


def _camera(values: Mapping[str, Any]) -> CameraFeature:
    width, height = values['size_wh']
    return CameraFeature(str(values['key']), (int(width), int(height)), int(values['channels']), str(values['mode']))


def _vector(values: Mapping[str, Any]) -> VectorFeature:
    names = values['names']
    known = None if names is None else tuple(str(n) for n in names)
    return VectorFeature(str(values['key']), int(values['dim']), known, str(values['mode']))
