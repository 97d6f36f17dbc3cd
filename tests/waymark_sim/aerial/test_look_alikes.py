# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark_sim.aerial import ships, vehicles
from waymark_sim.aerial.look_alikes import bed, hedge, hipped, signs, stand, tank, wall
from waymark_sim.aerial.plan import Plan, is_water
from waymark_sim.aerial.roads import roads
from waymark_sim.aerial.sheet import Sheet, Sun
from waymark_sim.aerial.sports import courts, pitch, pool
from waymark_sim.aerial.textures import fill
from waymark_sim.aerial.thing import rectangle


def empty(size_px=120, metres_per_pixel=0.5):
    return Sheet(size_px, metres_per_pixel, Sun((0.5, 0.5), 0.5))


@pytest.mark.parametrize('maker', [bed, hedge, hipped, signs, stand, tank, wall, courts, pitch, pool])
def test_what_looks_like_an_object_is_painted_and_has_no_label(maker):
    sheet = empty(300)
    sheet.rgb[:] = 128
    maker(sheet, 75.0, 75.0, 0.4, np.random.default_rng(2))
    assert (sheet.picture() != 128).any()
    assert sheet.laid == []


def test_some_courts_have_a_plate_each_and_others_one_for_all():
    shares = []
    for seed in range(12):
        sheet = empty(400)
        sheet.rgb[:] = (200, 0, 200)
        courts(sheet, 100.0, 100.0, 0.0, np.random.default_rng(seed))
        is_ground = (sheet.picture() == (200, 0, 200)).all(axis=-1)
        rows, columns = np.nonzero(~is_ground)
        shares.append(is_ground[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].mean())
    assert min(shares) < 0.01
    assert max(shares) > 0.05


def test_dark_asphalt_is_no_water():
    sheet, rng = empty(), np.random.default_rng(0)
    fill(sheet, 'water', rng)
    fill(sheet, 'asphalt', rng, sheet.mask(rectangle(45, 30, 30, 60)))
    assert is_water(sheet, 15, 30)
    assert not is_water(sheet, 45, 30)


def test_ships_lie_on_water_only_and_cars_on_land_only():
    plan = Plan(empty(), np.random.default_rng(1))
    car, boat = vehicles.small_vehicle(plan.rng), ships.ship(plan.rng)
    fill(plan.sheet, 'water', plan.rng)
    assert not plan.lay(car, 0, 0, 0)
    assert plan.lay(boat, 0, 0, 0)
    fill(plan.sheet, 'asphalt', plan.rng)
    assert not plan.lay(boat, 20, 0, 0)
    assert plan.lay(car, 20, 0, 0)


class Watched(Plan):
    """Counts roads, and lets none be paved where something stands already."""

    paved = 0

    def pave(self, name, area):
        assert not self.sheet.laid
        self.paved += 1
        super().pave(name, area)


def test_no_road_buries_what_stands_on_another():
    plan = Watched(empty(200, 0.2), np.random.default_rng(4))
    roads(plan, [(0.0, 0.0, 2), (0.0, np.pi / 2, 2)])
    assert plan.paved == 2
    assert len(plan.sheet.laid) > 5
