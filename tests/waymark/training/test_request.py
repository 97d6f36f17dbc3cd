# SPDX-License-Identifier: Apache-2.0
"""What a training may be asked for."""

from __future__ import annotations

import pytest

from waymark.errors import ConfigError
from waymark.training.request import TrainRequest


def test_a_request_survives_the_way_to_the_other_environment():
    request = TrainRequest(images='a', out='b', objective='infonce+distill', teacher='t', epochs=3)
    assert TrainRequest.from_json(request.to_json()) == request
    assert request.objectives == ('infonce', 'distill')


@pytest.mark.parametrize(
    ('fields', 'word'),
    [
        ({'objective': 'magic'}, 'magic'),
        ({'objective': 'distill'}, 'teacher'),
        ({'teacher': 't'}, 'teacher'),
        ({'held_out': 0.0}, 'held_out'),
        ({'batch': 1}, 'batch'),
    ],
)
def test_what_can_not_be_is_refused_by_name(fields, word):
    with pytest.raises(ConfigError, match=word):
        TrainRequest(images='a', out='b', **fields)


def test_words_of_a_command_line_get_the_types_of_their_fields():
    request = TrainRequest.from_words({'images': 'a', 'out': 'b'}, ['batch=8', 'learning_rate=0.01'])
    assert (request.batch, request.learning_rate) == (8, 0.01)


@pytest.mark.parametrize('word', ['batch', 'bach=8', 'batch=many', 'batch=1'])
def test_a_wrong_word_is_refused_by_name(word):
    with pytest.raises(ConfigError, match='bat?ch'):
        TrainRequest.from_words({'images': 'a', 'out': 'b'}, [word])
