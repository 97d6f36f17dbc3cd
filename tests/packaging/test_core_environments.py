# SPDX-License-Identifier: Apache-2.0
"""The core runs without ROS, on every other Python from 3.10 to 3.13 that is here, on numpy 1.26 and 2.x.

The Python of these tests runs the core's with all others; alone on a machine, it does it here without ROS too.
Each Python gets an environment of its own in .venv-core/, with the core's dependencies at the versions of dev.lock
and no ROS, and there runs the core's tests (three minutes). They are kept until a version in it changes.
3.10 and 3.12 have numpy 1.26: 3.12 with 1.26 is what Ubuntu 24.04 has beside apt's ROS.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
PYTHONS = ('3.10', '3.11', '3.12', '3.13')
THIS = f'{sys.version_info.major}.{sys.version_info.minor}'
NUMPY = {'3.10': 1, '3.11': 2, '3.12': 1, '3.13': 2}  # major version; 1.26 has no wheels for 3.13
TESTS = ('tests/waymark', 'tests/waymark_sim', 'tests/test_architecture.py')
TOOLS = ('pytest', 'pytest-timeout', 'hypothesis', 'onnx', 'pillow')
# These have environments, or are long and the same everywhere.
OTHERS = 'not models and not rknn and not gazebo and not slow'
PROBE = 'import ensurepip, ssl, sqlite3, sys, venv; print("%d.%d" % sys.version_info[:2])'
ABSENT = 'import importlib.util as u; print([n for n in ("rclpy", "waymark_ros", "waymark_msgs") if u.find_spec(n)])'


class PythonAbsent(pytest.skip.Exception):
    """Skips everywhere, CI included: a machine has the Pythons that it has."""


def find_python(version: str) -> Path | None:
    """The first interpreter of that version that runs: a name in PATH may be a shim for one that is not there."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    pyenv = Path(os.environ.get('PYENV_ROOT') or Path.home() / '.pyenv')
    folders += sorted(path / 'bin' for path in pyenv.glob(f'versions/{version}.*'))
    for python in (folder / f'python{version}' for folder in folders):
        if python.exists() and run([python, '-c', PROBE]).stdout.strip() == version:
            return python
    return None


def numpy_majors(found: Collection[str]) -> dict[str, tuple[int, ...]]:
    """Map each Python to the numpy majors to test it on: one, but both on one Python where else one is left out."""
    plan = {version: (NUMPY[version],) for version in found}
    for major in {1, 2} - {majors[0] for majors in plan.values()}:
        able = [version for version in plan if (version, major) != ('3.13', 1)]
        plan |= {version: (*plan[version], major) for version in able[-1:]}
    return plan


def run(command: list[str | Path], **options) -> subprocess.CompletedProcess[str]:
    """Run without what the shell or the calling pytest says about Python, ROS and suites."""
    strange = ('PYTHON', 'PYTEST', 'AMENT', 'ROS_', 'WAYMARK', 'VIRTUAL_ENV')
    plain = {key: value for key, value in os.environ.items() if not key.startswith(strange)}
    path = {'PYTHONPATH': f'{REPO}/src/waymark:{REPO}/src/waymark_sim'}
    return subprocess.run(command, env=plain | path, capture_output=True, text=True, timeout=600, **options)


def pinned(repo: Path, numpy: int) -> list[str]:
    """Constraints of every package but ROS; with numpy 1 a few are older."""
    lines = (repo / 'requirements' / 'dev.lock').read_text().splitlines()
    older = (repo / 'requirements' / 'numpy1.lock').read_text().splitlines()[1:] if numpy == 1 else []
    replaced = {line.partition('==')[0] for line in older}
    return older + [line for line in lines if line[0] != '#' and line.partition('==')[0] not in replaced]


def declared(repo: Path) -> list[str]:
    text = (repo / 'pyproject.toml').read_text()
    return re.findall(r'^  "([^"]+)"', re.search(r'^dependencies = \[(.*?)^\]', text, re.M | re.S)[1], re.M)


def make_environment(repo: Path, python: Path, version: str, numpy: int) -> Path:
    """Make the environment unless one of the same packages is there; return its interpreter."""
    folder = repo / '.venv-core' / f'{version}-numpy{numpy}'
    names, constraints = [*declared(repo), *TOOLS], '\n'.join(pinned(repo, numpy))
    stamp, made_of = folder / 'stamp', hashlib.sha256(repr((str(python), names, constraints)).encode()).hexdigest()
    inner = folder / 'bin' / 'python'
    if stamp.exists() and stamp.read_text() == made_of:
        return inner
    shutil.rmtree(folder, ignore_errors=True)
    done = run([python, '-m', 'venv', folder])
    assert done.returncode == 0, done.stderr
    (folder / 'constraints').write_text(constraints)
    pip = [inner, '-m', 'pip', 'install', '-qq', '--no-input', '--disable-pip-version-check', '--retries', '10']
    done = run([*pip, '--only-binary', ':all:', '-c', folder / 'constraints', *names])
    assert done.returncode == 0, f'{done.stdout}{done.stderr}'
    stamp.write_text(made_of)
    return inner


@pytest.fixture(scope='module')
def pythons() -> dict[str, Path]:
    found = {version: find_python(version) for version in PYTHONS}
    here = {version: python for version, python in found.items() if python}
    return {version: python for version, python in here.items() if version != THIS} or here


@pytest.fixture
def environment(repo, pythons) -> Callable[[str, int], Path]:
    return lambda version, numpy: make_environment(repo, pythons[version], version, numpy)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize('version', PYTHONS)
def test_the_core_passes_its_tests_without_ros(repo, pythons, environment, version):
    if version not in pythons:
        raise PythonAbsent(f'Python {version} runs these tests, or is not on this machine')
    for numpy in numpy_majors(pythons)[version]:
        python = environment(version, numpy)
        assert run([python, '-c', ABSENT], cwd=repo).stdout == '[]\n'
        assert run([python, '-c', 'import numpy; print(numpy.__version__)']).stdout.startswith(f'{numpy}.')

        done = run([python, '-m', 'pytest', *TESTS, '-q', '-m', OTHERS, '-p', 'no:cacheprovider'], cwd=repo)

        assert done.returncode == 0, f'Python {version}, numpy {numpy}:\n{done.stdout[-8000:]}{done.stderr[-2000:]}'


@pytest.mark.parametrize(
    ('found', 'plan'),
    [
        ([], {}),
        (PYTHONS, {'3.10': (1,), '3.11': (2,), '3.12': (1,), '3.13': (2,)}),
        (['3.11'], {'3.11': (2, 1)}),
        (['3.12'], {'3.12': (1, 2)}),
        (['3.13'], {'3.13': (2,)}),
        (['3.11', '3.13'], {'3.11': (2, 1), '3.13': (2,)}),
    ],
)
def test_both_numpy_majors_are_tested_wherever_one_python_can(found, plan):
    assert numpy_majors(found) == plan


def test_a_python_that_is_nowhere_is_not_found():
    assert find_python('3.99') is None


def test_constraints_of_numpy_1_differ_in_what_needs_it(repo):
    one, two = pinned(repo, 1), pinned(repo, 2)

    assert {line.partition('==')[0] for line in two} == {line.partition('==')[0] for line in one}
    assert [line for line in one if line.startswith('numpy')] == ['numpy==1.26.4']
