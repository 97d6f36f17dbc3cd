# SPDX-License-Identifier: Apache-2.0
"""A camera that looks forward between walls: what it sees is where geometry says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.image.rotation import rotation_rpy
from waymark.routes.planar import Command, Planar
from waymark_sim.forward import ForwardRenderer, ForwardSimulator
from waymark_sim.ground import Ground
from waymark_sim.look import Look
from waymark_sim.ortho import SKY
from waymark_sim.planes import clipped
from waymark_sim.rover import RoverConfig
from waymark_sim.scene import Scene, Wall
from waymark_sim.taught_way import s_curve
from waymark_sim.walls import footprint, walled_way

SIZE_WH, FOV = (320, 240), math.radians(56)
FOCAL = 120 / math.tan(FOV / 2)
GREEN = (20, 160, 20)
LAWN = Ground(np.full((64, 64, 3), GREEN, np.uint8), 1.0, np.ones((64, 64), bool))
ACROSS = Wall((5.0, 1.0), (5.0, -1.0), 1.5, 0.2)  # its near face at x = 4.9


def pose(x=0.0, y=0.0, yaw=0.0, roll=0.0, pitch=0.0, height=0.5):
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = rotation_rpy(roll, pitch, yaw), (x, y, height)
    return T


def is_wall(image):
    return ~((image == SKY).all(axis=2) | (image == GREEN).all(axis=2))


def test_the_corners_of_a_wall_are_where_a_pinhole_camera_sees_them():
    image = ForwardRenderer(Scene(LAWN, walls=(ACROSS,)), SIZE_WH, FOV).render(pose())

    rows, columns = np.nonzero(is_wall(image))
    assert columns.min() == math.ceil(159.5 - FOCAL * 1.0 / 4.9)
    assert columns.max() == math.floor(159.5 + FOCAL * 1.0 / 4.9)
    assert rows.min() == math.ceil(119.5 - FOCAL * (1.5 - 0.5) / 4.9)
    assert rows.max() == math.floor(119.5 + FOCAL * 0.5 / 4.9)
    assert (image[:119, :60] == SKY).all()
    assert (image[122:, :60] == GREEN).all()


def test_a_turn_to_the_left_moves_the_wall_to_the_right():
    renderer = ForwardRenderer(Scene(LAWN, walls=(ACROSS,)), SIZE_WH, FOV)
    ahead, turned = (np.nonzero(is_wall(renderer.render(pose(yaw=yaw))))[1] for yaw in (0.0, 0.2))

    # Its left end at (4.9, 1.0) is seen at an angle of atan(1 / 4.9) - 0.2 to the left.
    assert turned.min() == math.ceil(159.5 - FOCAL * math.tan(math.atan2(1.0, 4.9) - 0.2))
    assert turned.min() > ahead.min() + 30


def test_a_nose_up_lowers_the_horizon_and_a_lean_to_the_right_raises_its_right():
    renderer = ForwardRenderer(Scene(LAWN), SIZE_WH, FOV)

    def horizon(image, column):
        return int((image[:, column] == SKY).all(axis=1).sum())

    up = renderer.render(pose(pitch=-0.1))
    assert horizon(up, 160) == pytest.approx(120 + FOCAL * math.tan(0.1), abs=2)
    leant = renderer.render(pose(roll=0.1))
    assert horizon(leant, 300) - horizon(leant, 20) == pytest.approx(-280 * math.tan(0.1), abs=2)


def test_the_nearer_of_two_walls_is_seen_whatever_their_order():
    behind = Wall((8.0, 3.0), (8.0, -3.0), 3.0, 0.2, picture=5)
    both = [
        ForwardRenderer(Scene(LAWN, walls=w), SIZE_WH, FOV).render(pose()) for w in ((ACROSS, behind), (behind, ACROSS))
    ]
    alone = ForwardRenderer(Scene(LAWN, walls=(ACROSS,)), SIZE_WH, FOV).render(pose())

    np.testing.assert_array_equal(both[0], both[1])
    np.testing.assert_array_equal(both[0][is_wall(alone)], alone[is_wall(alone)])
    assert is_wall(both[0]).sum() > is_wall(alone).sum()


def test_a_wall_beside_and_behind_the_camera_is_cut_where_it_leaves_the_view():
    beside = Wall((-3.0, 1.0), (20.0, 1.0), 2.0, 0.2)  # its near face at y = 0.9

    image = ForwardRenderer(Scene(LAWN, walls=(beside,)), SIZE_WH, FOV).render(pose())

    columns = np.nonzero(is_wall(image))[1]
    assert columns.min() == 0
    assert columns.max() == math.floor(159.5 - FOCAL * 0.9 / 20.0)
    np.testing.assert_allclose(
        clipped(np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 3.0], [4.0, 0.0, 3.0]]), 1.0),
        [[0, 0, 1], [0, 0, 3], [4, 0, 3], [2, 0, 1]],
    )


def test_equal_calls_give_equal_images_and_noise_differs_from_image_to_image():
    renderer = ForwardRenderer(Scene(LAWN, walls=(ACROSS,), light=Look(0.6, 0.0, 6.0)), SIZE_WH, FOV, seed=3)

    first, again, next_one = (renderer.render(pose(), index) for index in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != next_one).any()


def test_a_camera_in_the_ground_is_refused():
    with pytest.raises(ValueError, match='above the ground'):
        ForwardRenderer(Scene(LAWN), SIZE_WH, FOV).render(pose(height=0.0))


def test_a_base_drives_ahead_and_round_but_never_sideways_and_its_odometry_errs():
    simulator = ForwardSimulator(Scene(LAWN), RoverConfig(bump_rad=0.0), Planar(1.0, 2.0, 0.5), (64, 48), FOV)
    simulator.step(Command(left=3.0), 2.0, sees=False)
    aside = simulator.step(Command(), 2.0, sees=False)
    assert aside.T_map_base[:2, 3] == pytest.approx([1.0, 2.0])

    simulator.step(Command(forward=1.0), 10.0, sees=False)
    ahead = simulator.step(Command(), 2.0, sees=False)
    way = ahead.T_map_base[:2, 3] - (1.0, 2.0)
    assert np.hypot(*way) == pytest.approx(10.0, abs=0.05)  # it starts and stops as late
    assert math.atan2(way[1], way[0]) == pytest.approx(0.5)
    odometry = ahead.measured.odometry
    assert abs(math.hypot(odometry.x_m, odometry.y_m) / 10.0 - 1.0) == pytest.approx(0.05, abs=0.01)
    assert abs(odometry.yaw_rad) == pytest.approx(0.1, abs=0.02)  # 0.01 rad/s while it drove

    simulator.step(Command(yaw_rate=0.5), 2.0, sees=False)
    turned = simulator.step(Command(), 2.0, sees=False)
    np.testing.assert_allclose(turned.T_map_base[:2, 3], ahead.T_map_base[:2, 3], atol=0.01)
    assert math.atan2(turned.T_map_base[1, 0], turned.T_map_base[0, 0]) == pytest.approx(1.5, abs=0.02)


def test_a_walled_way_is_free_and_the_same_for_the_same_seed():
    way = s_curve(40.0)

    walls = walled_way(way, 3)

    assert walls == walled_way(way, 3)
    assert walls != walled_way(way, 4)
    corners = np.vstack([footprint(wall) for wall in walls])
    nearest = np.hypot(*(corners[:, None] - way[None]).transpose(2, 0, 1)).min()
    assert nearest > 0.7  # a base is narrower
