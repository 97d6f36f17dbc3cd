# SPDX-License-Identifier: Apache-2.0
r"""Photos found on a map of the ground, and photos that are not on it; prints JSON.

    .venv/bin/python benchmarks/geo.py [--ground IMG --metres-per-pixel M] [--photos 40] [--seed 1000] \
        [--cases nominal season ...] [--others FOLDER ...] [--geotagged FOLDER --geotags CSV]

Without --ground the map is a generated countryside of 200 m at .2 m per pixel. Photos are 640x480, with any heading,
roll and pitch of 6 degrees (sigma), fields of view of 45 to 70 degrees, light, gamma, blur, noise, and a smooth
displacement as relief makes it. `nominal` 20 to 90 m high; `low` 12 to 20 m; `oblique` pitched up by 35 degrees;
`season` on a recoloured ground with a tenth of it replaced; `coarse` on a map reduced to a quarter of its pixels a
side, from 60 to 120 m. Every second photo knows its camera. Errors are those of the point below the camera.

`off_map`: photos of the right of the ground on a map of its left, photos of generated countrysides, and up to 40
pictures of each folder of --others: none may be accepted.
`geotagged`: real photos, found as they are and much changed (dark, noisy, turned, reduced); geotags (file, lat, lon)
are compared after the best affine map, as an orthophoto without georeference has no other truth.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from geo_photos import Case, take_photos
from turns import limit_libraries, limit_threads, machine, versions

limit_threads(1)  # before NumPy is used

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from waymark.encoding import EncoderConfig, load_encoder  # noqa: E402
from waymark.errors import WaymarkError  # noqa: E402
from waymark.geo import GeoConfig, GeoFix, GeoLocalizer, GroundMap, Photo, Unsure, read_ortho  # noqa: E402
from waymark.geo.ortho_picture import OrthoPicture, ortho_of  # noqa: E402
from waymark.mapping.ortho import ortho_map  # noqa: E402
from waymark.maps import OrthoFrame  # noqa: E402
from waymark_sim.ground import Ground, generate_ground, load_ground  # noqa: E402

CASES = {
    'nominal': Case(),
    'low': Case(altitude_m=(12.0, 20.0)),
    'oblique': Case(oblique_deg=35.0),
    'season': Case(seasons=True),
    'coarse': Case(altitude_m=(60.0, 120.0)),
}
_MOST_OTHERS = 40
_ENCODER = load_encoder(EncoderConfig(threads=1))


def localizer(picture: OrthoPicture, metres_per_pixel: float) -> GeoLocalizer:
    place_map = ortho_map(picture, OrthoFrame(picture.size_wh, metres_per_pixel), _ENCODER)
    return GeoLocalizer(GroundMap(place_map), lambda rgb: _ENCODER.encode(rgb).vector, GeoConfig())


def grounds(options: argparse.Namespace) -> tuple[Ground, OrthoPicture, float]:
    """What is flown over, its picture as a map, and the map's scale."""
    if options.ground:
        picture = read_ortho(options.ground)
        return load_ground(options.ground, options.metres_per_pixel), picture, options.metres_per_pixel
    ground = generate_ground(options.seed, 4000)
    small = cv2.resize(ground.rgb, (1000, 1000), interpolation=cv2.INTER_AREA)
    return ground, ortho_of(np.asarray(small[..., ::-1], np.uint8)), 0.2


def reduced(picture: OrthoPicture, factor: int) -> OrthoPicture:
    wh = picture.size_wh[0] // factor, picture.size_wh[1] // factor
    known = cv2.resize(picture.known.astype(np.uint8), wh, interpolation=cv2.INTER_NEAREST) > 0
    return OrthoPicture(np.asarray(cv2.resize(picture.rgb, wh, interpolation=cv2.INTER_AREA), np.uint8), known)


