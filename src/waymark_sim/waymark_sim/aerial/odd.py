# SPDX-License-Identifier: Apache-2.0
"""Odd grounds, and pictures that hold nothing to be found: what teaches a detector to keep silent.

They are painted only when asked for by name; `LAYOUTS` says which.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from waymark_sim.aerial import aircraft, cargo, clutter, look_alikes, ships, sports, vehicles
from waymark_sim.aerial.backdrops import behind, stand_up, words
from waymark_sim.aerial.leaves import Light, Picture, dead_leaves, grained, lattice, light, relief
from waymark_sim.aerial.plan import WHITE, YELLOW, Plan, around
from waymark_sim.aerial.roadside import eye_before, traffic
from waymark_sim.aerial.sheet import Laid, Sheet, placed
from waymark_sim.aerial.textures import MATERIALS, PAVED
from waymark_sim.aerial.thing import near, rectangle

_MAKERS = (
    *(vehicles.small_vehicle, vehicles.small_vehicle, vehicles.large_vehicle, ships.ship, ships.ship),
    *(aircraft.plane, cargo.container, cargo.pad),
)

_ANGULAR: tuple[Callable[[Sheet, float, float, float, np.random.Generator], object], ...] = (
    *(sports.courts, sports.courts, sports.pool, sports.pitch, clutter.building, look_alikes.hipped),
    *(look_alikes.bed, look_alikes.signs, look_alikes.stand, clutter.box, look_alikes.wall),
)


def leaves(plan: Plan) -> None:
    """Shapes that are nothing; at times objects among them, so that what is laid there decides, not the ground."""
    rng, sheet = plan.rng, plan.sheet
    sheet.rgb[:] = _ground(len(sheet.rgb), rng)
    for _ in range(int(rng.integers(1, 7)) if rng.random() < 0.4 else 0):
        lattice(sheet.rgb, rng)
    if rng.random() < 0.5:
        return
    kinds = rng.integers(len(_MAKERS), size=2)
    for _ in range(int(rng.integers(1, 24))):
        thing = _MAKERS[int(rng.choice(kinds))](rng)
        sheet.water[:] = thing.kind == ships.SHIP
        plan.lay(thing, *around(plan), float(rng.uniform(0, 2 * np.pi)))
    sheet.water[:] = False


def lines(plan: Plan) -> None:
    """Empty roads, courts, pools, roofs and beds close together: angular, painted, and nothing of it an object."""
    rng, sheet = plan.rng, plan.sheet
    sheet.rgb[:] = _ground(len(sheet.rgb), rng)
    for _ in range(int(rng.integers(0, 4))):
        _empty_road(plan)
    chosen = rng.integers(len(_ANGULAR), size=4)
    for _ in range(int(np.clip(sheet.size_m**2 / rng.uniform(60, 900), 4, 60))):
        turn = plan.heading + float(rng.choice([0, np.pi / 2])) + rng.normal(0, 0.03)
        _ANGULAR[int(rng.choice(chosen))](sheet, *plan.anywhere(), turn, rng)
    clutter.marks(sheet, rng, rng.poisson(20))


def eye_level(plan: Plan) -> None:
    """What a camera sees that looks ahead: ground, sky, ridges, plants, stones, people, houses, signs, words."""
    rng, picture = plan.rng, plan.sheet.rgb
    size = len(picture)
    horizon, sun = _land_ahead(plan)
    eye_m, top = np.exp(rng.uniform(np.log(1.5), np.log(60))), max(horizon, 0.0)
    count, feet = rng.poisson(np.exp(rng.uniform(np.log(2), np.log(150)))), rng.uniform(0, 1, 150) ** rng.uniform(1, 3)
    for share in np.sort(feet[: min(count, 150)]):
        foot = top + share * 1.1 * (size - top)
        stand_up(picture, float(rng.uniform(0, size)), foot, max((foot - horizon) / eye_m, 2.0), sun, rng)
    _finish(picture, rng)


def roadside(plan: Plan) -> None:
    """Vehicles as a camera near the ground sees them; a few pictures without any."""
    rng, sheet = plan.rng, plan.sheet
    size = len(sheet.rgb)
    horizon, sun = _land_ahead(plan)
    per_m = size / sheet.size_m
    for kind, corners in traffic(sheet.rgb, eye_before(size, horizon, rng), sun, rng):
        sheet.laid.append(Laid(kind, (corners + 0.5) / per_m))
    _finish(sheet.rgb, rng)


def _land_ahead(plan: Plan) -> tuple[float, Light]:
    """Paint ground to a horizon, sky and ridges; returns its row, px, and the light."""
    rng, picture = plan.rng, plan.sheet.rgb
    size = len(picture)
    horizon = float(rng.uniform(-0.15, 0.7)) * size
    ground = _ground(size, rng)
    if rng.random() < 0.5:
        _roads_ahead(ground, rng)
    near_m, top = rng.uniform(0.1, 0.6), max(horizon, 0.0)
    source = np.array(
        [[0, 0], [size, 0], [size * (0.5 + near_m / 2), size], [size * (0.5 - near_m / 2), size]], np.float32
    )
    target = np.array([[0, top], [size, top], [size, size], [0, size]], np.float32)
    M = cv2.getPerspectiveTransform(source, target)
    picture[:] = cv2.warpPerspective(ground, M, (size, size), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT_101)
    behind(picture, horizon, rng)
    for _ in range(int(rng.integers(1, 6)) if rng.random() < 0.3 else 0):
        lattice(picture, rng)
    return horizon, light(rng)


def _finish(picture: Picture, rng: np.random.Generator) -> None:
    """Words over it and grain, at times."""
    for _ in range(int(rng.integers(1, 4)) if rng.random() < 0.2 else 0):
        words(picture, rng)
    if rng.random() < 0.5:
        picture[:] = grained(picture, rng)


def _ground(size: int, rng: np.random.Generator) -> Picture:
    kind = rng.random()
    if kind < 0.3:
        return relief(size, rng)
    if kind < 0.55:  # even, as roads and roofs and water are
        colour = np.asarray(MATERIALS[str(rng.choice([*MATERIALS, *PAVED]))].colours[0])
        return np.asarray(np.clip(colour + 0.25 * (relief(size, rng) - 128.0), 3, 252), np.uint8)
    return dead_leaves(size, rng)


def _empty_road(plan: Plan) -> None:
    """A road of lanes with dashes of any length, arrows, crossings."""
    rng, sheet = plan.rng, plan.sheet
    turn, v, lane = float(rng.uniform(0, np.pi)), float(rng.uniform(-0.4, 0.4) * sheet.size_m), rng.uniform(2.8, 3.8)
    lanes, paint = int(rng.integers(1, 8)), WHITE if rng.random() < 0.8 else YELLOW
    dash, period, width = rng.uniform(1, 8), rng.uniform(2.5, 18), rng.uniform(0.1, 0.5)
    gray = float(rng.uniform(60, 170))

    def at(u: float, w: float, length: float, wide: float) -> None:
        colour = near(paint, rng, 10)
        sheet.polygon(plan.at(placed(rectangle(u, w, length, wide), 0, 0, turn)), colour)

    outline = plan.at(placed(rectangle(0, v, 3 * plan.reach, lanes * lane + 1), 0, 0, turn))
    sheet.polygon(outline, near((gray, gray, gray), rng, 4))
    for k in range(lanes + 1):
        w = v + (k - lanes / 2) * lane
        if k in (0, lanes):
            at(0, w, 3 * plan.reach, width)
            continue
        for u in np.arange(-plan.reach, plan.reach, max(period, dash + 0.8)):
            at(u, w, dash, width)
    for _ in range(int(rng.integers(0, 6))):
        x, y = plan.at(placed(np.array([[rng.uniform(-0.5, 0.5) * sheet.size_m, v]]), 0, 0, turn))[0]
        look_alikes.signs(sheet, float(x), float(y), plan.heading + turn, rng)


def _roads_ahead(ground: Picture, rng: np.random.Generator) -> None:
    """Roads on a ground that is seen from its lower rim: lanes with dashes, crossings, kerbs, rails."""
    size, gray = len(ground), float(rng.uniform(50, 180))
    lane, lanes = size * rng.uniform(0.03, 0.12), int(rng.integers(2, 9))
    turn, middle = float(rng.normal(0, 0.15)), size * np.array([rng.uniform(0.3, 0.7), 0.5])
    dash, width = size * rng.uniform(0.01, 0.08), max(lane * rng.uniform(0.03, 0.12), 1.5)
    gap, paint = dash * rng.uniform(1.3, 4), near(WHITE if rng.random() < 0.8 else YELLOW, rng, 12)

    def strip(u: float, v: float, wide: float, length: float, colour: tuple[float, float, float]) -> None:
        points = placed(rectangle(u, v, wide, length), float(middle[0]), float(middle[1]), turn)
        cv2.fillPoly(ground, [np.rint(points * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)

    strip(0, 0, lanes * lane * 1.05, 3 * size, near((gray, gray, gray), rng, 5))
    for k in range(lanes + 1):
        u = (k - lanes / 2) * lane
        if k in (0, lanes) or rng.random() < 0.1:
            strip(u, 0, width, 3 * size, paint)
            continue
        for v in np.arange(-size, size, gap):
            strip(u, float(v), width, dash, paint)
    for _ in range(int(rng.integers(0, 3))):  # crossings, stops
        v = float(rng.uniform(-0.4, 0.5) * size)
        for u in np.arange(-lanes / 2, lanes / 2, 0.3) * lane:
            strip(float(u), v, 0.15 * lane, rng.uniform(0.3, 1) * lane, paint)
