# SPDX-License-Identifier: Apache-2.0
"""Calibration files of ROS become camera models; others are refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from waymark.errors import ConfigError
from waymark.sources.camera_info import camera_model, read_camera_info

GOOD = """
image_width: 640
image_height: 480
camera_name: front
camera_matrix: {rows: 3, cols: 3, data: [500.0, 0, 320, 0, 510.0, 240, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0.1, -0.2, 0.001, 0.002, 0.0]}
"""


def test_a_calibration_of_ros_is_read(tmp_path):
    (tmp_path / 'c.yaml').write_text(GOOD)

    camera = read_camera_info(tmp_path / 'c.yaml')

    assert camera.size_wh == (640, 480)
    np.testing.assert_array_equal(camera.K, [[500, 0, 320], [0, 510, 240], [0, 0, 1]])
    np.testing.assert_array_equal(camera.D, [0.1, -0.2, 0.001, 0.002, 0.0])


@pytest.mark.parametrize(
    ('old', 'new', 'sentence'),
    [
        ('image_width: 640\n', '', 'image_width is missing'),
        ('camera_matrix', 'matrix', 'camera_matrix is missing'),
        ('plumb_bob', 'equidistant', "distortion_model 'equidistant' is not supported"),
        ('0, 0, 1]', '0, 0]', 'K has 8 numbers, expected 9'),
        ('-0.2, 0.001, 0.002, 0.0]', '-0.2]', 'D has 2 numbers'),
        ('640', 'wide', 'not a ROS camera calibration'),
        ('image_width', '{[', 'not a ROS camera calibration'),
    ],
)
def test_wrong_calibrations_are_refused_by_name(tmp_path, old, new, sentence):
    (tmp_path / 'c.yaml').write_text(GOOD.replace(old, new))

    with pytest.raises(ConfigError) as error:
        read_camera_info(tmp_path / 'c.yaml')

    assert sentence in str(error.value)


@pytest.mark.parametrize('content', ['', 'just a text', '- 1\n- 2\n'])
def test_other_yaml_is_refused(tmp_path, content):
    (tmp_path / 'c.yaml').write_text(content)

    with pytest.raises(ConfigError, match='not a ROS camera calibration'):
        read_camera_info(tmp_path / 'c.yaml')


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match='No such file or directory. Check the path.'):
        read_camera_info(tmp_path / 'none.yaml')


def test_no_distortion_is_zero_distortion():
    camera = camera_model((8, 6), [1, 0, 0, 0, 1, 0, 0, 0, 1], [], '')

    np.testing.assert_array_equal(camera.D, np.zeros(5))
    np.testing.assert_allclose(camera.undistort_points(np.array([[2.0, 3.0]])), [[2.0, 3.0]])


def test_an_uncalibrated_camera_stays_uncalibrated():
    assert not camera_model((8, 6), [0.0] * 9, [], '').is_calibrated
