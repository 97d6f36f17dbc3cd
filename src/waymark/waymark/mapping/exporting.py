# SPDX-License-Identifier: Apache-2.0
"""A map for other programs: JSON, JPEG thumbnails, vectors as a NumPy file, and GeoJSON where it lies on the Earth."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from waymark.errors import ConfigError, MapError
from waymark.maps import Keyframe, PlaceMap, Route
from waymark.maps.packing import pack_camera, pack_relative

_EARTH_M, _ECCENTRICITY2 = 6_378_137.0, 6.694379990141e-3  # WGS 84


@dataclass(frozen=True)
class Origin:
    """Where the map's frame lies on the Earth: x to the east, y to the north, z up.

    Attributes:
        latitude_deg: Of x = y = 0, WGS 84.
        longitude_deg: Likewise.
        altitude_m: Of z = 0.
    """

    latitude_deg: float
    longitude_deg: float
    altitude_m: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Origin:
        """From 'LATITUDE,LONGITUDE' or 'LATITUDE,LONGITUDE,ALTITUDE' in degrees and metres.

        Raises:
            ConfigError: It is something else.
        """
        try:
            values = [float(part) for part in text.split(',')]
            origin = cls(*values)
        except (ValueError, TypeError):
            raise ConfigError(
                f'--origin {text!r} is no place. Give latitude,longitude or those and altitude.'
            ) from None
        if not (
            abs(origin.latitude_deg) <= 90 and abs(origin.longitude_deg) <= 180 and math.isfinite(origin.altitude_m)
        ):
            raise ConfigError(f'--origin {text!r} is not on the Earth. Give degrees: latitude first, then longitude.')
        return origin

    def locate(self, x_m: float, y_m: float, z_m: float) -> tuple[float, float, float]:
        """Longitude and latitude in degrees and altitude in m of a point near the origin (centimetres off at 1 km)."""
        phi = math.radians(self.latitude_deg)
        w = math.sqrt(1 - _ECCENTRICITY2 * math.sin(phi) ** 2)
        meridian, normal = _EARTH_M * (1 - _ECCENTRICITY2) / w**3, _EARTH_M / w  # radii of curvature
        latitude = self.latitude_deg + math.degrees(y_m / (meridian + self.altitude_m))
        longitude = self.longitude_deg + math.degrees(x_m / ((normal + self.altitude_m) * math.cos(phi)))
        return longitude, latitude, self.altitude_m + z_m


def export_map(place_map: PlaceMap, out: Path, origin: Origin | None = None) -> list[Path]:
    """Write a map as plain files into a new folder.

    Args:
        place_map: The map.
        out: The folder; not there yet, or empty.
        origin: Where the map lies on the Earth, for map.geojson.

    Returns:
        The files of the folder: map.json, vectors.npy (N, D) float32 in the order of the JSON's keyframes,
        text_vectors.npy, map.geojson; the thumbnails are in thumbnails/ by id.

    Raises:
        MapError: The folder is not empty or can't be written, a thumbnail is damaged, or no keyframe has a pose.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise MapError(f'{str(out)!r} is not an empty folder. Give another one.')
    if origin is not None and not any(k.pose for k in place_map.keyframes.values()):
        raise MapError('no keyframe of the map has a pose, so none has a place on the Earth. Leave --origin out.')
    try:
        return _write(place_map, out, origin)
    except OSError as error:
        raise MapError(f'{str(out)!r} can not be written: {error.strerror}. Give another folder.') from None


def as_json(place_map: PlaceMap) -> dict[str, Any]:
    """What map.json holds; stamps in ns, positions in m in `map`, quaternions x, y, z, w."""
    info = place_map.info
    encoder = {'model_id': info.model_id, 'fingerprint': info.fingerprint, 'dim': place_map.dim}
    text = {'model_id': info.text_model_id, 'fingerprint': info.text_fingerprint} if info.text_fingerprint else None
    return {
        'format': 'waymark-map-1',
        'map_id': info.map_id,
        'encoder': encoder,
        'text_encoder': text,
        'camera': pack_camera(info.camera),
        'next_id': place_map.next_id,
        'keyframes': [_keyframe(k) for k in place_map.keyframes.values()],
        'links': [{'first': k.first, 'second': k.second, 'inliers': k.inliers} for k in place_map.links],
        'routes': [_route(route) for route in place_map.routes.values()],
    }


def as_geojson(place_map: PlaceMap, origin: Origin) -> dict[str, Any]:
    """Keyframes with a pose as points (RFC 7946), routes as lines through them."""
    places = {
        k.keyframe_id: [*origin.locate(*k.pose.position_m)] for k in place_map.keyframes.values() if k.pose is not None
    }
    features: list[dict[str, Any]] = []
    for keyframe_id, at in places.items():
        view = place_map.keyframes[keyframe_id]
        facts = {'keyframe_id': keyframe_id, 'stamp_ns': view.header.stamp_ns, 'labels': list(view.labels)}
        features.append(_feature('Point', at, facts))
    for route in place_map.routes.values():
        line = [places[i] for i in route.keyframe_ids if i in places]
        if len(line) > 1:
            features.append(_feature('LineString', line, {'route_id': route.route_id, 'name': route.name}))
    return {'type': 'FeatureCollection', 'features': features}


def _feature(kind: str, coordinates: Any, properties: dict[str, Any]) -> dict[str, Any]:
    return {'type': 'Feature', 'geometry': {'type': kind, 'coordinates': coordinates}, 'properties': properties}


def _keyframe(keyframe: Keyframe) -> dict[str, Any]:
    pose = keyframe.pose
    return {
        'keyframe_id': keyframe.keyframe_id,
        'stamp_ns': keyframe.header.stamp_ns,
        'frame_id': keyframe.header.frame_id,
        'place_id': keyframe.place_id,
        'labels': list(keyframe.labels),
        'pose': None if pose is None else {'position_m': pose.position_m, 'orientation_xyzw': pose.orientation_xyzw},
        'thumbnail': None if keyframe.thumbnail_jpeg is None else f'thumbnails/{keyframe.keyframe_id:06}.jpg',
        'has_text_vector': keyframe.text_vector is not None,
    }


def _route(route: Route) -> dict[str, Any]:
    relative = json.loads(pack_relative(route.relative))
    return {'route_id': route.route_id, 'name': route.name, 'keyframe_ids': route.keyframe_ids, 'relative': relative}


def _write(place_map: PlaceMap, out: Path, origin: Origin | None) -> list[Path]:
    (out / 'thumbnails').mkdir(parents=True, exist_ok=True)
    for keyframe in place_map.keyframes.values():
        jpeg = keyframe.thumbnail_jpeg
        if jpeg is not None:
            (out / 'thumbnails' / f'{keyframe.keyframe_id:06}.jpg').write_bytes(jpeg)
    (out / 'map.json').write_text(json.dumps(as_json(place_map), indent=1) + '\n', encoding='utf-8')
    np.save(out / 'vectors.npy', place_map.vectors()[1], allow_pickle=False)
    texts = [k.text_vector for k in place_map.keyframes.values() if k.text_vector is not None]
    if texts:
        np.save(out / 'text_vectors.npy', np.stack(texts), allow_pickle=False)
    if origin is not None:
        text = json.dumps(as_geojson(place_map, origin))
        (out / 'map.geojson').write_text(text + '\n', encoding='utf-8')
    return sorted(p for p in out.iterdir() if p.is_file())
