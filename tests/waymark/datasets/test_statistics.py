# SPDX-License-Identifier: Apache-2.0
"""Statistics for normalisers, against numpy over all values."""

from __future__ import annotations

import numpy as np
import pytest

from waymark.datasets.statistics import ImageStatistics, vector_statistics


def test_vectors_have_statistics_per_element():
    values = np.random.default_rng(0).normal(size=(500, 3))

    found = vector_statistics(values)

    np.testing.assert_allclose(found['mean'], values.mean(axis=0))
    np.testing.assert_allclose(found['std'], values.std(axis=0))
    np.testing.assert_allclose(found['q90'], np.quantile(values, 0.9, axis=0))
    assert found['count'].tolist() == [500]


def test_one_row_has_no_spread():
    assert vector_statistics(np.array([[2.0]]))['std'].tolist() == [0.0]


def test_images_have_statistics_per_channel_in_0_to_1():
    images = np.random.default_rng(1).integers(0, 200, (5, 40, 60, 3), np.uint8)
    images[..., 2] //= 2
    first, second = ImageStatistics(), ImageStatistics()
    for k, image in enumerate(images):
        (first if k < 2 else second).add(image)

    found = first.merge([second]).result()

    pixels = images.reshape(-1, 3) / 255.0
    for name, expected in (('mean', pixels.mean(axis=0)), ('std', pixels.std(axis=0)), ('max', pixels.max(axis=0))):
        np.testing.assert_allclose(found[name].ravel(), expected, atol=1e-12)
    np.testing.assert_allclose(found['q10'].ravel(), np.quantile(pixels, 0.1, axis=0), atol=1 / 255)
    assert found['mean'].shape == (3, 1, 1) and found['count'].tolist() == [5]


def test_an_even_picture_has_no_spread():
    shades = ImageStatistics()
    shades.add(np.full((20, 20, 3), 77, np.uint8))

    assert shades.result()['std'].ravel().tolist() == pytest.approx([0.0] * 3, abs=1e-12)


def test_no_image_is_the_callers_bug():
    with pytest.raises(ValueError, match='no image'):
        ImageStatistics().result()
