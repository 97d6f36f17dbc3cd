# SPDX-License-Identifier: Apache-2.0
"""What stands behind and on the ground of a picture taken at eye level: sky, ridges, plants, people, houses, words."""

from __future__ import annotations

import cv2
import numpy as np

from waymark_sim.aerial.leaves import Light, Picture, blob, bush, draw, palette, shard, stone
from waymark_sim.aerial.textures import MATERIALS, noise
from waymark_sim.aerial.thing import Colour, pick, rectangle, rounded, shaded

_SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((70, 120, 200), (190, 214, 236)),
    ((150, 158, 168), (206, 210, 214)),
    ((120, 160, 214), (232, 232, 228)),
    ((96, 104, 120), (160, 160, 160)),
    ((60, 70, 110), (236, 170, 120)),
)
_CLOTHES: tuple[Colour, ...] = (
    (30, 32, 38),
    (180, 40, 44),
    (40, 70, 140),
    (214, 214, 210),
    (90, 96, 84),
    (220, 120, 40),
)
_NEAR_PX = 60  # a metre's: what is nearer is no house and no tree, or nothing else would be seen
_WORDS = ('Exit', 'NO PARKING', '1234', 'km 27', 'Waymark', 'STOP', '12:45', 'A 6', 'Hotel', '2026-05-17')


