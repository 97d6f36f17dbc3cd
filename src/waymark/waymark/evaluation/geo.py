# SPDX-License-Identifier: Apache-2.0
"""Photos found on a map, against where they were taken."""

from __future__ import annotations

import csv
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from waymark.encoding import Encoder, EncoderConfig, load_encoder
from waymark.errors import ConfigError, MessageError, SourceError, WaymarkError
from waymark.evaluation.settings import config_of
from waymark.geo import (
    MOST_LENS_SHIFT,
    GeoConfig,
    GeoFix,
    GeoLocalizer,
    GroundMap,
    Photo,
    Unsure,
    lens_shift,
    read_ortho,
)
from waymark.image.camera import CameraModel
from waymark.mapping.localizing import load_map_encoder
from waymark.mapping.ortho import OrthoRequest, frame_of, ortho_map
from waymark.maps import OrthoFrame
from waymark.sources.camera_info import read_camera_info
from waymark.sources.folder import read_image
from waymark.types import Frame, Header

Tell = Callable[[str, int, int], None]
_COLUMNS = ('file', 'x_px', 'y_px')
_MAPS = ('.wmap', '.db', '.sqlite')
_UNUSABLE = 'unusable'  # the gate of photos that can't be read, are too small, or of another camera


@dataclass(frozen=True)
class GeoRequest:
    """What `waymark eval geo` is asked for.

    Attributes:
        map: Picture of the ground, or a map file made of one.
        photos: Folder of photos.
        truth: CSV with file, x_px, y_px and, if there, yaw_deg and altitude_m.
        metres_per_pixel: Of the picture; None: as it says itself.
        camera_info: ROS calibration YAML, None: the camera is not known.
        encoder: That the map is made with; '': of a picture the default, of a map file its own.
        settings: PARAMETER=VALUE of GeoConfig.
    """

    map: Path
    photos: Path
    truth: Path
    metres_per_pixel: float | None = None
    camera_info: Path | None = None
    encoder: str = ''
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class GeoTruth:
    """Where a photo was taken.

    Attributes:
        file: Its name.
        place_px: (x, y) of the map below the camera; None: it is not on the map.
        yaw_deg: Clockwise from the map's up, None: not known.
        altitude_m: Above ground, None: not known.
    """

    file: str
    place_px: tuple[float, float] | None
    yaw_deg: float | None = None
    altitude_m: float | None = None


@dataclass(frozen=True, eq=False)
class GeoResult:
    """One photo, judged; errors are None where there is no truth or no answer.

    Attributes:
        truth: Where it was taken.
        found: What was said.
        error_m: Distance on the ground.
        yaw_error_deg: Absolute.
        altitude_error_m: Absolute.
        ms: Wall-clock time.
    """

    truth: GeoTruth
    found: GeoFix | Unsure
    error_m: float | None
    yaw_error_deg: float | None
    altitude_error_m: float | None
    ms: float

    @property
    def unusable_because(self) -> str | None:
        """Why the photo could not be looked at; None: it was."""
        found = self.found
        return found.reason if isinstance(found, Unsure) and found.gate == _UNUSABLE else None


def read_truth(path: Path) -> list[GeoTruth]:
    """Read the CSV.

    Raises:
        ConfigError: It can't be read, lacks a column, names a file twice, or a line is not numbers.
    """
    try:
        with path.open(encoding='utf-8-sig', newline='') as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            reader.fieldnames = header = [name.strip() for name in reader.fieldnames or ()]
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f'--truth {path}: can not be read as CSV: {error}. Give file,x_px,y_px.') from None
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        between = ' Columns are parted by commas.' if any(sign in ''.join(header) for sign in ';\t') else ''
        raise ConfigError(
            f'--truth {path}: no column {missing[0]}. Begin with file,x_px,y_px[,yaw_deg,altitude_m].{between}'
        )
    if not rows:
        raise ConfigError(f'--truth {path}: names no photo. Give a line for each.')
    found = [_truth(path, number, row) for number, row in enumerate(rows, start=2)]
    twice = [name for name, count in Counter(str(Path(t.file)) for t in found).items() if count > 1]
    if twice:
        raise ConfigError(f'--truth {path}: {twice[0]} is there twice. Remove one line.')
    return found


def _truth(path: Path, line: int, row: dict[str, str]) -> GeoTruth:
    try:
        x, y, yaw, altitude = (_number(row.get(name)) for name in ('x_px', 'y_px', 'yaw_deg', 'altitude_m'))
        name = (row['file'] or '').strip()
        if not name or (x is None) != (y is None):
            raise ValueError
    except ValueError:
        raise ConfigError(
            f'--truth {path}: line {line} is not file,x_px,y_px[,yaw_deg,altitude_m]. x_px and y_px may be '
            'empty together: the photo is not on the map. Correct it.'
        ) from None
    return GeoTruth(name, None if x is None or y is None else (x, y), yaw, altitude)


