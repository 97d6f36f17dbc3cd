# SPDX-License-Identifier: Apache-2.0
"""Roads with lanes and what drives and stands on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from waymark_sim.aerial import look_alikes, vehicles
from waymark_sim.aerial.plan import WHITE, YELLOW, Plan
from waymark_sim.aerial.sheet import placed
from waymark_sim.aerial.thing import Polygon, rectangle

_LANE_M = 3.4


@dataclass(frozen=True)
class Road:
    """A road along u at v, the whole turned.

    Attributes:
        v: Of its middle, m.
        turn: Against the main direction, rad.
        lanes: To each side.
        has_kerb: Cars stand at it.
    """

    v: float
    turn: float
    lanes: int
    has_kerb: bool

    @property
    def half_m(self) -> float:
        """Half of what its lanes take."""
        return self.lanes * _LANE_M + 0.5


def roads(plan: Plan, courses: Sequence[tuple[float, float, int]]) -> None:
    """Roads by v, turn and lanes: all of them before what drives and stands there, or one buries another's cars."""
    made = [Road(v, turn, lanes, plan.rng.random() < 0.5) for v, turn, lanes in courses]
    for road in made:
        _surface(plan, road)
    for road in made:
        _traffic(plan, road.v, road.turn, road.lanes)
        if road.has_kerb:
            _kerb(plan, road.v, road.turn, road.half_m)


def _surface(plan: Plan, road: Road) -> None:
    rng = plan.rng

    def at(points: Polygon) -> Polygon:
        return plan.at(placed(points, 0, 0, road.turn))

    if road.has_kerb:
        plan.sheet.polygon(at(rectangle(0, road.v, 2 * plan.reach, 2 * road.half_m + 9)), (164, 160, 152))
    width = 2 * road.half_m + (5 if road.has_kerb else 0)
    plan.pave('asphalt' if rng.random() < 0.85 else 'soil', at(rectangle(0, road.v, 2 * plan.reach, width)))
    _lines(plan, at, road.v, road.lanes)
    for _ in range(int(rng.integers(0, 5))):
        where = np.array([[rng.uniform(-0.6, 0.6) * plan.reach, road.v + (rng.integers(-1, 2) * 0.5) * _LANE_M]])
        x, y = at(where)[0]
        look_alikes.signs(plan.sheet, float(x), float(y), plan.heading + road.turn, rng)


def _lines(plan: Plan, at: Callable[[Polygon], Polygon], v: float, lanes: int) -> None:
    sheet = plan.sheet
    for k in range(-lanes, lanes + 1):
        side = v + k * _LANE_M
        if k in (0, -lanes, lanes):
            sheet.line(at(np.array([[-plan.reach, side], [plan.reach, side]])), 0.15, YELLOW if k == 0 else WHITE)
            continue
        for u in np.arange(-plan.reach, plan.reach, 9.0):
            sheet.line(at(np.array([[u, side], [u + 3, side]])), 0.15, WHITE)


def _traffic(plan: Plan, v: float, turn: float, lanes: int) -> None:
    rng = plan.rng
    spacing = rng.uniform(9, 60)
    for k in (*range(-lanes, 0), *range(1, lanes + 1)):
        middle = v + (k - 0.5 * np.sign(k)) * _LANE_M
        for u in np.arange(-plan.reach, plan.reach, spacing):
            thing = vehicles.large_vehicle(rng) if rng.random() < 0.2 else vehicles.small_vehicle(rng)
            where = placed(np.array([[u + rng.uniform(-0.4, 0.4) * spacing, middle + rng.normal(0, 0.3)]]), 0, 0, turn)[
                0
            ]
            plan.lay(thing, where[0], where[1], turn + (0 if k > 0 else np.pi) + rng.normal(0, 0.02))


def _kerb(plan: Plan, v: float, turn: float, half: float) -> None:
    rng = plan.rng
    for side in (-1, 1):
        for u in np.arange(-plan.reach, plan.reach, 6.3):
            if rng.random() < 0.5:
                where = placed(np.array([[u, v + side * (half + 1.2)]]), 0, 0, turn)[0]
                plan.lay(
                    vehicles.small_vehicle(rng),
                    where[0],
                    where[1],
                    turn + rng.choice([0, np.pi]) + rng.normal(0, 0.02),
                )
