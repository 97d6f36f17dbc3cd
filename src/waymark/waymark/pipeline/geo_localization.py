# SPDX-License-Identifier: Apache-2.0
"""Configuration of the node geo_localization: the map, its encoder, and what geo-localization asks of an answer."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import param
from waymark.geo.config import GeoConfig


@dataclass(frozen=True)
class GeoLocalizationConfig(GeoConfig):
    """Where on a picture of the ground the camera is."""

    map: str = param('', 'Map of the ground, made by `waymark map from-ortho`.', path=True)
    encoder: str = param('', "The map's encoder: model folder or manifest; empty: by the name that the map keeps.")
    backend: str = param('auto', 'What the encoder runs on: onnx, openvino, tensorrt, rknn, torch or auto.')
    threads: int = param(0, 'Threads of the encoder on a CPU; 0: its own choice.', ge=0)
    map_frame: str = param('map', "Frame of `geo_pose`: east, north, up from the middle of the map's picture.")
