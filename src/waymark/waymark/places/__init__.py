# SPDX-License-Identifier: Apache-2.0
"""Places: where has the robot been, and is this one of them?"""

from waymark.maps import Keyframe
from waymark.places.config import PlacesConfig
from waymark.places.keyframes import KeyframeSelector
from waymark.places.live_map import LiveMap
from waymark.places.recognizer import Localization, PlaceRecognizer
from waymark.places.state import PlaceState
from waymark.places.verification import PlaceMatch
from waymark.places.warming import warm_up

__all__ = [
    'Keyframe',
    'KeyframeSelector',
    'LiveMap',
    'Localization',
    'PlaceMatch',
    'PlaceRecognizer',
    'PlaceState',
    'PlacesConfig',
    'warm_up',
]
