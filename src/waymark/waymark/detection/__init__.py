# SPDX-License-Identifier: Apache-2.0
"""Oriented boxes in images: labels, average precision, and detectors that users bring as ONNX files."""

from waymark.detection.average_precision import AveragePrecision, ClassPrecision, average_precision
from waymark.detection.config import DetectorConfig
from waymark.detection.decoders import DECODERS
from waymark.detection.detector import Detector
from waymark.detection.labels import numbered_names, read_labels, read_names, write_labels
from waymark.detection.result import Detections

__all__ = [
    'DECODERS',
    'AveragePrecision',
    'ClassPrecision',
    'Detections',
    'Detector',
    'DetectorConfig',
    'average_precision',
    'numbered_names',
    'read_labels',
    'read_names',
    'write_labels',
]
