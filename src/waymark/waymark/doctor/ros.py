# SPDX-License-Identifier: Apache-2.0
"""Which ROS this is, and what of its settings decides whether processes see each other."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

from waymark.doctor.finding import Finding
from waymark.environment import find_ros, require_one_ros
from waymark.errors import EnvironmentMixError

EXPECTED_RMW = 'rmw_fastrtps_cpp'
SUPPORTED_DISTRO = 'jazzy'
# Above it, DDS ports fall into the range that Linux gives to outgoing connections.
SAFE_DOMAIN, LAST_DOMAIN = 101, 232
RANGES = {
    'SUBNET': 'sees every machine of this subnet',
    'LOCALHOST': 'sees this machine only',
    'SYSTEM_DEFAULT': 'as the middleware is configured',
}


def check_origin(environ: Mapping[str, str]) -> Finding:
    """Where rclpy comes from; two installations at once, or none, can't work."""
    try:
        origin = require_one_ros(environ)
    except EnvironmentMixError as error:
        return Finding('ROS', 'FAIL', str(error))
    kind = 'the package registry' if origin.is_pip else 'a ROS installation'
    where = f'rclpy from {kind} in {origin.prefix}'
    distro = environ.get('ROS_DISTRO', SUPPORTED_DISTRO)
    if distro != SUPPORTED_DISTRO:
        return Finding(
            'ROS',
            'WARN',
            f'{where}, ROS_DISTRO is {distro}: untested.',
            'ROS 2 Jazzy is what Waymark is tested on.',
        )
    return Finding('ROS', 'OK', where)


def check_messages() -> Finding:
    """Whether the message types that our nodes speak are there."""
    missing = [
        name
        for name in ('waymark_msgs', 'vision_msgs', 'tf2_msgs', 'sensor_msgs')
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        return Finding(
            'messages',
            'FAIL' if 'waymark_msgs' in missing else 'WARN',
            f'not installed: {", ".join(missing)}.',
            'Run `make demo`; on a robot `colcon build` and `. install/setup.bash` (docs/robot.md).',
        )
    return Finding('messages', 'OK', 'waymark_msgs, vision_msgs, tf2_msgs and sensor_msgs are there')


def check_rmw(environ: Mapping[str, str]) -> Finding:
    """Whether the middleware is the one that our profile and our measurements are about."""
    chosen = environ.get('RMW_IMPLEMENTATION', '')
    name = chosen or EXPECTED_RMW
    text = f'{name} ({"RMW_IMPLEMENTATION" if chosen else "the default"})'
    if not _has_library(name, environ):
        return Finding(
            'middleware',
            'FAIL',
            f'{text} is not installed.',
            f'Install it, or unset RMW_IMPLEMENTATION for {EXPECTED_RMW}.',
        )
    if name != EXPECTED_RMW:
        return Finding(
            'middleware',
            'WARN',
            f'{text}: images are measured with Fast DDS only, and its profile is not read.',
            f'export RMW_IMPLEMENTATION={EXPECTED_RMW} in every terminal, or see that large messages arrive.',
        )
    return Finding('middleware', 'OK', text)


def check_discovery(environ: Mapping[str, str]) -> Finding:
    """Whether the domain is valid and who can be seen in it."""
    domain = environ.get('ROS_DOMAIN_ID', '') or '0'
    reach = environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE', '') or 'SUBNET'
    text = f'ROS_DOMAIN_ID {domain}, ROS_AUTOMATIC_DISCOVERY_RANGE {reach}'
    if not domain.isdecimal() or int(domain) > LAST_DOMAIN:
        return Finding('discovery', 'FAIL', f'{text}: no such domain.', f'Use a number from 0 to {SAFE_DOMAIN}.')
    if reach.upper() not in RANGES:
        return Finding(
            'discovery',
            'WARN',
            f'{text}: no other process is found.',
            'Set ROS_AUTOMATIC_DISCOVERY_RANGE to SUBNET or LOCALHOST.',
        )
    if environ.get('ROS_LOCALHOST_ONLY', '0') not in ('', '0'):
        return Finding(
            'discovery',
            'WARN',
            f'{text}, but ROS_LOCALHOST_ONLY is set: deprecated, and it overrides the range.',
            'unset ROS_LOCALHOST_ONLY; export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST.',
        )
    if int(domain) > SAFE_DOMAIN:
        return Finding(
            'discovery',
            'WARN',
            f"{text}: its ports lie in Linux's range for outgoing connections and may be taken.",
            f'Use a number from 0 to {SAFE_DOMAIN}.',
        )
    return Finding('discovery', 'OK', f'{text}: {RANGES[reach.upper()]}')


def _has_library(rmw: str, environ: Mapping[str, str]) -> bool:
    """Whether lib<rmw>.so lies in a ROS prefix; True where no ROS is found, which is another finding."""
    origin = find_ros()
    prefixes = [Path(p) for p in environ.get('AMENT_PREFIX_PATH', '').split(':') if p]
    prefixes += [origin.prefix] if origin else []
    return not prefixes or any((p / 'lib' / f'lib{rmw}.so').is_file() for p in prefixes)
