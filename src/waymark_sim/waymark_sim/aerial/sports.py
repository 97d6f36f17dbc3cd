# SPDX-License-Identifier: Apache-2.0
"""Where people play: tennis courts side by side, pitches with their lines, pools. Nothing here is to be found."""

from __future__ import annotations

import numpy as np

from waymark_sim.aerial.sheet import Sheet, placed
from waymark_sim.aerial.thing import Colour, Polygon, near, pick, rectangle, rounded, shaded

Pose = tuple[float, float, float]
_HARD: tuple[Colour, ...] = ((64, 100, 76), (60, 84, 128), (150, 80, 60), (90, 92, 94), (70, 78, 74), (84, 120, 88))
_LINES: Colour = (230, 230, 228)


def courts(sheet: Sheet, x: float, y: float, heading: float, rng: np.random.Generator) -> None:
    """Up to eight courts in a row, fenced, with lines and nets; all alike but for their wear; some on a plate each."""
    count, apart = int(rng.integers(1, 9)), rng.random() < 0.4
    pitch = rng.uniform(19, 24) if apart else rng.uniform(16.5, 19)
    outer = placed(rectangle(0, 0, 36, pitch * count + 2), x, y, heading)
    if not sheet.has_room(outer):
        return
    sheet.take(outer)
    around, inside, fence = pick(_HARD, rng), pick(_HARD, rng), rng.random() < 0.7
    if apart:
        inside = near(around, rng, 8)
    else:
        sheet.polygon(outer, around)
    for k in range(count):
        v = (k - (count - 1) / 2) * pitch
        if apart:
            _plate(sheet, placed(_eight(0, v, 35, 17.5, rng.uniform(0, 4)), x, y, heading), near(around, rng, 4), rng)
        sheet.polygon(placed(rectangle(0, v, 24, 11), x, y, heading), near(inside, rng, 4))
        _court_lines(sheet, (x, y, heading), v)
        if fence and not apart:
            _rim(sheet, placed(rectangle(0, v, 35, pitch - 0.6), x, y, heading), (44, 50, 46), 0.3)
        if rng.random() < 0.3:  # benches between them
            sheet.polygon(placed(rectangle(0, v + pitch / 2, 3, 0.8), x, y, heading), (196, 194, 188))


def _plate(sheet: Sheet, points: Polygon, colour: Colour, rng: np.random.Generator) -> None:
    """The ground of one court, its fence and what that darkens."""
    sheet.shade(points + np.asarray(sheet.sun.shadow_per_m) * rng.uniform(0, 3), 0.7 * sheet.sun.darkness)
    sheet.polygon(points, colour)
    _rim(sheet, points, shaded(colour, rng.uniform(0.3, 0.9)), rng.uniform(0.2, 1.2))


def _eight(x: float, y: float, a: float, b: float, cut: float) -> Polygon:
    """A rectangle whose corners are cut."""
    u, v = a / 2, b / 2
    quarter = [(u, v - cut), (u - cut, v), (cut - u, v), (-u, v - cut), (-u, cut - v), (cut - u, -v)]
    return np.array([*quarter, (u - cut, -v), (u, cut - v)]) + (x, y)


def _court_lines(sheet: Sheet, pose: Pose, v: float) -> None:
    for w, h in ((23.8, 11.0), (23.8, 8.2), (12.8, 8.2)):
        _rim(sheet, placed(rectangle(0, v, w, h), *pose), _LINES, 0.1)
    sheet.line(placed(np.array([[-6.4, v], [6.4, v]]), *pose), 0.1, _LINES)
    sheet.shade(placed(rectangle(0.3, v, 0.6, 12.6), *pose), 0.4)
    sheet.line(placed(np.array([[0, v - 6.3], [0, v + 6.3]]), *pose), 0.15, (222, 222, 220))


