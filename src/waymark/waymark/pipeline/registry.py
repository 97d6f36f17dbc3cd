# SPDX-License-Identifier: Apache-2.0
"""Every node of Waymark: its name, and where its configuration lives. The one list that YAML, docs and runner share."""

from __future__ import annotations

import importlib
from typing import cast

from waymark.config import Config
from waymark.errors import ConfigError

# The ROS class of node `x` is the VisionNode in waymark_ros/nodes/x.py.
NODE_CONFIGS = {
    'image_source': 'waymark.sources.config:ImageSourceConfig',
    'flight_simulator': 'waymark.pipeline.flight_simulator:FlightSimulatorConfig',
    'image_encoder': 'waymark.encoding.config:EncoderConfig',
    'homography_tracker': 'waymark.pipeline.motion_masks:HomographyTrackerConfig',
    'ego_motion': 'waymark.pipeline.ego_motion:EgoMotionNodeConfig',
    'place_recognition': 'waymark.pipeline.place_recognition:PlaceRecognitionConfig',
    'geo_localization': 'waymark.pipeline.geo_localization:GeoLocalizationConfig',
    'image_classifier': 'waymark.classification.config:ClassifierConfig',
    'obb_detector': 'waymark.pipeline.obb_detector:ObbDetectorConfig',
    'route_follower': 'waymark.pipeline.route_follower:RouteFollowerConfig',
    'mavlink_adapter': 'waymark.vehicles.config:MavlinkConfig',
    'smolvla_policy': 'waymark.pipeline.smolvla_policy:SmolvlaPolicyConfig',
    'voice_instruction': 'waymark.voice.config:VoiceConfig',
    'safety_filter': 'waymark.safety.config:SafetyConfig',
    'recorder': 'waymark.report.config:RecorderConfig',
}


def config_class_of(node_type: str) -> type[Config]:
    """Return the configuration class of a node type.

    Raises:
        ConfigError: There is no such node; the text lists those there are.
    """
    if node_type not in NODE_CONFIGS:
        raise ConfigError(f'unknown node {node_type!r}. Known: {", ".join(sorted(NODE_CONFIGS))}.')
    module, _, name = NODE_CONFIGS[node_type].partition(':')
    return cast('type[Config]', getattr(importlib.import_module(module), name))