def judge(name: str, finder: GeoLocalizer, ground: Ground, count: int, seed: int) -> dict[str, Any]:
    frame = finder.ground.frame
    to_map = ground.metres_per_pixel / frame.metres_per_pixel
    errors, middles, yaws, altitudes, nees, times = [], [], [], [], [], []
    refused: Counter[str] = Counter()
    for index, taken in enumerate(take_photos(ground, CASES[name], count, seed)):
        start = time.process_time()
        found = finder.locate(Photo(taken.rgb, taken.K if index % 2 else None))
        times.append(time.process_time() - start)
        if isinstance(found, Unsure):
            refused[found.gate] += 1
            continue
        off = _off(np.array([found.x_px, found.y_px]), taken.place_px, to_map) * frame.metres_per_pixel
        middles.append(
            float(np.linalg.norm(_off(np.array(found.middle_px), taken.middle_px, to_map))) * frame.metres_per_pixel
        )
        errors.append(float(np.linalg.norm(off)))
        nees.append(float(off @ np.linalg.solve(found.covariance_m2, off)))
        yaws.append(abs((found.yaw_deg - taken.yaw_deg + 180) % 360 - 180))
        if found.altitude_m is not None:
            altitudes.append(abs(found.altitude_m / taken.altitude_m - 1))
    return {
        'photos': count,
        'accepted': len(errors),
        **_spread('error_m', errors),
        'median_share_of_width': round(float(np.median(errors)) / (frame.size_wh[0] * frame.metres_per_pixel), 5)
        if errors
        else None,
        **_spread('middle_error_m', middles),
        'wrong_over_50m': sum(e > 50 for e in errors),
        'wrong_over_10m': sum(e > 10 for e in errors),
        'median_yaw_error_deg': round(float(np.median(yaws)), 2) if yaws else None,
        'median_altitude_error': round(float(np.median(altitudes)), 4) if altitudes else None,
        'nees_mean_of_2': round(float(np.mean(nees)), 2) if nees else None,
        'inside_95': round(float(np.mean(np.array(nees) < 5.991)), 3) if nees else None,
        'cpu_s_per_photo': round(float(np.mean(times)), 2),
        'refused': dict(refused),
    }


def _off(found_px: NDArray[np.float64], true_px: NDArray[np.float64], to_map: float) -> NDArray[np.float64]:
    """Right and up, px of the map."""
    return (found_px - ((true_px + 0.5) * to_map - 0.5)) * (1, -1)


def _spread(name: str, values: list[float]) -> dict[str, float | None]:
    if not values:
        return {f'median_{name}': None}
    return {
        f'{key}_{name}': round(float(np.percentile(values, q)), 2)
        for key, q in (('median', 50), ('p95', 95), ('max', 100))
    }


