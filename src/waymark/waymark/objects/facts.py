# SPDX-License-Identifier: Apache-2.0
"""What a stream of objects can say of itself, in words: for diagnostics."""

from __future__ import annotations

from waymark.objects.sighting import Sighting
from waymark.objects.stream import ObjectStream

_SHOWN = 20  # classes; LabelInfo has all


def stream_facts(stream: ObjectStream) -> dict[str, str]:
    """Say which models run where, how outputs become boxes, and how near they are to their references."""
    detector = stream.detector
    manifest = detector.manifest
    facts = {
        'model': manifest.name,
        'backend': detector.backend_name,
        'decoder': manifest.decoder,
        'input': f'{manifest.input_wh[0]}x{manifest.input_wh[1]} {manifest.channels}, {manifest.resize}',
        'parity': str(detector.parity) if detector.parity else 'not checked: the manifest holds no references',
        'chosen': detector.description,
    }
    return facts if stream.encoder is None else facts | {'crop_encoder': stream.encoder.model_id}


def sighting_facts(stream: ObjectStream, seen: Sighting) -> dict[str, str]:
    """Say what the last image gave."""
    labels = stream.labels
    more = f' and {len(labels) - _SHOWN} more' if len(labels) > _SHOWN else ''
    facts = {
        'classes': ', '.join(labels[:_SHOWN]) + more,
        'state': f'{len(seen.detections)} boxes, {len(seen.tracks)} tracks',
        'camera_motion': seen.motion,
    }
    return facts if stream.encoder is None else facts | {'boxes_not_named': str(stream.unnamed)}
