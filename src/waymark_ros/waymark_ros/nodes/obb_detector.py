# SPDX-License-Identifier: Apache-2.0
"""Find oriented objects in each image, follow them, and say what they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from std_srvs.srv import SetBool
from waymark_msgs.srv import SetClasses

from waymark.detection import Detections
from waymark.objects import ObjectStream
from waymark.objects.facts import sighting_facts, stream_facts
from waymark.pipeline.obb_detector import ObbDetectorConfig
from waymark.types import Frame
from waymark_ros.box_outputs import BoxOutputs
from waymark_ros.camera_steps import CameraSteps
from waymark_ros.runner import run_node
from waymark_ros.vision_node import VisionNode


class Found(NamedTuple):
    """An image, when it came (steady), and its boxes."""

    frame: Frame
    received_ns: int
    detections: Detections


class ObbDetectorNode(VisionNode):
    """Publish `detections`, `tracks` and pictures of them for each image; serve `~/enable` and `~/set_classes`."""

    config_class = ObbDetectorConfig
    default_name = 'obb_detector'
    receives_camera_info = True
    finishes_frames = False  # a frame is done when its boxes have been followed

    def on_configure_core(self, config: ObbDetectorConfig) -> None:
        """Load detector and encoder."""
        self.config = config
        self.objects = ObjectStream.from_config(config, self.progress)
        self.outputs = BoxOutputs(self, config)
        self.requests.serve(SetBool, '~/enable', self.enable)
        self.requests.serve(SetClasses, '~/set_classes', self.set_classes)
        self.statistics.set_all(stream_facts(self.objects))
        self.switch(config.enabled)

    def on_activate_core(self) -> None:
        """Say which classes there are, and listen to the camera's motion."""
        self.outputs.publish_labels(self.objects.labels)
        waits = self.config.follow and self.config.use_ego_motion
        wait_s = self.config.ego_wait_s if waits else None
        self.steps: CameraSteps[Found] = CameraSteps(self, wait_s, self.objects.add_motion, self.finish)

    def on_frame(self, frame: Frame) -> None:
        """Find objects; they are published when the motion of the camera is known, or will not be."""
        if self.is_enabled:
            found = Found(frame, self.received_ns, self.objects.find(frame.rgb))
            self.steps.add(frame.header.stamp_ns, found)

    def finish(self, found: Found) -> None:
        """Follow, name and publish the objects of one image."""
        with self.guard('image'):
            frame = found.frame
            seen = self.objects.follow(frame.rgb, found.detections, frame.header.stamp_ns)
            self.outputs.publish(seen, frame)
            self.statistics.frame_done(found.received_ns)
            self.statistics.set_all(sighting_facts(self.objects, seen))

    def patience_s(self) -> float:
        """Until the first image that waits for the camera's motion."""
        return self.steps.patience_s(super().patience_s())

    def hurry(self) -> None:
        """What waits for the camera's motion goes on when its time is up."""
        super().hurry()
        self.steps.hurry()

    def enable(self, request: SetBool.Request, response: SetBool.Response) -> Iterator[None]:
        """Begin or stop to look for objects; tracks end."""
        self.on_time_reset()
        self.switch(request.data)
        response.message = self.state
        yield

    def switch(self, is_enabled: bool) -> None:
        """Look at images, or don't."""
        self.is_enabled, self.state = is_enabled, 'enabled' if is_enabled else 'disabled'
        self.statistics.set_all({'state': self.state})

    def set_classes(self, request: SetClasses.Request, response: SetClasses.Response) -> Iterator[None]:
        """Tell objects by other classes from now on."""
        response.labels = list(self.objects.set_classes(request.classes))
        self.outputs.publish_labels(self.objects.labels)
        yield

    def on_time_reset(self) -> None:
        """The images that follow are no continuation."""
        self.steps.clear()
        self.objects.reset()

    def on_deactivate_core(self) -> None:
        """Stop listening; the next images are no continuation."""
        self.steps.destroy()
        self.objects.reset()

    def on_cleanup_core(self) -> None:
        """Release the models."""
        self.outputs.destroy()
        del self.objects


def main() -> None:
    """Run this node alone."""
    run_node(ObbDetectorNode)


if __name__ == '__main__':
    main()
