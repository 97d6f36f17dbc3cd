# SPDX-License-Identifier: Apache-2.0
"""Turn each image into an embedding: one unit vector that says what it shows. Images and texts on request too."""

from __future__ import annotations

from collections.abc import Iterator

from waymark_msgs.msg import Embedding, TokenGrid
from waymark_msgs.srv import EncodeImage, EncodeText

from waymark.encoding import Embedding as Meaning
from waymark.encoding import (
    EncoderConfig,
    encoder_facts,
    load_encoder,
    require_dense,
    require_text,
    require_texts,
)
from waymark.types import Frame, Header
from waymark_ros.conversions import embedding_to_msg, picture_to_frame, tokens_to_msg
from waymark_ros.qos import RESULTS
from waymark_ros.runner import run_node
from waymark_ros.vision_node import VisionNode

NO_IMAGE = Header(0, '')  # of a text's embedding


class ImageEncoderNode(VisionNode):
    """Subscribe to `image`; publish `embedding`, and on request `tokens`, for each frame; answer two services."""

    config_class = EncoderConfig
    default_name = 'image_encoder'

    def on_configure_core(self, config: EncoderConfig) -> None:
        """Load the encoder."""
        self.encoder = load_encoder(config, self.progress)
        self.dense = require_dense(self.encoder) if config.publish_tokens else None
        self.embedding = self.create_publisher(Embedding, 'embedding', RESULTS)
        if self.dense is not None:
            self.tokens = self.create_publisher(TokenGrid, 'tokens', RESULTS)
        self.requests.serve(EncodeImage, '~/encode_image', self.encode_images)
        self.requests.serve(EncodeText, '~/encode_text', self.encode_texts)
        for key, fact in encoder_facts(self.encoder, config).items():
            self.statistics.set(key, fact)

    def on_frame(self, frame: Frame) -> None:
        """Encode and publish."""
        if self.dense is None:
            embedding = self.encoder.encode(frame.rgb)
        else:
            dense = self.dense.encode_dense(frame.rgb)
            embedding = dense.embedding
            grid = tokens_to_msg(dense, frame.header, self.encoder.model_id, self.encoder.fingerprint)
            self.publish_latest(self.tokens, grid)
        self.publish_latest(self.embedding, self._message(embedding, frame.header))

    def encode_images(self, request: EncodeImage.Request, response: EncodeImage.Response) -> Iterator[None]:
        """Encode the images of a request, one at a time between the frames."""
        for index, msg in enumerate(request.images):
            frame = picture_to_frame(msg, f'images[{index}]')
            response.embeddings.append(self._message(self.encoder.encode(frame.rgb), frame.header))
            yield

    def encode_texts(self, request: EncodeText.Request, response: EncodeText.Response) -> Iterator[None]:
        """Encode the texts of a request, one at a time between the frames."""
        encoder = require_text(self.encoder)
        require_texts(request.texts, encoder.model_id)
        for text in request.texts:
            [embedding] = encoder.encode_text([text])
            response.embeddings.append(self._message(embedding, NO_IMAGE))
            yield

    def on_cleanup_core(self) -> None:
        """Release the model."""
        del self.encoder, self.dense

    def _message(self, embedding: Meaning, header: Header) -> Embedding:
        return embedding_to_msg(embedding, header, self.encoder.model_id, self.encoder.fingerprint)


def main() -> None:
    """Run this node alone."""
    run_node(ImageEncoderNode)


if __name__ == '__main__':
    main()
