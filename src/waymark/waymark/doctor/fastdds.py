# SPDX-License-Identifier: Apache-2.0
"""The Fast DDS profile: without a larger shared-memory segment almost no image of 720p arrives."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from waymark.doctor.finding import Finding
from waymark.environment import FASTDDS_VARIABLES, fastdds_profile

NAME = 'Fast DDS profile'
# Two raw 1080p colour images: less loses frames as soon as one is still being read.
ENOUGH_BYTES = 12_000_000
MIB = 1024 * 1024
ROOM = 'End ROS processes that nobody needs; fastdds shm clean. In docker: --ipc=host, or --shm-size=1g.'


@dataclass(frozen=True)
class SharedMemory:
    """What a profile says about shared memory.

    Attributes:
        segment_bytes: Size of the segment of each process; 0 where the profile has no SHM transport.
        is_used: Whether the default participant profile uses that transport.
    """

    segment_bytes: int
    is_used: bool


def read_profile(path: Path) -> SharedMemory:
    """Read what matters of a Fast DDS profile.

    Raises:
        OSError: It can't be read.
        ElementTree.ParseError: It is not XML.
        ValueError: A segment size is not a number.
    """
    root = ElementTree.parse(path).getroot()
    for element in root.iter():
        element.tag = element.tag.rpartition('}')[2]  # namespaces differ between Fast DDS versions
    segments = {
        _text(transport, 'transport_id'): int(_text(transport, 'segment_size') or 0)
        for transport in root.iter('transport_descriptor')
        if _text(transport, 'type').upper() == 'SHM'
    }
    used = {
        (transport.text or '').strip()
        for participant in root.iter('participant')
        if participant.get('is_default_profile', '').lower() in ('true', '1')
        for transport in participant.iterfind('./rtps/userTransports/transport_id')
    }
    sizes = {name: size for name, size in segments.items() if name in used} or segments
    return SharedMemory(max(sizes.values(), default=0), bool(used & segments.keys()))


def check_profile(environ: Mapping[str, str], ours: Path | None) -> Finding:
    """Whether processes started from here would use a profile that lets images through.

    Args:
        environ: Environment variables.
        ours: The profile that Waymark brings; None where it is not found.
    """
    chosen = {name: environ[name] for name in FASTDDS_VARIABLES if environ.get(name)}
    if not chosen and ours is None:
        return Finding(
            NAME,
            'WARN',
            'none set, and Waymark does not find its own: most images above 0.5 MB will be lost.',
            'Run from the repository, or `. install/setup.bash`: it is in share/waymark_bringup/config.',
        )
    path = Path(next(iter(chosen.values()))) if chosen else ours
    assert path is not None
    finding = judge_profile(path)
    if finding.level != 'OK' or chosen:
        return finding
    return Finding(
        NAME,
        'OK',
        f'{finding.text}; `waymark run` and the launch files set it',
        f'A camera driver started elsewhere needs it too: export {FASTDDS_VARIABLES[0]}={path}',
    )


def judge_profile(path: Path) -> Finding:
    """Whether this file is a profile with a shared-memory segment large enough for images."""
    try:
        memory = read_profile(path)
    except OSError as error:
        return Finding(
            NAME,
            'FAIL',
            f'{path}: {(error.strerror or "unreadable").lower()}.',
            f'Correct or unset {FASTDDS_VARIABLES[0]}.',
        )
    except (ElementTree.ParseError, ValueError) as error:
        return Finding(
            NAME, 'FAIL', f'{path} is not a valid profile: {error}.', 'Fast DDS ignores it; correct the file.'
        )
    if not memory.is_used:
        return Finding(
            NAME,
            'WARN',
            f'{path}: its default participant profile uses no shared-memory transport of its own.',
            'See config/fastdds.xml: a SHM transport in userTransports of the default profile.',
        )
    if memory.segment_bytes < ENOUGH_BYTES:
        return Finding(
            NAME,
            'WARN',
            f'{path}: a shared-memory segment of {memory.segment_bytes / MIB:.1f} MiB is too small.',
            f'Set segment_size to {64 * MIB} (64 MiB), as config/fastdds.xml does.',
        )
    return Finding(NAME, 'OK', f'{path}, segment of {memory.segment_bytes / MIB:.0f} MiB')


def check_shared_memory(folder: Path = Path('/dev/shm'), segment_bytes: int = 64 * MIB) -> Finding:
    """Whether /dev/shm has room for the segments of a few processes.

    Args:
        folder: Where shared memory lives.
        segment_bytes: What one process takes.
    """
    name = 'shared memory'
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return Finding(
            name,
            'WARN',
            f'{folder} is missing or not writable: images go over UDP.',
            'In docker: --ipc=host, or --shm-size=1g.',
        )
    usage = os.statvfs(folder)
    free = usage.f_bavail * usage.f_frsize
    text = f'{free / MIB:.0f} MiB free in {folder}, {segment_bytes / MIB:.0f} MiB per process'
    if free < segment_bytes:
        return Finding(name, 'FAIL', text, ROOM)
    if free < 4 * segment_bytes:
        return Finding(name, 'WARN', f'{text}: few processes fit.', ROOM)
    return Finding(name, 'OK', text)


def check_all(environ: Mapping[str, str]) -> list[Finding]:
    """Profile and room for it."""
    return [check_profile(environ, fastdds_profile()), check_shared_memory()]


def _text(element: ElementTree.Element, tag: str) -> str:
    return (element.findtext(tag) or '').strip()
