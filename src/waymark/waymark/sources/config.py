# SPDX-License-Identifier: Apache-2.0
"""What an image source can be told."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import Config, param


@dataclass(frozen=True)
class ImageSourceConfig(Config):
    """Where images come from, how fast they are given out, and which part of them."""

    input: str = param(
        '',
        'Video file, folder of images, rosbag2 (folder, .mcap, .db3 or bag:PATH?topic=NAME), /dev/videoN, '
        'rtsp://..., GStreamer pipeline (with " ! "), or sim:ground?key=value&...',
    )
    pace: str = param(
        'realtime',
        'Of inputs that are not live: realtime follows the stamps, fast never waits, lockstep waits for the '
        'answers on `wait_for` before the next frame.',
        choices=('realtime', 'fast', 'lockstep'),
    )
    wait_for: tuple[str, ...] = param((), 'Topics whose messages answer a frame, for pace lockstep.')
    wait_timeout_s: float = param(10.0, 'Longest wait for an answer in lockstep.', gt=0.0, unit='s')
    rate_hz: float = param(
        0.0,
        'Frames per second of videos, folders, cameras and the simulator; 0 takes their own, 10 for folders.',
        ge=0.0,
        le=1000.0,
        unit='Hz',
    )
    frame_id: str = param('camera_optical_frame', 'frame_id in the image header, where the input has none (bags have).')
    loop: bool = param(False, 'Start again at the end; stamps go on increasing. Not for live inputs.')
    start_s: float = param(0.0, 'Skip this much at the beginning. Not for live inputs.', ge=0.0, unit='s')
    max_frames: int = param(0, 'Stop after this many frames; 0 gives all.', ge=0)
    camera_info_file: str = param(
        '',
        "ROS camera calibration YAML; replaces the input's own.",
        path=True,
    )
    stream_timeout_s: float = param(
        5.0,
        'Longest wait for a camera or stream to connect, and for its next image.',
        gt=0.0,
        le=60.0,
        unit='s',
    )
    publish_clock: bool = param(True, 'Publish /clock from the stamps of inputs that are not live.')
