# SPDX-License-Identifier: Apache-2.0
"""What can be checked of docker/ without building: sources, honest headers, pins as in pyproject."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib

REPO = Path(__file__).resolve().parents[2]
FILES = sorted((REPO / 'docker').glob('Dockerfile.*'))
REQUIREMENTS = REPO / 'docker' / 'requirements.txt'


def instructions(path):
    """(keyword, rest) of each instruction, continued lines joined."""
    text = re.sub(r'\\\n', ' ', '\n'.join(x for x in path.read_text().splitlines() if not x.startswith('#')))
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def names(requirements):
    return {re.match(r'[\w-]+', line).group() for line in requirements}


def test_there_is_a_file_for_each_kind_of_computer():
    assert {f.suffix for f in FILES} == {'.cpu', '.jetson', '.rk3588'}


@pytest.mark.parametrize('path', FILES, ids=lambda p: p.name)
def test_header_says_that_it_was_not_built_and_how_to_build_it(path):
    header = '\n'.join(line for line in path.read_text().split('\nFROM')[0].splitlines() if line.startswith('#'))
    assert 'NOT BUILT' in header
    assert f'docker build -f docker/{path.name}' in header


@pytest.mark.parametrize('path', FILES, ids=lambda p: p.name)
def test_every_source_that_is_copied_exists(path):
    copies = [shlex.split(rest)[:-1] for keyword, rest in instructions(path) if keyword == 'COPY']
    assert copies
    assert [source for sources in copies for source in sources if not (REPO / source).exists()] == []


@pytest.mark.parametrize('path', FILES, ids=lambda p: p.name)
def test_instructions_are_known_and_shell_lines_parse(path):
    known = {'ARG', 'FROM', 'SHELL', 'WORKDIR', 'ENV', 'COPY', 'RUN', 'ENTRYPOINT', 'CMD'}
    assert {keyword for keyword, _ in instructions(path)} <= known
    for keyword, rest in instructions(path):
        if keyword == 'RUN':
            checked = subprocess.run(['bash', '-n', '-c', rest], capture_output=True, text=True, timeout=10)
            assert checked.returncode == 0, f'{rest}: {checked.stderr}'


def test_entrypoint_is_executable_and_parses():
    entrypoint = REPO / 'docker' / 'entrypoint.sh'
    assert os.access(entrypoint, os.X_OK)
    assert subprocess.run(['bash', '-n', str(entrypoint)], timeout=10).returncode == 0


@pytest.mark.skipif(sys.version_info < (3, 11), reason='tomllib came with Python 3.11')
def test_requirements_and_apt_together_are_what_pyproject_asks_for():
    project = tomllib.loads((REPO / 'pyproject.toml').read_text())['project']
    from_apt = {'rich', 'jinja2', 'pyyaml'}
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if line and not line.startswith('#')]
    assert names(lines) | from_apt == names(project['dependencies'])
    lower = {re.sub(r'[,\s#].*', '', line) for line in lines}
    assert lower <= {re.sub(r'[,\s].*', '', line) for line in project['dependencies']}


def test_what_comes_from_apt_is_in_a_package_xml():
    text = ''.join(p.read_text() for p in (REPO / 'src').glob('*/package.xml'))
    for key in (
        'python3-rich',
        'python3-jinja2',
        'python3-yaml',
        'rclpy',
        'vision_msgs',
        'tf2_msgs',
        'ros2launch',
    ):
        assert f'<exec_depend>{key}</exec_depend>' in text
