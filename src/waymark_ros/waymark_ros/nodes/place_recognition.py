# SPDX-License-Identifier: Apache-2.0
"""Recognise places: keyframes of this run and of a map, and whether this image shows one of them."""

from __future__ import annotations

import time

from waymark_msgs.msg import Embedding, Keyframe, Localization, PlaceMatch

from waymark.pipeline.place_recognition import PlaceRecognitionConfig
from waymark.places import LiveMap
from waymark.types import Frame
from waymark_ros.boundaries import BoundaryPublisher
from waymark_ros.conversions import (
    embedding_vector,
    keyframe_to_msg,
    localization_to_msg,
    match_to_msg,
    time_to_ns,
)
from waymark_ros.pairing import StampPairs
from waymark_ros.place_services import PlaceServices
from waymark_ros.qos import KEYFRAMES, RESULTS
from waymark_ros.runner import run_node
from waymark_ros.vision_node import VisionNode

IMAGES_KEPT = 30
EMBEDDINGS_KEPT = 3


class PlaceRecognitionNode(VisionNode):
    """Publish `localization` for each pair of `image` and `embedding`, `place`, `keyframes`, `scene_boundary`."""

    config_class = PlaceRecognitionConfig
    default_name = 'place_recognition'
    image_depth = IMAGES_KEPT
    finishes_frames = False  # a frame is done when its embedding has come too

    def on_configure_core(self, config: PlaceRecognitionConfig) -> None:
        """Open the map, or start with an empty one."""
        self.map = LiveMap(config, self.progress)
        self.services_of_map = PlaceServices(self, self.map)
        self.statistics.set('keyframes', len(self.map))
        self.pairs: StampPairs[tuple[Frame, int], Embedding] = StampPairs(IMAGES_KEPT)
        self.boundaries = BoundaryPublisher(self, config)
        self.localization = self.create_publisher(Localization, 'localization', RESULTS)
        self.place = self.create_publisher(PlaceMatch, 'place', RESULTS)
        self.keyframes = self.create_publisher(Keyframe, 'keyframes', KEYFRAMES)

    def on_activate_core(self) -> None:
        """Listen to the encoder."""
        inbox = self.inbox
        # Newest wins; its image waits in `pairs`. Two more may wait: an image that becomes a keyframe takes longer.
        inbox.add_lane('embedding', EMBEDDINGS_KEPT, self.on_embedding)

        def take(msg: Embedding) -> None:
            # Before the mailbox: a foreign one must push no other out, nor take the image that waits for the right one.
            with self.guard(f'embedding of {msg.model_id!r}'):
                self.map.require_encoder(msg.fingerprint)
                inbox.deposit('embedding', msg)

        self.embeddings = self.create_subscription(Embedding, 'embedding', take, RESULTS)

    def on_frame(self, frame: Frame) -> None:
        """Wait for the embedding of this image, or recognise it at once when that was faster."""
        self.boundaries.observe(frame)
        self.recognise(self.pairs.add_first(frame.header.stamp_ns, (frame, time.monotonic_ns())))

    def on_embedding(self, msg: Embedding) -> None:
        """Recognise the image with exactly this stamp."""
        with self.guard('embedding'):
            self.recognise(self.pairs.add_second(time_to_ns(msg.header.stamp), msg))

    def recognise(self, pair: tuple[tuple[Frame, int], Embedding] | None) -> None:
        """Publish what an image and its embedding say."""
        if pair is None:
            return
        (frame, received_ns), msg = pair
        result = self.map.observe(frame, embedding_vector(msg), msg.model_id, msg.fingerprint)
        if result.match is not None:
            self.publish_latest(self.place, match_to_msg(result.match, frame.header))
        if result.new_keyframe is not None:
            self.publish_latest(self.keyframes, keyframe_to_msg(result.new_keyframe, frame.header, msg.fingerprint))
        self.publish_latest(self.localization, localization_to_msg(result, frame.header))
        self.statistics.frame_done(received_ns)
        self.statistics.set('state', result.state.name)
        self.statistics.set('keyframes', result.keyframe_count)
        self.statistics.set('skipped_embeddings', self.inbox.skipped('embedding'))
        self.statistics.set('unpaired', self.pairs.unpaired)
        if self.map.error is not None:
            self.guard.count(str(self.map.error))

    def on_time_reset(self) -> None:
        """Stamps start anew: what waits will never be paired."""
        self.pairs.clear()
        self.boundaries.reset()

    def on_deactivate_core(self) -> None:
        """Stop listening to the encoder."""
        self.destroy_subscription(self.embeddings)
        self.pairs.clear()

    def on_cleanup_core(self) -> None:
        """Finish the map's file."""
        self.services_of_map.destroy()
        self.map.close()


def main() -> None:
    """Run this node alone."""
    run_node(PlaceRecognitionNode)


if __name__ == '__main__':
    main()
