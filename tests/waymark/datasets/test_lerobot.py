# SPDX-License-Identifier: Apache-2.0
"""What `waymark policy record` writes is lerobot's own: it reads the same numbers and trains on them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from waymark.datasets import Dataset, DatasetWriter
from waymark.datasets.plan import read_plan
from waymark.datasets.recording import record_bags
from waymark.environments import find_interpreter, source_path
from waymark.errors import BackendUnavailable

from .conftest import flight, shade

SCRIPT = Path(__file__).parents[2] / 'support' / 'dataset_checks.py'
pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def lerobot(tmp_path):
    """What the script says of a dataset."""
    try:
        python = find_interpreter('models')
    except BackendUnavailable as error:
        pytest.skip(str(error))

    def ask(folder: Path, policy: Path) -> dict:
        with source_path() as path:
            environment = os.environ | {'PYTHONPATH': path, 'HF_HUB_OFFLINE': '1', 'HF_HOME': str(tmp_path / 'hf')}
            command = [python, SCRIPT, folder, policy]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=550)
        if "No module named 'datasets'" in done.stderr:
            pytest.skip('lerobot[dataset] is not in .venv-models')
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    return ask


def test_lerobot_reads_the_same_numbers_and_trains_on_them(tmp_path, write_bag, plan_file, lerobot):
    plan, folder = read_plan(plan_file()), tmp_path / 'dataset'
    with DatasetWriter(folder, plan.fps, plan.features('video'), plan.robot_type) as writer:
        record_bags([write_bag(flight(1.5), 'a'), write_bag(flight(0.8), 'b')], plan, writer)

    said = lerobot(folder, tmp_path / 'policy')

    dataset = Dataset(folder)
    steps = [s for e in dataset.episodes for s in dataset.steps(e)]
    assert (said['episodes'], said['frames'], said['task']) == (2, 23, 'fly along the road')
    np.testing.assert_array_equal(np.float32(said['states']), [s.vectors['observation.state'] for s in steps])
    np.testing.assert_array_equal(np.float32(said['actions']), [s.vectors['action'] for s in steps])
    expected = [shade(2 * s.index).mean() / 255 for s in steps]
    np.testing.assert_allclose(said['brightness'], expected, atol=4 / 255)
    assert len(said['losses']) == 10
    assert np.isfinite(said['losses']).all() and said['losses'][-1] < said['losses'][0]
    assert (tmp_path / 'policy' / 'model.safetensors').exists()
