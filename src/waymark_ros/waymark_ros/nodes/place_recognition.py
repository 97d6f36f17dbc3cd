# SPDX-License-Identifier: Apache-2.0
"""Recognise places: keyframes of this run and of a map, and whether this image shows one of them."""

from __future__ import annotations

from waymark_msgs.msg import Embedding

from waymark.pipeline.place_recognition import PlaceRecognitionConfig
from waymark.types import Frame
from waymark_ros.boundaries import BoundaryPublisher
from waymark_ros.conversions import embedding_vector
from waymark_ros.place_images import IMAGES_KEPT, PlaceImage, PlaceImages, ready_map
from waymark_ros.place_outputs import PlaceOutputs
from waymark_ros.place_services import PlaceServices
from waymark_ros.qos import RESULTS
from waymark_ros.robot_state import RobotState
from waymark_ros.runner import run_node
from waymark_ros.standing_queries import StandingQueries
from waymark_ros.text_embeddings import TextEmbeddings
from waymark_ros.vision_node import VisionNode

EMBEDDINGS_KEPT = 3


class PlaceRecognitionNode(VisionNode):
    """Publish `localization` for each pair of `image` and `embedding`; `place`, `map_pose`, /tf where that is known."""

    config_class = PlaceRecognitionConfig
    default_name = 'place_recognition'
    image_depth = IMAGES_KEPT
    receives_camera_info = True
    finishes_frames = False  # a frame is done when its embedding has come too

    def on_configure_core(self, config: PlaceRecognitionConfig) -> None:
        """Open the map, or start with an empty one."""
        self.config = config
        self.map = ready_map(config, self.progress)
        self.services_of_map = PlaceServices(self, self.map)
        self.statistics.set('keyframes', len(self.map))
        self.boundaries = BoundaryPublisher(self, config)
        self.outputs = PlaceOutputs(self, config)
        self.standing = StandingQueries(self, config)

    def on_activate_core(self) -> None:
        """Listen to the encoder and to the robot."""
        self.robot = RobotState(self, self.config)
        inbox = self.inbox
        self.pairs = PlaceImages(self.config, inbox)
        # Newest wins; its image waits in `pairs`. Two more may wait: an image that becomes a keyframe takes longer.
        inbox.add_lane('embedding', EMBEDDINGS_KEPT, self.on_embedding)

        def take(msg: Embedding) -> None:
            # Before the mailbox: a foreign one must push no other out, nor take the image that waits for the right one.
            with self.guard(f'embedding of {msg.model_id!r}'):
                self.map.require_encoder(msg.fingerprint)
                inbox.deposit('embedding', msg)

        self.embeddings = self.create_subscription(Embedding, 'embedding', take, RESULTS)
        self.texts = TextEmbeddings(self, self.map, self.standing)

    def on_frame(self, frame: Frame) -> None:
        """Wait for the embedding of this image, or recognise it at once when that was faster."""
        self.boundaries.observe(frame)
        self.recognise(self.pairs.add_image(PlaceImage(frame, self.received_ns, self.moving)))

    def on_embedding(self, msg: Embedding) -> None:
        """Recognise the image with exactly this stamp."""
        with self.guard('embedding'):
            self.recognise(self.pairs.add_embedding(msg))

    def recognise(self, pair: tuple[PlaceImage, Embedding] | None) -> None:
        """Publish what an image and its embedding say."""
        if pair is None:
            return
        image, msg = pair
        frame, vector = image.frame, embedding_vector(msg)
        sensed = self.robot.sensed(frame.header, self.camera_of(frame), image.moving)
        result = self.map.observe(frame, vector, msg.model_id, msg.fingerprint, sensed, image.features)
        why = self.why_no_camera(frame)
        self.outputs.publish(result, frame.header, msg.fingerprint, self.robot.odom_frame, why)
        self.standing.observe(result.view.vector, msg.fingerprint, frame.header, result.view.features)
        self.statistics.frame_done(image.received_ns)
        self.statistics.set('skipped_embeddings', self.inbox.skipped('embedding'))
        self.statistics.set('unpaired', self.pairs.unpaired)
        if self.map.error is not None:
            self.guard.count(str(self.map.error))

    def on_time_reset(self) -> None:
        """Stamps start anew: what waits will never be paired."""
        self.pairs.clear()
        self.boundaries.reset()
        self.robot.reset()
        self.map.on_time_reset()
        self.standing.reset()

    def on_deactivate_core(self) -> None:
        """Stop listening."""
        self.robot.destroy()
        self.texts.destroy()
        self.destroy_subscription(self.embeddings)
        self.pairs.clear()

    def on_cleanup_core(self) -> None:
        """Finish the map's file."""
        self.services_of_map.destroy()
        self.standing.destroy()
        self.map.close()


def main() -> None:
    """Run this node alone."""
    run_node(PlaceRecognitionNode)


if __name__ == '__main__':
    main()
