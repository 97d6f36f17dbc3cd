# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import numpy as np
import pytest

from waymark.classification import LabelledExamples, load_examples, save_examples
from waymark.errors import ConfigError, ModelError

PRINT = 'a' * 64


def known(labels=('a', 'b'), print_=PRINT, sources=('s', 't')) -> LabelledExamples:
    numbers = np.arange(len(labels))
    vectors = np.eye(4, dtype=np.float32)[: len(labels)]
    return LabelledExamples(vectors, numbers, numbers % len(sources), labels, sources, 'tiny', print_, 'models/tiny')


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'new folder' / 'examples.npz'


def test_what_was_saved_is_loaded(path):
    save_examples(path, known())
    save_examples(path, known(('ä', 'b', 'c')))  # over the old one

    found = load_examples(path)

    np.testing.assert_array_equal(found.vectors, np.eye(4)[:3])
    assert (found.labels, found.sources, found.counts()) == (('ä', 'b', 'c'), ('s', 't'), {'ä': 1, 'b': 1, 'c': 1})
    assert (found.model_id, found.fingerprint, found.encoder, len(found)) == ('tiny', PRINT, 'models/tiny', 3)
    assert list(path.parent.iterdir()) == [path]


def test_another_encoder_is_refused_by_name_with_both_remedies():
    known().require_encoder('renamed', PRINT)
    with pytest.raises(ModelError) as refused:
        known().require_encoder('clip', 'f' * 64, "examples 'e.npz'")
    assert str(refused.value) == (
        "examples 'e.npz' were encoded by 'tiny' (aaaaaaaaaaaaaaaa…), not by 'clip' (ffffffffffffffff…): their vectors "
        'can not be compared. Use encoder models/tiny, or label the images again: waymark label --encoder clip.'
    )


def test_examples_are_joined_by_the_names_of_labels_and_sources():
    both = known(('a', 'b')).joined(known(('b', 'c'), sources=('t', 'u')))

    assert (both.labels, both.sources) == (('a', 'b', 'c'), ('s', 't', 'u'))
    assert (both.label_numbers.tolist(), both.source_numbers.tolist()) == ([0, 1, 1, 2], [0, 1, 1, 2])
    with pytest.raises(ModelError, match='can not be compared'):
        known().joined(known(print_='f' * 64))


def test_a_file_cut_anywhere_or_with_any_byte_changed_is_refused_in_a_sentence_or_read_as_it_was(path):
    save_examples(path, known())
    whole = path.read_bytes()
    damaged = [whole[:n] for n in range(0, len(whole), 7)]
    damaged += [whole[:n] + bytes([whole[n] ^ 0x10]) + whole[n + 1 :] for n in range(0, len(whole), 3)]
    refused = 0
    for data in damaged:
        path.write_bytes(data)
        try:
            found = load_examples(path)
            np.testing.assert_array_equal(found.vectors, known().vectors)  # a time stamp, or other words for the same
        except ModelError as error:
            refused += 1
            assert str(error).startswith(f'examples {str(path)!r}')
    assert refused > 0.5 * len(damaged)


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'version': 2}, 'are of version 2, this Waymark reads up to 1'),
        ({'format': 'waymark-mix-1'}, 'it is not a file of examples'),
        ({'labels': ['a']}, 'label_numbers: expected numbers from 0 to 0'),
        ({'labels': ['a', 'a']}, 'stands twice'),
        ({'labels': None}, 'can not be read'),
    ],
)
def test_what_is_no_file_of_examples_of_this_version_says_so(path, change, said):
    save_examples(path, known())
    with np.load(path) as stored:
        arrays = dict(stored)
    facts = json.loads(arrays['facts'].tobytes()) | change
    np.savez(path, **arrays | {'facts': np.frombuffer(json.dumps(facts).encode(), np.uint8)})

    with pytest.raises(ModelError, match=said):
        load_examples(path)


def test_a_pickle_is_not_read_and_an_absent_file_names_the_command(path):
    path.parent.mkdir()
    with pytest.raises(ModelError, match='Make them with: waymark label'):
        load_examples(path)
    np.savez(path, **{'vectors': np.array([{}], object), 'facts': np.array([None], object)})
    with pytest.raises(ModelError, match='can not be read'):
        load_examples(path)


def test_a_path_that_can_not_be_written_is_said_so(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(ModelError, match='can not be written: .* Give another path'):
        save_examples(tmp_path / 'file' / 'examples.npz', known())


def test_examples_that_contradict_themselves_are_refused():
    one = np.zeros(1, np.int64)
    with pytest.raises(ConfigError, match='labels: there is none'):
        LabelledExamples(np.eye(1, dtype='f4'), one, one, (), ('s',), 'm', PRINT)
    with pytest.raises(ValueError, match='unit length'):
        LabelledExamples(np.full((1, 2), 1, 'f4'), one, one, ('a',), ('s',), 'm', PRINT)
    with pytest.raises(ValueError, match='not one example'):
        LabelledExamples(np.zeros((0, 2), 'f4'), one[:0], one[:0], ('a',), ('s',), 'm', PRINT)
    with pytest.raises(ValueError, match=r'source_numbers: expected shape \(1,\)'):
        LabelledExamples(np.eye(1, dtype='f4'), one, one[:0], ('a',), ('s',), 'm', PRINT)
