# SPDX-License-Identifier: Apache-2.0
"""Say how the ground moved under a downward camera, and where that led."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticStatus
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Image
from tf2_msgs.msg import TFMessage
from waymark_msgs.msg import FrameHomography

from waymark.ego_motion import EgoMotion, EgoState
from waymark.masks.motion import motion_mask
from waymark.pipeline.ego_motion import EgoMotionNodeConfig
from waymark.types import Frame
from waymark_ros.ego_conversions import (
    heights_to_image,
    homography_to_msg,
    mask_to_image,
    odometry_to_msg,
    odometry_to_tf,
)
from waymark_ros.ground_sensors import GroundSensors
from waymark_ros.qos import IMAGES_OUT, RESULTS, TF
from waymark_ros.runner import run_node
from waymark_ros.vision_node import VisionNode


class EgoMotionNode(VisionNode):
    """Publish `ego_homography`, `odometry`, `motion_mask` and on request `height` for each image that tells."""

    config_class = EgoMotionNodeConfig
    default_name = 'ego_motion'
    receives_camera_info = True

    def on_configure_core(self, config: EgoMotionNodeConfig) -> None:
        """Start with no motion known."""
        self.config = config
        self.ego = EgoMotion(config)
        self.previous: Frame | None = None
        self.reason = ''
        self.homography = self.create_publisher(FrameHomography, 'ego_homography', RESULTS)
        self.odometry = self.create_publisher(Odometry, 'odometry', RESULTS)
        if config.publish_tf:
            self.tf = self.create_publisher(TFMessage, '/tf', TF)
        if config.publish_mask:
            self.mask = self.create_publisher(Image, 'motion_mask', IMAGES_OUT)
        if config.publish_height:
            self.height = self.create_publisher(Image, 'height', IMAGES_OUT)

    def on_activate_core(self) -> None:
        """Listen to the vehicle's sensors."""
        self.ego.reset()
        self.previous = None
        self.sensors = GroundSensors(self, self.config)

    def on_frame(self, frame: Frame) -> None:
        """Follow the ground into this image."""
        sensed = self.sensors.at(frame.header.stamp_ns)
        state = self.ego.observe(frame, self.camera_of(frame), sensed.altitude, sensed.R_world_base)
        homography = homography_to_msg(state)
        if homography is not None:
            self.publish_latest(self.homography, homography)
        odometry = odometry_to_msg(state, self.config.odom_frame, self.config.base_frame)
        if odometry is not None:
            if self.config.publish_tf:  # first: who hears the odometry may ask /tf at once
                self.publish_latest(self.tf, odometry_to_tf(odometry))
            self.publish_latest(self.odometry, odometry)
        self.publish_images(frame, state)
        self.previous = frame
        self.explain(state, sensed.reason)

    def publish_images(self, frame: Frame, state: EgoState) -> None:
        """Publish what moves by itself and what stands out of the ground, where somebody listens."""
        before, H = self.previous, state.H_cur_prev
        if self.config.publish_mask and H is not None and before is not None and self.mask.get_subscription_count():
            mask = motion_mask(before.gray, frame.gray, H, self.config)
            self.publish_latest(self.mask, mask_to_image(mask, frame.header))
        if self.config.publish_height and state.T_odom_base is not None and self.height.get_subscription_count():
            heights = self.ego.heights()
            if not isinstance(heights, str):
                self.publish_latest(self.height, heights_to_image(heights, frame.header))

    def explain(self, state: EgoState, no_altitude: str) -> None:
        """Show in the diagnostics what is known, and why the rest is not."""
        self.reason = '; '.join(text for text in (state.reason, no_altitude) if text)
        known = 'metres' if state.T_odom_base is not None else 'pixels' if state.H_cur_prev is not None else 'nothing'
        self.statistics.set('state', known)
        self.statistics.set('inliers', state.inliers)
        self.statistics.set('anchor', f'{state.anchor} of {state.anchors}')

    def status(self) -> tuple[bytes, str, dict[str, str]]:
        """As every node's; and why there is no odometry."""
        level, message, values = super().status()
        if self.is_active and level == DiagnosticStatus.OK and self.reason and values.get('frames', '0') != '0':
            return DiagnosticStatus.WARN, f'{values["state"]} known because {self.reason}', values
        return level, message, values

    def on_time_reset(self) -> None:
        """Stamps start anew."""
        self.ego.reset()
        self.sensors.reset()
        self.previous = None

    def on_deactivate_core(self) -> None:
        """Stop listening."""
        self.sensors.destroy()

    def on_cleanup_core(self) -> None:
        """Forget the ground."""
        del self.ego


def main() -> None:
    """Run this node alone."""
    run_node(EgoMotionNode)


if __name__ == '__main__':
    main()
