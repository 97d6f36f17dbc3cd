# SPDX-License-Identifier: Apache-2.0
import logging
from dataclasses import replace

import cv2
import numpy as np
import onnx_models
import pytest

from waymark.backends import BackendOptions
from waymark.encoding.manifest import file_sha256, write_manifest
from waymark.encoding.model import ModelEncoder
from waymark.encoding.parity import LIMITS, compare, measure_text_parity, require_parity
from waymark.errors import BackendUnavailable, ModelError, ParityError
from waymark.types import PRECISIONS, ModelManifest, ReferencePair, TextReference, TextTower

DEGREE = np.pi / 180


def turned(degrees):
    return np.array([np.cos(degrees * DEGREE), np.sin(degrees * DEGREE)])


@pytest.fixture
def model(tmp_path):
    """A model folder with three reference images and what the exact product gives for them."""
    rng = np.random.default_rng(5)
    references = []
    for index in range(3):
        rgb = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f'reference_{index}.png'), rgb[..., ::-1])
        vector = (rgb.transpose(2, 0, 1).reshape(1, -1) / 255) @ onnx_models.WEIGHTS.astype(np.float64)
        references.append(ReferencePair(f'reference_{index}.png', tuple(vector[0])))
    path = onnx_models.projection(tmp_path / 'model.onnx')
    return ModelManifest(
        'product', file_sha256(path), 'made here', 'Apache-2.0', (4, 4), output_dim=32, references=tuple(references)
    )


def loaded(tmp_path, manifest, backend='onnx', **options):
    write_manifest(manifest, tmp_path / 'model.onnx', tmp_path / 'manifest.json')
    return ModelEncoder.from_manifest(tmp_path, backend, BackendOptions(threads=1, **options))


def bent(manifest, amount):
    """References that this model is some way from."""
    first, *others = manifest.references
    off = np.asarray(first.output) + amount * np.linalg.norm(first.output) * np.eye(32)[0]
    return replace(manifest, references=(replace(first, output=tuple(off)), *others))


@pytest.mark.parametrize('backend', ['onnx', 'openvino'])
def test_a_model_that_computes_what_its_reference_did_loads(tmp_path, model, backend):
    pytest.importorskip({'onnx': 'onnxruntime'}.get(backend, backend))
    parity = loaded(tmp_path, model, backend).parity
    assert parity.passed and parity.count == 3 and parity.limit == 0.99999
    assert parity.cosine == pytest.approx(1, abs=1e-7) and parity.max_abs_difference < 1e-4
    assert str(parity) == 'cosine 1.0000 >= 0.99999 (fp32, 3 references)'


def test_a_model_that_does_not_is_refused_with_the_number(tmp_path, model):
    with pytest.raises(ParityError) as refusal:
        loaded(tmp_path, bent(model, 0.4))
    assert str(refusal.value).startswith("model 'product' on onnx (cpu) no longer computes what its reference did: ")
    assert ' < 0.99999 (fp32, 3 references), largest difference ' in str(refusal.value)
    assert 'Export it again, or use another backend or precision.' in str(refusal.value)


def test_the_limit_is_that_of_the_precision(tmp_path, model):
    off = bent(model, 0.03)
    assert loaded(tmp_path, replace(off, precision='int8')).parity.passed
    for precision in ('fp32', 'bf16'):
        with pytest.raises(ParityError, match=rf'< 0.99+ \({precision}'):
            loaded(tmp_path, replace(bent(model, 0.2), precision=precision))


def test_preprocessing_is_part_of_what_is_compared(tmp_path, model):
    for change in ({'channels': 'bgr'}, {'mean': (0.5, 0.4, 0.3)}):
        with pytest.raises(ParityError):
            loaded(tmp_path, replace(model, **change))


def test_without_references_a_model_loads_and_that_is_said(tmp_path, model, caplog):
    with caplog.at_level(logging.WARNING):
        assert loaded(tmp_path, replace(model, references=())).parity is None
    assert "model 'product' has no references: parity on onnx (cpu) is not checked" in caplog.text


def test_a_reference_image_that_is_missing_is_named(tmp_path, model):
    (tmp_path / 'reference_1.png').unlink()
    with pytest.raises(ModelError, match=r"reference image '.*reference_1.png' can not be read"):
        loaded(tmp_path, model)


def test_errors_come_in_one_order(tmp_path, model, monkeypatch):
    """Library, device, model, parity: with all four wrong, each shows once the one before it is mended."""
    manifest = bent(model, 0.4)
    write_manifest(replace(manifest, sha256='0' * 64), tmp_path / 'model.onnx', tmp_path / 'manifest.json')

    def load(device):
        return ModelEncoder.from_manifest(tmp_path, 'onnx', BackendOptions(device))

    with monkeypatch.context() as patch:
        patch.setitem(__import__('sys').modules, 'onnxruntime', None)
        with pytest.raises(BackendUnavailable, match='onnxruntime can not be imported'):
            load('abacus')
    with pytest.raises(BackendUnavailable, match="no device 'abacus'"):
        load('abacus')
    with pytest.raises(ModelError, match='its sha256 is'):
        load('cpu')
    write_manifest(manifest, tmp_path / 'model.onnx', tmp_path / 'manifest.json')
    with pytest.raises(ParityError):
        load('cpu')


def test_the_worst_of_all_pairs_counts():
    parity = compare([turned(0), turned(60)], [turned(0), turned(0)], 'int8')
    assert parity.cosine == pytest.approx(0.5) and not parity.passed
    assert parity.max_abs_difference == pytest.approx(np.sin(60 * DEGREE))
    assert str(parity) == 'cosine 0.5000 < 0.99 (int8, 2 references)'


def test_the_number_shows_as_many_digits_as_it_takes():
    assert str(compare([turned(0.5)], [turned(0)], 'fp32')) == 'cosine 0.99996 < 0.99999 (fp32, 1 reference)'


@pytest.mark.parametrize(('a', 'b', 'cosine'), [([0, 0], [0, 0], 1), ([0, 0], [1, 0], 0), ([1, 0], [0, 0], 0)])
def test_vectors_of_zeros_agree_only_with_each_other(a, b, cosine):
    assert compare([np.array(a)], [b], 'fp32').cosine == cosine


def test_every_precision_has_a_limit_and_none_compares_nothing():
    assert set(LIMITS) == set(PRECISIONS)
    assert compare([], [], 'fp32') is None
    require_parity(None, 'anything')


def test_a_text_tower_is_held_against_its_own_references():
    tower = TextTower(
        't.onnx', 'a' * 64, references=(TextReference('a cat', (1.0, 0.0)), TextReference('', (0.0, 1.0)))
    )
    vectors = {'a cat': turned(0), '': turned(90)}
    assert measure_text_parity(lambda texts: [vectors[t] for t in texts], tower).passed
    assert not measure_text_parity(lambda texts: [turned(45) for _ in texts], tower).passed
    assert measure_text_parity(lambda texts: [], replace(tower, references=())) is None
