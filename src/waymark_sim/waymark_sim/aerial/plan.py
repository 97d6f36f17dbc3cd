# SPDX-License-Identifier: Apache-2.0
"""A sheet with a main direction, and what all layouts do with it."""

from __future__ import annotations

import numpy as np

from waymark_sim.aerial import clutter, ships, vehicles
from waymark_sim.aerial.sheet import Sheet, placed
from waymark_sim.aerial.textures import NATURAL, PAVED, fill
from waymark_sim.aerial.thing import Colour, Polygon, Thing, rectangle

WHITE: Colour = (226, 226, 220)
YELLOW: Colour = (206, 170, 60)


class Plan:
    """A sheet with a main direction: u along, v across, m from its middle."""

    def __init__(self, sheet: Sheet, rng: np.random.Generator) -> None:
        self.sheet, self.rng = sheet, rng
        self.heading = float(rng.uniform(0, 2 * np.pi))
        self.reach = 0.75 * sheet.size_m  # beyond the corners
        self._middle = sheet.size_m / 2

    def at(self, points: Polygon) -> Polygon:
        """From (u, v) (N, 2) to the sheet."""
        return placed(points, self._middle, self._middle, self.heading)

    def area(self, u: float, v: float, length: float, width: float) -> Polygon:
        """A rectangle around (u, v), on the sheet."""
        return self.at(rectangle(u, v, length, width))

    def lay(self, thing: Thing, u: float, v: float, turn: float) -> bool:
        """Lay a thing at (u, v), turned against the main direction; what lies outside is left out."""
        x, y = self.at(np.array([[u, v]]))[0]
        rim = 0.3 * max(thing.length_m, thing.width_m)
        if not (-rim < x < self.sheet.size_m + rim and -rim < y < self.sheet.size_m + rim):
            return False
        if (thing.kind == ships.SHIP) != is_water(self.sheet, float(x), float(y)):
            return False
        return self.sheet.lay(thing, float(x), float(y), self.heading + turn)

    def pave(self, name: str, area: Polygon) -> None:
        """Lay a material over an area of the sheet."""
        fill(self.sheet, name, self.rng, self.sheet.mask(area))

    def anywhere(self) -> tuple[float, float]:
        """A point (x, y) of the sheet."""
        x, y = self.rng.uniform(0, self.sheet.size_m, 2)
        return float(x), float(y)


def land(plan: Plan) -> None:
    """Natural ground in a few areas."""
    rng = plan.rng
    fill(plan.sheet, str(rng.choice(NATURAL if rng.random() < 0.7 else PAVED)), rng)
    for _ in range(int(rng.integers(0, 4))):
        u, v = around(plan)
        plan.pave(str(rng.choice([*NATURAL, *PAVED])), plan.area(u, v, *(rng.uniform(0.1, 1, 2) * plan.sheet.size_m)))
    clutter.marks(plan.sheet, rng, rng.poisson(5))


def driving(plan: Plan, per_m2: float) -> None:
    """Vehicles that stand anywhere."""
    for _ in range(plan.rng.poisson(min(per_m2 * plan.sheet.size_m**2, 14))):
        thing = vehicles.large_vehicle(plan.rng) if plan.rng.random() < 0.25 else vehicles.small_vehicle(plan.rng)
        x, y = plan.anywhere()
        if not is_water(plan.sheet, x, y):
            plan.sheet.lay(thing, x, y, plan.heading + float(plan.rng.choice([0, np.pi / 2, plan.rng.uniform(0, 6.3)])))


def around(plan: Plan) -> tuple[float, float]:
    """A point (u, v) near the middle of the sheet."""
    u, v = plan.rng.uniform(-0.55, 0.55, 2) * plan.sheet.size_m
    return float(u), float(v)


def is_water(sheet: Sheet, x: float, y: float) -> bool:
    """Whether there is water at a point, m; beyond the sheet: at the nearest point of it."""
    row, column = np.clip((np.array([y, x]) / sheet.size_m * sheet.shape).astype(int), 0, sheet.shape[0] - 1)
    return bool(sheet.water[row, column])
