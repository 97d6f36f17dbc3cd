# SPDX-License-Identifier: Apache-2.0
"""Which ROS this Python would use, and the settings a ROS process needs. Looks, never imports ROS."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from waymark.errors import EnvironmentMixError
from waymark.shared_memory import remove_dead_segments

FASTDDS_PROFILE = 'fastdds.xml'
# Fast DDS >= 2.12 reads the first name; 2.6 to 2.11 the second.
FASTDDS_VARIABLES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')


@dataclass(frozen=True)
class RosOrigin:
    """Where rclpy comes from.

    Attributes:
        prefix: Installation prefix (/opt/ros/jazzy, or the virtual environment).
        is_pip: True when it was installed from the package registry.
    """

    prefix: Path
    is_pip: bool


def find_ros() -> RosOrigin | None:
    """Find the rclpy that `import rclpy` would load; None where there is none."""
    spec = importlib.util.find_spec('rclpy')
    if spec is None or not spec.submodule_search_locations:
        return None
    return _origin(Path(next(iter(spec.submodule_search_locations))))


def other_ros(origin: RosOrigin, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Prefix of a second ROS that must not be there beside `origin`, or None.

    Two of them clash only where one is a pip copy: overlays of sourced workspaces are what ROS is made for.
    """
    importable = [_origin(Path(p) / 'rclpy') for p in sys.path if (Path(p) / 'rclpy/__init__.py').is_file()]
    if origin.is_pip:
        sourced = [Path(p).resolve() for p in environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
        others = [p for p in sourced if (p / 'share/rclpy/package.xml').is_file()]
        others += [o.prefix for o in importable]
    else:
        others = [o.prefix for o in importable if o.is_pip]
    return next((p for p in others if p != origin.prefix), None)


def require_one_ros(environ: Mapping[str, str] = os.environ) -> RosOrigin:
    """Refuse to start without ROS or with two of them.

    Raises:
        EnvironmentMixError: One sentence with both places and the remedy.
    """
    origin = find_ros()
    if origin is None:
        raise EnvironmentMixError(
            'ROS 2 is not installed for this Python: run `make demo` or `make test` to get it into .venv, '
            'or source /opt/ros/jazzy/setup.bash on a robot.'
        )
    other = other_ros(origin, environ)
    if other is not None:
        raise EnvironmentMixError(
            f'two ROS 2 installations are mixed: rclpy comes from {origin.prefix}, but {other} is in this shell too. '
            'Use a new shell without sourcing it, or a virtual environment with --system-site-packages '
            'and no pip copy of ROS.'
        )
    return origin


def _origin(package: Path) -> RosOrigin:
    # PREFIX/lib/python3.x/site-packages/rclpy, or .../dist-packages/rclpy on Debian
    package = package.resolve()
    return RosOrigin(package.parents[3], is_pip=any(package.parent.glob('ros_jazzy_rclpy-*.dist-info')))


def fastdds_profile() -> Path | None:
    """Find the Fast DDS profile that lets images arrive: in waymark_bringup's share folder, or in config/ here."""
    prefixes = [Path(p) for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    candidates = [p / 'share/waymark_bringup/config' / FASTDDS_PROFILE for p in [*prefixes, Path(sys.prefix)]]
    candidates.append(Path(__file__).resolve().parents[3] / 'config' / FASTDDS_PROFILE)
    return next((c for c in candidates if c.is_file()), None)


def prepare_ros(environ: dict[str, str] | None = None) -> RosOrigin:
    """Set what rclpy and Fast DDS read at start, where the user has not set it. Call before importing rclpy.

    Shared memory that killed ROS processes left is given back.

    Raises:
        EnvironmentMixError: No ROS, or two.
    """
    env = os.environ if environ is None else environ
    origin = require_one_ros(env)
    if origin.is_pip:
        env.setdefault('AMENT_PREFIX_PATH', str(origin.prefix))  # apt's setup.bash does it; pip has none
    profile = fastdds_profile()
    if profile is not None and not any(name in env for name in FASTDDS_VARIABLES):
        env.update({name: str(profile) for name in FASTDDS_VARIABLES})
    remove_dead_segments()
    return origin
