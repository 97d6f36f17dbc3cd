# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import pytest
from written_policy import ACTION, FRONT, STATE, STATISTICS, write_policy

from waymark.errors import PolicyError
from waymark.policy.contract import CameraFeature, Contract, VectorFeature
from waymark.policy.folder import read_contract, tensor_shapes, with_dataset


def test_a_contract_is_read_from_the_files_alone(tmp_path):
    contract = read_contract(write_policy(tmp_path))

    assert contract == Contract(
        'smolvla',
        (CameraFeature(FRONT, (64, 48), 3, 'IDENTITY'),),
        (VectorFeature(STATE, 3, None, 'MEAN_STD'),),
        VectorFeature(ACTION, 2, None, 'MEAN_STD'),
        chunk_steps=20,
        takes_instruction=True,
        has_rtc=True,
    )
    assert (contract.shape_of(FRONT), contract.shape_of(STATE)) == ((48, 64, 3), (3,))
    assert Contract.from_plain(json.loads(json.dumps(contract.to_plain()))) == contract


def test_a_diffusion_policy_takes_two_observations_and_gives_what_begins_now(tmp_path):
    contract = read_contract(write_policy(tmp_path, type='diffusion', horizon=16, n_action_steps=8, n_obs_steps=2))

    assert (contract.chunk_steps, contract.observation_steps, contract.takes_instruction) == (8, 2, False)
    assert contract.shape_of(FRONT) == (2, 48, 64, 3)


def test_what_a_policy_renames_is_fed_under_its_outer_name(tmp_path):
    contract = read_contract(write_policy(tmp_path, renames={'observation.images.top': FRONT}))

    assert contract.keys == ('observation.images.top', STATE)
    assert contract.problems == ()


@pytest.mark.parametrize(
    ('statistics', 'text'),
    [
        ({k: v for k, v in STATISTICS.items() if k != f'{STATE}.std'}, 'policy_preprocessor.json holds no .*state.std'),
        (STATISTICS | {f'{ACTION}.mean': [3]}, r'action has 2 values, its mean .* has shape \(3,\)'),
        ({}, 'holds no action.mean'),
    ],
)
def test_a_missing_normaliser_that_lerobot_would_pass_over_is_a_problem(tmp_path, statistics, text):
    contract = read_contract(write_policy(tmp_path, statistics))

    with pytest.raises(PolicyError, match=text):
        contract.require_sound('the policy')


def test_files_that_are_missing_are_named(tmp_path):
    folder = write_policy(tmp_path)
    (folder / 'policy_preprocessor.json').unlink()
    (folder / 'model.safetensors').unlink()
    problems = ' '.join(read_contract(folder).problems)

    assert 'model.safetensors, its weights, is not there' in problems
    assert 'policy_preprocessor.json is not there, so nothing would be normalised' in problems
    with pytest.raises(PolicyError, match=r'config.json is not there. Name the folder'):
        read_contract(tmp_path / 'nowhere')


@pytest.mark.parametrize('text', ['[]', '{', '{"type": "act"}', '{"a": ' * 99999, '{"type": 1, "input_features": 7}'])
def test_a_config_that_is_none_is_refused(tmp_path, text):
    write_policy(tmp_path)
    (tmp_path / 'config.json').write_text(text)
    with pytest.raises(PolicyError, match='config.json'):
        read_contract(tmp_path)


@pytest.mark.parametrize('data', [b'', b'\xff' * 100, b'\x08\0\0\0\0\0\0\0[1,2,3,4', b'\x02\0\0\0\0\0\0\0[]'])
def test_a_file_that_is_no_safetensors_is_refused(tmp_path, data):
    (tmp_path / 'x').write_bytes(data)
    with pytest.raises(PolicyError, match='no safetensors file'):
        tensor_shapes(tmp_path / 'x')


def test_a_dataset_gives_names_and_fps_and_what_differs_is_a_problem(tmp_path, shared_data):
    contract = read_contract(write_policy(tmp_path))
    real = with_dataset(contract, shared_data('lerobot_v3_so101_record_test'))

    assert real.fps == 30.0
    assert real.action.names[:2] == ('shoulder_pan.pos', 'shoulder_lift.pos')
    assert real.problems == (
        'observation.state has 3 values, 6 in the dataset lerobot_v3_so101_record_test.',
        'action has 2 values, 6 in the dataset lerobot_v3_so101_record_test.',
    )
    with pytest.raises(PolicyError, match=r'info.json is not there'):
        with_dataset(contract, tmp_path)
