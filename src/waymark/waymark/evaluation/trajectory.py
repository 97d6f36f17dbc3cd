# SPDX-License-Identifier: Apache-2.0
"""Tables of poses and sensors for `waymark eval odometry --input`, read and checked.

A CSV with a header; columns in any order, others are left alone. Which image a row belongs to is said by `stamp_s`
(s, as in the image's header) or by `frame` (counted from 0). Truth: x_m, y_m, z_m, and qx, qy, qz, qw of the vehicle
(x forward, y left, z up) in a level frame. Sensors, each if there: range_m (along the vehicle's down) or height_m
(straight up), and qx, qy, qz, qw of the attitude.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError
from waymark.image.rotation import measured_rotation

Floats = NDArray[np.float64]
_POSITION = 'x_m', 'y_m', 'z_m'
_QUATERNION = 'qx', 'qy', 'qz', 'qw'
TRUTH_EXAMPLE = 'stamp_s,x_m,y_m,z_m,qx,qy,qz,qw'


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of numbers by key.

    Attributes:
        keys: (N,) stamps in s, or numbers of frames, increasing.
        by_frame: Which of both.
        columns: Name to (N,); NaN where a cell is empty.
    """

    keys: Floats
    by_frame: bool
    columns: dict[str, Floats]

    def at(self, frame: int, stamp_s: float, tolerance_s: float = 0.02) -> dict[str, float] | None:
        """The row of an image; None where there is none near its stamp."""
        key, tolerance = (float(frame), 0.5) if self.by_frame else (stamp_s, tolerance_s)
        nearest = int(np.abs(self.keys - key).argmin())
        if abs(self.keys[nearest] - key) > tolerance:
            return None
        return {name: float(column[nearest]) for name, column in self.columns.items()}


def read_table(path: Path, wanted: tuple[str, ...] = ()) -> Table:
    """Read a CSV.

    Args:
        path: The file.
        wanted: Columns that must be there.

    Raises:
        ConfigError: It can't be read, lacks a column, or holds something that is no number.
    """
    try:
        with path.open(encoding='utf-8', newline='') as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            names = [n.strip() for n in reader.fieldnames or ()]
            reader.fieldnames = names
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f'{path}: {error}. Give a CSV with the columns {TRUTH_EXAMPLE}.') from None
    key = next((n for n in ('stamp_s', 'frame') if n in names), None)
    missing = [n for n in wanted if n not in names]
    if key is None or missing or not rows:
        lacking = 'rows' if not rows else ', '.join(missing) or 'stamp_s or frame'
        raise ConfigError(f'{path}: without {lacking}. Give a CSV with the columns {TRUTH_EXAMPLE}.')
    numeric = [n for n in (key, *_POSITION, *_QUATERNION, 'range_m', 'height_m') if n in names]
    columns = {n: np.array([_number(path, k + 2, n, row.get(n)) for k, row in enumerate(rows)]) for n in numeric}
    keys = columns.pop(key)
    if not (np.isfinite(keys).all() and (np.diff(keys) > 0).all()):
        raise ConfigError(f'{path}: {key} must increase from row to row. Sort the rows.')
    return Table(keys, key == 'frame', columns)


def read_truth_table(path: Path) -> Table:
    """Read a truth table.

    Raises:
        ConfigError: See read_table.
    """
    return read_table(path, (*_POSITION, *_QUATERNION))


def pose_of(row: dict[str, float]) -> Floats | None:
    """T_world_base (4, 4) of a row; None where a number is missing."""
    R = attitude_of(row)
    p = np.array([row[n] for n in _POSITION])
    if R is None or not np.isfinite(p).all():
        return None
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = R, p
    return T


def attitude_of(row: dict[str, float]) -> Floats | None:
    """R_world_base (3, 3) of a row; None where it has no usable quaternion."""
    if any(n not in row for n in _QUATERNION):
        return None
    return measured_rotation((row['qx'], row['qy'], row['qz'], row['qw']))


def _number(path: Path, line: int, name: str, text: str | None) -> float:
    if text is None or not text.strip():
        return float('nan')
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f'{path}, line {line}: {name} is {text!r}, not a number. Correct it.') from None
