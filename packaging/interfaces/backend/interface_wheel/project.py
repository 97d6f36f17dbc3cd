# SPDX-License-Identifier: Apache-2.0
"""What the folder's pyproject.toml says."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Project:
    """The wheel to build.

    Attributes:
        name: Distribution name, as the user asks pip for it.
        version: Of the distribution.
        requires_python: Python versions, as pip compares them.
        dependencies: What pip installs beside the wheel.
        packages: Folders of the ROS packages, each after those it needs.
    """

    name: str
    version: str
    requires_python: str
    dependencies: tuple[str, ...]
    packages: tuple[Path, ...]


def read_project(folder: Path) -> Project:
    """Read `folder`/pyproject.toml; package folders in it are relative to `folder`."""
    settings = tomllib.loads((folder / 'pyproject.toml').read_text())
    project = settings['project']
    return Project(
        name=project['name'],
        version=project['version'],
        requires_python=project['requires-python'],
        dependencies=tuple(project['dependencies']),
        packages=tuple((folder / path).resolve() for path in settings['tool']['interface-wheel']['packages']),
    )
