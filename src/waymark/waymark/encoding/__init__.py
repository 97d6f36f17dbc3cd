# SPDX-License-Identifier: Apache-2.0
"""Images to unit vectors that say what they mean."""

from pathlib import Path

from waymark.backends import BackendOptions
from waymark.encoding.base import DenseEmbedding, DenseEncoder, Embedding, Encoder, TextEncoder
from waymark.encoding.config import EncoderConfig
from waymark.encoding.hog import HogEncoder
from waymark.encoding.model import ModelEncoder

__all__ = [
    'DenseEmbedding',
    'DenseEncoder',
    'Embedding',
    'Encoder',
    'EncoderConfig',
    'TextEncoder',
    'load_encoder',
]


def load_encoder(config: EncoderConfig) -> Encoder:
    """Make the encoder that a configuration names.

    Raises:
        ModelError: Manifest or model are not what they should be.
        BackendUnavailable: The backend's library or device is missing.
        ConfigError: There is no such backend.
    """
    if config.encoder == 'hog':
        return HogEncoder()
    options = BackendOptions(config.device, config.threads)
    return ModelEncoder.from_manifest(Path(config.encoder), config.backend, options)