def off_map(finder: GeoLocalizer, options: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {'other half': _other_half(options)}
    for k in range(3):
        other = generate_ground(options.seed + 500 + k, 2048)
        photos = [t.rgb for t in take_photos(other, CASES['nominal'], options.photos // 2, options.seed + k)]
        found[f'generated {k}'] = _refusals(finder, photos)
    for folder in options.others:
        files = sorted(p for p in folder.rglob('*') if p.suffix.lower() in ('.jpg', '.jpeg', '.png', '.ppm'))
        step = max(len(files) // _MOST_OTHERS, 1)
        images = [cv2.imread(str(f)) for f in files[::step][:_MOST_OTHERS]]
        found[folder.name] = _refusals(finder, [np.asarray(i[..., ::-1], np.uint8) for i in images if i is not None])
    return found


def _other_half(options: argparse.Namespace) -> dict[str, Any]:
    """Photos of the right of the ground on a map of its left: the same textures, and another place."""
    ground, picture, scale = grounds(options)
    left, right = round(0.45 * picture.size_wh[0]), round(0.55 * ground.rgb.shape[1])
    half = OrthoPicture(np.ascontiguousarray(picture.rgb[:, :left]), np.ascontiguousarray(picture.known[:, :left]))
    rest = Ground(
        np.ascontiguousarray(ground.rgb[:, right:]),
        ground.metres_per_pixel,
        np.ascontiguousarray(ground.known[:, right:]),
    )
    photos = [t.rgb for t in take_photos(rest, Case(altitude_m=(15.0, 45.0)), options.photos, options.seed)]
    return _refusals(localizer(half, scale), photos)


def _refusals(finder: GeoLocalizer, photos: list[NDArray[np.uint8]]) -> dict[str, Any]:
    refused: Counter[str] = Counter()
    for rgb in photos:
        try:
            found = finder.locate(Photo(np.ascontiguousarray(rgb)))
        except WaymarkError:  # too small to be a photo
            refused['named'] += 1
            continue
        refused['ACCEPTED' if isinstance(found, GeoFix) else found.gate] += 1
    return {'photos': len(photos), 'accepted': refused['ACCEPTED'], 'refused': dict(refused)}


def geotagged(finder: GeoLocalizer, options: argparse.Namespace) -> dict[str, Any]:
    with options.geotags.open(encoding='utf-8') as file:
        tags = {row['file']: (float(row['lat']), float(row['lon'])) for row in csv.DictReader(file)}
    rng = np.random.default_rng(options.seed)
    result: dict[str, Any] = {}
    truth: dict[str, NDArray[np.float64]] = {}
    for change in ('as they are', 'changed'):
        places, tagged, apart = [], [], []
        refused: Counter[str] = Counter()
        for name in sorted(tags):
            rgb = np.asarray(cv2.imread(str(options.geotagged / name))[..., ::-1], np.uint8)
            rgb, H = (rgb, np.eye(3)) if change == 'as they are' else _changed(rgb, rng)
            found = finder.locate(Photo(np.ascontiguousarray(rgb)))
            if isinstance(found, Unsure):
                refused[found.gate] += 1
                continue
            corner = found.H_map_photo @ H
            places.append((found.x_px, found.y_px))
            tagged.append(tags[name])
            if change == 'as they are':
                truth[name] = corner
            elif name in truth:
                grid = np.array([[[300.0, 225.0]], [[900.0, 225.0]], [[900.0, 675.0]], [[300.0, 675.0]]])
                off = cv2.perspectiveTransform(grid, corner) - cv2.perspectiveTransform(grid, truth[name])
                apart.append(float(np.linalg.norm(off, axis=2).mean()) * finder.ground.frame.metres_per_pixel)
        result[change] = {'photos': len(tags), 'accepted': len(places), 'refused': dict(refused)}
        result[change] |= _beside_geotags(np.array(tagged), np.array(places), finder.ground.frame.metres_per_pixel)
        if apart:
            result[change] |= _spread('from_unchanged_m', apart)
    return result


def _changed(rgb: NDArray[np.uint8], rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Turned any way, seen aslant, reduced to 480 px, darker or lighter, noisy; and (3, 3) px to px."""
    height, width = rgb.shape[:2]
    side, turn = 480, rng.uniform(0, 2 * math.pi)
    k = side / min(height, width) * rng.uniform(0.9, 1.2)
    A = np.array([[1, 0, side / 2], [0, 1, side / 2], [0, 0, 1.0]])
    B = np.array([[k * math.cos(turn), -k * math.sin(turn), 0], [k * math.sin(turn), k * math.cos(turn), 0], [0, 0, 1]])
    B[2, :2] = rng.uniform(-1, 1, 2) * 0.25 / width
    H = A @ B @ np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1.0]])
    seen = cv2.warpPerspective(cv2.GaussianBlur(rgb, (0, 0), 0.8), H, (side, side), flags=cv2.INTER_LINEAR)
    light = np.linspace(*rng.uniform(0.5, 1.6, 2), side)[:, None, None]
    bent = 255 * (seen / 255.0) ** rng.uniform(0.5, 1.6) * light + rng.normal(0, 10, seen.shape)
    return np.asarray(np.clip(bent, 0, 255), np.uint8), H


def _beside_geotags(tags: NDArray[np.float64], places: NDArray[np.float64], scale: float) -> dict[str, Any]:
    if len(tags) < 4:
        return {}
    X = np.c_[tags - tags.mean(axis=0), np.ones(len(tags))]
    fitted, *_ = np.linalg.lstsq(X, places, rcond=None)
    return _spread('from_geotags_m', list(np.linalg.norm(X @ fitted - places, axis=1) * scale))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--ground', type=Path)
    parser.add_argument('--metres-per-pixel', type=float, default=0.2)
    parser.add_argument('--photos', type=int, default=40)
    parser.add_argument('--seed', type=int, default=1000)
    parser.add_argument('--cases', nargs='*', default=list(CASES), choices=list(CASES))
    parser.add_argument('--others', type=Path, nargs='*', default=[])
    parser.add_argument('--no-off-map', action='store_true')
    parser.add_argument('--geotagged', type=Path)
    parser.add_argument('--geotags', type=Path)
    options = parser.parse_args()
    limit_libraries(1)
    ground, picture, scale = grounds(options)
    finder = localizer(picture, scale)
    result: dict[str, Any] = {'machine': machine(), 'versions': versions('numpy', 'opencv-python-headless')}
    result |= {'map_px': picture.size_wh, 'metres_per_pixel': scale, 'tiles': len(finder.ground.tiles)}
    for name in options.cases:
        used = localizer(reduced(picture, 4), 4 * scale) if name == 'coarse' else finder
        result[name] = judge(name, used, ground, options.photos, options.seed)
        print(name, json.dumps(result[name]), flush=True, file=sys.stderr)
    if not options.no_off_map:
        result['off_map'] = off_map(finder, options)
    if options.geotagged:
        result['geotagged'] = geotagged(finder, options)
    print(json.dumps(result, indent=1))


if __name__ == '__main__':
    main()
