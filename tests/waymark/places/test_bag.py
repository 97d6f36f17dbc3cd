# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.image.features import Features, detect
from waymark.places import PlacesConfig
from waymark.places.bag import BAG_DIM, bag_of


def test_a_bag_turns_with_the_picture(texture):
    pictures = [texture(seed) for seed in range(8)]
    bags = np.stack([bag_of(detect(p, PlacesConfig())) for p in pictures])
    np.testing.assert_allclose(np.linalg.norm(bags, axis=1), 1, atol=1e-5)
    for turns in (1, 2, 3):
        turned = [bag_of(detect(np.ascontiguousarray(np.rot90(p, turns)), PlacesConfig())) for p in pictures]
        assert (np.stack(turned) @ bags.T).argmax(axis=1).tolist() == list(range(8))


@pytest.mark.parametrize('bytes_', [32, 61])  # none at all; none of ORB's
def test_no_features_of_orb_give_a_zero_bag(bytes_):
    count = 0 if bytes_ == 32 else 5
    features = Features(np.zeros((count, 2), np.float32), np.zeros((count, bytes_), np.uint8), (9, 9))
    assert bag_of(features).shape == (BAG_DIM,) and not bag_of(features).any()


def test_one_feature_gives_a_unit_bag():
    features = Features(np.zeros((1, 2), np.float32), np.full((1, 32), 170, np.uint8), (9, 9))
    assert np.linalg.norm(bag_of(features)) == pytest.approx(1.0, abs=1e-5)
