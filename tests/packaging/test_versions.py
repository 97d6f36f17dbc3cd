# SPDX-License-Identifier: Apache-2.0
"""One version, one list of packages, lock files that hold what is declared."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

LOCKS = ['requirements/demo.lock', 'requirements/dev.lock', 'requirements/colcon.lock']
PYTHONS = ['3.10.0', '3.11.0', '3.12.0', '3.13.0']


def read_lock(path, python: str) -> dict[str, Version]:
    """Map each package that the lock installs on that Python to its version."""
    environment = {'python_full_version': python, 'python_version': python[:4], 'sys_platform': 'linux'}
    lines = [Requirement(line) for line in path.read_text().splitlines() if not line.startswith('#')]
    chosen = [line for line in lines if line.marker is None or line.marker.evaluate(environment)]
    return {line.name: Version(str(line.specifier).removeprefix('==')) for line in chosen}


def declared(repo, *extras: str) -> list[Requirement]:
    """Requirements in pyproject.toml, read as text because Python 3.10 has no TOML reader."""
    text = (repo / 'pyproject.toml').read_text()
    lists = [re.search(rf'^{name} = \[(.*?)\] *(#.*)?$', text, re.M | re.S) for name in ('dependencies', *extras)]
    named = [Requirement(found) for part in lists for found in re.findall(r'"([^"]+)"', part[1])]
    own = [extra for requirement in named if requirement.name == 'waymark' for extra in sorted(requirement.extras)]
    return [r for r in named if r.name != 'waymark'] + (declared(repo, *own) if own else [])


def test_every_package_has_the_version_of_the_distribution(repo):
    version = re.search(r'^version = "(.+)"', (repo / 'pyproject.toml').read_text(), re.M)[1]
    manifests = list(repo.glob('src/*/package.xml')) + list(repo.glob('packaging/interfaces/*/package.xml'))
    assert len(manifests) == 7

    versions = {path: ElementTree.parse(path).findtext('version') for path in manifests}
    setups = {path: re.search(r"version='(.+)'", path.read_text())[1] for path in repo.glob('src/*/setup.py')}

    assert {path: found for path, found in (versions | setups).items() if found != version} == {}


@pytest.mark.parametrize('python', PYTHONS)
@pytest.mark.parametrize('name', LOCKS)
def test_the_lock_satisfies_what_is_declared(repo, name, python):
    locked = read_lock(repo / name, python)

    for requirement in declared(repo, 'ros', *(['dev'] if 'dev' in name else [])):
        assert requirement.name.lower() in locked, f'{requirement.name} is not in {name}: run make lock'
        assert locked[requirement.name.lower()] in requirement.specifier, f'{requirement}: run make lock'


@pytest.mark.parametrize('name', [*LOCKS, 'packaging/interfaces/build.lock'])
def test_a_lock_names_no_registry(repo, name):
    assert '://' not in (repo / name).read_text()


def test_what_the_wheel_needs_is_what_the_environment_holds(repo):
    text = (repo / 'packaging' / 'interfaces' / 'pyproject.toml').read_text()
    locked = read_lock(repo / 'requirements' / 'demo.lock', '3.12.0')

    needs = [Requirement(found) for found in re.findall(r'^  "([^"]+==[^"]+)"', text, re.M)]

    assert len(needs) == 5
    assert [str(need) for need in needs if locked[need.name] not in need.specifier] == []
