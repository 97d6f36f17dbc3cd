# SPDX-License-Identifier: Apache-2.0
"""What place_recognition publishes about each image."""

from __future__ import annotations

from typing import Any

from geometry_msgs.msg import PoseWithCovarianceStamped
from tf2_msgs.msg import TFMessage
from waymark_msgs.msg import Keyframe, Localization, PlaceMatch

from waymark.places import Localization as Said
from waymark.places.config import PlacesConfig
from waymark.types import Header
from waymark_ros.place_conversions import (
    keyframe_to_msg,
    localization_to_msg,
    map_pose_to_msg,
    match_to_msg,
    transform_to_msg,
)
from waymark_ros.qos import KEYFRAMES, RESULTS, TF


class PlaceOutputs:
    """`localization` for every image; `place`, `keyframes`, `map_pose` and /tf where there is something to say."""

    def __init__(self, node: Any, config: PlacesConfig) -> None:
        """Offer the topics.

        Args:
            node: A ManagedNode that is being configured: its publishers go when the node is cleaned up.
            config: Frames.
        """
        self._node, self._config = node, config
        self.localization = node.create_publisher(Localization, 'localization', RESULTS)
        self.place = node.create_publisher(PlaceMatch, 'place', RESULTS)
        self.keyframes = node.create_publisher(Keyframe, 'keyframes', KEYFRAMES)
        self.map_pose = node.create_publisher(PoseWithCovarianceStamped, 'map_pose', RESULTS)
        self.tf = node.create_publisher(TFMessage, '/tf', TF) if config.publish_tf else None

    def publish(self, said: Said, header: Header, fingerprint: str, odom_frame: str, why_no_camera: str) -> None:
        """Publish what one image says, and show it in the diagnostics.

        Args:
            said: By the recognizer.
            header: Of the image.
            fingerprint: Of the encoder.
            odom_frame: Frame of the odometry.
            why_no_camera: Why nothing is known of the camera, '' where it is.
        """
        publish, fix = self._node.publish_latest, said.fix
        if fix is not None:  # first: who hears `localization` may ask /tf at once
            if fix.T_map_odom is not None and self.tf is not None:
                publish(self.tf, transform_to_msg(fix.T_map_odom, header, self._config.map_frame, odom_frame))
            publish(self.map_pose, map_pose_to_msg(fix.T_map_base, fix.covariance, header, self._config.map_frame))
        if said.match is not None:
            publish(self.place, match_to_msg(said.match, header))
        if said.new_keyframe is not None:
            publish(self.keyframes, keyframe_to_msg(said.new_keyframe, header, fingerprint))
        publish(self.localization, localization_to_msg(said, header))
        facts = {'state': said.state.name, 'pose': pose_in_words(said, why_no_camera), 'keyframes': said.keyframe_count}
        for key, fact in facts.items():
            self._node.statistics.set(key, fact)


def pose_in_words(said: Said, why_no_camera: str) -> str:
    """What diagnostics say of the pose of a match; '' where there was none to find."""
    if said.match is None:
        return ''
    relative = said.match.relative
    if relative is None:
        return f'none: {why_no_camera}' if why_no_camera else 'none: the matched points fix none'
    return 'metres' if relative.is_metric else 'up to scale: neither altitude nor keyframe poses are known'
