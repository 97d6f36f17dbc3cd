# SPDX-License-Identifier: Apache-2.0
"""Where things lie: parking lots, streets, aprons, container yards, fields, towns; harbours are in their own file."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from waymark_sim.aerial import aircraft, cargo, clutter, look_alikes, odd, sports, vehicles
from waymark_sim.aerial.harbours import marina, sea, shore
from waymark_sim.aerial.plan import WHITE, YELLOW, Plan, around, driving, is_water, land
from waymark_sim.aerial.roads import roads
from waymark_sim.aerial.sheet import placed
from waymark_sim.aerial.textures import PAVED, fill


def parking(plan: Plan) -> None:
    """Rows of bays, more or less full."""
    rng = plan.rng
    land(plan)
    width = rng.uniform(0.5, 1.3) * plan.reach
    plan.pave(str(rng.choice(PAVED)), plan.area(0, 0, 2 * plan.reach, width))
    clutter.marks(plan.sheet, rng, rng.poisson(5))
    bay, depth, lane = rng.uniform(2.3, 2.9), rng.uniform(4.8, 5.6), rng.uniform(5.5, 8)
    full, slant = rng.uniform(0.1, 0.98), rng.choice([0.0, 0.0, 0.0, rng.uniform(-0.6, 0.6)])
    lines, kind, beds = rng.random() < 0.8, rng.random(), rng.choice([0.0, 0.02, 0.08])
    v, second = -width / 2 + depth / 2 + 0.4, False
    while v < width / 2 - depth / 2:
        for u in np.arange(-plan.reach, plan.reach, bay / np.cos(slant)):
            _bay(plan, u, v, (bay, depth, slant), lines)
            if rng.random() < beds:
                x, y = plan.at(np.array([[u + bay / 2, v]]))[0]
                look_alikes.bed(plan.sheet, float(x), float(y), plan.heading + np.pi / 2 + slant, rng)
            if rng.random() < full and u % 60 > 4:
                thing = (
                    vehicles.large_vehicle(rng) if kind < 0.06 and rng.random() < 0.5 else vehicles.small_vehicle(rng)
                )
                turn = np.pi / 2 + slant + rng.choice([0.0, np.pi]) + rng.normal(0, 0.03)
                plan.lay(thing, u + bay / 2 + rng.normal(0, 0.1), v + rng.normal(0, 0.2), turn)
        v += depth + (0.15 if not second else lane)
        second = not second
    driving(plan, 0.004)


def _bay(plan: Plan, u: float, v: float, size: tuple[float, float, float], lines: bool) -> None:
    if lines:
        _, depth, slant = size
        shift = np.tan(slant) * depth / 2
        plan.sheet.line(plan.at(np.array([[u - shift, v + depth / 2], [u + shift, v - depth / 2]])), 0.12, WHITE)


def street(plan: Plan) -> None:
    """Roads with traffic, houses along them, cars at the kerb."""
    rng = plan.rng
    land(plan)
    turns = (0.0, np.pi / 2)[: 1 + (rng.random() < 0.5)]
    roads(plan, [(float(rng.uniform(-0.4, 0.4) * plan.reach), t, int(rng.integers(1, 4))) for t in turns])
    _sports(plan, int(rng.integers(0, 4)))
    for _ in range(int(plan.sheet.size_m**2 / rng.uniform(500, 3000))):
        _house(plan, 0.05)
    driving(plan, 0.002)


def apron(plan: Plan) -> None:
    """Concrete with lines, aircraft, the vehicles that serve them."""
    rng, sheet = plan.rng, plan.sheet
    fill(sheet, str(rng.choice(['concrete', 'concrete', 'asphalt', 'grass'])), rng)
    clutter.marks(sheet, rng, rng.poisson(10))
    if rng.random() < 0.7:  # slabs
        for u in np.arange(-plan.reach, plan.reach, rng.uniform(5, 12)):
            sheet.line(plan.at(np.array([[u, -plan.reach], [u, plan.reach]])), 0.1, (140, 138, 134))
    for _ in range(int(rng.integers(1, 7))):
        bend = rng.uniform(-0.004, 0.004)
        u = np.linspace(-plan.reach, plan.reach, 24)
        v = rng.uniform(-1, 1) * plan.reach + bend * u**2
        points = placed(np.column_stack([u, v]), 0, 0, float(rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)])))
        sheet.line(plan.at(points), rng.uniform(0.2, 0.9), YELLOW if rng.random() < 0.7 else WHITE)
    for _ in range(int(rng.integers(0, 7))):
        look_alikes.stand(sheet, *plan.anywhere(), plan.heading + float(rng.choice([0, np.pi / 2, 0.7])), rng)
    for _ in range(int(np.clip(sheet.size_m**2 / rng.uniform(900, 6000), 2, 24))):
        plan.lay(
            aircraft.plane(rng), *around(plan), float(rng.choice([0, np.pi / 2, np.pi, rng.uniform(0, 2 * np.pi)]))
        )
    if rng.random() < 0.4:
        clutter.building(sheet, *plan.anywhere(), plan.heading, rng)
    driving(plan, 0.001)


def yard(plan: Plan) -> None:
    """Containers in blocks and alone, trucks, a quay at times."""
    rng = plan.rng
    if rng.random() < 0.3:
        shore(plan)
    else:
        fill(plan.sheet, str(rng.choice(PAVED)), rng)
        clutter.marks(plan.sheet, rng, rng.poisson(10))
    turn = float(rng.choice([0.0, np.pi / 2]))
    for _ in range(int(rng.integers(0, 3))):
        x, y = plan.anywhere()
        if not is_water(plan.sheet, x, y):
            look_alikes.tank(plan.sheet, x, y, plan.heading + turn, rng)
    _trailers(plan, turn)
    for _ in range(int(rng.integers(1, 7))):
        _block(plan, turn)
    for _ in range(int(rng.integers(0, 8))):
        plan.lay(cargo.container(rng), *around(plan), float(rng.uniform(0, 2 * np.pi)))
    for _ in range(int(rng.integers(0, 10))):
        plan.lay(vehicles.large_vehicle(rng), *around(plan), float(rng.uniform(0, 2 * np.pi)))
    driving(plan, 0.001)


def _block(plan: Plan, turn: float) -> None:
    """Containers in rows and columns, some missing."""
    rng = plan.rng
    length, (u0, v0) = float(rng.choice([6.06, 12.19])), around(plan)
    for row in range(int(rng.integers(1, 7))):
        for column in range(int(rng.integers(1, 5))):
            if rng.random() < 0.88:
                steps = np.array([[column * (length + 0.5), row * rng.uniform(2.55, 2.75)]])
                u, v = placed(steps, u0, v0, turn)[0]
                plan.lay(cargo.container(rng, length), u, v, turn + rng.normal(0, 0.008))


def _trailers(plan: Plan, turn: float) -> None:
    """A row of trailers side by side, as at a hall's gates."""
    rng, (u, v) = plan.rng, around(plan)
    for k in range(int(rng.choice((0, int(rng.integers(2, 14)))))):
        if rng.random() < 0.8:
            plan.lay(vehicles.trailer(rng), u + rng.normal(0, 0.4), v + 3.6 * k, turn + rng.normal(0, 0.02))


