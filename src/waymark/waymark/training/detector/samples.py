# SPDX-License-Identifier: Apache-2.0
"""Crops of labelled pictures, seen from elsewhere and in another light: what one step of a training learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.boxes import canonical, corners

_LEAST_SIDE_PX = 9.0  # a longer side below it is neither wanted nor a mistake
_LEAST_SEEN = 0.45  # share of a box inside of the crop


@dataclass(frozen=True, eq=False)
class Labelled:
    """A picture and what is in it.

    Attributes:
        rgb: (H, W, 3) uint8.
        boxes: (N, 5) px, rad.
        classes: (N,).
    """

    rgb: NDArray[np.uint8]
    boxes: NDArray[np.float64]
    classes: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Crop:
    """One picture of a step.

    Attributes:
        rgb: (S, S, 3) uint8.
        boxes: (N, 5) px, rad.
        classes: (N,).
        ignored: (N,) bool: too small or mostly outside; neither wanted nor a mistake.
    """

    rgb: NDArray[np.uint8]
    boxes: NDArray[np.float64]
    classes: NDArray[np.int64]
    ignored: NDArray[np.bool_]


class Pictures(Protocol):
    """Labelled pictures by number."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def __getitem__(self, index: int) -> Labelled:
        """Read one."""
        ...


def draw_crops(pictures: Pictures, count: int, size: int, strength: float, rng: np.random.Generator) -> list[Crop]:
    """Draw crops of random pictures.

    Args:
        pictures: Where from.
        count: How many.
        size: Width and height, px.
        strength: Of the changes of view and light; 0: only cut out.
        rng: Decides everything.
    """
    return [_crop(pictures[int(rng.integers(len(pictures)))], size, strength, rng) for _ in range(count)]


def _crop(picture: Labelled, size: int, strength: float, rng: np.random.Generator) -> Crop:
    M = _view(picture, size, strength, rng)
    scale = float(np.sqrt(abs(np.linalg.det(M[:, :2]))))
    blurred = picture.rgb if scale > 0.75 else cv2.GaussianBlur(picture.rgb, (0, 0), 0.35 / scale)
    border = tuple(float(v) for v in rng.integers(0, 255, 3)) if rng.random() < 0.5 else (0.0, 0.0, 0.0)
    rgb = cv2.warpAffine(blurred, M, (size, size), flags=cv2.INTER_LINEAR, borderValue=border)
    boxes = moved(picture.boxes, M)
    seen = seen_share(boxes, size)
    inside = seen > 0.05
    boxes, seen, classes = boxes[inside], seen[inside], picture.classes[inside]
    ignored = (seen < _LEAST_SEEN) | (boxes[:, 2] < _LEAST_SIDE_PX)
    return Crop(change_light(np.asarray(rgb, np.uint8), strength, rng), boxes, classes, ignored)