def _number(text: str | None) -> float | None:
    if text is None or not text.strip():
        return None
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def evaluate_geo(request: GeoRequest, tell: Tell) -> tuple[OrthoFrame, list[GeoResult]]:
    """Find every photo of the truth on the map.

    Returns:
        Where the map lies, and a result for each photo; one that can't be read, is too small or of another size than
        the calibration is refused with the reason.

    Raises:
        ConfigError: The truth is not what it should be, or names a photo that is not there.
        MapError: The map can't be used.
        SourceError: None of the photos can be used.
    """
    truths = read_truth(request.truth)
    absent = [t.file for t in truths if not (request.photos / t.file).is_file()]
    if absent:
        raise ConfigError(f'--truth {request.truth}: {absent[0]} is not in {request.photos}. Correct one of them.')
    config = config_of(GeoConfig, request.settings)
    camera = None if request.camera_info is None else read_camera_info(request.camera_info)
    if camera is not None and lens_shift(camera) > MOST_LENS_SHIFT:
        raise ConfigError(
            f'--camera-info {request.camera_info}: the lens moves corners by {lens_shift(camera):.1%} of the diagonal. '
            'Undistort the photos first, and give the calibration that belongs to them.'
        )
    ground, encoder = _ground(request, tell)
    with ground:
        localizer = GeoLocalizer(ground, lambda rgb: encoder.encode(rgb).vector, config)
        results = []
        for number, truth in enumerate(truths, start=1):
            results.append(_judged(truth, request.photos, localizer, camera))
            tell('finding photos', number, len(truths))
    reasons = [r.unusable_because for r in results if r.unusable_because is not None]
    if reasons and len(reasons) == len(results):
        raise SourceError(f'none of the photos can be used; the first: {reasons[0]}')
    return ground.frame, results


def _ground(request: GeoRequest, tell: Tell) -> tuple[GroundMap, Encoder]:
    if request.map.suffix.lower() in _MAPS:
        ground = GroundMap.open(request.map)
        try:
            return ground, load_map_encoder(ground.info, str(request.map), EncoderConfig(encoder=request.encoder))
        except WaymarkError:
            ground.close()
            raise
    picture = read_ortho(request.map)
    frame = frame_of(OrthoRequest(request.map, request.metres_per_pixel), picture)
    encoder = load_encoder(EncoderConfig(encoder=request.encoder) if request.encoder else EncoderConfig())
    return GroundMap(ortho_map(picture, frame, encoder, lambda done, of: tell('cutting tiles', done, of))), encoder


def _judged(truth: GeoTruth, folder: Path, localizer: GeoLocalizer, camera: CameraModel | None) -> GeoResult:
    try:
        photo = _read_photo(folder / truth.file, camera)
    except (SourceError, MessageError) as problem:
        return GeoResult(truth, Unsure(str(problem), _UNUSABLE), None, None, None, 0.0)
    start = time.perf_counter()
    found = localizer.locate(photo)
    ms = 1e3 * (time.perf_counter() - start)
    if isinstance(found, Unsure):
        return GeoResult(truth, found, None, None, None, ms)
    error = yaw = altitude = None
    if truth.place_px is not None:
        off = math.hypot(found.x_px - truth.place_px[0], found.y_px - truth.place_px[1])
        error = off * localizer.ground.frame.metres_per_pixel
    if truth.yaw_deg is not None:
        yaw = abs((found.yaw_deg - truth.yaw_deg + 180) % 360 - 180)
    if truth.altitude_m is not None and found.altitude_m is not None:
        altitude = abs(found.altitude_m - truth.altitude_m)
    return GeoResult(truth, found, error, yaw, altitude, ms)


def _read_photo(path: Path, camera: CameraModel | None) -> Photo:
    pixels, layout = read_image(path)
    rgb = Frame(Header(0), pixels, layout).rgb
    try:
        if camera is not None:
            camera.require_size((rgb.shape[1], rgb.shape[0]))
        return Photo(rgb, None if camera is None else camera.K)
    except MessageError as problem:
        raise MessageError(f'{path}: {problem}') from None


def figures_of(results: Sequence[GeoResult]) -> dict[str, Any]:
    """What is written as JSON: see docs/geo.md."""
    on_map = [r for r in results if r.truth.place_px is not None]
    accepted = [r for r in on_map if r.error_m is not None]
    errors = np.array([r.error_m for r in accepted], np.float64)
    looked_at = [r.ms for r in results if r.unusable_because is None]
    refused = Counter(r.found.gate for r in results if isinstance(r.found, Unsure))
    return {
        'photos': len(results),
        'on_map': len(on_map),
        'accepted': len(accepted),
        'median_error_m': _median(errors),
        'p95_error_m': float(np.percentile(errors, 95)) if len(errors) else None,
        'under_25m': float((errors < 25).sum() / len(on_map)) if on_map else None,
        'wrong_over_50m': int((errors > 50).sum()),
        'accepted_off_map': sum(isinstance(r.found, GeoFix) for r in results if r.truth.place_px is None),
        'median_yaw_error_deg': _median([r.yaw_error_deg for r in results]),
        'median_altitude_error_m': _median([r.altitude_error_m for r in results]),
        'ms_per_photo': float(np.mean(looked_at)) if looked_at else None,
        'refused': dict(refused.most_common()),
    }


def outside_map(frame: OrthoFrame, results: Sequence[GeoResult]) -> list[str]:
    """Files whose truth lies outside the map: near its rim that is right, far from it a slip."""
    width, height = frame.size_wh
    places = [(r.truth.file, r.truth.place_px) for r in results if r.truth.place_px is not None]
    return [file for file, (x, y) in places if not (-0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5)]


def _median(values: Any) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.median(known)) if known else None
