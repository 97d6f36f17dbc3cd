# SPDX-License-Identifier: Apache-2.0
"""The pushed T: the expert succeeds, and its trial world foretells the real one."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip('gym_pusht', reason='gym-pusht is not installed (docs/policy_data.md)')

from waymark_sim.pusht import PushExpert, PushWorld  # noqa: E402
from waymark_sim.pusht.expert import distance_px, placed, straight, way_around  # noqa: E402
from waymark_sim.pusht.world import PushTrial  # noqa: E402


def play(seed, steps):
    world = PushWorld()
    seen = world.reset(seed)
    expert, path = PushExpert(world.mark, seed), [seen]
    while len(path) <= steps and not seen.is_success:
        seen = world.step(expert.act(seen))
        path.append(seen)
    return path


def test_the_expert_brings_the_tee_to_its_mark():
    path = play(2, 300)

    assert path[-1].is_success and path[-1].coverage > 0.95
    assert path[0].coverage < 0.5


def test_equal_seeds_are_equal_episodes():
    first, second = play(3, 40), play(3, 40)

    assert all((a.tee == b.tee).all() and (a.disc_px == b.disc_px).all() for a, b in zip(first, second, strict=True))


def test_a_push_does_what_its_trial_said():
    world = PushWorld()
    seen = world.reset(0)
    tee = seen.tee
    along = placed(tee)[1] - placed(tee)[0]
    outward = np.array([along[1], -along[0]]) / np.linalg.norm(along)
    middle = placed(tee)[:2].mean(axis=0)
    path = straight(middle + 21 * outward, middle - 20 * outward)
    for place in way_around(seen.disc_px, path[0], tee):
        seen = world.step(place)
    assert distance_px(seen.tee, placed(tee)) < 1.0  # the way there touches nothing

    foretold = PushTrial().push(seen.tee, path)
    for place in path[1:]:
        seen = world.step(place)

    assert distance_px(seen.tee, placed(tee)) > 5.0
    assert distance_px(foretold, placed(seen.tee)) < 2.0


def test_the_corners_of_a_turned_tee_are_where_they_are_drawn():
    corners = placed(np.array([100.0, 200.0, math.pi / 2]))

    np.testing.assert_allclose(corners[0], [100, 140], atol=1e-9)  # (-60, 0) turned by 90 degrees clockwise as seen
    np.testing.assert_allclose(corners[4], [-20, 215], atol=1e-9)  # (15, 120)


def test_the_image_shows_the_disc_where_it_is():
    world = PushWorld()
    seen = world.reset(5)

    image = world.image(128).astype(int)

    blue = (image[:, :, 2] - image[:, :, 0] > 80).nonzero()
    np.testing.assert_allclose([blue[1].mean() * 4 + 2, blue[0].mean() * 4 + 2], seen.disc_px, atol=4)
