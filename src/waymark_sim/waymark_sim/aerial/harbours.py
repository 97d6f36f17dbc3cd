# SPDX-License-Identifier: Apache-2.0
"""Where ships lie: marinas, the sea, shores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from waymark_sim.aerial import clutter, ships, vehicles
from waymark_sim.aerial.plan import Plan, is_water
from waymark_sim.aerial.sheet import placed
from waymark_sim.aerial.textures import PAVED, fill
from waymark_sim.aerial.thing import Colour, Thing, rectangle


def marina(plan: Plan) -> None:
    """Piers with boats on both sides, a shore."""
    rng = plan.rng
    shore(plan)
    size = rng.uniform(0.6, 1.3)  # of the boats
    full, spacing, u = rng.uniform(0.5, 1.0), rng.uniform(26, 50) * size, -plan.reach + rng.uniform(0, 20)
    pier: Colour = tuple(rng.uniform(110, 200) * np.array([1, 0.97, 0.92]))
    piers = []
    while u < plan.reach:  # all piers first: none may bury the boats of another
        width, end = rng.uniform(1.2, 3), rng.uniform(0.1, 1) * plan.reach
        outline = plan.at(rectangle(u, (end - plan.reach) / 2, width, end + plan.reach))
        plan.sheet.polygon(outline, pier)
        plan.sheet.take(outline)
        piers.append((u, width, end))
        u += spacing * rng.uniform(0.9, 1.2)
    for u, width, end in piers:
        for side in (-1, 1):
            _berths(plan, u + side * width / 2, side, end, full, size)
    for _ in range(int(rng.integers(0, 5))):
        _sail(plan, ships.ship(rng))


def _berths(plan: Plan, u: float, side: int, end: float, full: float, size: float) -> None:
    """Boats side by side along a pier, bow or stern towards it."""
    rng, v = plan.rng, -plan.reach
    makers: Callable[[np.random.Generator], Thing] = ships.ship
    gap, fingers = rng.uniform(0.2, 1.4), rng.random() < 0.4
    tall = rng.uniform(8, 15) * size
    while v < end:
        boat = makers(rng)
        if boat.length_m > 1.5 * tall or boat.length_m < 0.4 * tall:
            v += 0.3
            continue
        v += boat.width_m / 2
        if rng.random() < full:
            inwards = 0.0 if rng.random() < 0.5 else np.pi
            plan.lay(boat, u + side * (boat.length_m / 2 + rng.uniform(0.2, 0.9)), v, inwards + rng.normal(0, 0.04))
        v += boat.width_m / 2 + gap * rng.uniform(0.7, 1.3)
        if fingers:
            plan.sheet.line(
                plan.at(np.array([[u, v - gap / 2], [u + side * 0.7 * tall, v - gap / 2]])), 0.5, (176, 170, 160)
            )


def sea(plan: Plan) -> None:
    """Open water with boats and ships, some with a wake."""
    rng = plan.rng
    if rng.random() < 0.5:
        fill(plan.sheet, 'water', rng)
    else:
        shore(plan)
    for _ in range(int(rng.integers(1, 14))):
        _sail(plan, ships.large_ship(rng) if plan.sheet.size_m > 130 and rng.random() < 0.5 else ships.ship(rng))


def _sail(plan: Plan, thing: Thing) -> None:
    rng, (x, y), turn = plan.rng, plan.anywhere(), float(plan.rng.uniform(0, 2 * np.pi))
    if not plan.sheet.has_room(placed(thing.box * 1.3, x, y, turn)) or not is_water(plan.sheet, x, y):
        return
    if rng.random() < 0.4:
        length, stern = thing.length_m * rng.uniform(1, 4), -0.45 * thing.length_m
        for w, light in ((1.5, 0.35), (0.7, 0.6)):
            cone = np.array(
                [[0.3 * thing.length_m, 0], [stern - length, w * thing.width_m], [stern - length, -w * thing.width_m]]
            )
            mask = plan.sheet.mask(placed(cone, x, y, turn)) & (rng.random(plan.sheet.shape) < light)
            plan.sheet.rgb[mask] = (0.5 * plan.sheet.rgb[mask] + 0.5 * np.array([226, 232, 232])).astype(np.uint8)
    plan.sheet.lay(thing, x, y, turn)


def shore(plan: Plan) -> None:
    """Water, and land on one side of it at times."""
    rng = plan.rng
    fill(plan.sheet, 'water', rng)
    if rng.random() < 0.55:
        v = rng.uniform(0.15, 0.5) * plan.sheet.size_m
        plan.pave(
            str(rng.choice([*PAVED, 'grass', 'sand', 'rock'])),
            plan.area(0, v + plan.reach, 2.2 * plan.reach, 2 * plan.reach),
        )
        plan.sheet.line(plan.at(np.array([[-plan.reach, v], [plan.reach, v]])), rng.uniform(0.5, 2.5), (170, 166, 158))
        if rng.random() < 0.7:
            for u in np.arange(-plan.reach, plan.reach, 3.0):
                if rng.random() < 0.6:
                    plan.lay(vehicles.small_vehicle(rng), u, v + 8, np.pi / 2)
        for _ in range(int(rng.integers(0, 8))):
            x, y = plan.at(np.array([[rng.uniform(-1, 1) * plan.reach, v + rng.uniform(18, 60)]]))[0]
            clutter.building(plan.sheet, float(x), float(y), plan.heading, rng)