def pitch(sheet: Sheet, x: float, y: float, heading: float, rng: np.random.Generator) -> None:
    """A football pitch with a running track around it at times, or a basketball court."""
    small = rng.random() < 0.5
    length, width = (28.0, 15.0) if small else (rng.uniform(60, 105), rng.uniform(40, 68))
    track = not small and rng.random() < 0.5
    outer = placed(rectangle(0, 0, length * (1.3 if track else 1.1), width * (1.3 if track else 1.1)), x, y, heading)
    if not sheet.has_room(outer):
        return
    sheet.take(outer)
    pose = (x, y, heading)
    if track:
        sheet.polygon(placed(rounded(0, 0, 1.3 * length, 1.3 * width, 4, 48), *pose), pick(((158, 86, 66),), rng))
        for k in range(1, 6):
            ring = rounded(0, 0, (1.3 - 0.03 * k) * length, (1.3 - 0.045 * k) * width, 4, 48)
            _rim(sheet, placed(ring, *pose), (206, 190, 180), 0.1)
    ground = pick(_HARD if small else ((78, 112, 58), (96, 126, 70), (60, 110, 62), (120, 128, 84)), rng)
    for k, u in enumerate(np.linspace(-0.5, 0.5, 13)[:-1]):  # mown in stripes
        stripe = rectangle((u + 1 / 24) * length, 0, length / 12 + 0.05, width)
        sheet.polygon(placed(stripe, *pose), shaded(ground, 1 + (0.04 if k % 2 and not small else 0)))
    _rim(sheet, placed(rectangle(0, 0, 0.97 * length, 0.97 * width), *pose), _LINES, 0.12)
    sheet.line(placed(np.array([[0, -0.48 * width], [0, 0.48 * width]]), *pose), 0.12, _LINES)
    _rim(sheet, placed(rounded(0, 0, 0.17 * length, 0.17 * length, 2, 32), *pose), _LINES, 0.12)
    for side in (-1, 1):
        for deep, wide in ((0.16, 0.6), (0.05, 0.27)):
            box = rectangle(side * (0.485 - deep / 2) * length, 0, deep * length, wide * width)
            _rim(sheet, placed(box, *pose), _LINES, 0.12)


def pool(sheet: Sheet, x: float, y: float, heading: float, rng: np.random.Generator) -> None:
    """A pool with its deck, lanes, sunshades and loungers."""
    a, b = rng.uniform(6, 26), rng.uniform(4, 14)
    deck = rng.uniform(2, 9)
    outer = placed(rectangle(0, 0, a + deck, b + deck), x, y, heading)
    if not sheet.has_room(outer):
        return
    sheet.take(outer)
    water = pick(((84, 176, 204), (60, 140, 176), (110, 196, 210)), rng)
    sheet.polygon(outer, pick(((206, 202, 194), (226, 224, 220), (180, 150, 126)), rng))
    shape = rounded(0, 0, a, b, float(rng.choice([2.0, 3.0, 12.0])))
    sheet.polygon(placed(shape, x, y, heading), shaded(water, 0.8))
    sheet.polygon(placed(shape * 0.93, x, y, heading), water)
    if rng.random() < 0.5:  # lanes
        for v in np.arange(-0.42 * b, 0.43 * b, 2.2):
            line = placed(np.array([[-0.45 * a, v], [0.45 * a, v]]), x, y, heading)
            sheet.line(line, 0.2, pick(((40, 70, 130), (230, 230, 226)), rng))
    for _ in range(int(rng.integers(0, 16))):
        u, v = rng.uniform(-0.5, 0.5) * (a + deck), rng.choice([-0.5, 0.5]) * (b + deck / 2)
        if rng.random() < 0.5:
            sheet.polygon(
                placed(rectangle(u, v, 1.9, 0.7), x, y, heading), pick(((236, 236, 232), (70, 110, 160)), rng)
            )
        else:
            shade = placed(rounded(u, v, 2.6, 2.6, 2, 8), x, y, heading)
            sheet.shade(shade + np.asarray(sheet.sun.shadow_per_m) * 2, sheet.sun.darkness)
            sheet.polygon(shade, pick(((236, 236, 232), (60, 90, 150), (190, 70, 60)), rng))


def _rim(sheet: Sheet, points: Polygon, colour: Colour, width_m: float) -> None:
    sheet.line(np.vstack([points, points[:1]]), width_m, colour)
