# SPDX-License-Identifier: Apache-2.0
"""The ray caster against geometry that is known exactly."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark_sim.scenes.camera import Light, Pose, fisheye, pinhole, render
from waymark_sim.scenes.planes import CUTOUT, Plane, Scene

RED, GREEN, SKY = (200, 10, 10), (10, 200, 10), (90, 90, 250)
LENS = pinhole((96, 72), np.pi / 2)


def card(x_m: float, colour: tuple[int, int, int], half_m: float = 1.0, material: int = 0) -> Plane:
    """A square across the x axis, seen from the origin."""
    corner = np.array([x_m, half_m, half_m], np.float32)
    rgb = np.full((32, 32, 3), colour, np.uint8)
    return Plane(
        corner, np.array([0, -2 * half_m, 0], np.float32), np.array([0, 0, -2 * half_m], np.float32), rgb, material
    )


def scene(*planes: Plane) -> Scene:
    return Scene(list(planes), np.full((4, 8, 3), SKY, np.uint8))


def shows(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Where an image shows a colour, to the last digit but one."""
    return (np.abs(image.astype(int) - colour) <= 1).all(axis=-1)


def ahead(**turn: float) -> Pose:
    return Pose(np.zeros(3), **turn)


def test_a_card_covers_exactly_the_pixels_its_angle_says():
    image = render(scene(card(4.0, RED)), LENS, ahead())
    # The focal length is 48 px: an edge 1 m from the axis at 4 m lies 12 px from the middle.
    ys, xs = np.nonzero(~shows(image, SKY))
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (36, 59, 24, 47)
    assert len(xs) == 24 * 24


def test_the_nearer_of_two_cards_hides_the_other():
    image = render(scene(card(6.0, GREEN, 3.0), card(3.0, RED)), LENS, ahead())
    assert shows(image[36, 48], RED)
    assert shows(image[36, 30], GREEN)


def test_what_no_surface_covers_is_sky_and_what_lies_behind_is_not_seen():
    image = render(scene(card(-3.0, RED)), LENS, ahead())
    assert shows(image, SKY).all()


@pytest.mark.parametrize(
    ('turn', 'shift'),
    [({'yaw_rad': 0.1}, (4.8, 0.0)), ({'pitch_rad': 0.1}, (0.0, 4.8))],
)
def test_a_turn_moves_the_picture_by_the_focal_length_times_its_tangent(turn, shift):
    # A turn to the left moves what is ahead to the right, a turn upwards moves it down.
    image = render(scene(card(4.0, RED, 0.2)), LENS, ahead(**turn))
    ys, xs = np.nonzero(shows(image, RED))
    assert (xs.mean() - 47.5, ys.mean() - 35.5) == pytest.approx(shift, abs=0.6)


def test_roll_turns_the_picture_about_its_middle():
    upright, turned = (render(scene(card(4.0, RED)), LENS, ahead(roll_rad=r)) for r in (0.0, np.pi / 4))
    M = cv2.getRotationMatrix2D((47.5, 35.5), 45, 1.0)
    assert np.mean(cv2.warpAffine(upright, M, (96, 72))[30:42, 40:56] != turned[30:42, 40:56]) == 0.0
    assert shows(turned, RED).sum() == pytest.approx(shows(upright, RED).sum(), rel=0.03)


def test_black_parts_of_a_cutout_let_through_what_is_behind():
    hole = card(3.0, RED, material=CUTOUT)
    hole.rgb[:, 16:] = 0
    image = render(scene(card(6.0, GREEN, 3.0), hole), LENS, ahead())
    assert shows(image[36, 40], RED)
    assert shows(image[36, 56], GREEN)


def test_light_of_a_material_and_haze_change_the_colour_as_they_say():
    half = Light(materials=np.array([0.5, 1, 1, 1], np.float32))
    assert shows(render(scene(card(4.0, RED)), LENS, ahead(), half)[36, 48], (100, 5, 5))
    haze = Light(haze=np.full(3, 255, np.float32), haze_m=4.0)
    colour = render(scene(card(4.0, RED)), LENS, ahead(), haze)[36, 48]
    assert colour == pytest.approx(255 + np.exp(-1) * (np.array(RED) - 255), abs=1.5)


def test_a_fisheye_is_black_outside_its_circle_and_maps_angles_evenly():
    lens = fisheye((96, 96), np.pi, 0.9)
    image = render(scene(card(4.0, RED, 0.3)), lens, ahead(yaw_rad=np.pi / 4))
    xs = np.nonzero((image[..., 0] > 100) & (image[..., 2] < 60))[1]
    assert xs.mean() - 47.5 == pytest.approx(96 / np.pi * np.pi / 4, abs=0.6)
    assert (image[0, 0] == 0).all()
    assert (image[48, 47] != 0).any()
