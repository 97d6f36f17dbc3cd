# SPDX-License-Identifier: Apache-2.0
"""A model folder in ONNX made into others, without the model that it came from."""

from __future__ import annotations

import pytest

from waymark.encoding.model import ModelEncoder
from waymark.encoding.parity import LIMITS

pytestmark = [pytest.mark.models, pytest.mark.timeout(1800)]


@pytest.mark.parametrize(
    ('case', 'origin', 'precision'),
    [
        ('resnet-to-int8', 'resnet', 'int8'),
        ('resnet-to-fp16', 'resnet', 'fp16'),
        ('resnet-to-openvino', 'resnet', 'int8'),
        ('clip-to-int8', 'clip', 'int8'),
    ],
)
def test_it_passes_its_limit_and_shares_fingerprint_and_references(exported, case, origin, precision):
    result, manifest, before = exported.results[case], exported.manifest(case), exported.manifest(origin)

    assert result['parity']['cosine'] >= LIMITS[precision] == result['parity']['limit']
    assert (manifest.precision, manifest.fingerprint) == (precision, before.fingerprint)
    assert manifest.references == before.references
    assert result['size_bytes']['exported'] < result['size_bytes']['before']


def test_what_was_made_runs_where_it_was_not_made(exported):
    encoder = ModelEncoder.from_manifest(exported.folder('resnet-to-int8'), 'onnx')

    assert encoder.parity.passed
    assert encoder.model_id == 'smaller'


def test_the_text_tower_comes_along(exported):
    assert exported.manifest('clip-to-int8').text == exported.manifest('clip').text


@pytest.mark.parametrize(
    ('case', 'sentence'),
    [
        ('bad-size', 'are part of a model folder'),
        ('bad-precision', '(int8) can not be converted: only ONNX in fp32 can'),
    ],
)
def test_what_can_not_be_is_refused(exported, case, sentence):
    assert sentence in exported.results[case]['error']
    assert not (exported.out / case).exists()
