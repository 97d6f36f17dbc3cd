# SPDX-License-Identifier: Apache-2.0
"""Pictures that are not a target, and those that nearly are: parts of it, other pages, other signs, its pieces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tracking_pictures import read_gray

Gray = NDArray[np.uint8]
WORDS = (
    *('waymark', 'route', 'keyframe', 'camera', 'planar', 'target', 'landing', 'harbour', 'window', 'signal', 'copper'),
    *('meadow', 'lantern', 'anchor', 'winter', 'bridge', 'marble', 'cotton', 'velvet', 'timber', 'orchard', 'canyon'),
    *('silver', 'magnet', 'thunder', 'pepper', 'violin', 'basket', 'ladder', 'garden'),
)


def real_pictures(data: Path) -> dict[str, Path]:
    """Real pictures by name, none twice: photographs, streets, corridors, rooms, aerial views."""
    folders = (
        'oxford_affine',
        'iguazu',
        'opencv_samples',
        'vpr_corridor',
        'rtabmap_samples',
        'sacre_coeur',
        'vpr_gmberton_toy',
        'dbow2_demo',
        'kitti_mini',
        'uav_odm_caliterra',
        'dota8',
        'sahi_aerial',
        'metric_refs',
    )
    found = [p for f in folders for p in sorted((data / f).rglob('*')) if p.suffix.lower() in ('.png', '.jpg', '.jpeg')]
    return {p.relative_to(data).as_posix(): p for p in found if 'label' not in p.name and 'depth' not in p.as_posix()}


def page(seed: int, size_wh: tuple[int, int] = (420, 594)) -> Gray:
    """A page of text: all have the same head, font and lines, each other words."""
    rng = np.random.default_rng(seed)
    sheet = np.full((size_wh[1], size_wh[0]), 245, np.uint8)
    cv2.putText(sheet, 'WAYMARK WEEKLY', (40, 60), cv2.FONT_HERSHEY_DUPLEX, 1.2, 20, 2, cv2.LINE_AA)
    cv2.line(sheet, (40, 76), (size_wh[0] - 40, 76), 20, 2)
    for y in range(104, size_wh[1] - 30, 18):
        line = ''
        while len(line) < 38:
            line += WORDS[int(rng.integers(len(WORDS)))] + ' '
        cv2.putText(sheet, line[:40], (40, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, 40, 1, cv2.LINE_AA)
    return sheet


def sign(seed: int, size_px: int = 400) -> Gray:
    """A warning sign with a number and an arrow: one family, each another number."""
    rng = np.random.default_rng(seed)
    board = np.full((size_px, size_px), 200, np.uint8)
    cv2.rectangle(board, (14, 14), (size_px - 14, size_px - 14), 30, 10)
    for k in range(0, size_px, 40):
        cv2.line(board, (k, size_px - 60), (k + 30, size_px - 20), 60, 6, cv2.LINE_AA)
    cv2.putText(board, 'SECTOR', (60, 90), cv2.FONT_HERSHEY_DUPLEX, 1.8, 30, 3, cv2.LINE_AA)
    number = f'{int(rng.integers(100, 1000))}'
    cv2.putText(board, number, (40, 270), cv2.FONT_HERSHEY_DUPLEX, 4.6, 20, 9, cv2.LINE_AA)
    return board


def bricks(with_plate: bool, size_wh: tuple[int, int] = (480, 360)) -> Gray:
    """A wall that repeats itself, with or without the plate that makes it a target."""
    rng = np.random.default_rng(7)
    brick = rng.integers(90, 170, (30, 60)).astype(np.uint8)
    brick[:3], brick[:, :3] = 215, 215
    row = np.tile(brick, (1, size_wh[0] // 60 + 2))
    rows = [row[:, (30 if k % 2 else 0) : (30 if k % 2 else 0) + size_wh[0]] for k in range(size_wh[1] // 30)]
    wall = np.vstack(rows)
    if with_plate:
        plate = cv2.resize(sign(3), (180, 180), interpolation=cv2.INTER_AREA)
        wall[90:270, 150:330] = plate
    return np.asarray(cv2.GaussianBlur(wall, (0, 0), 0.8), np.uint8)


def targets(data: Path) -> dict[str, Gray]:
    """What is looked for: real pictures, a page, a sign, a plate on a wall of bricks."""
    return {
        'box': read_gray(data / 'opencv_samples' / 'box.png'),
        'graf': read_gray(data / 'oxford_affine' / 'graf' / 'img1.png', 640),
        'page': page(1),
        'sign': sign(1),
        'bricks': bricks(True),
        'street': read_gray(sorted((data / 'vpr_gmberton_toy').rglob('*.jpg'))[0], 512),
    }


def is_same_place(name: str, target: str) -> bool:
    """Whether a picture shows the target, or a view of what it shows."""
    same = {'box': 'opencv_samples/box', 'graf': 'oxford_affine/graf', 'street': 'vpr_gmberton_toy'}
    return target in same and name.startswith(same[target])


def look_alikes(target: str, picture: Gray, background: Gray, seed: int) -> Iterator[tuple[str, Gray]]:
    """Pictures that are nearly a target, by kind."""
    rng = np.random.default_rng(seed)
    yield 'part of it', _with_part(picture, background, float(rng.uniform(0.2, 0.45)), rng)
    if target != 'bricks':  # bricks in disorder are the same bricks
        yield 'its pieces in disorder', _shuffled(picture, int(rng.integers(3, 6)), rng)
    yield 'mirrored', np.ascontiguousarray(picture[:, ::-1])
    yield 'a third of it replaced thrice', _overpasted(picture, background, rng)
    if target == 'page':
        yield 'another page', page(100 + seed)
    if target == 'sign':
        yield 'another number', sign(100 + seed)
    if target == 'bricks':
        yield 'the wall alone', bricks(False)
        yield 'another number', sign(100 + seed)


def _with_part(picture: Gray, background: Gray, share: float, rng: np.random.Generator) -> Gray:
    """A corner-to-corner part of the target of this share of its area, pasted into another picture."""
    scene = cv2.resize(background, (800, 600), interpolation=cv2.INTER_AREA)
    side = np.sqrt(share)
    height, width = (int(s * side) for s in picture.shape)
    y, x = (int(rng.integers(0, s - p + 1)) for s, p in zip(picture.shape, (height, width), strict=True))
    part = picture[y : y + height, x : x + width]
    scale = min(1.0, 380 / height, 500 / width)
    part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    at = 300 - part.shape[0] // 2, 400 - part.shape[1] // 2
    scene[at[0] : at[0] + part.shape[0], at[1] : at[1] + part.shape[1]] = part
    return np.asarray(scene, np.uint8)


def _shuffled(picture: Gray, cells: int, rng: np.random.Generator) -> Gray:
    height, width = picture.shape[0] // cells, picture.shape[1] // cells
    parts = [
        picture[r * height : (r + 1) * height, c * width : (c + 1) * width] for r in range(cells) for c in range(cells)
    ]
    order = rng.permutation(len(parts))
    return np.vstack([np.hstack([parts[order[r * cells + c]] for c in range(cells)]) for r in range(cells)])


def _overpasted(picture: Gray, background: Gray, rng: np.random.Generator) -> Gray:
    """The target's frame and some of its inside; two thirds of its area show something else."""
    out = picture.copy()
    other = cv2.resize(background, picture.shape[::-1], interpolation=cv2.INTER_AREA)
    mask = np.ones(picture.shape, np.bool_)
    kept = rng.permutation(9)[:3]
    height, width = picture.shape[0] // 3 + 1, picture.shape[1] // 3 + 1
    for cell in kept:
        r, c = divmod(int(cell), 3)
        mask[r * height : (r + 1) * height, c * width : (c + 1) * width] = False
    out[mask] = other[mask]
    return out
