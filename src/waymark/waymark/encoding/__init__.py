# SPDX-License-Identifier: Apache-2.0
"""Images to unit vectors that say what they mean."""

from collections.abc import Callable

from waymark.backends import BackendOptions
from waymark.encoding.base import (
    DenseEmbedding,
    DenseEncoder,
    Embedding,
    Encoder,
    TextEncoder,
    require_dense,
    require_text,
    require_texts,
)
from waymark.encoding.config import EncoderConfig
from waymark.encoding.facts import encoder_facts
from waymark.encoding.hog import HogEncoder
from waymark.encoding.manifest import find_manifest
from waymark.encoding.model import ModelEncoder

__all__ = [
    'DenseEmbedding',
    'DenseEncoder',
    'Embedding',
    'Encoder',
    'EncoderConfig',
    'TextEncoder',
    'encoder_facts',
    'load_encoder',
    'require_dense',
    'require_text',
    'require_texts',
]


def load_encoder(config: EncoderConfig, progress: Callable[[str, float], None] | None = None) -> Encoder:
    """Make the encoder that a configuration names.

    Args:
        config: Which encoder, and on what it runs.
        progress: Told the stage and how far it is (0..1) where loading takes long.

    Raises:
        ModelError: Manifest or model are not what they should be.
        BackendUnavailable: The backend's library or device is missing.
        ConfigError: There is no such backend.
        ParityError: The model does not compute what its reference did.
    """
    if config.encoder == 'hog':
        return HogEncoder()
    options = BackendOptions(config.device, config.threads, progress)
    return ModelEncoder.from_manifest(find_manifest(config.encoder), config.backend, options, config.text)
