# SPDX-License-Identifier: Apache-2.0
"""Place maps: what was seen where, in memory and in one file."""

from waymark.maps.keyframe import Keyframe, MapPose
from waymark.maps.map_file import MapFile, create_map, open_map
from waymark.maps.ortho import OrthoFrame
from waymark.maps.place_map import MapInfo, PlaceMap
from waymark.maps.route import Link, Relative, Route
from waymark.maps.saving import save_map
from waymark.maps.thumbnail import encode_thumbnail

__all__ = [
    'Keyframe',
    'Link',
    'MapFile',
    'MapInfo',
    'MapPose',
    'OrthoFrame',
    'PlaceMap',
    'Relative',
    'Route',
    'create_map',
    'encode_thumbnail',
    'open_map',
    'save_map',
]
