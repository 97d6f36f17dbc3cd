# SPDX-License-Identifier: Apache-2.0
"""Say how the ground moved under a downward camera, and where that led."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticStatus
from nav_msgs.msg import Odometry
from tf2_msgs.msg import TFMessage
from waymark_msgs.msg import FrameHomography

from waymark.ego_motion import EgoState
from waymark.pipeline.ego_motion import EgoMotionNodeConfig
from waymark.types import Frame
from waymark_ros.ego_conversions import homography_to_msg, odometry_to_msg, odometry_to_tf
from waymark_ros.ego_images import EgoImages
from waymark_ros.ground_sensors import GroundSensors
from waymark_ros.mounted_ego import MountedEgo
from waymark_ros.qos import RESULTS, TF
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
        self.reason = ''
        self.homography = self.create_publisher(FrameHomography, 'ego_homography', RESULTS)
        self.odometry = self.create_publisher(Odometry, 'odometry', RESULTS)
        if config.publish_tf:
            self.tf = self.create_publisher(TFMessage, '/tf', TF)
        self.images = EgoImages(self, config)

    def on_activate_core(self) -> None:
        """Listen to the vehicle's sensors."""
        self.ego = MountedEgo(self, self.config)
        self.images.forget()
        self.sensors = GroundSensors(self, self.config)

    def on_frame(self, frame: Frame) -> None:
        """Follow the ground into this image."""
        sensed = self.sensors.at(frame.header.stamp_ns)
        state = self.ego.observe(frame, self.camera_of(frame), sensed)
        homography = homography_to_msg(state)
        if homography is not None:
            self.publish_latest(self.homography, homography)
        odometry = odometry_to_msg(state, self.config.odom_frame, self.config.base_frame)
        if odometry is not None:
            if self.config.publish_tf:  # first: who hears the odometry may ask /tf at once
                self.publish_latest(self.tf, odometry_to_tf(odometry))
            self.publish_latest(self.odometry, odometry)
        self.images.publish(frame, state, self.ego.core)
        self.explain(state, sensed.reason)

    def explain(self, state: EgoState, no_altitude: str) -> None:
        """Show in the diagnostics what is known, and why the rest is not."""
        self.reason = '; '.join(text for text in (state.reason, no_altitude) if text)
        known = 'metres' if state.T_odom_base is not None else 'pixels' if state.H_cur_prev is not None else 'nothing'
        self.statistics.set('state', known)
        self.statistics.set('inliers', state.inliers)
        self.statistics.set('anchor', f'{state.anchor} of {state.anchors}')
        self.statistics.set('camera_in_base', self.ego.mount_said)

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
        self.images.forget()

    def on_deactivate_core(self) -> None:
        """Stop listening."""
        self.sensors.destroy()
        self.ego.destroy()

    def on_cleanup_core(self) -> None:
        """Take back what others in this process listen to."""
        self.images.destroy()


def main() -> None:
    """Run this node alone."""
    run_node(EgoMotionNode)


if __name__ == '__main__':
    main()
