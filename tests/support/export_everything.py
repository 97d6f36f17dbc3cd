# SPDX-License-Identifier: Apache-2.0
"""Export each tiny model once, in one process of .venv-models: `python export_everything.py OUT`.

Writes OUT/NAME, a model folder for each case that is not refused, and OUT/results.json.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ |= {'HF_HUB_OFFLINE': '1', 'OMP_NUM_THREADS': '1'}

from bad_encoders import BAD  # noqa: E402
from encoder_truths import true_scores, true_text_vectors, true_vector  # noqa: E402
from tiny_encoders import FAMILIES, save_model, save_timm  # noqa: E402

from waymark.encoding.manifest import read_manifest  # noqa: E402
from waymark.encoding.model import ModelEncoder  # noqa: E402
from waymark.errors import WaymarkError  # noqa: E402
from waymark.exporting.conversion import convert_folder  # noqa: E402
from waymark.exporting.encoder import export_encoder  # noqa: E402
from waymark.exporting.references import TEXTS, reference_images  # noqa: E402
from waymark.exporting.request import ExportRequest  # noqa: E402
from waymark.image.preprocess import to_tensor  # noqa: E402

TIMM = ('test_resnet', 'test_vit')
# name: (model, settings)
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    f'{model}-{to}-{precision}': (model, {'to': to, 'precision': precision})
    for model in ('resnet', 'vit')
    for to, precision in [
        ('onnx', 'fp16'),
        ('onnx', 'int8'),
        ('openvino', 'fp32'),
        ('openvino', 'fp16'),
        ('openvino', 'bf16'),
        ('openvino', 'int8'),
        ('tensorrt', 'fp16'),
        ('tensorrt', 'int8'),
    ]
} | {
    'clip-openvino-fp32': ('clip', {'to': 'openvino'}),
    'clip-onnx-int8': ('clip', {'precision': 'int8'}),
    'vit-mean': ('vit', {'pooling': 'mean'}),
    'convnext-gem': ('convnext', {'pooling': 'gem'}),
    'dinov2-wide': ('dinov2', {'image_size': '84x56'}),
    'clip-one': ('clip', {'batch': 1, 'text': False, 'name': 'one'}),
}

# name: (exported model folder, settings)
CONVERSIONS: dict[str, tuple[str, dict[str, Any]]] = {
    'resnet-to-int8': ('resnet', {'precision': 'int8', 'name': 'smaller'}),
    'resnet-to-fp16': ('resnet', {'precision': 'fp16'}),
    'resnet-to-openvino': ('resnet', {'to': 'openvino', 'precision': 'int8'}),
    'clip-to-int8': ('clip', {'precision': 'int8'}),
    'bad-size': ('resnet', {'image_size': '96'}),
    'bad-precision': ('resnet-onnx-int8', {'precision': 'fp16'}),
}


def main(out: Path) -> None:
    models, calibration = out / 'models', out / 'calibration'
    _write_calibration(calibration)
    for family in FAMILIES:
        save_model(family, models / family)
    for name in TIMM:
        save_timm(name, models / name)
    cases = {name: (name, {}) for name in (*FAMILIES, *TIMM)} | VARIANTS
    results = {}
    for name, (model, settings) in cases.items():
        request = {'model': str(models / model), 'out': str(out / name), 'calibration': str(calibration)} | settings
        results[name] = _result(request)
    for name, (folder, settings) in CONVERSIONS.items():
        request = {'model': str(out / folder), 'out': str(out / name), 'calibration': str(calibration)} | settings
        results[name] = _result(request, convert_folder)
    for family in FAMILIES:
        results[family] |= _truth(family, models / family, out / family)
    for name, spoil in BAD.items():
        request = spoil(models, out / 'bad' / name) | {'out': str(out / f'bad-{name}')}
        results[f'bad-{name}'] = _result(request)
    (out / 'results.json').write_text(json.dumps(results))


def _result(request: dict[str, Any], work: Callable[..., Any] = export_encoder) -> dict[str, Any]:
    try:
        report = work(ExportRequest(**request))
    except WaymarkError as error:
        return {'error': str(error), 'kind': type(error).__name__}
    return {'error': '', **report.as_json()}


def _truth(family: str, model: Path, folder: Path) -> dict[str, Any]:
    """The family's own answers for the first reference image, and for texts."""
    import torch

    if not folder.is_dir():
        return {}
    manifest = read_manifest(folder).manifest
    pixels = torch.from_numpy(to_tensor(reference_images()[0], manifest))
    truth: dict[str, Any] = {'vector': true_vector(family, model, pixels).tolist()}
    if manifest.text is not None:
        encoder = ModelEncoder.from_manifest(folder, 'onnx', text=True)
        truth['texts'] = true_text_vectors(model, list(TEXTS)).tolist()
        if family != 'siglip2':  # which takes patches, not pixels
            truth['scores'] = true_scores(model, pixels, list(TEXTS)).tolist()
        truth['exported_texts'] = [(e.vector * e.norm).tolist() for e in encoder.encode_text(TEXTS)]
    return truth


def _write_calibration(folder: Path) -> None:
    import cv2
    import numpy as np

    folder.mkdir(parents=True)
    for index, image in enumerate(reference_images() * 3):
        cv2.imwrite(str(folder / f'{index}.png'), np.roll(image, 17 * index, axis=(0, 1))[..., ::-1])


if __name__ == '__main__':
    main(Path(sys.argv[1]))
