# SPDX-License-Identifier: Apache-2.0
"""Teaching a detector where torch is: each check of detector_checks.py in .venv-models."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from waymark.environments import find_interpreter, source_path
from waymark.errors import BackendUnavailable

SCRIPT = Path(__file__).parents[3] / 'support' / 'detector_checks.py'
CHECKS = re.findall(r'^def (\w+)\(folder: Path\)', SCRIPT.read_text(), re.MULTILINE)


@pytest.mark.models
@pytest.mark.parametrize('check', CHECKS)
def test_teaching(check, tmp_path):
    try:
        python = find_interpreter('models')
    except BackendUnavailable as error:
        pytest.skip(str(error))
    with source_path() as path:
        command = [python, SCRIPT, check, tmp_path]
        done = subprocess.run(command, env={'PYTHONPATH': path}, capture_output=True, text=True, timeout=110)
    assert f'kept: {check}' in done.stdout, done.stderr[-3000:]
