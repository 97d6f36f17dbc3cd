# SPDX-License-Identifier: Apache-2.0
"""Real recordings: what was labelled is found in another recording of the place, and nothing else is called so."""

from __future__ import annotations

import csv

import pytest
from typer.testing import CliRunner

from waymark.cli import app

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def examples(shared_data, tmp_path_factory):
    """A road, rooms and a corridor, by the shipped encoder."""
    out = tmp_path_factory.mktemp('examples') / 'places.npz'
    road, rooms = shared_data('kitti_mini') / 'KITTI_sequence_1' / 'image_l', shared_data('rtabmap_samples') / 'samples'
    inputs = [f'road={road}', f'rooms={rooms}', f'corridor={shared_data("vpr_corridor") / "ref"}']
    done = CliRunner().invoke(app, ['label', *inputs, '--out', str(out)])
    assert done.exit_code == 0, done.output
    return out


def share(label: str, recording, examples, out) -> float:
    done = CliRunner().invoke(app, ['classify', str(recording), '--examples', str(examples), '--out', str(out)])
    assert done.exit_code == 0, done.output
    with (out / 'frames.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    return sum(row['label'] == label for row in rows) / len(rows)


def test_the_corridor_is_found_again_in_another_light(examples, shared_data, tmp_path):
    assert share('corridor', shared_data('vpr_corridor') / 'query', examples, tmp_path) >= 0.95


def test_land_from_above_was_never_labelled_and_is_unknown(examples, shared_data, tmp_path):
    assert share('unknown', shared_data('uav_odm_caliterra') / 'images_1200px', examples, tmp_path) >= 0.7
