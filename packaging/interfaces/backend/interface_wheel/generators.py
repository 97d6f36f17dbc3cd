# SPDX-License-Identifier: Apache-2.0
"""The rosidl generators that pip installed: where they are, and the paths in them that need mending."""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path

# Their CMake exports name the include folders of the machine on which the wheels were built.
BUILDERS_NUMPY = re.compile(r'/opt/python/cp\w+-cp\w+/lib/python3\.\d+/site-packages/numpy/_core/include')
BUILDERS_PYTHON = re.compile(r'/opt/python/cp\w+-cp\w+/include/python3\.\d+')


def find_prefix() -> Path:
    """Return the prefix that holds share/ and lib/ of the generators.

    It is pip's throw-away build environment, or the current one under --no-build-isolation.

    Raises:
        RuntimeError: No entry of sys.path belongs to such a prefix.
    """
    for site_packages in map(Path, sys.path):
        prefix = site_packages.parent.parent.parent
        if (site_packages / 'rosidl_parser').is_dir() and (prefix / 'share' / 'rosidl_cmake').is_dir():
            return prefix
    raise RuntimeError('the rosidl generators are not installed. Build with pip, which installs build.lock first.')


def repair_exported_paths(prefix: Path) -> None:
    """Point the include folders in `prefix`/share/*/cmake at this interpreter and this NumPy."""
    import numpy as np  # not yet there when pip asks what to install

    python_include = sysconfig.get_paths()['include']
    for file in prefix.glob('share/*/cmake/*.cmake'):
        text = file.read_text()
        mended = BUILDERS_PYTHON.sub(python_include, BUILDERS_NUMPY.sub(np.get_include(), text))
        if mended != text:
            file.write_text(mended)