def field(plan: Plan) -> None:
    """Open land with a track, few things, pads."""
    rng = plan.rng
    land(plan)
    if rng.random() < 0.5:
        roads(plan, [(float(rng.uniform(-0.4, 0.4) * plan.reach), 0.0, 1)])
    makers = (cargo.pad, cargo.pad, vehicles.small_vehicle, vehicles.large_vehicle, cargo.container, aircraft.plane)
    for _ in range(int(rng.integers(0, 16))):
        plan.lay(makers[rng.integers(len(makers))](rng), *around(plan), float(rng.uniform(0, 2 * np.pi)))


def town(plan: Plan) -> None:
    """Roofs and gardens close together; nearly nothing to be found."""
    rng = plan.rng
    land(plan)
    for _ in range(int(plan.sheet.size_m**2 / rng.uniform(150, 500))):
        _house(plan, 0.03)
    driving(plan, 0.003)


def park(plan: Plan) -> None:
    """Courts, pitches, pools, paths, hedges; cars beside them."""
    land(plan)
    _sports(plan, int(plan.rng.integers(1, 9)))
    for _ in range(int(plan.rng.integers(0, 5))):
        _house(plan, 0.05)
    driving(plan, 0.002)


def _house(plan: Plan, spread: float) -> None:
    turn = plan.heading + plan.rng.choice([0, np.pi / 2]) + plan.rng.normal(0, spread)
    maker = look_alikes.hipped if plan.rng.random() < 0.4 else clutter.building
    maker(plan.sheet, *plan.anywhere(), float(turn), plan.rng)


def _sports(plan: Plan, count: int) -> None:
    makers = (sports.courts, sports.courts, sports.pitch, sports.pool)
    for _ in range(count):
        turn = plan.heading + float(plan.rng.choice([0, np.pi / 2]))
        makers[int(plan.rng.integers(len(makers)))](plan.sheet, *plan.anywhere(), turn, plan.rng)


LAYOUTS: Mapping[str, Callable[[Plan], None]] = {
    'parking': parking,
    'street': street,
    'marina': marina,
    'sea': sea,
    'apron': apron,
    'yard': yard,
    'field': field,
    'town': town,
    'park': park,
    'leaves': odd.leaves,
    'lines': odd.lines,
    'eye level': odd.eye_level,
    'roadside': odd.roadside,
}
