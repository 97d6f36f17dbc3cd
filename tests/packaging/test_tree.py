# SPDX-License-Identifier: Apache-2.0
"""What a reviewer looks for in every file of the repository, whatever its kind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from packaging.requirements import Requirement

# Brackets, so that this file does not name them either.
REGISTRIES = re.compile(
    r'py[p]i\.org|pythonhoste[d]\.org|anacond[a]\.(org|com)|npmj[s]\.(org|com)|artifactor[y]|devp[i]'
)
CONFLICTS = re.compile(r'^(<{7}|>{7}) ', re.M)
LARGEST_BYTES = 1_000_000
LARGEST_MODEL_BYTES = 5_000_000  # of the weights that the package ships
FROM_APT = {'rich', 'jinja2', 'pyyaml'}  # new enough in Ubuntu 24.04


@pytest.fixture(scope='module')
def files(repo) -> list[Path]:
    """Every file that is tracked, or would be by `git add --all`."""
    listed = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
    command = ['git', '-c', 'safe.directory=*', *listed]  # CI's clone may belong to someone else
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        pytest.skip(f'not a git checkout: {done.stderr.strip()}')
    return [path for name in done.stdout.split('\0') if name and (path := repo / name).is_file()]


@pytest.fixture(scope='module')
def texts(files) -> dict[Path, str]:
    """The text files among them; a picture has a zero byte."""
    contents = {path: path.read_bytes() for path in files}
    return {path: data.decode(errors='replace') for path, data in contents.items() if b'\0' not in data}


def package_sources() -> list[str]:
    """Hosts and folders that this machine's pip installs from."""
    done = subprocess.run([sys.executable, '-m', 'pip', 'config', 'list'], capture_output=True, text=True, timeout=60)
    lines = [line for line in done.stdout.splitlines() if re.search('index.url|find.links|trusted.host', line)]
    places = [place for line in lines for place in line.partition('=')[2].strip('\'"').split()]
    return [urlsplit(place).hostname or urlsplit(place).path for place in places]


def naming(texts, word: str) -> list[Path]:
    """Files that hold a path or host name, whole: neither inside a longer word nor inside a longer path."""
    whole = re.compile(rf'(?<![\w.-]){re.escape(word)}(?![\w-])')
    return [path for path, text in texts.items() if whole.search(text)]


def test_no_file_holds_the_path_of_this_checkout(repo, texts):
    if len(repo.parts) < 3:
        pytest.skip(f'{repo} is too short a path to search for')
    assert naming(texts, str(repo)) == []


def test_no_file_names_a_package_registry(texts):
    assert [path for path, text in texts.items() if REGISTRIES.search(text)] == []
    assert {place: found for place in package_sources() if len(place) > 3 and (found := naming(texts, place))} == {}


def test_every_script_begins_with_its_licence(texts):
    scripts = {path: text for path, text in texts.items() if path.suffix == '.py' or text.startswith('#!')}
    assert len(scripts) > 200
    bare = [p for p, t in scripts.items() if t and 'SPDX-License-Identifier: Apache-2.0' not in t[:120]]
    assert bare == []


def test_what_begins_like_a_script_can_be_executed(texts):
    assert [p for p, t in texts.items() if t.startswith('#!') and not os.access(p, os.X_OK)] == []


def test_no_merge_was_left_unfinished(texts):
    assert [path for path, text in texts.items() if CONFLICTS.search(text)] == []


def test_no_file_is_larger_than_a_clone_should_carry(files):
    large = {path: size for path in files if (size := path.stat().st_size) > LARGEST_BYTES}
    embedded = {path: size for path, size in large.items() if path.parent.parent.name == 'models'}
    assert large == embedded
    assert all(size <= LARGEST_MODEL_BYTES for size in embedded.values())


def test_links_between_pages_lead_somewhere(texts):
    pages = {path: text for path, text in texts.items() if path.suffix == '.md'}
    links = [(path, link) for path, text in pages.items() for link in re.findall(r'\]\(([^)#\s]+)', text)]
    broken = [(path.name, link) for path, link in links if '://' not in link and not (path.parent / link).exists()]
    assert broken == []


def test_the_version_is_the_same_everywhere_and_in_the_changelog(repo):
    version = re.search(r'^version = "(.+)"', (repo / 'pyproject.toml').read_text(), re.M)[1]
    package = (repo / 'src' / 'waymark' / 'waymark' / '__init__.py').read_text()
    wheel = (repo / 'packaging' / 'interfaces' / 'pyproject.toml').read_text()

    assert f"__version__ = '{version}'" in package
    assert f'\nversion = "{version}"' in wheel
    assert f'\n## [{version}]' in (repo / 'CHANGELOG.md').read_text()


@pytest.fixture(scope='module')
def dependencies(repo) -> dict[str, Requirement]:
    """What the core declares, by name."""
    text = (repo / 'pyproject.toml').read_text()
    found = re.findall(r'^  "([^"]+)"', re.search(r'^dependencies = \[(.*?)^\]', text, re.M | re.S)[1], re.M)
    return {requirement.name.lower(): requirement for requirement in map(Requirement, found)}


def requirements_in(path: Path) -> dict[str, Requirement]:
    lines = (line.partition('#')[0].strip() for line in path.read_text().splitlines())
    return {requirement.name: requirement for requirement in map(Requirement, filter(None, lines))}


def test_a_robot_installs_what_the_core_declares_and_apt_lacks(repo, dependencies):
    robot = requirements_in(repo / 'docker' / 'requirements.txt')

    assert robot.keys() == dependencies.keys() - FROM_APT
    looser = [n for n, r in robot.items() if not set(map(str, r.specifier)) & set(map(str, dependencies[n].specifier))]
    assert looser == []


def test_what_the_core_is_tested_with_on_numpy_1_fits_its_dependencies_and_a_robot(repo, dependencies):
    robot = requirements_in(repo / 'docker' / 'requirements.txt')
    for name, pinned in requirements_in(repo / 'requirements' / 'numpy1.lock').items():
        version = str(pinned.specifier).removeprefix('==')
        assert name not in dependencies or version in dependencies[name].specifier, pinned
        assert name not in robot or version in robot[name].specifier, pinned
