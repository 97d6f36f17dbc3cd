# SPDX-License-Identifier: Apache-2.0
"""`waymark safety check` as a user types it."""

import json

import pytest
from typer.testing import CliRunner

from waymark.cli import app
from waymark.errors import ConfigError
from waymark.pipeline.safety import filters_of


def write(tmp_path, text):
    path = tmp_path / 'mine.yaml'
    path.write_text(text)
    return path


def test_the_shipped_filter_is_explained(repo):
    done = CliRunner().invoke(app, ['safety', 'check', str(repo / 'config/nodes/safety_filter.yaml')])
    assert done.exit_code == 0
    assert '50 Hz (set)' in done.stdout
    assert '1.00 s, 0.245 m' in done.stdout


def test_numbers_come_as_json_too(tmp_path):
    path = write(tmp_path, 'nodes:\n- {node: safety_filter, name: gate, namespace: /one}\n- node: recorder\n')
    done = CliRunner().invoke(app, ['safety', 'check', str(path), '--json'])
    assert json.loads(done.stdout)['one/gate']['stops'][0]['axis'] == 'linear.x'


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('nodes:\n- node: recorder\n', 'no node safety_filter in it'),
        ('nodes:\n- node: safety_filter\n  parameters: {max_velocity: [1]}\n', 'expected 6 values'),
        ('nodes:\n- node: safety_filter\n  parameters: {max_speed: [1]}\n', "unknown parameter 'max_speed'"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_the_file(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(ConfigError, match=message) as raised:
        filters_of(path)
    assert str(path) in str(raised.value)
