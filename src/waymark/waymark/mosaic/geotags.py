# SPDX-License-Identifier: Apache-2.0
"""Where frames were taken: from a CSV, from each photo's own Exif, or from the GNSS fixes of a bag."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from waymark.errors import ConfigError
from waymark.mosaic.exif import checked_geotag, read_geotag
from waymark.mosaic.fixes import FixTrack
from waymark.mosaic.view import Geotag
from waymark.sources.base import SourceFrame

_NAMES = {
    'file': ('file', 'filename', 'name', 'image', 'photo'),
    'lat': ('lat', 'latitude', 'latitude_deg'),
    'lon': ('lon', 'lng', 'long', 'longitude', 'longitude_deg'),
    'alt': ('alt', 'altitude', 'alt_m', 'altitude_m'),
}


@dataclass(frozen=True)
class Geotags:
    """Places of frames.

    Attributes:
        places: By the photo's file name.
        fixes: By time, for frames that have no file of their own.
    """

    places: Mapping[str, Geotag]
    fixes: FixTrack | None = None

    def of(self, frame: SourceFrame) -> Geotag | None:
        """The place of a frame; None where it is not known."""
        if frame.name or self.fixes is None:
            return self.places.get(frame.name)
        return self.fixes.at(frame.frame.header.stamp_ns)


def from_exif(files: list[Path]) -> Geotags:
    """Read each photo's own; photos without one are left out."""
    found = {file.name: tag for file in files if (tag := read_geotag(file)) is not None}
    return Geotags(found)


def from_csv(path: Path) -> Geotags:
    """Read a table with a header line: file, lat, lon and, if there is one, alt (m); degrees, WGS 84.

    Raises:
        ConfigError: It can't be read, lacks a column, or a line is no place.
    """
    try:
        with path.open(encoding='utf-8-sig', newline='') as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f'{path}: can not be read as CSV: {error}. Give a table with file,lat,lon.') from None
    columns = {c.strip().lower(): c for c in (rows[0] if rows else {}) if c}
    used = {key: next((columns[n] for n in names if n in columns), None) for key, names in _NAMES.items()}
    missing = [key for key in ('file', 'lat', 'lon') if used[key] is None]
    if missing:
        raise ConfigError(f'{path}: no column {" or ".join(missing)}. The first line must name file, lat, lon[, alt].')
    return Geotags(dict(_place(path, number, row, used) for number, row in enumerate(rows, start=2)))


def _place(path: Path, line: int, row: dict[str, str], used: Mapping[str, str | None]) -> tuple[str, Geotag]:
    file, lat, lon, alt = (row.get(used[key] or '') for key in ('file', 'lat', 'lon', 'alt'))
    try:
        tag = checked_geotag(float(lat or 'nan'), float(lon or 'nan'), float(alt) if alt else None)
    except ValueError:
        tag = None
    if tag is None or not file:
        raise ConfigError(f'{path}: line {line} is no place: {lat!r}, {lon!r}. Give degrees, or remove the line.')
    return Path(file).name, tag
