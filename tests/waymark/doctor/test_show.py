# SPDX-License-Identifier: Apache-2.0
import json
import os
import site
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from waymark.doctor.finding import Finding, worst
from waymark.doctor.show import find_all, print_findings


def test_worst_level_of_none_is_ok():
    assert worst([]) == 'OK'
    assert worst(['OK', 'FAIL', 'WARN']) == 'FAIL'


def test_line_has_level_name_and_text_and_its_remedy_stands_below():
    console = Console(width=200, record=True, file=open(os.devnull, 'w'))  # noqa: SIM115
    print_findings([Finding('disk', 'WARN', '[1.0] GB', 'Free some.'), Finding('ROS', 'OK', 'there')], console)
    assert console.export_text() == 'WARN  disk  [1.0] GB\n      Free some.\nOK    ROS  there\n'


def test_every_check_runs(tmp_path):
    names = {finding.name for finding in find_all(0.0, {'PATH': os.environ['PATH']}, tmp_path)}
    model = 'model waymark-place-1/manifest.json'
    assert {'Python', 'NumPy', 'OpenCV', 'ROS', 'middleware', 'discovery', model, 'disk'} <= names


@pytest.fixture
def without_ros(tmp_path, repo):
    """Environment variables of a Python that has the libraries of this one, and no ROS."""
    folder = tmp_path / 'libraries'
    folder.mkdir()
    ros = {'rclpy', 'rpyutils', 'waymark_msgs', 'sensor_msgs'}
    for site_folder in site.getsitepackages():
        for item in Path(site_folder).glob('*'):
            if item.name not in ros and not (folder / item.name).exists() and item.suffix != '.pth':
                (folder / item.name).symlink_to(item)
    sources = [str(repo / 'src' / name) for name in ('waymark', 'waymark_ros', 'waymark_sim')]
    return {'PATH': os.environ['PATH'], 'PYTHONPATH': os.pathsep.join([*sources, str(folder)])}


def test_without_ros_it_says_so_as_json_and_fails(without_ros, tmp_path):
    command = [sys.executable, '-S', '-m', 'waymark.cli', 'doctor', '--json', '--seconds', '0.1']
    done = subprocess.run(command, env=without_ros, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    by_name = {finding['name']: finding for finding in document['findings']}
    assert document['ok'] is False
    assert by_name['ROS']['level'] == 'FAIL'
    assert 'ROS 2 is not installed for this Python' in by_name['ROS']['text']
    assert by_name['cameras']['level'] == 'WARN'
    assert by_name['NumPy']['level'] == 'OK'


def test_people_get_lines_and_no_traceback(without_ros, tmp_path):
    command = [sys.executable, '-S', '-m', 'waymark.cli', 'doctor', '--seconds', '0.1']
    done = subprocess.run(command, env=without_ros, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert 'FAIL  ROS' in done.stdout
    assert done.stderr == ''
