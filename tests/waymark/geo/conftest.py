# SPDX-License-Identifier: Apache-2.0
"""A piece of ground for the tests of this folder, and photos of it with known truth."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from waymark.geo import GroundMap, OrthoPicture, cut_tiles
from waymark.maps import MapInfo, OrthoFrame, PlaceMap

SIDE_PX, SCALE_M = 600, 0.5


def textured(seed, size_wh=(SIDE_PX, SIDE_PX)):
    """Blobs of many sizes, the same for the same seed."""
    rng = np.random.default_rng(seed)
    plane = np.zeros((size_wh[1], size_wh[0], 3), np.float32)
    for cell in (4, 10, 24, 60):
        small = rng.normal(size=(size_wh[1] // cell + 2, size_wh[0] // cell + 2, 3)).astype(np.float32)
        plane += cv2.resize(small, size_wh, interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(128 + 30 * plane, 1, 254), np.uint8)


def encode(rgb):
    """A vector that says little: the tests of this folder are about the rest."""
    small = cv2.resize(rgb, (8, 8), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    small -= small.mean()
    return small / max(float(np.linalg.norm(small)), 1e-6)


def view_of(rgb, place_px, yaw_deg, height_px, tilt_deg=0.0, size_wh=(320, 240), focal_px=300.0):
    """A photo from a camera above `place_px`: (photo, K, H_map_photo); tilted towards the image's up."""
    yaw, tilt = math.radians(yaw_deg), math.radians(tilt_deg)
    K = np.array([[focal_px, 0, (size_wh[0] - 1) / 2], [0, focal_px, (size_wh[1] - 1) / 2], [0, 0, 1]])
    up, right = np.array([math.sin(yaw), -math.cos(yaw), 0]), np.array([math.cos(yaw), math.sin(yaw), 0])
    down = np.array([0.0, 0.0, 1.0])  # map px: x right, y down, z into the ground
    ahead = math.cos(tilt) * down + math.sin(tilt) * up
    R_map_camera = np.column_stack([right, np.cross(ahead, right), ahead])
    centre = np.array([*place_px, -height_px])
    H_photo_map = K @ np.column_stack([R_map_camera.T[:, :2], -R_map_camera.T @ centre])
    photo = cv2.warpPerspective(rgb, H_photo_map, size_wh, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
    H = np.linalg.inv(H_photo_map)
    return photo, K, H / H[2, 2]


@pytest.fixture(scope='session')
def picture():
    return OrthoPicture(textured(1), np.ones((SIDE_PX, SIDE_PX), bool))


@pytest.fixture(scope='session')
def frame(picture):
    return OrthoFrame(picture.size_wh, SCALE_M, 30.0, -98.0)


@pytest.fixture(scope='session')
def place_map(picture, frame):
    tiles = [k for k in cut_tiles(picture, frame, encode) if k is not None]
    return PlaceMap(MapInfo('f' * 64, 'test', ortho=frame), tiles)


@pytest.fixture(scope='session')
def ground(place_map):
    return GroundMap(place_map)


@pytest.fixture(scope='session')
def view():
    return view_of


@pytest.fixture(scope='session')
def other_ground():
    return textured(2)
