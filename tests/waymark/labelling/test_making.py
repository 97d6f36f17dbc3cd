# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from waymark.classification import LabelledExamples, NeighbourOptions, load_examples
from waymark.errors import ConfigError, ModelError
from waymark.labelling.making import LabelReport, LabelRequest, make_examples, report_examples


def test_pictures_of_a_folder_become_examples_with_the_encoders_fingerprint(paint, colours, tmp_path):
    photos = paint('photos/warm', 'red', 'red').parent
    paint('photos/cold', 'blue', 'black')
    out = tmp_path / 'e.npz'

    made, empty = make_examples(LabelRequest((str(photos),), out, colours))

    assert (made.labels, made.counts(), empty) == (('cold', 'warm'), {'cold': 1, 'warm': 2}, 1)  # black shows nothing
    found = load_examples(out)
    np.testing.assert_allclose(found.vectors, [[0, 0, 1], [1, 0, 0], [1, 0, 0]], atol=1e-6)
    assert found.sources == (f'cold: {photos / "cold"}', f'warm: {photos / "warm"}')
    assert (found.model_id, found.encoder) == ('colours', colours)


def test_more_can_be_added_but_only_by_the_same_encoder(paint, film, colours, tmp_path):
    out = tmp_path / 'e.npz'
    make_examples(LabelRequest((f'warm={paint("a", "red")}',), out, colours))

    both, _ = make_examples(LabelRequest((f'leaf={film("b.avi", *["green"] * 10)}',), out, colours, 0.2, add=True))

    assert (both.labels, both.counts()) == (('warm', 'leaf'), {'warm': 1, 'leaf': 5})
    before = out.read_bytes()
    with pytest.raises(ModelError, match="were encoded by 'colours'"):
        make_examples(LabelRequest((f'warm={tmp_path / "a"}',), out, 'hog', add=True))
    assert out.read_bytes() == before
    make_examples(LabelRequest((f'leaf={tmp_path / "b.avi"}',), out, colours))
    assert load_examples(out).labels == ('leaf',)


def test_recordings_with_nothing_in_them_leave_no_file(paint, colours, tmp_path):
    with pytest.raises(ConfigError, match='no image with anything in it'):
        make_examples(LabelRequest((f'night={paint("a", "black")}',), tmp_path / 'e.npz', colours))
    assert not (tmp_path / 'e.npz').exists()


def test_the_report_says_how_many_the_others_call_right():
    east, north = np.eye(2, dtype='f4')
    vectors = np.stack([east, east, north, north, east])
    labels, sources = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 2, 3, 3])
    known = LabelledExamples(vectors, labels, sources, ('e', 'n'), ('r', 's', 't', 'u'), 'tiny', 'a' * 64)

    assert report_examples(known, NeighbourOptions(1)) == [
        LabelReport('e', 2, 2, 1.0),
        LabelReport('n', 3, 2, pytest.approx(2 / 3)),
    ]
