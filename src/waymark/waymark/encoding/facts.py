# SPDX-License-Identifier: Apache-2.0
"""What an encoder can say of itself, in words: for diagnostics and logs."""

from __future__ import annotations

from waymark.encoding.base import Encoder
from waymark.encoding.config import EncoderConfig
from waymark.encoding.model import ModelEncoder, WithText
from waymark.encoding.parity import Parity

FINGERPRINT_SHOWN = 16  # digits that tell models apart for people; programs compare all 64


def encoder_facts(encoder: Encoder, config: EncoderConfig) -> dict[str, str]:
    """Say which model runs where, and how near it is to its reference.

    Args:
        encoder: As `load_encoder` made it.
        config: That it was made from.

    Returns:
        model, fingerprint (its beginning), dim, backend, device, parity, and text_parity where texts are encoded.
    """
    facts = {
        'model': encoder.model_id,
        'fingerprint': encoder.fingerprint[:FINGERPRINT_SHOWN],
        'dim': str(encoder.dim),
    }
    if not isinstance(encoder, ModelEncoder):
        return facts | {'backend': 'numpy', 'device': 'cpu', 'parity': 'not needed: no weights'}
    facts |= {'backend': encoder.backend_name, 'device': config.device, 'parity': _parity(encoder.parity)}
    return facts | ({'text_parity': _parity(encoder.text.parity)} if isinstance(encoder, WithText) else {})


def _parity(parity: Parity | None) -> str:
    return 'not checked: the manifest holds no references' if parity is None else str(parity)
