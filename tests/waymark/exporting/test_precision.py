# SPDX-License-Identifier: Apache-2.0
"""Every format and precision of one convolutional model and one transformer."""

from __future__ import annotations

import pytest

from waymark.encoding.model import ModelEncoder
from waymark.encoding.parity import LIMITS

pytestmark = [pytest.mark.models, pytest.mark.timeout(1800)]

CASES = [
    (to, precision)
    for to, precisions in {
        'onnx': ('fp16', 'int8'),
        'openvino': ('fp32', 'fp16', 'bf16', 'int8'),
        'tensorrt': ('fp16', 'int8'),
    }.items()
    for precision in precisions
]


@pytest.mark.parametrize('model', ['resnet', 'vit'])
@pytest.mark.parametrize(('to', 'precision'), CASES)
def test_each_precision_passes_its_own_limit_and_keeps_the_fingerprint(exported, model, to, precision):
    case = f'{model}-{to}-{precision}'

    result, manifest = exported.results[case], exported.manifest(case)

    assert result['parity']['cosine'] >= LIMITS[precision] == result['parity']['limit']
    assert manifest.precision == precision
    assert manifest.fingerprint == exported.manifest(model).fingerprint
    assert manifest.sha256 != exported.manifest(model).sha256


@pytest.mark.parametrize('model', ['resnet', 'vit'])
@pytest.mark.parametrize('precision', ['fp16', 'int8'])
def test_onnx_in_less_than_fp32_runs_where_it_was_not_made_and_is_smaller(exported, model, precision):
    folder = exported.folder(f'{model}-onnx-{precision}')

    assert ModelEncoder.from_manifest(folder, 'onnx').parity.passed
    assert (folder / 'model.onnx').stat().st_size < (exported.folder(model) / 'model.onnx').stat().st_size


@pytest.mark.parametrize('case', ['resnet-openvino-int8', 'vit-openvino-bf16', 'clip-openvino-fp32'])
def test_openvino_models_run_where_openvino_is(exported, case):
    pytest.importorskip('openvino')

    assert ModelEncoder.from_manifest(exported.folder(case), 'openvino').parity.passed


def test_an_openvino_export_brings_its_text_tower(exported):
    assert exported.results['clip-openvino-fp32']['text_parity']['cosine'] > 0.999999
    assert exported.results['clip-onnx-int8']['text_parity']['limit'] == LIMITS['int8']


def test_the_report_says_how_int8_was_reached(exported):
    assert exported.results['resnet-onnx-int8']['method'] == 'int8 weights and activations, 9 calibration images'
    assert exported.results['vit-onnx-int8']['method'].startswith('int8 weights of matrix products')


def test_the_report_says_that_the_device_builds_the_engine(exported):
    [note] = exported.results['resnet-tensorrt-fp16']['notes']

    assert note.startswith('TensorRT builds its engine on the device it is for')


def test_before_and_after_are_measured(exported):
    result = exported.results['resnet-onnx-int8']

    assert 0 < result['size_bytes']['exported'] < result['size_bytes']['torch_fp32'] / 2
    assert all(ms > 0 for ms in result['latency_ms'].values())
