# SPDX-License-Identifier: Apache-2.0
"""The text tower: a tiny one, whose vector is the sum of the colours that a text names."""

import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip('onnx')
pytest.importorskip('tokenizers')
from tiny_models import colour_model, means_model

from waymark.encoding import EncoderConfig, TextEncoder, encoder_facts, load_encoder, require_text
from waymark.errors import ModelError, ParityError
from waymark.types import TextReference

RED = np.full((4, 4, 3), (255, 0, 0), np.uint8)


def load(folder, **parameters):
    return load_encoder(EncoderConfig(encoder=str(folder), **parameters))


@pytest.fixture
def encoder(tmp_path):
    return load(colour_model(tmp_path))


def test_a_text_lies_where_the_images_that_show_it_lie(encoder):
    text, other = encoder.encode_text(['a red thing', 'a green thing'])
    image = encoder.encode(RED)
    assert isinstance(encoder, TextEncoder)
    assert (text.vector @ image.vector, other.vector @ image.vector) == (1, 0)
    assert text.norm == 1


def test_case_is_the_tokenizers_business_and_unknown_words_are_its_unknown_token(encoder):
    np.testing.assert_array_equal(encoder.encode_text(['ReD zebra'])[0].vector, [1, 0, 0])


@pytest.mark.parametrize('batch', [1, 'batch'])
def test_any_number_of_texts_are_encoded_each_as_it_would_be_alone(tmp_path, batch):
    encoder = load(colour_model(tmp_path, batch=batch))
    texts = ['red', 'green blue', 'thing'] * 7
    found = encoder.encode_text(texts)
    expected = [[1, 0, 0], [0, 0.5**0.5, 0.5**0.5], [0, 0, 0]] * 7
    np.testing.assert_allclose([e.vector for e in found], expected, atol=1e-7)
    assert encoder.encode_text([]) == []


def test_a_text_is_cut_to_the_length_that_the_tower_takes(encoder):
    # 6 tokens: start, four words, end
    np.testing.assert_array_equal(encoder.encode_text(['red a a a blue'])[0].vector, [1, 0, 0])


@pytest.mark.parametrize(('with_mask', 'expected'), [(True, 1), (False, 4)])
def test_short_texts_are_padded_as_the_manifest_says_and_the_mask_tells_so(tmp_path, with_mask, expected):
    # Padded with 'red' (4): start, 'red', end and three more of it, which the mask hides.
    encoder = load(colour_model(tmp_path, with_mask, pad_id=4))
    assert encoder.encode_text(['red'])[0].norm == expected


@pytest.mark.parametrize('text', ['', '  \n'])
def test_an_empty_text_is_refused_by_its_place(encoder, text):
    with pytest.raises(ModelError, match=r"model 'colours' can not encode texts\[1\]: it is empty"):
        encoder.encode_text(['red', text])


def test_a_model_without_a_tower_refuses_texts_with_the_remedy(tmp_path):
    for encoder in (load_encoder(EncoderConfig()), load(means_model(tmp_path)), load(tmp_path, text=True)):
        assert not isinstance(encoder, TextEncoder)
        with pytest.raises(ModelError, match=f"model '{encoder.model_id}' encodes no texts.*Export CLIP"):
            require_text(encoder)


def test_a_tower_that_is_not_wanted_is_not_loaded(tmp_path):
    encoder = load(colour_model(tmp_path), text=False)
    assert not isinstance(encoder, TextEncoder)
    assert require_text(load(tmp_path)).fingerprint == encoder.fingerprint


def test_the_tower_is_held_against_its_references(tmp_path):
    right = (TextReference('red', (1.0, 0.0, 0.0)), TextReference('green blue', (0.0, 1.0, 1.0)))
    encoder = load(colour_model(tmp_path / 'right', references=right))
    facts = encoder_facts(encoder, EncoderConfig())
    assert '2 references' in facts['text_parity']
    assert facts['parity'] == 'not checked: the manifest holds no references'
    wrong = (TextReference('red', (1.0, 1.0, 0.0)),)
    with pytest.raises(ParityError, match=r'text tower of .colours. on \w+ \(cpu\).*cosine 0.7071 < 0.99999'):
        load(colour_model(tmp_path / 'wrong', references=wrong))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'max_length': 7}, r'its manifest prepares \(1, 7\) as input_ids, attention_mask'),
        ({'inputs': ('tokens',)}, 'as tokens'),
        ({'output': 'pooled'}, "no output 'pooled', it has sums"),
    ],
)
def test_a_tower_that_does_not_fit_its_manifest_is_refused(tmp_path, change, message):
    with pytest.raises(ModelError, match=f"text tower of 'colours'.*{message}"):
        load(colour_model(tmp_path, **change))


def test_a_tokenizer_that_is_none_is_refused_by_its_path(tmp_path):
    (colour_model(tmp_path) / 'tokenizer.json').write_text('{}')
    with pytest.raises(ModelError, match=r"tokenizer '.*tokenizer.json' can not be read"):
        load(tmp_path)


def test_without_the_tokenizers_library_a_text_tower_is_refused_and_images_still_go(tmp_path):
    script = (
        'import sys; sys.modules["tokenizers"] = None\n'
        'from waymark.encoding import EncoderConfig, load_encoder\n'
        f'load_encoder(EncoderConfig(encoder={str(colour_model(tmp_path))!r}, text=False))\n'
        f'load_encoder(EncoderConfig(encoder={str(tmp_path)!r}))\n'
    )
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, '-c', script], env=environment, capture_output=True, text=True, timeout=60)
    assert 'pip install tokenizers, or set text: false.' in done.stderr.splitlines()[-1]
    assert 'BackendUnavailable' in done.stderr.splitlines()[-1]
    assert 'line 4' in done.stderr
