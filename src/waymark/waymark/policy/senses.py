# SPDX-License-Identifier: Apache-2.0
"""What the vehicle has seen and sensed lately, made into what a policy takes; what is too old is not."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import PolicyError
from waymark.policy.contract import CameraFeature, Contract
from waymark.policy.mapping import ImageInput, PolicyMapping, Quantity
from waymark.types import NANOSECONDS, Frame

KEPT = 8  # of each image; more are kept for policies that look further back
STATES_KEPT = 200


@dataclass(frozen=True, eq=False)
class Seen:
    """An observation: arrays by the policy's keys, and the stamp of its oldest part (images; states without any)."""

    arrays: Mapping[str, NDArray[Any]]
    stamp_ns: int


class Senses:
    """Keeps the newest of each. The threads that note and the one that asks need no lock: deques are atomic."""

    def __init__(self, mapping: PolicyMapping, contract: Contract, max_age_s: float) -> None:
        """Prepare.

        Args:
            mapping: Goes with the contract.
            contract: What the policy takes.
            max_age_s: An observation with an older part is none.
        """
        self._mapping, self._contract, self._max_age_ns = mapping, contract, max_age_s * NANOSECONDS
        self._images: dict[str, deque[tuple[int, Callable[[], Frame]]]] = {
            i.key: deque(maxlen=KEPT * contract.observation_steps) for i in mapping.images
        }
        used = {q.source for rows in mapping.states.values() for q in rows}
        self._states: dict[str, deque[tuple[int, Mapping[str, float]]]] = {
            source: deque(maxlen=STATES_KEPT) for source in sorted(used)
        }

    @property
    def sources(self) -> tuple[str, ...]:
        """Which of 'joint' and 'odometry' are needed."""
        return tuple(self._states)

    def see(self, key: str, stamp_ns: int, frame: Callable[[], Frame]) -> None:
        """Note an image of a feature; it is decoded only when the policy is asked about it."""
        self._images[key].append((stamp_ns, frame))

    def sense(self, source: str, stamp_ns: int, values: Mapping[str, float]) -> None:
        """Note what 'odometry' says by field ('x', 'linear.x'), or 'joint' by 'NAME position'."""
        if source in self._states:
            self._states[source].append((stamp_ns, values))

    def clear(self) -> None:
        """Forget all: time went back."""
        for images in self._images.values():
            images.clear()
        for states in self._states.values():
            states.clear()

    def observe(self, now_ns: int) -> Seen | str:
        """What the policy can be shown now, or the sentence that says why it can't.

        Raises:
            PolicyError: An image of another size than the policy's, or a joint that is not there.
        """
        newest = {f'image {key}': kept[-1][0] for key, kept in self._images.items() if kept}
        newest |= {source: kept[-1][0] for source, kept in self._states.items() if kept}
        names = [*(f'image {k}' for k in self._images), *self._states]
        missing = [n for n in names if n not in newest]
        if missing:
            return f'nothing has come of: {", ".join(missing)}'
        name, oldest = min(newest.items(), key=lambda item: item[1])
        if now_ns - oldest > self._max_age_ns:
            return f'{name} is {(now_ns - oldest) / NANOSECONDS:.1f} s old'
        stamp_ns = min((s for n, s in newest.items() if n.startswith('image ')), default=oldest)
        return Seen(self._arrays(stamp_ns), stamp_ns)

    def _arrays(self, stamp_ns: int) -> dict[str, NDArray[Any]]:
        steps, period_ns = self._contract.observation_steps, NANOSECONDS / self._mapping.fps
        times = [round(stamp_ns - k * period_ns) for k in range(steps - 1, -1, -1)]
        cameras = {c.key: c for c in self._contract.cameras}
        arrays: dict[str, NDArray[Any]] = {}
        for image in self._mapping.images:
            found = [fitted(_nearest(self._images[image.key], t)(), cameras[image.key], image) for t in times]
            arrays[image.key] = np.stack(found) if steps > 1 else found[0]
        for key, rows in self._mapping.states.items():
            values = np.array([[self._value(row, t) for row in rows] for t in times], np.float32)
            arrays[key] = values if steps > 1 else values[0]
        return arrays

    def _value(self, row: Quantity, time_ns: int) -> float:
        values = _nearest(self._states[row.source], time_ns)
        name = f'{row.field} {row.of}' if row.source == 'joint' else row.field
        if name not in values:
            known = ', '.join(sorted(values)) or 'none'
            raise PolicyError(f'{row.source} {name} is not in what came: {known}.')
        return row.from_ros(values[name])


def _nearest(kept: deque[tuple[int, Any]], time_ns: int) -> Any:
    return min(tuple(kept), key=lambda item: abs(item[0] - time_ns))[1]


def fitted(frame: Frame, camera: CameraFeature, image: ImageInput) -> NDArray[np.uint8]:
    """An image as the policy takes it, (H, W, C) uint8.

    Raises:
        PolicyError: It has another size, and the mapping says 'exact'.
    """
    pixels = frame.rgb if camera.channels == 3 else frame.gray
    if frame.size_wh != camera.size_wh:
        if image.fit == 'exact':
            have, want = ('x'.join(map(str, s)) for s in (frame.size_wh, camera.size_wh))
            raise PolicyError(
                f'{image.key}: images of {image.topic} are {have} px, the policy was trained on {want}. '
                'Have the camera give that size, or set fit: resize or pad.'
            )
        pixels = _resized(pixels, camera.size_wh, image.fit == 'pad')
    return np.ascontiguousarray(pixels if camera.channels == 3 else pixels[..., None])


def _resized(pixels: NDArray[np.uint8], size_wh: tuple[int, int], pads: bool) -> NDArray[np.uint8]:
    """Another size: stretched, or with black on the right and below so that nothing is."""
    height, width = pixels.shape[:2]
    scale = min(size_wh[0] / width, size_wh[1] / height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale))) if pads else size_wh
    kind = cv2.INTER_AREA if inner[0] < width else cv2.INTER_LINEAR
    resized = np.asarray(cv2.resize(pixels, inner, interpolation=kind), np.uint8)
    if inner == size_wh:
        return resized
    whole = np.zeros((size_wh[1], size_wh[0], *pixels.shape[2:]), np.uint8)
    whole[: inner[1], : inner[0]] = resized
    return whole
