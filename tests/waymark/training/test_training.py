# SPDX-License-Identifier: Apache-2.0
"""Training where torch is: each check of training_checks.py in .venv-models, and the command's door in .venv."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from waymark.cli import app
from waymark.environments import find_interpreter, source_path
from waymark.errors import BackendUnavailable, ConfigError

SCRIPT = Path(__file__).parents[2] / 'support' / 'training_checks.py'
CHECKS = re.findall(r'^def (\w+)\(folder: Path\)', SCRIPT.read_text(), re.MULTILINE)


@pytest.mark.models
@pytest.mark.parametrize('check', CHECKS)
def test_training(check, tmp_path):
    try:
        python = find_interpreter('models')
    except BackendUnavailable as error:
        pytest.skip(str(error))
    with source_path() as path:
        command = [python, SCRIPT, check, tmp_path]
        done = subprocess.run(command, env={'PYTHONPATH': path}, capture_output=True, text=True, timeout=110)
    assert f'kept: {check}' in done.stdout, done.stderr[-3000:]


def test_a_folder_that_holds_something_is_not_written_over(tmp_path):
    (tmp_path / 'note.txt').write_text('mine')
    result = CliRunner().invoke(app, ['train', 'encoder', '--images', 'sim:ground', '--out', str(tmp_path)])
    assert isinstance(result.exception, ConfigError)
    assert 'is there already' in str(result.exception)


def test_an_unknown_objective_is_refused_before_any_environment_is_looked_for(tmp_path):
    arguments = ['--images', 'sim:ground', '--out', str(tmp_path / 'out'), '--objective', 'magic']
    result = CliRunner().invoke(app, ['train', 'encoder', *arguments])
    assert "'magic' is none of" in str(result.exception)
