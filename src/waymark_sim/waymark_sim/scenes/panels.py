# SPDX-License-Identifier: Apache-2.0
"""Painted surfaces: walls with doors and posters, facades with windows, floors, ceilings, silhouettes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark_sim.scenes.planes import PX_PER_M
from waymark_sim.scenes.textures import Rgb, colour

Bank = list[Rgb]


def surface(rng: np.random.Generator, bank: Bank, size_m: tuple[float, float], contrast: float) -> Rgb:
    """Cut a piece from a texture, scaled, turned, with its contrast lowered; (h, w, 3) for size (w, h) m."""
    w, h = (max(8, round(s * PX_PER_M)) for s in size_m)
    source = bank[int(rng.integers(len(bank)))]
    size = int(rng.integers(48, source.shape[0]))
    x, y = (int(v) for v in rng.integers(0, source.shape[0] - size + 1, 2))
    piece = np.rot90(source[y : y + size, x : x + size], int(rng.integers(4)))
    if max(w, h) > 2.5 * min(w, h):  # long things: repeat the piece instead of stretching it
        times = -(-max(w, h) // min(w, h))
        piece = np.tile(piece, (1, times, 1) if w > h else (times, 1, 1))
    piece = np.asarray(cv2.resize(np.ascontiguousarray(piece), (w, h), interpolation=cv2.INTER_AREA), np.uint8)
    mean = np.asarray(cv2.mean(piece)[:3])
    return np.asarray(
        cv2.merge(
            [
                cv2.convertScaleAbs(c, alpha=contrast, beta=(1 - contrast) * float(m))
                for c, m in zip(cv2.split(piece), mean, strict=True)
            ]
        )
    )


class WallStyle:
    """What all walls of one building share."""

    def __init__(self, rng: np.random.Generator, bank: Bank) -> None:
        """Draw one."""
        self.paints = [colour(rng, 0.3) for _ in range(int(rng.integers(1, 4)))]
        self.door, self.frame = colour(rng, 0.5), colour(rng, 0.2)
        self.contrast = float(rng.uniform(0.03, 0.5))
        self.base = bank[int(rng.integers(len(bank)))]
        self.strip_m = float(rng.choice([0.0, 0.1, 0.15, 1.0]))
        self.strip = colour(rng, 0.3)
        self.items = float(rng.uniform(0.3, 2.5))
        self.door_share = float(rng.uniform(0.1, 0.6))


def wall(rng: np.random.Generator, bank: Bank, style: WallStyle, size_m: tuple[float, float]) -> Rgb:
    """Paint one panel of a wall, (w, h) m: paint, strip, perhaps a door, posters, boxes, pipes."""
    rgb = surface(rng, [style.base], size_m, style.contrast).astype(np.float32)
    rgb += style.paints[int(rng.integers(len(style.paints)))] - rgb.mean(axis=(0, 1))
    picture = np.asarray(np.clip(rgb, 0, 255), np.uint8)
    h, w = picture.shape[:2]
    if style.strip_m:
        cut = h - round(style.strip_m * PX_PER_M)
        picture[cut:] = np.clip(picture[cut:] * 0.4 + 0.6 * style.strip, 0, 255)
    if rng.random() < style.door_share and w > PX_PER_M:
        _door(rng, picture, style, bank)
    for _ in range(rng.poisson(style.items)):
        _item(rng, picture, bank)
    return picture


def _door(rng: np.random.Generator, picture: Rgb, style: WallStyle, bank: Bank) -> None:
    h, w = picture.shape[:2]
    dw, dh = round(rng.uniform(0.8, 1.1) * PX_PER_M), min(h - 4, round(2.1 * PX_PER_M))
    x = int(rng.integers(0, max(1, w - dw)))
    leaf = np.clip(style.door * rng.uniform(0.8, 1.2), 0, 255).tolist()
    cv2.rectangle(picture, (x, h - dh), (x + dw, h), leaf, -1)
    cv2.rectangle(picture, (x, h - dh), (x + dw, h), style.frame.tolist(), int(rng.integers(2, 6)))
    if rng.random() < 0.4:  # a pane
        pw, ph = round(dw * rng.uniform(0.2, 0.8)), round(dh * rng.uniform(0.15, 0.5))
        _paste(picture, surface(rng, bank, (pw / PX_PER_M, ph / PX_PER_M), 1.0), x + (dw - pw) // 2, h - dh + dh // 8)
    side = x + (6 if rng.random() < 0.5 else dw - 6)
    cv2.circle(picture, (side, h - dh // 2), 3, colour(rng).tolist(), -1, cv2.LINE_AA)


def _item(rng: np.random.Generator, picture: Rgb, bank: Bank) -> None:
    """Hang something up: a poster, a box, a pipe, a stain."""
    h, w = picture.shape[:2]
    kind = rng.random()
    iw, ih = (max(6, round(float(v) * PX_PER_M)) for v in 0.1 + rng.exponential((0.4, 0.4)))
    x, y = int(rng.integers(-iw // 2, w)), int(rng.integers(0, max(1, round(h * 0.8))))
    if kind < 0.55:
        _paste(picture, surface(rng, bank, (iw / PX_PER_M, ih / PX_PER_M), rng.uniform(0.5, 1.2)), x, y)
        if rng.random() < 0.5:
            edge = colour(rng).tolist()
            cv2.rectangle(picture, (x, y), (x + iw, y + ih), edge, int(rng.integers(1, 4)))
    elif kind < 0.8:
        cv2.rectangle(picture, (x, y), (x + iw // 2, y + ih // 2), colour(rng, 0.7).tolist(), -1)
    elif kind < 0.9:
        start, end = ((x, 0), (x, h)) if rng.random() < 0.5 else ((0, y), (w, y))
        cv2.line(picture, start, end, colour(rng).tolist(), int(rng.integers(2, 8)))
    else:
        blot = picture.copy()
        cv2.ellipse(blot, (x, y), (iw, ih), float(rng.uniform(0, 180)), 0, 360, colour(rng, 0.1).tolist(), -1)
        cv2.addWeighted(blot, 0.4, picture, 0.6, 0, dst=picture)


def _paste(picture: Rgb, piece: Rgb, x: int, y: int) -> None:
    h, w = picture.shape[:2]
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + piece.shape[1], w), min(y + piece.shape[0], h)
    if x1 > x0 and y1 > y0:
        picture[y0:y1, x0:x1] = piece[y0 - y : y1 - y, x0 - x : x1 - x]


def facade(rng: np.random.Generator, bank: Bank, size_m: tuple[float, float]) -> Rgb:
    """Paint the front of a house, (w, h) m: storeys of windows over shops or doors."""
    picture = surface(rng, bank, size_m, float(rng.uniform(0.1, 0.7)))
    h, w = picture.shape[:2]
    pitch_x, pitch_y = (round(v * PX_PER_M) for v in rng.uniform((1.4, 2.6), (4.0, 3.8)))
    ww, wh = round(pitch_x * rng.uniform(0.25, 0.8)), round(pitch_y * rng.uniform(0.3, 0.75))
    pane, edge = colour(rng, 0.2) * rng.uniform(0.2, 1.0), colour(rng, 0.2).tolist()
    for y in range(h - 2 * pitch_y, -pitch_y, -pitch_y):
        for x in range((pitch_x - ww) // 2, w, pitch_x):
            shade = np.clip(pane * rng.uniform(0.4, 1.7), 0, 255).tolist()
            cv2.rectangle(picture, (x, y), (x + ww, y + wh), shade, -1)
            cv2.rectangle(picture, (x, y), (x + ww, y + wh), edge, 2)
    for _ in range(1 + rng.poisson(3)):  # ground floor: shops, doors, gates, signs
        iw, ih = (round(v * PX_PER_M) for v in rng.uniform((0.8, 0.5), (3.5, 2.8)))
        x = int(rng.integers(-iw // 2, w))
        _paste(picture, surface(rng, bank, (iw / PX_PER_M, ih / PX_PER_M), 1.0), x, h - ih - int(rng.integers(0, 30)))
    for _ in range(rng.poisson(2)):
        _item(rng, picture, bank)
    return picture


def silhouette(rng: np.random.Generator, bank: Bank, size_m: tuple[float, float]) -> Rgb:
    """Cut a shape (person, plant, chair, tree, car) out of a texture; black is transparent."""
    picture = np.maximum(surface(rng, bank, size_m, float(rng.uniform(0.4, 1.2))), 1)
    h, w = picture.shape[:2]
    mask = np.zeros((h, w), np.uint8)
    for _ in range(int(rng.integers(1, 6))):
        centre = (
            int(rng.integers(w // 4, max(w // 4 + 1, 3 * w // 4))),
            int(rng.integers(h // 6, max(h // 6 + 1, 2 * h // 3))),
        )
        axes = max(2, int(w * rng.uniform(0.15, 0.5))), max(2, int(h * rng.uniform(0.08, 0.35)))
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    for _ in range(int(rng.integers(1, 4))):  # legs, a trunk, wheels' place
        x, thick = int(rng.integers(w // 4, max(w // 4 + 1, 3 * w // 4))), max(1, int(w * rng.uniform(0.04, 0.3)))
        cv2.line(mask, (x, h // 3), (int(x + rng.normal(0, w / 12)), h), 1, thick)
    return np.asarray(picture * mask[..., None], np.uint8)


def sky(rng: np.random.Generator, noise: NDArray[np.float32]) -> Rgb:
    """Paint a sky over all directions, (128, 256, 3): gradient from horizon to zenith, clouds."""
    zenith, horizon = (
        np.array([90, 130, 200]) * rng.uniform(0.5, 1.3),
        np.array([215, 220, 230]) * rng.uniform(0.8, 1.1),
    )
    up = np.clip(1 - np.arange(128) / 64, 0, 1)[:, None, None] ** rng.uniform(0.4, 1.5)
    clouds = cv2.resize(noise, (256, 128))[..., None]
    cover = np.clip(rng.uniform(0, 1.0) + rng.uniform(0.1, 0.6) * clouds, 0, 1)
    cloud = rng.uniform(150, 255) + rng.uniform(0, 25) * clouds
    clear = horizon + up * (zenith - horizon)
    return np.asarray(np.clip(clear + cover * (cloud - clear), 0, 255), np.uint8)
