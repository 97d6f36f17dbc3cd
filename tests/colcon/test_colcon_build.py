# SPDX-License-Identifier: Apache-2.0
"""A robot's way: colcon builds every package on top of ROS 2, here the one in .venv-colcon."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from waymark.pipeline.registry import NODE_CONFIGS

pytestmark = [pytest.mark.colcon, pytest.mark.timeout(570)]  # the first test waits for the whole build

PACKAGES = {'waymark', 'waymark_bringup', 'waymark_msgs', 'waymark_ros', 'waymark_sim'}
NODES = set(NODE_CONFIGS)


class Workspace(NamedTuple):
    """A finished build: where it was installed, and the interpreter it was built with."""

    install: Path
    python: Path

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a shell command as a user does who sourced the workspace, with nothing of ours in the way."""
        script = f'. {self.install}/local_setup.sh && {command}'
        environment = {'PATH': '/usr/bin:/bin', 'HOME': os.environ.get('HOME', '/')}
        return subprocess.run(['sh', '-c', script], env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope='session')
def colcon(repo):
    if not (repo / '.venv-colcon' / 'bin' / 'colcon').exists():
        pytest.skip('.venv-colcon is missing: run make colcon')
    return repo / 'packaging' / 'colcon'


@pytest.fixture(scope='session')
def workspace(repo, colcon, tmp_path_factory) -> Workspace:
    base = tmp_path_factory.mktemp('colcon')
    bases = [f'--{name}-base={base / name}' for name in ('build', 'install')]
    command = [colcon, f'--log-base={base / "log"}', 'build', *bases]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, timeout=540)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return Workspace(base / 'install', repo / '.venv-colcon' / 'bin' / 'python')


def test_finds_the_packages_and_nothing_else(repo, colcon, tmp_path):
    command = [colcon, f'--log-base={tmp_path}', 'list', '--names-only']
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, timeout=60, check=True)

    assert set(done.stdout.split()) == PACKAGES


def test_installs_every_package(workspace):
    for package in PACKAGES:
        assert (workspace.install / package / 'share' / package / 'package.xml').is_file()
        assert (workspace.install / package / 'share/ament_index/resource_index/packages' / package).is_file()


def test_nodes_are_where_ros2_run_looks_with_the_interpreter_that_has_ros(workspace):
    folder = workspace.install / 'waymark_ros' / 'lib' / 'waymark_ros'

    assert {path.name for path in folder.iterdir()} == NODES | {'container'}
    for path in folder.iterdir():
        assert path.read_text().splitlines()[0] == f'#!{workspace.python}'
        assert os.access(path, os.X_OK)


def test_every_node_and_the_container_can_be_imported(workspace):
    vision_msgs = pytest.importorskip('vision_msgs')
    modules = ['waymark_ros.container', *(f'waymark_ros.nodes.{node}' for node in sorted(NODES))]

    # On a robot apt brings vision_msgs; here this session's environment lends it, last in line.
    lent = Path(vision_msgs.__file__).parent.parent
    done = workspace.run(
        f'{workspace.python} -c "import sys; sys.path.append({str(lent)!r}); import {", ".join(modules)}"'
    )

    assert done.returncode == 0, done.stderr


def test_the_command_is_on_the_path_and_answers(workspace):
    done = workspace.run('command -v waymark && waymark --help')

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == str(workspace.install / 'waymark' / 'bin' / 'waymark')


@pytest.mark.parametrize('folder', ['launch', 'config'])
def test_share_holds_launch_files_and_pipelines(repo, workspace, folder):
    written = {path.relative_to(repo) for path in (repo / folder).rglob('*') if path.is_file()}
    written = {path for path in written if '__pycache__' not in path.parts}
    share = workspace.install / 'waymark_bringup' / 'share' / 'waymark_bringup'

    assert written
    assert {path for path in written if not (share / path).is_file()} == set()


@pytest.mark.parametrize('package', ['waymark', 'waymark_sim', 'waymark_ros'])
def test_every_file_of_a_python_package_is_installed(repo, workspace, package):
    source = repo / 'src' / package / package
    written = {path.relative_to(source) for path in source.rglob('*') if path.is_file()}
    written = {path for path in written if '__pycache__' not in path.parts}
    [installed] = (workspace.install / package / 'lib').glob(f'python3*/site-packages/{package}')

    assert {path for path in written if not (installed / path).is_file()} == set()


def test_messages_built_by_colcon_are_the_ones_imported(workspace):
    code = 'import waymark_msgs.msg as m; m.Embedding(vector=[1.0]); print(m.__file__)'

    done = workspace.run(f'{workspace.python} -c "{code}"')

    assert done.stdout.startswith(str(workspace.install / 'waymark_msgs')), done.stderr


def test_messages_built_by_colcon_have_the_pinned_type_hashes(repo, workspace):
    share = workspace.install / 'waymark_msgs' / 'share' / 'waymark_msgs'
    pinned = (repo / 'tests' / 'packaging' / 'waymark_msgs_hashes.json').read_text()
    hashes = [line for line in (share / 'msg' / 'PlaceMatch.json').read_text().split('"') if 'RIHS01_' in line]

    assert hashes[0] in pinned
