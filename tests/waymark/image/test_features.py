# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.image.features import FeatureConfig, Features, detect, match, on_still_ground

ORB = FeatureConfig()
AKAZE = FeatureConfig(detector='akaze')
BOTH = pytest.mark.parametrize('config', [ORB, AKAZE], ids=['orb', 'akaze'])


def binary(*rows):
    """Features whose descriptors are the given bytes."""
    descriptors = np.array(rows, np.uint8).reshape(len(rows), -1) if rows else np.zeros((0, 1), np.uint8)
    return Features(np.zeros((len(rows), 2), np.float32), descriptors, (10, 10))


@BOTH
def test_an_image_matches_itself_at_every_keypoint_kept(texture, config):
    features = detect(texture(1), config)
    pairs = match(features, features, 0.8)
    assert len(pairs) > 100
    assert (pairs[:, 0] == pairs[:, 1]).all()


@BOTH
def test_a_shifted_image_has_its_keypoints_shifted(texture, config):
    image = texture(1, (400, 300))
    a, b = detect(image[:, :340], config), detect(np.ascontiguousarray(image[:, 40:380]), config)
    pairs = match(a, b, 0.8)
    moved = a.keypoints[pairs[:, 0]] - b.keypoints[pairs[:, 1]]
    np.testing.assert_allclose(np.median(moved, axis=0), [40, 0], atol=0.1)


@BOTH
def test_an_image_without_texture_has_no_features(config):
    features = detect(np.full((100, 120), 77, np.uint8), config)
    assert len(features) == 0 and features.size_wh == (120, 100)


@BOTH
def test_an_image_of_one_pixel_has_no_features(config):
    assert len(detect(np.zeros((1, 1), np.uint8), config)) == 0


@BOTH
def test_no_more_features_than_asked_for(texture, config):
    limited = FeatureConfig(detector=config.detector, max_features=50)
    assert 0 < len(detect(texture(1), limited)) <= 50


def test_keypoints_are_full_size_pixels_when_detection_works_on_less(texture):
    small = texture(3, (320, 240))
    large = cv2.resize(small, (1280, 960), interpolation=cv2.INTER_NEAREST)
    a, b = detect(small, ORB), detect(large, FeatureConfig(max_side_px=320))
    pairs = match(a, b, 0.8)
    # Pixel i of the small image covers pixels 4i .. 4i + 3, whose centre is 4i + 1.5.
    np.testing.assert_allclose(b.keypoints[pairs[:, 1]], 4 * a.keypoints[pairs[:, 0]] + 1.5, atol=1e-3)


@pytest.mark.parametrize(
    ('limits', 'prepared_px'), [({'max_side_px': 200}, 200), ({'max_side_px': 0, 'min_side_px': 900}, 320)]
)
def test_what_prepares_an_image_is_given_it_reduced_and_not_yet_enlarged(texture, limits, prepared_px):
    gray, given = texture(4, (320, 240)), []

    def prepare(image):
        given.append(max(image.shape))
        return np.full_like(image, 128)

    assert len(detect(gray, FeatureConfig(**limits), prepare)) == 0  # what is found is found in what was prepared
    assert given == [prepared_px]


def test_colour_and_empty_images_are_refused():
    with pytest.raises(ValueError, match='gray: expected shape'):
        detect(np.zeros((4, 4, 3), np.uint8), ORB)
    with pytest.raises(ValueError, match='gray: the image is empty'):
        detect(np.zeros((0, 4), np.uint8), ORB)


def test_matching_nothing_gives_nothing():
    some = binary(0, 255)
    for pairs in (match(binary(), some, 0.8), match(some, binary(), 0.8), match(some, binary(0), 0.8)):
        assert pairs.shape == (0, 2)


def test_a_match_must_be_clearly_nearer_than_the_second():
    query = binary(0b0000_0000)
    assert match(query, binary(0b0000_0001, 0b1111_0000), 0.8).tolist() == [[0, 0]]
    assert match(query, binary(0b0000_0011, 0b0000_0101), 0.8).tolist() == []


def test_a_match_must_be_mutual():
    # Both queries are nearest to target 0, which is nearest to query 1.
    assert match(binary(0b0000_0001, 0), binary(0, 0b1111_1110), 0.8).tolist() == [[1, 0]]


def test_descriptors_of_another_number_than_keypoints_are_refused():
    with pytest.raises(ValueError, match='descriptors: expected shape'):
        Features(np.zeros((3, 2), np.float32), np.zeros((2, 32), np.uint8), (10, 10))


def test_features_on_what_moves_are_left_out(texture):
    features = detect(texture(3), ORB)
    moving = np.zeros((240, 320), np.float32)
    moving[:, 160:] = 0.5
    kept = on_still_ground(features, moving)
    assert 0 < len(kept) < len(features) and kept.keypoints[:, 0].max() < 160
    assert len(kept) == np.count_nonzero(np.rint(features.keypoints[:, 0]) < 160)
    with pytest.raises(ValueError, match=r'moving: expected shape \(240, 320\)'):
        on_still_ground(features, moving.T)
