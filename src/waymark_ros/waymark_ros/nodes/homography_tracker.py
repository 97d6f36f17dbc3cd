# SPDX-License-Identifier: Apache-2.0
"""Track known planar targets and publish where they are; learn more on request."""

from __future__ import annotations

from collections.abc import Iterator

from tf2_msgs.msg import TFMessage
from waymark_msgs.msg import PlanarTargetArray
from waymark_msgs.srv import AddTarget

from waymark.errors import MessageError
from waymark.masks.alignment import Plane
from waymark.pipeline.motion_masks import HomographyTrackerConfig
from waymark.tracking import PlanarTracker, TargetState
from waymark.types import Frame
from waymark_ros.conversions import picture_to_frame
from waymark_ros.qos import RESULTS, TF
from waymark_ros.runner import run_node
from waymark_ros.target_conversions import box_from_msg, targets_to_msg, targets_to_tf
from waymark_ros.vision_node import VisionNode


class HomographyTrackerNode(VisionNode):
    """Subscribe to `image`, `camera_info`; publish `targets` for each frame, /tf on request; serve `~/add_target`."""

    config_class = HomographyTrackerConfig
    default_name = 'homography_tracker'
    receives_camera_info = True

    def on_configure_core(self, config: HomographyTrackerConfig) -> None:
        """Learn the targets."""
        self.tracker = PlanarTracker.from_config(config)
        self.newest: tuple[Frame, Plane | None] | None = None
        self.tf_prefix = config.tf_prefix
        self.targets = self.create_publisher(PlanarTargetArray, 'targets', RESULTS)
        self.tf = self.create_publisher(TFMessage, '/tf', TF) if config.publish_tf else None
        self.requests.serve(AddTarget, '~/add_target', self.add_target)

    def on_frame(self, frame: Frame) -> None:
        """Find every target in this image."""
        self.newest = frame, self.moving
        states = self.tracker.track(frame, self.camera_of(frame), self.moving)
        self.publish_latest(self.targets, targets_to_msg(states, frame.header))
        transforms = targets_to_tf(states, frame.header, self.tf_prefix)
        if self.tf is not None and transforms.transforms:
            self.publish_latest(self.tf, transforms)
        self.tell(states, frame)

    def tell(self, states: tuple[TargetState, ...], frame: Frame) -> None:
        """Show in the diagnostics what is seen, why not, and why there is no pose."""
        said = (f'{s.target_id} {s.state.name}' + (f' ({s.reason})' if s.reason else '') for s in states)
        self.statistics.set('state', ', '.join(said) or 'no target')
        why = self.why_no_camera(frame) or ('' if self.tracker.has_widths else 'no width of a target is known')
        self.statistics.set('pose', f'none: {why}' if why else 'published where a target is seen')

    def on_time_reset(self) -> None:
        """The images that follow are no continuation."""
        self.tracker.forget()

    def add_target(self, request: AddTarget.Request, response: AddTarget.Response) -> Iterator[None]:
        """Learn a target from the request's picture, or from the newest image."""
        shown = (picture_to_frame(request.image, 'image'), None) if request.image.width else self.newest
        if shown is None:
            raise MessageError('add_target: no image has come yet. Send one with the request.')
        (frame, moving), box = shown, box_from_msg(request.box)
        target = self.tracker.add_target(request.target_id, frame.gray, request.width_m, box, moving)
        response.keypoints = len(target.features)
        response.target_count = len(self.tracker.target_ids)
        yield

    def on_cleanup_core(self) -> None:
        """Forget the targets."""
        del self.tracker


def main() -> None:
    """Run this node alone."""
    run_node(HomographyTrackerNode)


if __name__ == '__main__':
    main()
