# SPDX-License-Identifier: Apache-2.0
"""Calibration files and camera_info fields become a CameraModel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from waymark.errors import ConfigError
from waymark.image.camera import CameraModel

# Empty: a ROS driver that knows no distortion.
MODELS = ('plumb_bob', 'rational_polynomial', '')


def read_camera_info(path: str | Path) -> CameraModel:
    """Read a calibration as ROS camera_calibration writes it (image_width, camera_matrix, ...).

    Args:
        path: YAML file.

    Raises:
        ConfigError: The file is missing, not such a YAML, or of a lens model that is not supported.
    """
    try:
        content: Any = yaml.safe_load(Path(path).expanduser().read_text(encoding='utf-8'))
        return camera_model(
            (int(content['image_width']), int(content['image_height'])),
            content['camera_matrix']['data'],
            (content.get('distortion_coefficients') or {}).get('data') or [],
            str(content.get('distortion_model') or ''),
        )
    except OSError as error:
        raise ConfigError(f'camera_info_file {path}: {error.strerror}. Check the path.') from None
    except KeyError as error:
        raise ConfigError(f'camera_info_file {path}: {error.args[0]} is missing. Calibrate again.') from None
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, AttributeError, ValueError) as error:
        what = str(error).split('\n')[0]
        raise ConfigError(f'camera_info_file {path}: not a ROS camera calibration ({what}).') from None


def camera_model(
    size_wh: tuple[int, int], k: Sequence[float], d: Sequence[float], distortion_model: str
) -> CameraModel:
    """Build a CameraModel from the fields of sensor_msgs/CameraInfo.

    Args:
        size_wh: Image size, px.
        k: 9 numbers, row by row, px; all zero means uncalibrated.
        d: Distortion coefficients; may be empty.
        distortion_model: As ROS names it.

    Raises:
        ConfigError: A lens model other than plumb_bob and rational_polynomial.
        ValueError: Wrong number of values.
    """
    if distortion_model not in MODELS:
        raise ConfigError(
            f'distortion_model {distortion_model!r} is not supported. Calibrate as plumb_bob or rational_polynomial.'
        )
    if len(k) != 9:
        raise ValueError(f'K has {len(k)} numbers, expected 9')
    if len(d) not in (0, 4, 5, 8, 12, 14):
        raise ValueError(f'D has {len(d)} numbers, expected 4, 5, 8, 12 or 14')
    K = np.asarray(k, np.float64).reshape(3, 3)
    D = np.asarray(d, np.float64) if len(d) else np.zeros(5)
    return CameraModel(size_wh, K, D)
