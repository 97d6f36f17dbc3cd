# SPDX-License-Identifier: Apache-2.0
"""Roads with lanes and what drives and stands on them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from waymark_sim.aerial import vehicles
from waymark_sim.aerial.plan import WHITE, YELLOW, Plan
from waymark_sim.aerial.sheet import placed
from waymark_sim.aerial.thing import Polygon, rectangle

_LANE_M = 3.4


def road(plan: Plan, v: float, turn: float, lanes: int) -> None:
    """A road along u at v, the whole turned; its lanes, its traffic, cars at its kerb."""
    rng, sheet = plan.rng, plan.sheet

    def at(points: Polygon) -> Polygon:
        return plan.at(placed(points, 0, 0, turn))

    half = lanes * _LANE_M + 0.5
    kerb = rng.random() < 0.5
    if kerb:
        sheet.polygon(at(rectangle(0, v, 2 * plan.reach, 2 * half + 9)), (164, 160, 152))
    plan.pave(
        'asphalt' if rng.random() < 0.85 else 'soil', at(rectangle(0, v, 2 * plan.reach, 2 * half + (5 if kerb else 0)))
    )
    _lines(plan, at, v, lanes)
    _traffic(plan, v, turn, lanes)
    if kerb:
        _kerb(plan, v, turn, half)


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
