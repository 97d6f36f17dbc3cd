# SPDX-License-Identifier: Apache-2.0
"""Configure, build and install each package with CMake into one staging prefix."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from interface_wheel.project import Project

SITE_PACKAGES = f'lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages'


def build_packages(project: Project, prefix: Path, scratch: Path) -> Path:
    """Build every package of the project.

    Args:
        project: Names the packages, each after those it needs.
        prefix: Holds the generators and the messages that the packages use.
        scratch: An empty folder for build trees and the result.

    Returns:
        The folder with lib/ and share/ of all packages, as colcon --merge-install would leave it.

    Raises:
        RuntimeError: CMake or the compiler failed; the text ends with what they said.
    """
    staged = scratch / 'stage'
    environment = _environment(prefix, staged)
    cmake = shutil.which('cmake', path=environment['PATH']) or 'cmake'
    for package in project.packages:
        build = scratch / package.name
        _run([cmake, '-S', package, '-B', build, '-G', 'Ninja', *_definitions(staged)], environment)
        _run([cmake, '--build', build], environment)
        _run([cmake, '--install', build, '--strip'], environment)
    return staged


def _definitions(staged: Path) -> list[str]:
    return [
        '-DBUILD_TESTING=OFF',
        '-DCMAKE_BUILD_TYPE=Release',
        f'-DCMAKE_INSTALL_PREFIX={staged}',
        f'-DPython3_EXECUTABLE={sys.executable}',
        f'-DPYTHON_INSTALL_DIR={SITE_PACKAGES}',
        # Libraries find one another in lib/, extension modules (three folders deeper) find them there too.
        '-DCMAKE_INSTALL_RPATH=$ORIGIN;$ORIGIN/../../..',
    ]


def _environment(prefix: Path, staged: Path) -> dict[str, str]:
    """Let CMake, and the generators it starts, find what this process imports."""
    prefixes = f'{staged}{os.pathsep}{prefix}'
    return {
        **os.environ,
        'PATH': f'{prefix / "bin"}{os.pathsep}{os.environ["PATH"]}',
        'PYTHONPATH': os.pathsep.join(filter(None, sys.path)),
        'AMENT_PREFIX_PATH': prefixes,
        'CMAKE_PREFIX_PATH': prefixes,
    }


def _run(command: list[str | Path], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    sys.stdout.write(done.stdout)
    if done.returncode:
        said = '\n'.join(done.stdout.splitlines()[-30:])
        raise RuntimeError(f'{" ".join(map(str, command))} failed with exit code {done.returncode}:\n{said}')
