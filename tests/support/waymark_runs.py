# SPDX-License-Identifier: Apache-2.0
"""`waymark run` in a process of its own, and what it recorded."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from waymark.report.reader import open_recording


def waymark(*arguments: object, timeout_s: float = 90, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `waymark` with these arguments; options as of subprocess.run."""
    command = [sys.executable, '-m', 'waymark.cli', *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False, **options)


def results(folder: Path) -> dict[tuple[str, int], object]:
    """What the nodes said about each image, by topic and stamp."""
    recording = open_recording(folder)
    said = {}
    for message in recording.messages(['/embedding', '/targets', '/localization', '/keyframes', '/place']):
        decoded = recording.decode(message)
        stamp = decoded.header.stamp
        said[message.topic, stamp.sec * 10**9 + stamp.nanosec] = plain(decoded)
    return said


def plain(value: object) -> object:
    """Fields as comparable values, exact to the bit (padding between fields in CDR bytes is arbitrary)."""
    if dataclasses.is_dataclass(value):
        return tuple((f.name, plain(getattr(value, f.name))) for f in dataclasses.fields(value))
    if isinstance(value, np.ndarray):
        return value.tobytes()
    return tuple(map(plain, value)) if isinstance(value, list) else value
