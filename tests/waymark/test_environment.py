# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from waymark import environment
from waymark.environment import FASTDDS_VARIABLES, RosOrigin
from waymark.errors import EnvironmentMixError

HAS_ROS = environment.find_ros() is not None


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put an empty rclpy into a prefix and, unless it is only sourced, on the path of Python."""

    def put(name: str, is_pip: bool, importable: bool = True) -> Path:
        prefix = tmp_path / name
        packages = prefix / 'lib' / 'python3.12' / 'site-packages'
        (packages / 'rclpy').mkdir(parents=True)
        (packages / 'rclpy' / '__init__.py').touch()
        (prefix / 'share' / 'rclpy').mkdir(parents=True)
        (prefix / 'share' / 'rclpy' / 'package.xml').touch()
        if is_pip:
            (packages / 'ros_jazzy_rclpy-7.1.6.dist-info').mkdir()
        if importable:
            monkeypatch.setattr(sys, 'path', [str(packages), *sys.path])
            importlib.invalidate_caches()
        return prefix

    monkeypatch.setattr(sys, 'path', [p for p in sys.path if not (Path(p) / 'rclpy').exists()])
    monkeypatch.setattr(sys, 'meta_path', [f for f in sys.meta_path if 'editable' not in repr(f).lower()])
    monkeypatch.delenv('AMENT_PREFIX_PATH', raising=False)
    monkeypatch.delitem(sys.modules, 'rclpy', raising=False)  # find_spec would answer from there
    return put


def test_without_ros_the_sentence_says_how_to_get_it(install):
    with pytest.raises(EnvironmentMixError, match='not installed for this Python: run `make demo`'):
        environment.require_one_ros({})


def test_a_pip_copy_alone_is_taken_and_its_prefix_becomes_the_ament_prefix(install):
    prefix = install('venv', is_pip=True)
    environ: dict[str, str] = {}
    assert environment.prepare_ros(environ) == RosOrigin(prefix, is_pip=True)
    assert environ['AMENT_PREFIX_PATH'] == str(prefix)


def test_a_sourced_ros_is_taken_and_its_ament_prefix_left_alone(install):
    prefix = install('opt', is_pip=False)
    environ = {'AMENT_PREFIX_PATH': str(prefix)}
    assert environment.prepare_ros(environ) == RosOrigin(prefix, is_pip=False)
    assert environ['AMENT_PREFIX_PATH'] == str(prefix)


def test_an_overlay_that_rebuilds_rclpy_is_no_mix(install):
    underlay = install('opt', is_pip=False)
    overlay = install('ws', is_pip=False)
    sourced = {'AMENT_PREFIX_PATH': f'{overlay}{os.pathsep}{underlay}'}
    assert environment.require_one_ros(sourced).prefix == overlay


def test_a_pip_copy_with_another_ros_sourced_is_refused_naming_both(install):
    opt = install('opt', is_pip=False, importable=False)
    venv = install('venv', is_pip=True)
    with pytest.raises(EnvironmentMixError) as refused:
        environment.require_one_ros({'AMENT_PREFIX_PATH': str(opt)})
    assert str(venv) in str(refused.value) and str(opt) in str(refused.value)
    assert 'new shell' in str(refused.value)


def test_a_sourced_ros_that_hides_a_pip_copy_is_refused_too(install):
    venv = install('venv', is_pip=True)
    opt = install('opt', is_pip=False)
    with pytest.raises(EnvironmentMixError, match=f'{venv} is in this shell too'):
        environment.require_one_ros({'AMENT_PREFIX_PATH': str(opt)})


def test_the_shipped_fast_dds_profile_is_set_unless_the_user_has_one(install):
    install('venv', is_pip=True)
    environ: dict[str, str] = {}
    environment.prepare_ros(environ)
    assert all(Path(environ[name]).name == 'fastdds.xml' for name in FASTDDS_VARIABLES)
    own = {FASTDDS_VARIABLES[1]: '/mine.xml'}
    environment.prepare_ros(own)
    assert own[FASTDDS_VARIABLES[1]] == '/mine.xml' and FASTDDS_VARIABLES[0] not in own


def test_waymark_run_stops_with_one_sentence_where_two_are_mixed(tmp_path, repo):
    if not HAS_ROS:
        pytest.skip('ROS is not installed for this Python')
    (tmp_path / 'share' / 'rclpy').mkdir(parents=True)
    (tmp_path / 'share' / 'rclpy' / 'package.xml').touch()
    command = [sys.executable, '-m', 'waymark.cli', 'run', str(repo / 'config' / 'demo.yaml')]
    mixed = {**os.environ, 'AMENT_PREFIX_PATH': str(tmp_path)}
    done = subprocess.run(command, env=mixed, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith('error: two ROS 2 installations are mixed') and done.stderr.count('\n') == 1
