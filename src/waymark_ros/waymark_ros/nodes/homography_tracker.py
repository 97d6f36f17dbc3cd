# SPDX-License-Identifier: Apache-2.0
"""Track known planar targets and publish where they are."""

from __future__ import annotations

from waymark_msgs.msg import PlanarTargetArray

from waymark.tracking import PlanarTracker, TrackerConfig
from waymark.types import Frame
from waymark_ros.conversions import targets_to_msg
from waymark_ros.qos import RESULTS
from waymark_ros.runner import run_node
from waymark_ros.vision_node import VisionNode


class HomographyTrackerNode(VisionNode):
    """Subscribe to `image` and `camera_info`; publish `targets` for each frame."""

    config_class = TrackerConfig
    default_name = 'homography_tracker'
    receives_camera_info = True

    def on_configure_core(self, config: TrackerConfig) -> None:
        """Learn the targets."""
        self.tracker = PlanarTracker.from_config(config)
        self.targets = self.create_publisher(PlanarTargetArray, 'targets', RESULTS)

    def on_frame(self, frame: Frame) -> None:
        """Find every target in this image."""
        states = self.tracker.track(frame, self.camera_of(frame))
        self.statistics.set('state', ', '.join(f'{s.target_id} {s.state.name}' for s in states) or 'no target')
        self.publish_latest(self.targets, targets_to_msg(states, frame.header))

    def on_cleanup_core(self) -> None:
        """Forget the targets."""
        del self.tracker


def main() -> None:
    """Run this node alone."""
    run_node(HomographyTrackerNode)


if __name__ == '__main__':
    main()
