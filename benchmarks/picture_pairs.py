# SPDX-License-Identifier: Apache-2.0
"""Pairs of pictures with an exact homography between them, and pairs that have none, made from real pictures.

Possible pairs are views of a picture: a camera in front of it, further away or nearer, turned, tilted up to 70 degrees;
other light, blur, noise, JPEG, something in front. Impossible ones are what a matcher falls for: other pictures,
another part of the same picture (the same grass, wall or roof), the mirror image, walls of equal windows or bricks,
pages of one layout with other contents or with one picture in common, pictures with next to nothing in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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


def _backdrop(pictures: Sequence[Picture], picture: Picture, rng: Rng) -> Gray:
    """A picture of another place."""
    while True:
        other = pictures[int(rng.integers(len(pictures)))]
        if not may_overlap(picture, other):
            return other.gray


def may_overlap(a: Picture, b: Picture) -> bool:
    """Whether two pictures may show one place."""
    return a.group == b.group or frozenset((a.group, b.group)) in SAME_PLACE


def _one(pictures: Sequence[Picture], rng: Rng) -> Picture:
    return pictures[int(rng.integers(len(pictures)))]


def possible_pair(kind: str, pictures: Sequence[Picture], rng: Rng) -> MadePair:
    """A view of one of the pictures."""
    how = KINDS[kind]
    picture = _one(pictures, rng)
    height, width = picture.gray.shape
    size_wh = (width, height)
    H = view_homography(
        size_wh, rng.uniform(*how.tilt_deg), rng, rng.uniform(*how.scale), rng.uniform(-1, 1) * how.turn_deg
    )
    shift = np.eye(3)
    shift[:2, 2] = rng.uniform(-how.shift, how.shift, 2) * size_wh
    H = shift @ H
    H /= H[2, 2]
    image = seen(picture.gray, H, size_wh, _backdrop(pictures, picture, rng))
    if how.hidden:
        image = _hide(image, _backdrop(pictures, picture, rng), how.hidden * rng.uniform(0.5, 1), rng)
    return MadePair(kind, picture.name, picture.gray, _photographed(image, how.light, how.wear, rng), H)


def _photographed(image: Gray, light: float, wear: float, rng: Rng) -> Gray:
    return worn(other_light(image, light * rng.uniform(0.5, 1), rng), wear * rng.uniform(0.3, 1), rng)


def _hide(image: Gray, front: Gray, share: float, rng: Rng) -> Gray:
    height, width = image.shape
    size = round(width * np.sqrt(share)), round(height * np.sqrt(share))
    left, top = rng.integers(0, width - size[0] + 1), rng.integers(0, height - size[1] + 1)
    image = image.copy()
    image[top : top + size[1], left : left + size[0]] = cv2.resize(front, size, interpolation=cv2.INTER_AREA)
    return image


# What has no homography


def _a_view(picture: Gray, behind: Gray, rng: Rng) -> Gray:
    size_wh = (picture.shape[1], picture.shape[0])
    H = view_homography(size_wh, rng.uniform(0, 40), rng, rng.uniform(0.6, 1.3), rng.uniform(-30, 30))
    return _photographed(seen(picture, H, size_wh, behind), 0.3, 0.3, rng)


def other_picture(pictures: Sequence[Picture], rng: Rng) -> MadePair:
    """Pictures of two places."""
    picture = _one(pictures, rng)
    other = _photographed(_backdrop(pictures, picture, rng), 0.3, 0.3, rng)
    return MadePair('other picture', picture.name, picture.gray, other, None)


def elsewhere(pictures: Sequence[Picture], rng: Rng) -> MadePair:
    """Two parts of one picture that share nothing."""
    picture = _one(pictures, rng)
    gray = picture.gray if rng.random() < 0.5 else np.ascontiguousarray(picture.gray.T)
    half = gray.shape[1] // 2
    left, right = (np.ascontiguousarray(cv2.resize(i, None, fx=1.6, fy=1.6)) for i in (gray[:, :half], gray[:, half:]))
    return MadePair('elsewhere', picture.name, left, _a_view(right, _backdrop(pictures, picture, rng), rng), None)


def mirrored(pictures: Sequence[Picture], rng: Rng) -> MadePair:
    """A picture and a view of its mirror image."""
    picture = _one([p for p in pictures if p.name not in ITS_OWN_MIRROR_IMAGE], rng)
    flipped = np.ascontiguousarray(picture.gray[:, ::-1])
    return MadePair(
        'mirrored', picture.name, picture.gray, _a_view(flipped, _backdrop(pictures, picture, rng), rng), None
    )


def _wall(tile: Gray, rng: Rng) -> Gray:
    """A wall of one tile in rows and columns, with stains that are nowhere the same."""
    height, width = tile.shape
    wall = np.tile(tile, (480 // height + 2, 640 // width + 2)).astype(np.float32)
    left, top = rng.integers(0, width), rng.integers(0, height)
    stains = cv2.resize(rng.normal(0, 1, (12, 16)).astype(np.float32), (640, 480), interpolation=cv2.INTER_CUBIC)
    wall = wall[top : top + 480, left : left + 640] + 8 * stains + rng.normal(0, 3, (480, 640))
    return np.asarray(np.clip(wall, 0, 255), np.uint8)


def repeated(pictures: Sequence[Picture], rng: Rng) -> MadePair:
    """Two places on walls of one tile: many homographies fit the tiles, none is known to be right."""
    picture = _one(pictures, rng)
    height, width = picture.gray.shape
    tile_wh = int(rng.integers(40, 120)), int(rng.integers(40, 120))
    tile = np.asarray(cv2.resize(picture.gray[: height // 2, : width // 2], tile_wh, interpolation=cv2.INTER_AREA))
    view = _a_view(_wall(tile, rng), _backdrop(pictures, picture, rng), rng)
    return MadePair('repeated', picture.name, _wall(tile, rng), view, None)


def _page(rng: Rng, picture: Gray) -> Gray:
    """A page of text with a picture in it."""
    page = np.full((640, 480), 240, np.uint8)
    words = ''.join(rng.choice(list('abcdefghij klmnopqrstu vwxyz ABCDEF 0123456789'), 4000))
    for row in range(28):
        line = words[row * 60 : row * 60 + 60]
        cv2.putText(page, line, (30, 40 + row * 21), cv2.FONT_HERSHEY_SIMPLEX, 0.42, 30, 1, cv2.LINE_AA)
    page[250:420, 120:360] = cv2.resize(picture, (240, 170), interpolation=cv2.INTER_AREA)
    return page


def same_layout(pictures: Sequence[Picture], rng: Rng) -> MadePair:
    """Pages of one layout with another text and another picture."""
    picture = _one(pictures, rng)
    other, behind = _backdrop(pictures, picture, rng), _backdrop(pictures, picture, rng)
    return MadePair(
        'same layout', picture.name, _page(rng, picture.gray), _a_view(_page(rng, other), behind, rng), None
    )


def look_alike(pictures: Sequence[Picture], rng: Rng) -> MadePair:
    """Pages of one layout with the same picture in an eighth of them, and another text."""
    picture = _one(pictures, rng)
    view = _a_view(_page(rng, picture.gray), _backdrop(pictures, picture, rng), rng)
    return MadePair('look-alike', picture.name, _page(rng, picture.gray), view, None)


def nothing(pictures: Sequence[Picture], rng: Rng) -> MadePair:
    """A picture against grey, noise, a gradient or a few stripes."""
    picture = pictures[int(rng.integers(len(pictures)))].gray
    size_wh = (picture.shape[1], picture.shape[0])
    empty = np.full(picture.shape, int(rng.integers(256)), np.uint8)
    noise = rng.integers(0, 256, picture.shape, np.uint8)
    ramp = np.tile(np.linspace(0, 255, size_wh[0]).astype(np.uint8), (size_wh[1], 1))
    stripes = np.where(ramp // 16 % 2, np.uint8(200), np.uint8(50))
    made = [empty, noise, ramp, np.asarray(stripes, np.uint8)]
    a, b = (made[int(i)] for i in rng.choice(4, 2, replace=False))
    return MadePair('nothing', '', picture if rng.random() < 0.5 else a, b, None)


IMPOSSIBLE: dict[str, Callable[[Sequence[Picture], Rng], MadePair]] = {
    'other picture': other_picture,
    'elsewhere': elsewhere,
    'mirrored': mirrored,
    'repeated': repeated,
    'same layout': same_layout,
    'nothing': nothing,
    'look-alike': look_alike,
}


def make_pairs(pictures: Sequence[Picture], each: int, seed: int) -> Iterator[MadePair]:
    """`each` pairs of every kind, the possible ones first."""
    for number in range(each):
        for index, kind in enumerate(KINDS):
            yield possible_pair(kind, pictures, np.random.default_rng([seed, number, index]))
        for index, make in enumerate(IMPOSSIBLE.values()):
            yield make(pictures, np.random.default_rng([seed, number, 100 + index]))
