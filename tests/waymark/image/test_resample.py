# SPDX-License-Identifier: Apache-2.0
"""Resizing held against Pillow, which the authors of vision models resized with."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from waymark.image.kernels import INTERPOLATIONS, kernel_rows
from waymark.image.preprocess import to_tensor
from waymark.image.resample import Window, resample
from waymark.image.shrink import plan_shrink
from waymark.types import ModelManifest

PILLOW = {
    'bilinear': Image.Resampling.BILINEAR,
    'bicubic': Image.Resampling.BICUBIC,
    'lanczos': Image.Resampling.LANCZOS,
}
SIZES_WH = [(160, 120), (256, 256), (320, 240), (641, 479), (640, 480), (1083, 698), (1280, 720), (1920, 1080)]


@pytest.fixture(scope='module')
def scene():
    """`scene(size_wh)` is a colour picture of sharp patches, thin lines and writing; equal sizes, equal pictures."""

    def draw(size_wh):
        rng = np.random.default_rng(7)
        width, height = size_wh
        image = np.full((height, width, 3), 128, np.uint8)
        for _ in range(max(width * height // 2000, 20)):
            corner, size = rng.integers(0, size_wh), rng.integers(4, 60, 2)
            start, end = tuple(map(int, corner)), tuple(map(int, corner + size))
            colour = tuple(map(int, rng.integers(0, 256, 3)))
            if rng.random() < 0.5:
                cv2.rectangle(image, start, end, colour, -1)
            else:
                cv2.line(image, start, end, colour, 2, cv2.LINE_AA)
        cv2.putText(
            image, 'waymark', (width // 8, height // 2), cv2.FONT_HERSHEY_SIMPLEX, height / 200, (255, 255, 0), 2
        )
        return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.7), np.uint8)

    return draw


def tensor_of(image, size_wh, interpolation):
    """What the model would see, on the scale from 0 to 255: (h, w, 3)."""
    manifest = ModelManifest('m', 'a' * 64, 'here', 'Apache-2.0', size_wh, interpolation=interpolation)
    return to_tensor(image, manifest)[0].transpose(1, 2, 0) * 255


def reference(image, size_wh, interpolation):
    """Pillow's; for 'area' OpenCV's, which weights pixels by how much of them is covered (Pillow: all or none)."""
    if interpolation != 'area':
        return np.asarray(Image.fromarray(image).resize(size_wh, PILLOW[interpolation]))
    shrinks = image.shape[1] > size_wh[0]
    return cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def psnr_db(got, expected):
    error = np.mean((np.asarray(got, np.float64) - expected) ** 2)
    return 10 * np.log10(255**2 / max(error, 1e-12))


@pytest.mark.parametrize('interpolation', INTERPOLATIONS)
@pytest.mark.parametrize('source_wh', SIZES_WH)
def test_a_tensor_is_within_39_db_of_pillow(scene, source_wh, interpolation):
    image = scene(source_wh)
    found = psnr_db(tensor_of(image, (224, 224), interpolation), reference(image, (224, 224), interpolation))
    assert found >= 39.0


@pytest.mark.parametrize('interpolation', ['bicubic', 'lanczos'])
@pytest.mark.parametrize('source_wh', SIZES_WH)
def test_kernels_with_negative_lobes_are_within_48_db(scene, source_wh, interpolation):
    image = scene(source_wh)
    assert psnr_db(tensor_of(image, (224, 224), interpolation), reference(image, (224, 224), interpolation)) >= 48.0


@pytest.mark.parametrize('source_wh', [(160, 120), (200, 100)])
@pytest.mark.parametrize('interpolation', ['bilinear', 'bicubic', 'lanczos'])
def test_enlarging_is_pillows_up_to_rounding(scene, source_wh, interpolation):
    image = scene(source_wh)
    assert psnr_db(tensor_of(image, (384, 384), interpolation), reference(image, (384, 384), interpolation)) >= 52.0


@pytest.mark.parametrize('interpolation', ['bilinear', 'bicubic', 'lanczos', 'area'])
@pytest.mark.parametrize(
    ('data', 'file'),
    [
        ('sahi_aerial', 'obb_test_image.png'),
        ('uav_odm_caliterra', 'images_1200px/IMG_9400.jpg'),
        ('sacre_coeur', 'mapping/17295357_9106075285.jpg'),
        ('kitti_mini', 'KITTI_sequence_1/image_l/000025.png'),
        ('vpr_corridor', 'ref/0000000.jpg'),
    ],
)
def test_photographs_are_within_39_db_of_pillow(shared_data, data, file, interpolation):
    image = cv2.imread(str(shared_data(data) / file), cv2.IMREAD_COLOR)
    found = psnr_db(tensor_of(image, (224, 224), interpolation), reference(image, (224, 224), interpolation))
    assert found >= 39.0


def test_the_crop_of_clip_and_dinov2_is_within_43_db(scene):
    image = scene((1280, 720))
    part = resample(image, (455, 256), 'bicubic', Window(115, 16, 224, 224)).transpose(1, 2, 0)
    assert psnr_db(part, reference(image, (455, 256), 'bicubic')[16:240, 115:339]) >= 43.0


def test_plain_bilinear_would_not_do(scene):
    image = scene((1280, 720))
    plain = cv2.resize(image, (224, 224), interpolation=cv2.INTER_LINEAR)
    assert psnr_db(plain, reference(image, (224, 224), 'bilinear')) < 39.0


@pytest.mark.parametrize('interpolation', INTERPOLATIONS)
@pytest.mark.parametrize('source_wh', [(1, 1), (3, 500), (500, 2), (1280, 720), (1281, 723)])
def test_a_plain_image_stays_exactly_plain(source_wh, interpolation):
    image = np.full((source_wh[1], source_wh[0], 3), (255, 0, 77), np.uint8)
    np.testing.assert_allclose(
        tensor_of(image, (17, 23), interpolation), np.broadcast_to([255, 0, 77], (23, 17, 3)), atol=1e-3
    )


@pytest.mark.parametrize('interpolation', INTERPOLATIONS)
def test_a_window_is_the_same_pixels_as_in_the_whole(scene, interpolation):
    image = scene((640, 480))
    whole = resample(image, (341, 256), interpolation)
    part = resample(image, (341, 256), interpolation, Window(58, 16, 224, 224))
    np.testing.assert_allclose(part, whole[:, 16:240, 58:282], atol=0.02)


@pytest.mark.parametrize('interpolation', INTERPOLATIONS)
def test_equal_sizes_change_nothing(scene, interpolation):
    image = scene((96, 64))
    np.testing.assert_allclose(tensor_of(image, (96, 64), interpolation), image, atol=1e-3)


def test_area_is_the_mean_of_what_a_pixel_covers():
    rows = kernel_rows(np.arange(2), np.arange(3), 1.5, 'area')
    np.testing.assert_allclose(rows, [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]])


def test_overshoot_stays_within_the_scale():
    image = np.zeros((64, 64, 1), np.uint8)
    image[:, 32:] = 255
    found = resample(image, (100, 100), 'lanczos')
    assert found.min() == 0 and found.max() == 255


def test_an_unknown_interpolation_is_refused_by_name():
    with pytest.raises(ValueError, match="interpolation: expected one of .* got 'cubic'"):
        resample(np.zeros((4, 4, 3), np.uint8), (2, 2), 'cubic')


def test_halving_is_found_where_it_is_the_kernel_itself():
    plan = plan_shrink((1280, 720), (640, 360), 'area')
    assert plan is not None and plan.factor == 2
    assert plan.x.error == pytest.approx(0, abs=1e-6) and plan.x.tap == pytest.approx(0, abs=1e-6)
