# SPDX-License-Identifier: Apache-2.0
"""What make refuses before it starts to install, in one sentence each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def script(repo):
    """Run a script of packaging/ in a shell where no ROS is sourced."""

    def run(name: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        plain = {key: value for key, value in os.environ.items() if key != 'AMENT_PREFIX_PATH'}
        command = [repo / 'packaging' / name, *arguments]
        return subprocess.run(command, env=plain | environment, capture_output=True, text=True, timeout=60)

    return run


@pytest.fixture
def venv_of_another_python(tmp_path) -> Path:
    """An environment folder whose interpreter says that it is Python 3.2."""
    python = tmp_path / 'bin' / 'python'
    python.parent.mkdir()
    python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.2.0 || echo 3.2\n')
    python.chmod(0o755)
    return tmp_path


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    assert not done.stdout
    [sentence] = done.stderr.splitlines()
    return sentence


def test_the_interpreter_asked_for_is_taken(script):
    assert script('find_python', sys.executable).stdout == f'{sys.executable}\n'


def test_one_that_does_not_run_is_refused_by_name(script):
    assert refusal(script('find_python', '/bin/false')) == 'PYTHON=/bin/false cannot be used. It does not run.'


def test_one_that_says_why_it_does_not_fit_is_quoted(script, tmp_path):
    old = tmp_path / 'python2'
    old.write_text('#!/bin/sh\necho "Python 2.7.18 does not fit: reasons." >&2; exit 1\n')
    old.chmod(0o755)

    sentence = refusal(script('find_python', old))

    assert sentence == f'PYTHON={old} cannot be used. Python 2.7.18 does not fit: reasons.'


def test_an_environment_of_another_python_is_not_thrown_away_unasked(script, venv_of_another_python):
    sentence = refusal(script('check_shell', venv_of_another_python, sys.executable))

    assert sentence.endswith(f'holds Python 3.2.0, not {sys.executable}: run make clean first.')
    assert (venv_of_another_python / 'bin' / 'python').exists()


def test_an_environment_is_kept_when_no_python_is_asked_for(script, venv_of_another_python):
    assert script('check_shell', venv_of_another_python, '').returncode == 0


def test_a_sourced_ros_installation_is_refused_with_its_path(script, tmp_path):
    sentence = refusal(script('check_shell', tmp_path, '', AMENT_PREFIX_PATH='/opt/ros/jazzy'))

    assert sentence.startswith('A ROS installation is sourced (/opt/ros/jazzy) and must not mix')
    assert 'new shell' in sentence


def test_versions_that_fit_are_tried_in_their_order_pyenvs_too(script, tmp_path):
    own = tmp_path / 'versions' / '3.99.1' / 'bin' / 'python'
    own.parent.mkdir(parents=True)
    own.symlink_to(sys.executable)

    found = script('find_python', '', '3.99', '3.98', PYENV_ROOT=str(tmp_path))

    assert found.stdout == f'{own}\n'


def test_no_version_that_fits_is_said(script, tmp_path):
    sentence = refusal(script('find_python', '', '3.99', PYENV_ROOT=str(tmp_path)))

    assert sentence.startswith('No Python')
