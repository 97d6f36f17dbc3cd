# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.search.pictures import Pictures


def shade(value, size_wh=(8, 6)):
    return np.full((size_wh[1], size_wh[0], 3), value, np.uint8)


def offered(width_s, similarities, most=99, step_s=0.5):
    pictures = Pictures(width_s, most=most)
    for number, similarity in enumerate(similarities):
        pictures.offer(number, number * step_s, similarity, shade(number))
    return pictures


def test_of_each_stretch_the_most_similar_frame_is_kept():
    pictures = offered(1.0, [0.1, 0.3, 0.5, 0.2, 0.4, 0.4, 0.9])
    assert pictures.numbers == [1, 2, 4, 6]
    assert [int(pictures.picture(n).mean()) for n in pictures.numbers] == [1, 2, 4, 6]
    with pytest.raises(KeyError):
        pictures.picture(0)


def test_without_a_width_every_frame_is_kept():
    assert offered(0.0, [0.1] * 5).numbers == [0, 1, 2, 3, 4]


@pytest.mark.parametrize('width_s', [0.0, 0.5])
def test_when_there_are_too_many_the_better_of_two_neighbours_stays(width_s):
    pictures = offered(width_s, [0.1, 0.2, 0.9, 0.3, 0.5, 0.6, 0.7, 0.8, 0.1], most=4)
    assert len(pictures.numbers) <= 4
    assert pictures.numbers[0] == 2
    assert 7 in pictures.numbers


def test_pictures_are_small_and_keep_their_aspect():
    pictures = Pictures(1.0)
    pictures.offer(0, 0.0, 0.5, shade(7, (1920, 1080)))
    pictures.offer(1, 5.0, 0.5, shade(9))
    assert pictures.picture(0).shape == (360, 640, 3)
    assert pictures.picture(1).shape == (6, 8, 3)
