# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.image.agreement import photometric_agreement

H_TRUE = np.array([[0.9, -0.1, 30], [0.12, 0.95, -5], [1e-4, -5e-5, 1]])
SIZE = (400, 300)


def picture(seed, size_wh=SIZE):
    """Smooth noise at several scales, as natural pictures have it."""
    rng = np.random.default_rng(seed)
    total = np.zeros(size_wh[::-1])
    for cells in (6, 12, 25, 50):
        coarse = rng.normal(0, 1, (cells, cells)).astype(np.float32)
        total += cv2.resize(coarse, size_wh, interpolation=cv2.INTER_CUBIC) * 25 / np.sqrt(cells / 6)
    return np.clip(total + 120, 0, 255).astype(np.uint8)


@pytest.fixture(scope='module')
def reference():
    return picture(3)


@pytest.fixture(scope='module')
def current(reference):
    return cv2.warpPerspective(reference, H_TRUE, (480, 360), borderMode=cv2.BORDER_REFLECT)


def test_an_image_agrees_wholly_with_itself(reference):
    assert photometric_agreement(reference, reference, np.eye(3)) > 0.95


def test_its_negative_disagrees_wholly(reference):
    assert photometric_agreement(reference, 255 - reference, np.eye(3)) < -0.95


def test_a_view_agrees_through_its_homography_and_not_beside_it(reference, current):
    beside = np.array([[1, 0, 30], [0, 1, 0], [0, 0, 1.0]]) @ H_TRUE
    assert photometric_agreement(reference, current, H_TRUE) > 0.9
    assert photometric_agreement(reference, current, beside) < 0.4


def test_the_scale_of_the_homography_does_not_matter(reference, current):
    same = photometric_agreement(reference, current, -3 * H_TRUE)
    assert same == pytest.approx(photometric_agreement(reference, current, H_TRUE), abs=1e-6)


@pytest.mark.parametrize('light', [lambda i: i * 0.3 + 10, lambda i: i * 0.5 + np.linspace(0, 120, i.shape[1])])
def test_light_changes_nothing(reference, current, light):
    changed = np.clip(light(current.astype(float)), 0, 255).astype(np.uint8)
    assert photometric_agreement(reference, changed, H_TRUE) > 0.85


def test_an_occlusion_of_a_third_is_overlooked(reference, current):
    hidden = current.copy()
    hidden[:, :180] = picture(9, (180, 360))
    assert photometric_agreement(reference, hidden, H_TRUE) > 0.8


def test_what_the_mask_leaves_out_does_not_count(reference):
    hidden = reference.copy()
    hidden[:, :280] = picture(9, (280, 300))
    mask = np.zeros_like(reference)
    mask[:, 290:] = 255
    assert photometric_agreement(reference, hidden, np.eye(3)) < 0.5
    assert photometric_agreement(reference, hidden, np.eye(3), mask) > 0.9


def test_a_view_that_is_much_larger_or_smaller_agrees(reference):
    for scale in (0.12, 0.5, 3.0):
        H = np.diag([scale, scale, 1.0])
        H[:2, 2] = scale / 2 - 0.5
        size = (round(SIZE[0] * scale), round(SIZE[1] * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        assert photometric_agreement(reference, cv2.resize(reference, size, interpolation=method), H) > 0.9, scale


def test_other_pictures_do_not_agree(reference):
    values = [photometric_agreement(reference, picture(seed), np.eye(3)) for seed in range(100, 180)]
    assert np.abs(values).max() < 0.45 and abs(np.mean(values)) < 0.05


@pytest.mark.parametrize(
    'H',
    [
        np.zeros((3, 3)),
        np.full((3, 3), np.nan),
        np.array([[1, 0, 5000], [0, 1, 0], [0, 0, 1.0]]),
        np.array([[1, 0, 0], [0, 1, 0], [-1.0 / 399, 0, 1.0]]),
        np.diag([1e-9, 1e-9, 1.0]),
    ],
    ids=['zero', 'nan', 'outside', 'horizon at the border', 'a point'],
)
def test_a_homography_that_shows_nothing_is_no_agreement_and_no_nan(reference, H):
    assert abs(photometric_agreement(reference, reference, H)) < 0.3


def test_what_lies_beyond_the_horizon_is_left_out(reference):
    """Half of the reference is seen, the other half would be behind the camera."""
    H = np.array([[1, 0, 0], [0, 1, 0], [-1.0 / 250, 0, 1.0]])
    seen = cv2.warpPerspective(reference, H, (4000, 2000), borderMode=cv2.BORDER_CONSTANT)
    assert photometric_agreement(reference, seen, H) > 0.6


@pytest.mark.parametrize('value', [0, 128, 255])
def test_blank_images_agree_with_nothing(reference, value):
    blank = np.full_like(reference, value)
    assert photometric_agreement(blank, blank, np.eye(3)) == 0
    assert photometric_agreement(blank, reference, np.eye(3)) == 0
    assert abs(photometric_agreement(reference, blank, np.eye(3))) < 0.05


@pytest.mark.parametrize('shape', [(1, 1), (1, 300), (300, 1), (5, 7)])
def test_tiny_images_give_a_number(reference, shape):
    tiny = np.ascontiguousarray(reference[: shape[0], : shape[1]])
    for a, b in ((tiny, tiny), (tiny, reference), (reference, tiny)):
        assert -1 <= photometric_agreement(a, b, np.eye(3)) <= 1


def test_wrong_arguments_are_refused(reference):
    with pytest.raises(ValueError, match='reference_gray'):
        photometric_agreement(np.zeros((4, 4, 3), np.uint8), reference, np.eye(3))
    with pytest.raises(ValueError, match='current_gray'):
        photometric_agreement(reference, reference.astype(np.float32), np.eye(3))
    with pytest.raises(ValueError, match='H_cur_ref'):
        photometric_agreement(reference, reference, np.eye(2))
    with pytest.raises(ValueError, match='mask'):
        photometric_agreement(reference, reference, np.eye(3), np.ones((3, 3), np.uint8))
