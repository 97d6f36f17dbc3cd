# SPDX-License-Identifier: Apache-2.0
"""Take away the shared memory that killed ROS processes left: 70 MB each, until no process finds room."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

SHARED_MEMORY = Path('/dev/shm')
YOUNG_S = 10.0  # who makes a segment may not have locked it yet


def remove_dead_segments(folder: Path = SHARED_MEMORY) -> int:
    """Remove Fast DDS's segments whose owner is dead, as `fastdds shm clean` does.

    Beside each `fastrtps_NAME` lies `fastrtps_NAME_el`, which its owner keeps locked while it lives. Ports, which
    processes share, are left alone: Fast DDS itself mends them.

    Args:
        folder: Where shared memory lives.

    Returns:
        Bytes that are free again; 0 where there is no such folder or nothing may be removed.
    """
    freed, now = 0, time.time()
    for lock in folder.glob('fastrtps_*_el'):
        segment = lock.with_name(lock.name.removesuffix('_el'))
        with contextlib.suppress(OSError):  # gone meanwhile, another user's, or locked: BlockingIOError
            if segment.name.startswith('fastrtps_port') or now - lock.stat().st_mtime < YOUNG_S:
                continue
            freed += _remove(segment, lock)
    return freed


def _remove(segment: Path, lock: Path) -> int:
    import fcntl

    with lock.open('rb') as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        size = segment.stat().st_size if segment.exists() else 0
        segment.unlink(missing_ok=True)
        lock.unlink()
        return size
