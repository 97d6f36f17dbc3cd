# SPDX-License-Identifier: Apache-2.0
"""A CLIP of a few thousand random weights, exported with both towers as a user would: in .venv-models."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from waymark.environments import find_interpreter


def export_tiny_clip(folder: Path) -> Path:
    """Write the model folder `folder / 'clip'` by waymark export encoder.

    Raises:
        BackendUnavailable: .venv-models is not there.
    """
    python = find_interpreter('models')
    environment = os.environ | {'HF_HUB_OFFLINE': '1', 'OMP_NUM_THREADS': '1'}
    code = 'import sys, pathlib, tiny_encoders; tiny_encoders.save_model("clip", pathlib.Path(sys.argv[1]))'
    support = environment | {'PYTHONPATH': str(Path(__file__).parent)}
    checked = {'check': True, 'capture_output': True, 'timeout': 300}
    subprocess.run([python, '-c', code, folder / 'checkpoint'], env=support, **checked)
    command = [sys.executable, '-m', 'waymark.cli', 'export', 'encoder']
    subprocess.run([*command, folder / 'checkpoint', '--out', folder / 'clip'], env=environment, **checked)
    return folder / 'clip'
