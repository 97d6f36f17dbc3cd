# SPDX-License-Identifier: Apache-2.0
"""Pairs of pictures without a homography between them: what a matcher falls for.

Other pictures, another part of the same picture (the same grass, wall or roof), the mirror image, walls of equal
windows or bricks, pages of one layout with other contents or with one picture in common, pictures with next to nothing
in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
from picture_pairs import (
    ITS_OWN_MIRROR_IMAGE,
    KINDS,
    Gray,
    MadePair,
    Picture,
    Rng,
    backdrop,
    one_of,
    photographed,
    possible_pair,
    seen,
    view_homography,
)


def _a_view(picture: Gray, behind: Gray, rng: Rng) -> Gray:
    size_wh = (picture.shape[1], picture.shape[0])
    H = view_homography(size_wh, rng.uniform(0, 40), rng, rng.uniform(0.6, 1.3), rng.uniform(-30, 30))
    return photographed(seen(picture, H, size_wh, behind), 0.3, 0.3, rng)


def other_picture(pictures: Sequence[Picture], rng: Rng) -> MadePair:
    """Pictures of two places."""
    picture = one_of(pictures, rng)
    other = photographed(backdrop(pictures, picture, rng), 0.3, 0.3, rng)
    return MadePair('other picture', picture.name, picture.gray, other, None)


def elsewhere(pictures: Sequence[Picture], rng: Rng) -> MadePair:
    """Two parts of one picture that share nothing."""
    picture = one_of(pictures, rng)
    gray = picture.gray if rng.random() < 0.5 else np.ascontiguousarray(picture.gray.T)
    half = gray.shape[1] // 2
    left, right = (np.ascontiguousarray(cv2.resize(i, None, fx=1.6, fy=1.6)) for i in (gray[:, :half], gray[:, half:]))
    return MadePair('elsewhere', picture.name, left, _a_view(right, backdrop(pictures, picture, rng), rng), None)


def mirrored(pictures: Sequence[Picture], rng: Rng) -> MadePair:
    """A picture and a view of its mirror image."""
    picture = one_of([p for p in pictures if p.name not in ITS_OWN_MIRROR_IMAGE], rng)
    flipped = np.ascontiguousarray(picture.gray[:, ::-1])
    return MadePair(
        'mirrored', picture.name, picture.gray, _a_view(flipped, backdrop(pictures, picture, rng), rng), None
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
    picture = one_of(pictures, rng)
    height, width = picture.gray.shape
    tile_wh = int(rng.integers(40, 120)), int(rng.integers(40, 120))
    tile = np.asarray(cv2.resize(picture.gray[: height // 2, : width // 2], tile_wh, interpolation=cv2.INTER_AREA))
    view = _a_view(_wall(tile, rng), backdrop(pictures, picture, rng), rng)
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
    picture = one_of(pictures, rng)
    other, behind = backdrop(pictures, picture, rng), backdrop(pictures, picture, rng)
    return MadePair(
        'same layout', picture.name, _page(rng, picture.gray), _a_view(_page(rng, other), behind, rng), None
    )


def look_alike(pictures: Sequence[Picture], rng: Rng) -> MadePair:
    """Pages of one layout with the same picture in an eighth of them, and another text."""
    picture = one_of(pictures, rng)
    view = _a_view(_page(rng, picture.gray), backdrop(pictures, picture, rng), rng)
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
