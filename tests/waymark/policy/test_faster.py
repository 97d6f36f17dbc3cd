# SPDX-License-Identifier: Apache-2.0
"""A SmolVLA in fewer bits and without what it masks: how far its chunks are from lerobot's own."""

from __future__ import annotations

import json

import numpy as np
import pytest
from written_policy import FRONT, write_policy

from waymark.policy.folder import read_contract
from waymark.policy.serving import ServeConfig

BLANK = 'observation.images.empty_camera_0'


@pytest.fixture(scope='module')
def found(run_with_lerobot, tmp_path_factory) -> dict:
    """What faster_policies.py saw."""
    return json.loads(run_with_lerobot('faster_policies.py', tmp_path_factory.mktemp('policies')).splitlines()[-1])


@pytest.mark.models
@pytest.mark.timeout(600)
class TestFasterPolicies:
    """One process loads them all: importing lerobot takes longer than everything else."""

    def test_without_padding_and_blank_cameras_the_chunk_is_lerobots_own(self, found):
        assert found['padded_tokens'] == 16
        assert found['lean_tokens'] < 16
        assert found['lean_cameras'] == 1
        np.testing.assert_allclose(found['lean'], found['padded'], atol=1e-5, rtol=0)

    def test_bf16_weights_give_autocasts_own_chunk(self, found):
        np.testing.assert_array_equal(found['bf16'], found['autocast'])

    def test_fewer_bits_stay_near_fp32_also_where_a_chunk_is_continued(self, found):
        exact, continued = np.array(found['fp32']), np.array(found['fp32_continued'])
        for precision, limit in (('bf16', 0.05), ('int8', 0.05)):
            for name, truth in ((precision, exact), (f'{precision}_continued', continued)):
                apart = np.array(found[name]) - truth
                assert 0 < np.sqrt((apart**2).mean() / (truth**2).mean()) < limit, name

    def test_openvinos_chunk_is_torchs_also_for_another_text_and_where_it_is_continued(self, found):
        for kind in ('', '_continued', '_long'):
            truth = np.array(found[f'fp32{kind}'])
            np.testing.assert_allclose(found[f'openvino fp32{kind}'], truth, atol=1e-4, rtol=0)
            apart = np.array(found[f'openvino int8{kind}']) - truth
            assert 0 < np.sqrt((apart**2).mean() / (truth**2).mean()) < 0.05
        assert found['openvino fp32_distance'] < 1e-4 < found['openvino int8_distance'] < 0.05

    def test_what_is_served_is_said_to_be_that_far(self, found):
        assert found['fp32_distance'] is None
        assert 0 < found['int8_distance'] < 0.05
        assert 0 < found['act_distance'] < 0.05
        assert found['steps_distance'] > 0

    def test_what_can_not_be_faster_is_refused_by_name(self, found):
        assert 'for smolvla, not for a policy of type act' in found['act']
        assert 'for smolvla on cpu, not for act' in found['openvino_act']
        assert 'fp32 or int8 there, not bf16' in found['openvino_bf16']
        assert 'is for device cpu, not for cuda' in found['cuda']
        assert 'max_distance 1e-09 is allowed' in found['too_far']

    def test_one_token_that_is_much_larger_leaves_the_others_their_bits(self, found):
        assert found['large_token'] < 0.02


def test_a_blank_camera_is_none_that_must_be_fed(tmp_path):
    image = {'type': 'VISUAL', 'shape': [3, 48, 64]}
    features = {FRONT: image, BLANK: image, 'observation.state': {'type': 'STATE', 'shape': [3]}}
    assert [c.key for c in read_contract(write_policy(tmp_path / 'a', input_features=features)).cameras] == [
        FRONT,
        BLANK,
    ]
    blank = write_policy(tmp_path / 'b', input_features=features, empty_cameras=1)
    assert [c.key for c in read_contract(blank).cameras] == [FRONT]


def test_a_distance_that_is_none_is_refused():
    from waymark.errors import ConfigError

    with pytest.raises(ConfigError, match='max_distance'):
        ServeConfig(max_distance=-1.0)
