# SPDX-License-Identifier: Apache-2.0
import json

import cv2
import numpy as np
import pytest

from waymark.encoding import DenseEncoder, EncoderConfig, load_encoder
from waymark.encoding.hog import HogEncoder, HogLayout


def colour(gray):
    return cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)


@pytest.fixture(scope='module')
def encoder():
    return load_encoder(EncoderConfig(encoder='hog'))


def test_an_image_becomes_a_unit_vector_of_the_stated_length(encoder, texture):
    embedding = encoder.encode(colour(texture(1)))
    assert embedding.vector.shape == (encoder.dim,) == (704,)
    assert embedding.vector.dtype == np.float32
    assert np.linalg.norm(embedding.vector) == pytest.approx(1, abs=1e-6)
    assert embedding.norm == pytest.approx(np.sqrt(1 + 0.3**2), abs=1e-3)


@pytest.mark.parametrize('scale', [0.5, 2])
def test_the_same_picture_at_another_size_is_nearly_the_same_vector(encoder, texture, scale):
    image = colour(texture(1, (640, 480)))
    resized = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    assert encoder.encode(image).vector @ encoder.encode(resized).vector > 0.95


def test_less_contrast_hardly_changes_the_vector_and_another_picture_does(encoder, texture):
    image = texture(1, (640, 480))
    paler = (image // 2 + 60).astype(np.uint8)
    same = encoder.encode(colour(image)).vector @ encoder.encode(colour(paler)).vector
    other = encoder.encode(colour(image)).vector @ encoder.encode(colour(texture(2, (640, 480)))).vector
    assert same > 0.97 and other < 0.3


def test_where_a_colour_lies_counts(encoder):
    left = np.full((64, 64, 3), 128, np.uint8)
    left[:, :32] = (200, 60, 60)
    right = left[:, ::-1].copy()
    assert encoder.encode(left).vector @ encoder.encode(right).vector < 0.9


@pytest.mark.parametrize('shape', [(1, 1, 3), (48, 64, 3)])
def test_an_even_picture_has_no_direction_and_no_length(encoder, shape):
    embedding = encoder.encode(np.full(shape, 90, np.uint8))
    assert embedding.norm == 0 and not embedding.vector.any()


def test_what_is_no_rgb_image_is_refused(encoder):
    with pytest.raises(ValueError, match='rgb: expected shape'):
        encoder.encode(np.zeros((4, 4), np.uint8))


def test_the_fingerprint_is_that_of_its_numbers():
    assert HogEncoder().fingerprint == HogEncoder(HogLayout()).fingerprint
    assert len(HogEncoder().fingerprint) == 64
    assert HogEncoder(HogLayout(bins=9)).fingerprint != HogEncoder().fingerprint
    assert HogEncoder(HogLayout(bins=9)).dim == 64 * 12


def test_the_vector_is_what_it_was_when_the_fingerprint_was_given(encoder):
    # Maps outlive programs: a changed formula needs a new HogLayout.version.
    y, x = np.mgrid[:64, :64]
    image = np.stack([x * 4, y * 4, (x + y) * 2], axis=-1).astype(np.uint8)
    vector = encoder.encode(image).vector
    expected = [0.1453, -0.0443, -0.0443, 0.0212, -0.0006]
    assert encoder.fingerprint.startswith('c2481d790d6b6922')
    np.testing.assert_allclose(vector[[0, 100, 300, 600, 700]], expected, atol=2e-3)


def test_a_corridor_is_recognized_better_than_by_plain_hog(encoder, shared_data):
    folder = shared_data('vpr_corridor')
    truth = json.loads((folder / 'truth.json').read_text())['query_to_references']
    queries, references = (
        np.array([encoder.encode(cv2.imread(str(p))[..., ::-1]).vector for p in sorted((folder / d).glob('*.jpg'))])
        for d in ('query', 'ref')
    )
    best = (queries @ references.T).argmax(axis=1)
    recall_at_1 = np.mean([int(b) in truth[str(i)] for i, b in enumerate(best)])
    assert recall_at_1 >= 0.60  # HOG at 128 px: .486


def test_a_batch_is_its_images_one_by_one(encoder, texture):
    images = [colour(texture(seed, size)) for seed, size in ((1, (320, 240)), (2, (64, 200)))]
    batch = encoder.encode_batch(images)
    assert [e.vector.tobytes() for e in batch] == [encoder.encode(i).vector.tobytes() for i in images]
    assert encoder.encode_batch([]) == []


def test_tokens_are_the_embeddings_numbers_cell_by_cell(encoder, texture):
    image = colour(texture(1))
    dense = encoder.encode_dense(image)
    assert isinstance(encoder, DenseEncoder)
    assert dense.tokens.shape == (8, 8, 11)
    np.testing.assert_array_equal(dense.embedding.vector, encoder.encode(image).vector)
    assert np.linalg.norm(dense.tokens) == pytest.approx(dense.embedding.norm, rel=1e-6)
    edges = dense.tokens[..., :8].ravel() / dense.embedding.norm
    np.testing.assert_allclose(dense.embedding.vector[:512], edges, atol=1e-7)


def test_tokens_say_where_something_is(encoder):
    image = np.full((160, 160, 3), 128, np.uint8)
    image[100:120, 20:40] = 255, 0, 0  # in cells of row 5 and 4, column 1
    lengths = np.linalg.norm(encoder.encode_dense(image).tokens, axis=2)
    assert np.unravel_index(lengths.argmax(), lengths.shape) == (5, 1)
