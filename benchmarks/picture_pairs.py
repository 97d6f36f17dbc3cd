# SPDX-License-Identifier: Apache-2.0
"""Pairs of pictures with an exact homography between them, made from real pictures.

Views of a picture: a camera in front of it, further away or nearer, turned, tilted up to 72 degrees; other light, blur,
noise, JPEG, something in front, only a part in view. What has no homography: impossible_pairs.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Rng = np.random.Generator

# Folders below the shared data, one group per place: pictures of one group may show the same thing.
GROUPS = {
    'dbow2': 'dbow2_demo/*.png',
    'dota': 'dota8/images/train/*.jpg',
    'road': 'kitti_mini/KITTI_sequence_1/image_l/0000[025]0.png',
    'metric': 'metric_refs/*.png',
    'samples': 'opencv_samples/*.png',
    'shop': 'opencv_samples/matching_to_many_images/train/*.png',
    'graf': 'oxford_affine/graf/img[14].png',
    'boat': 'oxford_affine/boat/img[14].png',
    'bikes': 'oxford_affine/bikes/img[15].png',
    'ubc': 'oxford_affine/ubc/img1.png',
    'leuven': 'oxford_affine/leuven/img[16].png',
    'rooms': 'rtabmap_samples/samples/*[05].jpg',
    'church': 'sacre_coeur/mapping/*.jpg',
    'aerial': 'sahi_aerial/*.*',
    'field': 'uav_odm_caliterra/images_1200px/*.jpg',
    'corridor': 'vpr_corridor/ref/*0.jpg',
    'city': 'vpr_gmberton_toy/*/*.jpg',
    'falls': 'iguazu/img1.pgm',
}
ITS_OWN_MIRROR_IMAGE = {'city/q1'}  # a facade
SAME_PLACE = {frozenset(('rooms', 'dbow2'))}
SUFFIXES = {'.png', '.jpg', '.jpeg', '.pgm'}
SIDE_PX = 720


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture and the place it was taken at."""

    group: str
    name: str
    gray: Gray


@dataclass(frozen=True, eq=False)
class MadePair:
    """Two pictures; H maps reference to current px, None: no homography is right."""

    kind: str
    name: str
    reference: Gray
    current: Gray
    H_cur_ref: NDArray[np.float64] | None


def load_pictures(data: Path, side_px: int = SIDE_PX) -> list[Picture]:
    """Read the pictures, reduced to a longer side of at most `side_px`."""
    pictures = []
    for group, pattern in GROUPS.items():
        for file in sorted(p for p in data.glob(pattern) if p.suffix.lower() in SUFFIXES):
            gray = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
            if gray is not None:
                pictures.append(Picture(group, f'{group}/{file.stem}', _at_most(np.asarray(gray, np.uint8), side_px)))
    return pictures


def _at_most(gray: Gray, side_px: int) -> Gray:
    factor = side_px / max(gray.shape)
    if factor >= 1:
        return gray
    size = round(gray.shape[1] * factor), round(gray.shape[0] * factor)
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)


# Views


def view_homography(
    size_wh: tuple[int, int], tilt_deg: float, rng: Rng, scale: float, turn_deg: float
) -> NDArray[np.float64]:
    """A camera that looks at the middle of a picture from `tilt_deg` off its normal: picture px to image px."""
    width, height = size_wh
    focal = 1.2 * max(size_wh)
    away, turn, tilt = rng.uniform(0, 2 * np.pi), np.radians(turn_deg), np.radians(tilt_deg)
    axis = np.array([np.cos(away), np.sin(away), 0.0])
    R = _rotation(np.array([0, 0, 1.0]), turn) @ _rotation(axis, tilt)
    K = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    depth = focal / scale
    centred = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1.0]])
    plane = np.column_stack([R[:, 0], R[:, 1], np.array([0, 0, depth])])
    return np.asarray(K @ plane @ centred, np.float64)


