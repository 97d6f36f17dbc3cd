# SPDX-License-Identifier: Apache-2.0
"""Turn each image into an embedding: one unit vector that says what it shows."""

from __future__ import annotations

from waymark_msgs.msg import Embedding

from waymark.encoding import EncoderConfig, load_encoder
from waymark.types import Frame
from waymark_ros.conversions import embedding_to_msg
from waymark_ros.qos import RESULTS
from waymark_ros.runner import run_node
from waymark_ros.vision_node import VisionNode


class ImageEncoderNode(VisionNode):
    """Subscribe to `image`; publish `embedding` for each frame."""

    config_class = EncoderConfig
    default_name = 'image_encoder'

    def on_configure_core(self, config: EncoderConfig) -> None:
        """Load the encoder."""
        self.encoder = load_encoder(config)
        self.embedding = self.create_publisher(Embedding, 'embedding', RESULTS)
        self.statistics.set('model', self.encoder.model_id)
        self.statistics.set('backend', config.backend if config.encoder != 'hog' else 'numpy')

    def on_frame(self, frame: Frame) -> None:
        """Encode and publish."""
        embedding = self.encoder.encode(frame.rgb)
        msg = embedding_to_msg(embedding, frame.header, self.encoder.model_id, self.encoder.fingerprint)
        self.publish_latest(self.embedding, msg)

    def on_cleanup_core(self) -> None:
        """Release the model."""
        del self.encoder


def main() -> None:
    """Run this node alone."""
    run_node(ImageEncoderNode)


if __name__ == '__main__':
    main()
