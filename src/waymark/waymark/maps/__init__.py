# SPDX-License-Identifier: Apache-2.0
"""Place maps: what was seen where, in memory and in one file."""

from waymark.maps.keyframe import Keyframe, MapPose
from waymark.maps.thumbnail import encode_thumbnail

__all__ = ['Keyframe', 'MapPose', 'encode_thumbnail']