def _rotation(axis: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    return np.asarray(cv2.Rodrigues(axis * angle)[0], np.float64)


def seen(picture: Gray, H: NDArray[np.float64], size_wh: tuple[int, int], background: Gray) -> Gray:
    """A picture on its plane, drawn with four by four samples a pixel, in front of a background."""
    over = 3
    fine = np.diag([over, over, 1.0])
    fine[:2, 2] = (over - 1) / 2
    big = size_wh[0] * over, size_wh[1] * over
    drawn = cv2.warpPerspective(picture, fine @ H, big, flags=cv2.INTER_LINEAR)
    there = cv2.warpPerspective(np.full_like(picture, 255), fine @ H, big, flags=cv2.INTER_LINEAR)
    drawn, there = (cv2.resize(i, size_wh, interpolation=cv2.INTER_AREA) for i in (drawn, there))
    back = cv2.resize(background, size_wh, interpolation=cv2.INTER_AREA)
    alpha = there.astype(np.float32) / 255
    return np.asarray(np.rint(drawn * 1.0 + back * (1 - alpha)).clip(0, 255), np.uint8)


def other_light(gray: Gray, strength: float, rng: Rng) -> Gray:
    """Gain, gamma, a gradient of light and a hard shadow; strength 0 to 1."""
    value = (gray / 255.0) ** float(np.exp(rng.uniform(-1, 1) * strength))
    height, width = gray.shape
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    angle = rng.uniform(0, 2 * np.pi)
    value = value * (1 + 0.6 * strength * (np.cos(angle) * x + np.sin(angle) * y))
    edge = rng.uniform(0, 2 * np.pi)
    shadow = np.cos(edge) * x + np.sin(edge) * y > rng.uniform(-0.5, 0.8)
    value = np.where(shadow, value * (1 - 0.7 * strength), value)
    return np.asarray(np.clip(value * (1 + strength * rng.uniform(-0.6, 0.4)) * 255, 0, 255), np.uint8)


def worn(gray: Gray, strength: float, rng: Rng) -> Gray:
    """Blur, noise and JPEG; strength 0 to 1."""
    blurred = cv2.GaussianBlur(gray, (0, 0), max(0.01, strength * rng.uniform(0, 3)))
    noisy = np.clip(blurred + rng.normal(0, 1 + strength * 12, gray.shape), 0, 255).astype(np.uint8)
    quality = int(95 - strength * rng.uniform(0, 75))
    coded = cv2.imencode('.jpg', noisy, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)


@dataclass(frozen=True)
class Hardness:
    """How far a view goes."""

    tilt_deg: tuple[float, float]
    scale: tuple[float, float]
    turn_deg: float
    light: float
    wear: float
    hidden: float = 0.0
    shift: float = 0.12


KINDS = {
    'viewpoint': Hardness((0, 50), (0.5, 1.5), 30, 0.1, 0.1),
    'steep': Hardness((50, 72), (0.7, 1.3), 180, 0.1, 0.1),
    'zoom': Hardness((0, 20), (0.25, 0.45), 180, 0.1, 0.1),
    'light': Hardness((0, 5), (0.95, 1.05), 3, 1.0, 0.2),
    'blur': Hardness((0, 10), (0.9, 1.1), 5, 0.1, 1.0),
    'all': Hardness((10, 50), (0.5, 1.2), 60, 0.7, 0.6),
    'hidden': Hardness((0, 30), (0.6, 1.2), 30, 0.2, 0.2, 0.5),
    'overlap': Hardness((0, 40), (0.8, 1.2), 30, 0.2, 0.2, shift=0.7),
}


def backdrop(pictures: Sequence[Picture], picture: Picture, rng: Rng) -> Gray:
    """A picture of another place."""
    while True:
        other = pictures[int(rng.integers(len(pictures)))]
        if not may_overlap(picture, other):
            return other.gray


def may_overlap(a: Picture, b: Picture) -> bool:
    """Whether two pictures may show one place."""
    return a.group == b.group or frozenset((a.group, b.group)) in SAME_PLACE


def one_of(pictures: Sequence[Picture], rng: Rng) -> Picture:
    """Any of the pictures."""
    return pictures[int(rng.integers(len(pictures)))]


def possible_pair(kind: str, pictures: Sequence[Picture], rng: Rng) -> MadePair:
    """A view of one of the pictures."""
    how = KINDS[kind]
    picture = one_of(pictures, rng)
    height, width = picture.gray.shape
    size_wh = (width, height)
    H = view_homography(
        size_wh, rng.uniform(*how.tilt_deg), rng, rng.uniform(*how.scale), rng.uniform(-1, 1) * how.turn_deg
    )
    shift = np.eye(3)
    shift[:2, 2] = rng.uniform(-how.shift, how.shift, 2) * size_wh
    H = shift @ H
    H /= H[2, 2]
    image = seen(picture.gray, H, size_wh, backdrop(pictures, picture, rng))
    if how.hidden:
        image = _hide(image, backdrop(pictures, picture, rng), how.hidden * rng.uniform(0.5, 1), rng)
    return MadePair(kind, picture.name, picture.gray, photographed(image, how.light, how.wear, rng), H)


def photographed(image: Gray, light: float, wear: float, rng: Rng) -> Gray:
    """Other light, then what a camera does to it; strengths 0 to 1."""
    return worn(other_light(image, light * rng.uniform(0.5, 1), rng), wear * rng.uniform(0.3, 1), rng)


def _hide(image: Gray, front: Gray, share: float, rng: Rng) -> Gray:
    height, width = image.shape
    size = round(width * np.sqrt(share)), round(height * np.sqrt(share))
    left, top = rng.integers(0, width - size[0] + 1), rng.integers(0, height - size[1] + 1)
    image = image.copy()
    image[top : top + size[1], left : left + size[0]] = cv2.resize(front, size, interpolation=cv2.INTER_AREA)
    return image
