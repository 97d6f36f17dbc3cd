# SPDX-License-Identifier: Apache-2.0
"""The camera topics in sight: waymark_ros.doctor_topics listens elsewhere; this judges what it saw."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from waymark.doctor.finding import Finding, Level, worst
from waymark.environment import require_one_ros
from waymark.errors import EnvironmentMixError

NAME = 'cameras'
START_S = 30.0  # a cold import of rclpy on a small board
OLD_MS = 500.0
SYNC = 'Synchronise the clocks (chrony, PTP), or let the driver stamp with the time of exposure.'

Complaint = tuple[Level, str, str]  # level, text, remedy


def check_cameras(seconds: float, environ: Mapping[str, str]) -> list[Finding]:
    """Listen for a while and judge every image topic.

    Args:
        seconds: How long.
        environ: Of the process that listens.
    """
    try:
        require_one_ros(environ)
    except EnvironmentMixError:
        return [Finding(NAME, 'WARN', 'not looked at: there is no usable ROS (see above).')]
    if importlib.util.find_spec('waymark_ros') is None:
        return [Finding(NAME, 'WARN', 'not looked at: the package waymark_ros is not installed for this Python.')]
    try:
        return judge_topics(_listen(seconds, environ))
    except (subprocess.SubprocessError, ValueError, IndexError) as error:
        output = getattr(error, 'stderr', None) or str(error)
        last = (output if isinstance(output, str) else output.decode(errors='replace')).strip().splitlines()[-1:]
        return [
            Finding(
                NAME,
                'FAIL',
                f'could not be looked at: {"".join(last)}',
                'Try `python -m waymark_ros.doctor_topics`: it shows all that went wrong.',
            )
        ]


def judge_topics(seen: Mapping[str, Any]) -> list[Finding]:
    """One finding for each image topic.

    Args:
        seen: As waymark_ros.doctor_topics prints it.
    """
    if not seen['topics']:
        return [
            Finding(
                NAME,
                'WARN',
                f'no image topic appeared in {seen["looked_s"]:.0f} s.',
                'For a live camera: start its driver, with the ROS_DOMAIN_ID and discovery range above.',
            )
        ]
    return [_judge(topic) for topic in seen['topics']]


def _listen(seconds: float, environ: Mapping[str, str]) -> dict[str, Any]:
    command = [sys.executable, '-m', 'waymark_ros.doctor_topics', '--seconds', str(seconds)]
    done = subprocess.run(
        command, env=dict(environ), capture_output=True, text=True, check=True, timeout=4 * seconds + START_S
    )
    seen: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return seen


def _judge(topic: Mapping[str, Any]) -> Finding:
    complaints = [*_delivery(topic), *_content(topic), *_stamps(topic), *_camera_info(topic)]
    return Finding(
        f'camera {topic["topic"]}',
        worst(level for level, _, _ in complaints),
        '; '.join([_facts(topic), *(text for _, text, _ in complaints)]),
        ' '.join(dict.fromkeys(remedy for _, _, remedy in complaints if remedy)),
    )


def _facts(topic: Mapping[str, Any]) -> str:
    facts = [topic['type'].rpartition('/')[2], f'{topic["qos"]["reliability"]}, {topic["qos"]["durability"]}']
    if topic['size_wh']:
        facts.append(f'{topic["size_wh"][0]}x{topic["size_wh"][1]} {topic["encoding"]}')
    if topic['rate_hz'] is not None:
        facts.append(f'{topic["rate_hz"]:.1f} Hz')
    if topic['stamp_age_p50_ms'] is not None:
        facts.append(f'stamps {topic["stamp_age_p50_ms"]:.0f} ms old')
    return ', '.join(facts)


def _delivery(topic: Mapping[str, Any]) -> list[Complaint]:
    found: list[Complaint] = []
    if not topic['qos']['fits']:
        found.append(('FAIL', f'its QoS does not fit: {topic["qos"]["reason"]}', 'Change the QoS of the driver.'))
    elif not topic['messages']:
        found.append(
            (
                'WARN',
                f'nothing arrived in {topic["watched_s"]:.0f} s',
                'Check that the camera runs, and that its driver uses the Fast DDS profile, too.',
            )
        )
    if topic['publishers'] > 1:
        found.append(('WARN', f'{topic["publishers"]} nodes publish it', 'One of them should: images would mix.'))
    return found


def _content(topic: Mapping[str, Any]) -> list[Complaint]:
    found: list[Complaint] = []
    if topic['unreadable']:
        found.append(
            (
                'FAIL',
                f'images can not be used: {topic["unreadable"].rstrip(".")}',
                'Correct the driver, or its settings.',
            )
        )
    if not topic['is_readable_name']:
        found.append(
            (
                'WARN',
                'no node reads it: compressed images are expected on <image topic>/compressed',
                'Remap its driver.',
            )
        )
    return found


def _stamps(topic: Mapping[str, Any]) -> list[Complaint]:
    stamps, found = topic['stamps'], list[Complaint]()
    if stamps['zero']:
        found.append(
            (
                'FAIL',
                f'{stamps["zero"]} of {topic["messages"]} stamps are zero: refused',
                'The driver must fill header.stamp.',
            )
        )
    if stamps['future']:
        found.append(('FAIL', f'{stamps["future"]} of {topic["messages"]} stamps lie in the future: refused', SYNC))
    if stamps['backwards']:
        found.append(('WARN', f'{stamps["backwards"]} stamps went back in time', 'Images must come in order.'))
    if (topic['stamp_age_p50_ms'] or 0.0) > OLD_MS:
        found.append(('WARN', f'stamps are older than {OLD_MS:.0f} ms', SYNC))
    return found


def _camera_info(topic: Mapping[str, Any]) -> list[Complaint]:
    info = topic['camera_info']
    consequence = 'no metric output (poses)'
    if not info['publishers']:
        return [('WARN', f'no {info["topic"]}: {consequence}', 'Publish it from the driver, if poses are wanted.')]
    if not info['messages']:
        return [('WARN', f'{info["topic"]} is silent: {consequence}', 'Check the driver.')]
    if not info['calibrated']:
        return [('WARN', f'{info["topic"]} has K = 0, not calibrated: {consequence}', 'Calibrate the camera.')]
    if topic['size_wh'] and info['size_wh'] != topic['size_wh']:
        size = 'x'.join(map(str, info['size_wh']))
        return [
            (
                'WARN',
                f'{info["topic"]} is for {size} px: {consequence}',
                'Calibrate at the resolution of the images.',
            )
        ]
    return []
