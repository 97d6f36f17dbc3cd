# SPDX-License-Identifier: Apache-2.0
"""Where on a picture of the ground a photo was taken."""

from waymark.geo.config import GeoConfig
from waymark.geo.fix import GeoFix
from waymark.geo.ground_map import GroundMap
from waymark.geo.localizer import GeoLocalizer, Unsure
from waymark.geo.making import cut_tiles, plan_tiles
from waymark.geo.ortho_picture import OrthoPicture, read_ortho
from waymark.geo.photo import MOST_LENS_SHIFT, Photo, lens_shift

__all__ = [
    'MOST_LENS_SHIFT',
    'GeoConfig',
    'GeoFix',
    'GeoLocalizer',
    'GroundMap',
    'OrthoPicture',
    'Photo',
    'Unsure',
    'cut_tiles',
    'lens_shift',
    'plan_tiles',
    'read_ortho',
]