def sky(size: int, rng: np.random.Generator) -> Picture:
    """A sky (size, size, 3) from above to its horizon, with clouds at times."""
    above, below = (np.asarray(c) + rng.normal(0, 10) for c in _SKIES[int(rng.integers(len(_SKIES)))])
    t = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    rgb = np.repeat(above + t * (below - above), size, axis=1).astype(np.float32)
    if rng.random() < 0.7:
        wide = cv2.resize(noise((size // 4, size // 4), size / rng.uniform(4, 30), rng, 6), (size * 2, size))
        share = np.clip((wide[:, :size] - rng.uniform(-0.5, 1)) * rng.uniform(0.3, 2), 0, 1)[..., None]
        rgb += share * rng.uniform(0.3, 1) * (np.asarray((240, 240, 242), np.float32) * rng.uniform(0.6, 1) - rgb)
    return np.asarray(np.clip(rgb, 3, 252), np.uint8)


def ridge(picture: Picture, foot: float, height: float, colour: Colour, rng: np.random.Generator) -> None:
    """Mountains, a wood or roofs along a horizon: from `foot` up to about `height` px above it."""
    size = len(picture)
    rough = int(rng.integers(2, 9))
    line = noise((2, size), size / rng.uniform(1, 20), rng, rough)[0]
    if rng.random() < 0.2:  # roofs
        line = np.repeat(line[:: (step := int(rng.integers(8, 60)))], step)[:size]
    top = foot - height * np.clip(0.5 + 0.3 * line, 0.02, 1.5)
    outline = np.vstack([np.column_stack([np.arange(size), top]), [[size, foot + 2], [0, foot + 2]]])
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], 1)
    grain = noise((size, size), rng.uniform(4, 60), rng, 5) * rng.uniform(2, 24)
    painted = np.clip(np.asarray(colour, np.float32) + grain[..., None], 3, 252)
    where = mask > 0
    picture[where] = painted[where].astype(np.uint8)


def behind(picture: Picture, horizon: float, rng: np.random.Generator) -> None:
    """Paint sky and what rises at the horizon, above a row of the picture."""
    size, rows = len(picture), int(np.clip(horizon, 0, len(picture)))
    if rows < 2:
        return
    whole = cv2.resize(sky(min(size, 640), rng), (size, rows), interpolation=cv2.INTER_LINEAR)
    picture[:rows] = whole
    haze = picture[rows - 1, size // 2].astype(np.float64)
    for far in np.linspace(0.75, 0.0, int(rng.integers(0, 5))):
        name = str(rng.choice(['forest', 'rock', 'grass', 'dry grass', 'snow', 'soil', 'concrete']))
        colours = MATERIALS[name].colours
        colour = np.asarray(colours[int(rng.integers(len(colours)))]) * (1 - far) + haze * far
        tall = size * np.exp(rng.uniform(np.log(0.01), np.log(0.25))) * (0.4 + far)
        ridge(picture, horizon, min(tall, 0.9 * horizon), (float(colour[0]), float(colour[1]), float(colour[2])), rng)


def stand_up(picture: Picture, x: float, foot: float, per_m: float, sun: Light, rng: np.random.Generator) -> None:
    """Something upright that is no object to be found, its foot at (x, foot) px."""
    kinds = ['bush', 'stone', 'bush', 'stone', 'pole', 'person', 'sign', 'fence', 'heap']
    if per_m < _NEAR_PX:
        kinds += ['house', 'tree', 'tree']
    kind = str(rng.choice(kinds))
    colour = palette(rng, 1)[0]
    if kind in ('bush', 'heap'):
        size = np.array([rng.uniform(0.3, 2), rng.uniform(0.2, 1.2)]) * per_m
        green = pick(MATERIALS[str(rng.choice(['forest', 'grass', 'dry grass', 'soil']))].colours, rng)
        bush(picture, blob(rng) * size / 2 + (x, foot - size[1] / 2), green, sun, rng)
    elif kind == 'stone':
        size = np.array([rng.uniform(0.2, 2), rng.uniform(0.2, 1.2)]) * per_m
        gray = pick(MATERIALS[str(rng.choice(['rock', 'gravel', 'soil', 'asphalt']))].colours, rng)
        stone(picture, shard(rng) * size / 2 + (x, foot - size[1] / 2), gray, sun, rng)
    elif kind == 'tree':
        _tree(picture, x, foot, per_m * rng.uniform(2, 9), sun, rng)
    elif kind == 'person':
        _person(picture, x, foot, per_m * rng.uniform(1.5, 1.9), rng)
    elif kind == 'house':
        _house(picture, x, foot, (per_m * rng.uniform(5, 25), per_m * rng.uniform(3, 14)), rng)
    elif kind == 'fence':
        _fence(picture, x, foot, (per_m * rng.uniform(3, 20), per_m * rng.uniform(0.6, 2.2)), colour)
    else:
        _pole(picture, x, foot, per_m, kind == 'sign', rng)


def _tree(picture: Picture, x: float, foot: float, tall: float, sun: Light, rng: np.random.Generator) -> None:
    draw(picture, rectangle(x, foot - 0.25 * tall, max(0.05 * tall, 1.5), 0.5 * tall), (62, 50, 40))
    leaf = pick(MATERIALS[str(rng.choice(['forest', 'grass']))].colours, rng)
    for _ in range(int(rng.integers(1, 5))):
        size = np.array([rng.uniform(0.2, 0.5), rng.uniform(0.2, 0.5)]) * tall
        bush(
            picture,
            blob(rng) * size + (x + rng.normal(0, 0.1) * tall, foot - rng.uniform(0.4, 0.8) * tall),
            leaf,
            sun,
            rng,
        )


def _person(picture: Picture, x: float, foot: float, tall: float, rng: np.random.Generator) -> None:
    jacket, trousers = pick(_CLOTHES, rng), pick(_CLOTHES, rng)
    for side in (-1, 1):
        knee = x + side * rng.uniform(0.0, 0.12) * tall
        draw(
            picture,
            np.array(
                [
                    [x - 0.05 * tall, foot - 0.5 * tall],
                    [x + 0.05 * tall, foot - 0.5 * tall],
                    [knee + 0.04 * tall, foot],
                    [knee - 0.04 * tall, foot],
                ]
            ),
            trousers,
        )
    draw(picture, rounded(x, foot - 0.65 * tall, rng.uniform(0.2, 0.34) * tall, 0.38 * tall, 3, 16), jacket)
    arm = rng.normal(0, 0.25) * tall
    draw(
        picture,
        np.array(
            [
                [x, foot - 0.8 * tall],
                [x + arm, foot - 0.5 * tall],
                [x + arm + 0.05 * tall, foot - 0.5 * tall],
                [x + 0.06 * tall, foot - 0.8 * tall],
            ]
        ),
        shaded(jacket, 0.85),
    )
    draw(
        picture,
        rounded(x, foot - 0.92 * tall, 0.12 * tall, 0.15 * tall, 2, 12),
        pick(((206, 160, 130), (120, 84, 64), (40, 36, 34)), rng),
    )


def _house(picture: Picture, x: float, foot: float, size: tuple[float, float], rng: np.random.Generator) -> None:
    """A front with rows of windows, doors, ledges, a roof."""
    wide, tall = size
    wall = palette(rng, 1)[0]
    draw(picture, rectangle(x, foot - tall / 2, wide, tall), wall)
    if rng.random() < 0.5:
        up = foot - tall
        draw(
            picture,
            np.array(
                [
                    [x - 0.55 * wide, up],
                    [x + 0.55 * wide, up],
                    [x + rng.uniform(0, 0.5) * wide, up - 0.3 * tall],
                    [x - 0.3 * wide, up - 0.3 * tall],
                ]
            ),
            shaded(wall, rng.uniform(0.4, 0.9)),
        )
    columns, rows = int(rng.integers(2, 10)), int(rng.integers(1, 7))
    window, arched = shaded(wall, rng.uniform(0.2, 0.7)), rng.random() < 0.3
    share = rng.uniform(0.3, 0.8, 2)
    for row in range(rows):
        for column in range(columns):
            u, v = (column + 0.5) / columns - 0.5, (row + 0.5) / rows
            at = x + u * wide, foot - v * tall
            a, b = share[0] * wide / columns, share[1] * tall / rows
            draw(
                picture,
                rounded(*at, a, b, 3.0, 16) if arched else rectangle(*at, a, b),
                shaded(window, rng.uniform(0.7, 1.4)),
            )
            if rng.random() < 0.5:
                draw(picture, rectangle(at[0], at[1] + b / 2, 1.15 * a, max(0.1 * b, 1)), shaded(wall, 1.25))


def _fence(picture: Picture, x: float, foot: float, size: tuple[float, float], colour: Colour) -> None:
    wide, tall = size
    for u in np.linspace(-0.5, 0.5, 12):
        draw(picture, rectangle(x + u * wide, foot - tall / 2, max(0.06 * tall, 1), tall), colour)
    for v in (0.3, 0.6, 0.9):
        draw(picture, rectangle(x, foot - v * tall, wide, max(0.06 * tall, 1)), shaded(colour, 0.85))


def _pole(picture: Picture, x: float, foot: float, per_m: float, has_board: bool, rng: np.random.Generator) -> None:
    tall = per_m * rng.uniform(1.5, 8)
    draw(picture, rectangle(x, foot - tall / 2, max(0.12 * per_m, 1.2), tall), (130, 132, 134))
    if not has_board:
        return
    wide, high = per_m * rng.uniform(0.5, 4), per_m * rng.uniform(0.4, 2)
    board = pick(((40, 90, 170), (230, 230, 226), (40, 120, 70), (190, 50, 44), (214, 180, 60)), rng)
    draw(picture, rectangle(x, foot - tall, wide, high), shaded(board, 0.6))
    draw(picture, rectangle(x, foot - tall, 0.94 * wide, 0.9 * high), board)
    for v in np.arange(-0.3, 0.4, 0.3):
        width = rng.uniform(0.2, 0.8) * wide
        draw(
            picture,
            rectangle(x, foot - tall + v * high, width, 0.12 * high),
            (236, 236, 234) if sum(board) < 400 else (30, 30, 34),
        )


def words(picture: Picture, rng: np.random.Generator) -> None:
    """Words over a picture, on a plate at times, as cameras, maps and programs write them."""
    size = len(picture)
    x, y = (int(v) for v in rng.uniform(0.02, 0.8, 2) * size)
    tall = rng.uniform(0.6, 3.5)
    text, dark = '  '.join(rng.choice(_WORDS, int(rng.integers(1, 4)))), rng.random() < 0.5
    (wide, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, tall, 3)
    if rng.random() < 0.5:
        draw(
            picture,
            rectangle(x + wide / 2, y - high / 2, wide + high, 2 * high),
            (230, 230, 228) if dark else (40, 44, 50),
        )
    ink = (24, 24, 26) if dark else (240, 240, 240)
    cv2.putText(picture, text, (x, y), int(rng.choice([0, 2, 3])), tall, ink, int(rng.integers(1, 7)), cv2.LINE_AA)
