# SPDX-License-Identifier: Apache-2.0
"""Each family's export, held against what transformers itself computes."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_encoders import FAMILIES, GRIDS, HEADS

from waymark.classification import ClassifierConfig
from waymark.encoding.base import DenseEncoder
from waymark.encoding.model import ModelEncoder
from waymark.exporting.references import TEXTS, reference_images
from waymark.labelling import load_classifier

pytestmark = [pytest.mark.models, pytest.mark.timeout(1800)]  # the first one waits for all exports

TIMM = ('test_resnet', 'test_vit')


@pytest.mark.parametrize('family', [*FAMILIES, *TIMM])
def test_the_exported_model_gives_what_torch_gave(exported, family):
    encoder = ModelEncoder.from_manifest(exported.folder(family), 'onnx')

    assert encoder.parity.cosine > 0.999999
    assert encoder.parity.max_abs_difference < 1e-4
    assert encoder.parity.count == 3


@pytest.mark.parametrize('family', FAMILIES)
def test_the_vector_is_the_one_that_its_authors_define(exported, family):
    encoder = ModelEncoder.from_manifest(exported.folder(family), 'onnx')

    got = encoder.encode(reference_images()[0])

    expected = np.asarray(exported.results[family]['vector'])
    np.testing.assert_allclose(got.vector * got.norm, expected, atol=1e-4)
    assert exported.manifest(family).output == HEADS[family]


@pytest.mark.parametrize('family', FAMILIES)
def test_images_are_prepared_as_the_model_prepares_them_itself(exported, family):
    cosine = exported.results[family]['own_preprocessing_cosine']

    # SigLIP 2 keeps each image's aspect, which a fixed input can not, and the report says so.
    assert (cosine is None) == (family == 'siglip2') == bool(exported.results[family]['notes'])
    assert cosine is None or cosine > 0.998


@pytest.mark.parametrize('family', [*FAMILIES, *TIMM])
def test_patch_tokens_come_as_a_grid_without_class_token_and_registers(exported, family):
    encoder = ModelEncoder.from_manifest(exported.folder(family), 'onnx')

    rows, columns, dim = GRIDS[family]
    assert isinstance(encoder, DenseEncoder) == (rows > 0)
    if rows:
        assert encoder.encode_dense(reference_images()[0]).tokens.shape == (rows, columns, dim)


@pytest.mark.parametrize('family', ['clip', 'vit_mae', 'swin', 'bit', 'perceiver'])
def test_images_together_are_the_images_one_by_one(exported, family):
    encoder = ModelEncoder.from_manifest(exported.folder(family), 'onnx')
    images = reference_images()

    together = encoder.encode_batch(images)

    for one, image in zip(together, images, strict=True):
        np.testing.assert_allclose(one.vector, encoder.encode(image).vector, atol=1e-5)


@pytest.mark.parametrize('family', ['clip', 'siglip', 'siglip2'])
def test_texts_get_the_vectors_that_the_models_own_tokenizer_and_tower_give(exported, family):
    result, text = exported.results[family], exported.manifest(family).text

    np.testing.assert_allclose(result['exported_texts'], result['texts'], atol=1e-4)
    assert result['text_parity']['cosine'] > 0.999999
    assert (text.max_length, text.pad_id, len(text.references)) == (16, 0, 3)
    assert len(text.references[0].output) == exported.manifest(family).output_dim


@pytest.mark.parametrize(('family', 'kind'), [('clip', 'softmax'), ('siglip', 'sigmoid'), ('siglip2', 'sigmoid')])
def test_classes_told_by_text_get_the_scores_of_the_models_own_temperature_and_bias(exported, family, kind):
    folder, result = exported.folder(family), exported.results[family]
    classes = ClassifierConfig(classes=TEXTS, templates=('{}',), encoder=str(folder))
    classifier = load_classifier(classes).classifier

    assert (classifier.rule.kind, exported.manifest(family).text.score) == (kind, kind)
    if family != 'siglip2':
        image = ModelEncoder.from_manifest(folder, 'onnx').encode(reference_images()[0])
        np.testing.assert_allclose(classifier.score([image.vector])[0], result['scores'], atol=1e-4)


def test_other_poolings_give_other_fingerprints(exported):
    assert exported.manifest('vit-mean').output == 'mean'
    assert exported.manifest('convnext-gem').output == 'gem'
    assert exported.manifest('vit-mean').fingerprint != exported.manifest('vit').fingerprint


def test_another_size_is_taken_by_interpolated_positions(exported):
    manifest = exported.manifest('dinov2-wide')

    assert (manifest.input_wh, manifest.tokens_grid_hw) == ((84, 56), (4, 6))
    assert ModelEncoder.from_manifest(exported.folder('dinov2-wide'), 'onnx').parity.passed


def test_a_fixed_batch_and_a_name_are_kept_and_no_text_tower_is_written_unasked(exported):
    folder, manifest = exported.folder('clip-one'), exported.manifest('clip-one')

    assert (manifest.name, manifest.text, (folder / 'text.onnx').exists()) == ('one', None, False)
    assert manifest.fingerprint == exported.manifest('clip').fingerprint


def test_a_file_says_nothing_about_the_machine_that_wrote_it(exported):
    model = (exported.folder('resnet') / 'model.onnx').read_bytes()

    assert b'site-packages' not in model
    assert str(exported.out).encode() not in (exported.folder('resnet') / 'manifest.json').read_bytes()