def _view(picture: Labelled, size: int, strength: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """(2, 3) from the picture to the crop: scale, turn, mirror, a middle near some box or anywhere."""
    height, width = picture.rgb.shape[:2]
    scale = float(np.exp(rng.uniform(np.log(0.55), np.log(1.6)) * strength))
    turn = rng.uniform(0, 2 * np.pi) if strength > 0 else 0.0
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    A = np.array([[c, -s], [s, c]]) @ np.diag([1.0 if rng.random() < 0.5 else -1.0, 1.0])
    room = np.maximum(np.array([width, height]) / 2 - 0.4 * size / scale, 0)
    middle = np.array([width, height]) / 2 + rng.uniform(-1, 1, 2) * room
    if len(picture.boxes) and rng.random() < 0.5:
        kind = rng.choice(np.unique(picture.classes))  # a rare class as often as a common one
        one = rng.choice(np.flatnonzero(picture.classes == kind))
        middle = picture.boxes[one, :2] + rng.normal(0, 0.15 * size / scale, 2)
        middle = np.clip(middle, 0.15 * np.array([width, height]), 0.85 * np.array([width, height]))
    return np.column_stack([A, size / 2 - A @ middle])


def moved(boxes: NDArray[np.float64], M: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes (N, 5) under a similarity (2, 3), mirrored or not; canonical."""
    scale = np.sqrt(abs(np.linalg.det(M[:, :2])))
    ends = np.column_stack([np.cos(boxes[:, 4]), np.sin(boxes[:, 4])]) @ M[:, :2].T
    middle = boxes[:, :2] @ M[:, :2].T + M[:, 2]
    return np.asarray(canonical(np.column_stack([middle, boxes[:, 2:4] * scale, np.arctan2(ends[:, 1], ends[:, 0])])))


def seen_share(boxes: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """About which share (N,) of each box lies in a square picture: by 5 x 5 points."""
    if not len(boxes):
        return np.empty(0)
    points = corners(boxes)
    t = np.linspace(0.1, 0.9, 5)
    u, v = np.meshgrid(t, t)
    grid = points[:, None, None, 0] + u[..., None] * (points[:, 1] - points[:, 0])[:, None, None]
    grid = grid + v[..., None] * (points[:, 3] - points[:, 0])[:, None, None]
    return np.asarray(((grid > -0.5) & (grid < size - 0.5)).all(axis=-1).mean(axis=(1, 2)), np.float64)


def change_light(rgb: NDArray[np.uint8], strength: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Another exposure, white balance, saturation, sharpness, noise, compression."""
    if strength <= 0:
        return rgb
    levels = np.arange(256, dtype=np.float32) / 255
    gamma, gain = np.exp(rng.normal(0, 0.35 * strength)), np.exp(rng.normal(0, 0.2 * strength))
    balance, lift = np.exp(rng.normal(0, 0.07 * strength, 3)), max(rng.normal(0, 0.06 * strength), 0)
    tables = [np.clip(255 * (lift + (1 - lift) * gain * b * levels**gamma), 0, 255).astype(np.uint8) for b in balance]
    lit = cv2.merge([cv2.LUT(channel, table) for channel, table in zip(cv2.split(rgb), tables, strict=True)])
    lit = _coloured(np.asarray(lit, np.uint8), strength, rng)
    chance = rng.random() / max(strength, 1e-6)
    if chance < 0.4:
        lit = np.asarray(cv2.GaussianBlur(lit, (0, 0), rng.uniform(0.4, 1.6)), np.uint8)
    elif chance < 0.55:
        lit = _coarser(lit, rng.uniform(1.3, 2.2))
    elif chance < 0.68:  # sharpened
        lit = np.asarray(cv2.addWeighted(lit, 1.8, cv2.GaussianBlur(lit, (0, 0), 1.2), -0.8, 0), np.uint8)
    if rng.random() < 0.5 * strength:
        grain = rng.standard_normal(rgb.shape[:2], np.float32)[..., None] * rng.uniform(1, 10)
        lit = np.asarray(np.clip(lit + grain, 0, 255), np.uint8)
    if rng.random() < 0.5 * strength:
        lit = _compressed(np.asarray(lit, np.uint8), int(rng.integers(25, 92)))
    return np.asarray(lit, np.uint8)


def _coarser(rgb: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """As from a sensor or a web map of less resolution."""
    small = cv2.resize(rgb, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_CUBIC), np.uint8)


def _compressed(rgb: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    _, data = cv2.imencode('.jpg', rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _coloured(rgb: NDArray[np.uint8], strength: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """More or less colourful, gray at times."""
    share = 0.0 if rng.random() < 0.08 * strength else float(np.exp(rng.normal(0, 0.35 * strength)))
    gray = cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(rgb, share, gray, 1 - share, 0), np.uint8)


def stacked(crops: Sequence[Crop]) -> NDArray[np.uint8]:
    """The pictures of crops: (N, S, S, 3)."""
    return np.stack([crop.rgb for crop in crops])
