# SPDX-License-Identifier: Apache-2.0
"""`waymark policy` as a user types it; nothing of it needs torch."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from typer.testing import CliRunner
from written_policy import FRONT, STATE, write_policy

from waymark.cli import app
from waymark.errors import ConfigError, PolicyError

MAPPING = {
    'fps': 30,
    'images': {FRONT: {'topic': 'image'}},
    'state': {STATE: [{'name': n, 'odometry': n} for n in ('x', 'y', 'yaw')]},
    'action': {'output': 'twist', 'values': [{'name': 'a', 'to': 'linear.x'}, {'name': 'b', 'to': 'angular.z'}]},
}


def run(*arguments: object):
    return CliRunner().invoke(app, ['policy', *map(str, arguments)])


def mapping_file(folder: Path, **changes: object) -> Path:
    path = folder / 'mapping.yaml'
    path.write_text(yaml.safe_dump(MAPPING | changes))
    return path


def test_a_sound_policy_is_shown_and_goes_with_its_mapping(tmp_path):
    folder = write_policy(tmp_path / 'policy')
    shown = run('inspect', folder, '--mapping', mapping_file(tmp_path))

    assert shown.exit_code == 0, shown.output
    assert '64x48 px, 3 channels' in shown.output
    assert json.loads(run('inspect', folder, '--json').stdout)['chunk_steps'] == 20


def test_what_is_wrong_is_said_and_is_the_exit_code(tmp_path):
    folder = write_policy(tmp_path / 'policy', statistics={})
    wrong = run('inspect', folder, '--mapping', mapping_file(tmp_path, images={}))

    assert wrong.exit_code == 1
    assert f'problem: {STATE} is normalised by MEAN_STD' in wrong.output
    assert f'nothing is given for {FRONT}' in wrong.output
    assert isinstance(run('inspect', tmp_path / 'nowhere').exception, PolicyError)


def test_an_address_that_others_reach_is_refused_without_a_key(tmp_path):
    refused = run('serve', tmp_path, '--address', '0.0.0.0:5757')
    assert isinstance(refused.exception, ConfigError)
    assert 'could move the vehicle' in str(refused.exception)
