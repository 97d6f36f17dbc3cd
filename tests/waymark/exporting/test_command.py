# SPDX-License-Identifier: Apache-2.0
"""`waymark export encoder` as a user runs it: from .venv, with the work done in .venv-models."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from waymark.encoding.model import ModelEncoder

pytestmark = [pytest.mark.models, pytest.mark.timeout(900)]

COMMAND = [sys.executable, '-m', 'waymark.cli', 'export', 'encoder']


@pytest.fixture
def run(models_python, source_path):
    environment = os.environ | {'PYTHONPATH': source_path, 'HF_HUB_OFFLINE': '1', 'OMP_NUM_THREADS': '1'}

    def run_command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*COMMAND, *map(str, arguments)], env=environment, capture_output=True, text=True)

    return run_command


def test_a_model_is_exported_and_its_report_printed(run, tiny_vit, tmp_path):
    done = run(tiny_vit, '--out', tmp_path / 'new' / 'vit')

    assert (done.returncode, done.stderr) == (0, '')
    assert 'worst cosine of 3' in done.stdout
    assert 'image to vector, ms' in done.stdout
    assert 'size, MB' in done.stdout
    assert ModelEncoder.from_manifest(tmp_path / 'new' / 'vit', 'onnx').model_id == 'vit'


def test_the_report_comes_as_json(run, tiny_vit, tmp_path):
    done = run(tiny_vit, '--out', tmp_path / 'vit', '--json', '--precision', 'int8', '--name', 'mine')

    report = json.loads(done.stdout)
    assert (report['model'], report['precision'], report['backend']) == ('mine', 'int8', 'onnx (cpu)')


def test_a_refusal_is_one_sentence_and_exit_code_1(run, tmp_path):
    done = run(tmp_path / 'nothing', '--out', tmp_path / 'out')

    assert done.returncode == 1
    assert done.stderr.startswith('error: model ')
    assert done.stderr.count('\n') == 1
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_nothing(models_python, source_path, tiny_vit, tmp_path):
    environment = os.environ | {'PYTHONPATH': source_path, 'HF_HUB_OFFLINE': '1'}
    command = [*COMMAND, tiny_vit, '--out', tmp_path / 'out']
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        while not list(tmp_path.iterdir()):  # its scratch folder tells that it is at work
            with contextlib.suppress(subprocess.TimeoutExpired):
                pytest.fail(f'it ended with {process.wait(0.1)}')
        process.send_signal(signal.SIGINT)

    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []
