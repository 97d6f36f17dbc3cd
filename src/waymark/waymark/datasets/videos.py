# SPDX-License-Identifier: Apache-2.0
"""Camera images of an episode in a video file, read and written by OpenCV's ffmpeg."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import BackendUnavailable, SourceError

Picture = NDArray[np.uint8]
CODEC, FOURCC = 'mpeg4', 'mp4v'  # milliseconds an image where VP9 takes hundreds; lerobot's decoders read it


class EpisodeVideo:
    """Writes the images of one camera in one episode."""

    def __init__(self, path: Path, fps: float, size_wh: tuple[int, int]) -> None:
        """Create the file.

        Args:
            path: Ends in .mp4; its folder is made.
            fps: Images per second.
            size_wh: Of the images, px.

        Raises:
            BackendUnavailable: This OpenCV writes no such video.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._part = path, path.with_name(f'{path.stem}.part.mp4')
        self._writer = cv2.VideoWriter(str(self._part), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*FOURCC), fps, size_wh)
        if not self._writer.isOpened():
            raise BackendUnavailable(
                f'this OpenCV ({cv2.__version__}) writes no {CODEC} video. Keep the images as PNG: --images png.'
            )

    def write(self, rgb: Picture) -> None:
        """Append an image (H, W, 3)."""
        self._writer.write(np.ascontiguousarray(rgb[:, :, ::-1]))

    def close(self) -> None:
        """Finish the file; only then does it have its name."""
        self._writer.release()
        self._part.replace(self._path)

    def discard(self) -> None:
        """Give the file up."""
        self._writer.release()
        self._part.unlink(missing_ok=True)


def read_video(path: Path, from_s: float, count: int, fps: float) -> Iterator[Picture]:
    """Yield the images of an episode.

    Args:
        path: A video that may hold several episodes one after the other.
        from_s: Where the episode begins.
        count: Its steps.
        fps: Images per second.

    Yields:
        RGB, (H, W, 3).

    Raises:
        SourceError: The file is missing, can't be decoded, or ends early.
    """
    if not path.exists():
        raise SourceError(f'{path} is missing. Copy the folder videos/ of the dataset, too.')
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        if not capture.isOpened():
            raise SourceError(f'{path}: this OpenCV ({cv2.__version__}) can not decode it. Convert it to H.264.')
        # Counted, not sought: a seek lands on another image in some files.
        for _ in range(round(from_s * fps)):
            capture.grab()
        for index in range(count):
            ok, image = capture.read()
            if not ok:
                raise SourceError(f'{path}: ends after {index} of {count} images of the episode. Copy it again.')
            yield np.asarray(image[:, :, ::-1], np.uint8)
    finally:
        capture.release()
