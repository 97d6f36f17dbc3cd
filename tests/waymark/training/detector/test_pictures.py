# SPDX-License-Identifier: Apache-2.0
from collections import Counter

import pytest

from waymark.training.detector.pictures import SCENE_KINDS, scene_kind


def test_generated_scenes_are_of_each_kind_about_as_often_as_said():
    seen = Counter(scene_kind(seed) for seed in range(2000))
    assert sum(SCENE_KINDS.values()) == pytest.approx(1)
    assert {kind: count / 2000 for kind, count in seen.items()} == pytest.approx(SCENE_KINDS, abs=0.05)


def test_a_seed_is_always_of_the_same_kind():
    assert [scene_kind(seed) for seed in range(20)] == [scene_kind(seed) for seed in range(20)]
