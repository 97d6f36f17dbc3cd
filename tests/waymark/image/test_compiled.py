# SPDX-License-Identifier: Apache-2.0
import sys

import numpy as np
import pytest

from waymark.image.compiled import compiled_halving, halve_into_planes
from waymark.image.preprocess import InputTensor, to_tensor
from waymark.types import ModelManifest

HD = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), np.uint8)


def manifest(**changes):
    rules = {'input_wh': (8, 8), 'resize': 'letterbox', 'interpolation': 'area'} | changes
    return ModelManifest('m', 'a' * 64, 'here', 'Apache-2.0', **rules)


@pytest.fixture
def counted():
    """The loop as plain Python, and how often it was asked."""

    def halve(*arguments):
        halve.calls += 1
        halve_into_planes(*arguments)

    halve.calls = 0
    return halve


@pytest.fixture
def forgotten():
    """Whether numba works is asked anew, before and after."""
    compiled_halving.cache_clear()
    yield
    compiled_halving.cache_clear()


def test_means_of_four_pixels_are_rounded_half_up():
    image = np.zeros((2, 2, 3), np.uint8)
    image[0, 0] = 1, 2, 3  # quarters: .25, .5, .75
    planes = np.empty((3, 1, 1), np.float32)
    table = np.arange(3 * 256, dtype=np.float32).reshape(3, 256)
    halve_into_planes(image.reshape(2, -1), planes, table)
    np.testing.assert_array_equal(planes[:, 0, 0], [0, 257, 513])


@pytest.mark.parametrize('channels', ['rgb', 'bgr'])
@pytest.mark.parametrize('rule', ['letterbox', 'stretch'])
def test_an_image_twice_as_large_is_halved_by_the_loop_alone(counted, channels, rule):
    image = HD[:16, :16] if rule == 'stretch' else HD[:12, :16]
    settings = manifest(channels=channels, resize=rule)
    np.testing.assert_array_equal(InputTensor(settings, counted).write(image), to_tensor(image, settings))
    assert counted.calls == 1


@pytest.mark.parametrize('shape_hw', [(8, 8), (6, 8), (24, 24), (32, 32), (12, 15), (10, 16)])
def test_images_of_other_sizes_take_the_usual_way(counted, shape_hw):
    image, settings = HD[: shape_hw[0], : shape_hw[1]], manifest()
    np.testing.assert_array_equal(InputTensor(settings, counted).write(image), to_tensor(image, settings))
    assert counted.calls == (shape_hw == (10, 16))  # 5 x 8 of the input: twice as large


@pytest.mark.parametrize(
    'changes', [{'channels': 'gray', 'mean': (0.0,), 'std': (1.0,)}, {'interpolation': 'bicubic'}, {'resize': 'crop'}]
)
def test_other_rules_take_the_usual_way(counted, changes):
    settings = manifest(**changes)
    InputTensor(settings, counted).write(HD[:16, :16])
    assert counted.calls == 0


@pytest.mark.parametrize('channels', ['rgb', 'bgr'])
@pytest.mark.parametrize('scale', [((0.0,), (1.0,)), ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])
def test_numba_gives_what_opencv_gives_to_the_last_bit(channels, scale):
    pytest.importorskip('numba')
    settings = manifest(input_wh=(640, 640), channels=channels, mean=scale[0], std=scale[1])
    fixed, wide = HD.copy(), np.repeat(HD, 2, axis=1)
    fixed.setflags(write=False)  # as messages are
    tensor = InputTensor(settings, compiled_halving())
    for image in (HD, fixed, HD[:, ::-1], wide[:, ::2]):
        np.testing.assert_array_equal(tensor.write(image), to_tensor(image, settings))


def test_a_numba_that_does_not_work_is_told_and_done_without(forgotten, tmp_path, monkeypatch, caplog):
    (tmp_path / 'numba.py').write_text("raise ImportError('Numba needs NumPy 2.5 or less')\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [n for n in sys.modules if n.split('.')[0] == 'numba']:
        monkeypatch.delitem(sys.modules, name)
    assert compiled_halving() is None
    assert 'does not work, images are prepared without it: Numba needs NumPy 2.5 or less' in caplog.text


def test_without_numba_there_is_no_loop(forgotten, monkeypatch, caplog):
    monkeypatch.setattr('waymark.image.compiled.find_spec', lambda name: None)
    assert compiled_halving() is None
    assert caplog.text == ''
