# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.errors import ConfigError
from waymark.image.described import DescribedImage
from waymark.image.geometry import corner_error
from waymark.image.registration import RegistrationConfig, register_described, register_images

THOROUGH = RegistrationConfig(thorough=True)
SIZE = (400, 300)
SMALL = (200, 150)
H_TRUE = np.array([[0.8, -0.25, 90], [0.2, 0.85, 10], [2e-4, -1e-4, 1]])


@pytest.fixture
def reference(texture):
    return texture(3, SIZE)


def view(picture, H, behind, size_wh=(480, 400)):
    seen = cv2.warpPerspective(picture, H, size_wh)
    there = cv2.warpPerspective(np.full_like(picture, 255), H, size_wh)
    return np.where(there > 0, seen, cv2.resize(behind, size_wh))


@pytest.mark.parametrize('detector', ['akaze', 'orb'])
def test_finds_the_view_of_a_picture_exactly(reference, texture, detector):
    found = register_images(reference, view(reference, H_TRUE, texture(8)), RegistrationConfig(detector=detector))
    assert corner_error(found.H_cur_ref, H_TRUE, SIZE) < 0.3
    assert found.method == detector and found.H_cur_ref[2, 2] == 1
    assert found.agreement > 0.9 and found.support > 0.7
    assert 20 < found.inliers <= found.matches


def test_light_noise_and_an_occlusion_leave_it_exact(reference, texture):
    current = view(reference, H_TRUE, texture(8)).astype(float)
    current = current * np.linspace(0.3, 0.9, 480) + 15 + np.random.default_rng(1).normal(0, 5, current.shape)
    current[180:300, 200:330] = texture(9)[:120, :130]
    found = register_images(reference, np.clip(current, 0, 255).astype(np.uint8))
    assert corner_error(found.H_cur_ref, H_TRUE, SIZE) < 0.5


def test_the_same_pair_gives_the_same_answer_again(reference, texture):
    current = view(reference, H_TRUE, texture(8))
    first, second = (register_images(reference, current) for _ in range(2))
    assert np.array_equal(first.H_cur_ref, second.H_cur_ref)


def test_thorough_finds_what_is_seen_from_the_side_and_fast_says_lost(reference, texture):
    steep = np.array([[0.16, 0, 180], [0, 0.9, 40], [0, 0, 1.0]])
    smooth = cv2.GaussianBlur(reference, (0, 0), sigmaX=2.5, sigmaY=0.01)
    current = view(smooth, steep, np.full((300, 400), 120, np.uint8))
    assert register_images(reference, current) is None
    found = register_images(reference, current, THOROUGH)
    assert corner_error(found.H_cur_ref, steep, SIZE) < 3
    assert found.method.startswith('sift')


def test_another_picture_is_none(reference, texture):
    for seed in range(20, 23):
        assert register_images(reference, texture(seed, SIZE)) is None
    assert register_images(texture(19, SMALL), texture(20, SMALL), THOROUGH) is None


def test_the_mirror_image_is_none(texture):
    mirrored = np.ascontiguousarray(texture(3, SMALL)[:, ::-1])
    assert register_images(texture(3, SMALL), mirrored, THOROUGH) is None


def test_another_part_of_the_picture_is_none(texture):
    whole = texture(5, (400, 150))
    left, right = (np.ascontiguousarray(p) for p in (whole[:, :200], whole[:, 200:]))
    assert register_images(left, right, THOROUGH) is None


@pytest.mark.parametrize('shape', [(1, 1), (1, 300), (300, 1), (16, 16), (40, 40)])
def test_tiny_images_are_none(reference, shape):
    tiny = np.ascontiguousarray(reference[: shape[0], : shape[1]])
    assert register_images(tiny, tiny, THOROUGH) is None
    assert register_images(tiny, reference, THOROUGH) is None
    assert register_images(reference, tiny, THOROUGH) is None


@pytest.mark.parametrize('value', [0, 128, 255])
def test_blank_images_are_none(reference, value):
    blank = np.full_like(reference, value)
    assert register_images(blank, blank, THOROUGH) is None
    assert register_images(reference, blank, THOROUGH) is None
    assert register_images(blank, reference, THOROUGH) is None


def test_stripes_slide_along_themselves_and_are_none():
    stripes = np.tile(np.where(np.arange(400) // 20 % 2, 200, 50).astype(np.uint8), (300, 1))
    assert register_images(stripes, stripes, THOROUGH) is None


def test_noise_is_none():
    a, b = (np.random.default_rng(s).integers(0, 256, (150, 200), np.uint8) for s in (1, 2))
    assert register_images(a, b, THOROUGH) is None


def test_an_image_is_itself_whatever_its_size(texture):
    for size in ((160, 120), (1200, 900)):
        image = texture(6, size)
        assert corner_error(register_images(image, image).H_cur_ref, np.eye(3), size) < 0.05


def test_a_wall_of_equal_tiles_is_none(texture):
    """One tile further on would do as well."""
    wall = np.tile(texture(4, (80, 60)), (6, 6))
    H = np.array([[1, 0, -80], [0, 1, 0], [0, 0, 1.0]])
    assert register_images(wall, cv2.warpPerspective(wall, H, (400, 360))) is None


def test_described_images_give_what_images_give(reference, texture):
    current = view(reference, H_TRUE, texture(8))
    here, there = (DescribedImage(i, RegistrationConfig()) for i in (reference, current))
    direct = register_images(reference, current)
    for _ in range(2):
        assert np.array_equal(register_described(here, there).H_cur_ref, direct.H_cur_ref)


def test_wrong_arguments_are_refused(reference):
    with pytest.raises(ValueError, match='reference'):
        register_images(np.zeros((4, 4, 3), np.uint8), reference)
    with pytest.raises(ValueError, match='current'):
        register_images(reference, reference.astype(np.float32))
    with pytest.raises(ConfigError, match='detector'):
        RegistrationConfig(detector='sift')
