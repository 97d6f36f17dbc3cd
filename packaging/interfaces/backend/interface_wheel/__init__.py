# SPDX-License-Identifier: Apache-2.0
"""PEP 517 backend: ROS 2 interface packages, built by CMake as colcon would, become one wheel.

`pip install ./packaging/interfaces` calls these hooks with that folder as the working directory. The packages
to build, in order, are named in its pyproject.toml under [tool.interface-wheel].
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from interface_wheel.archive import dist_info_name, metadata_text, write_wheel
from interface_wheel.generators import find_prefix, repair_exported_paths
from interface_wheel.project import read_project
from interface_wheel.stage import build_packages

Settings = dict[str, Any] | None


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Name what the generators need, fully pinned: their own wheels leave their build dependencies out."""
    lines = (line.partition('#')[0].strip() for line in Path('build.lock').read_text().splitlines())
    return [line for line in lines if line]


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: Settings = None) -> str:
    """Write the metadata without building anything; return the name of its folder."""
    project = read_project(Path.cwd())
    folder = Path(metadata_directory) / dist_info_name(project)
    folder.mkdir()
    (folder / 'METADATA').write_text(metadata_text(project))
    return folder.name


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    """Build every package into one wheel; return its file name."""
    project = read_project(Path.cwd())
    prefix = find_prefix()
    repair_exported_paths(prefix)
    with tempfile.TemporaryDirectory(prefix='interface_wheel_') as scratch:
        staged = build_packages(project, prefix, Path(scratch))
        return write_wheel(project, staged, Path(wheel_directory)).name


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Refuse: messages lie elsewhere in the repository, an archive of this folder could not be built."""
    name = read_project(Path.cwd()).name
    raise NotImplementedError(f'{name} has no source archive. Run pip wheel ./packaging/interfaces instead.')
