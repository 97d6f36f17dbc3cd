# SPDX-License-Identifier: Apache-2.0
"""Camera images of an episode in a video file, read and written by OpenCV's ffmpeg."""

from __future__ import annotations

import itertools
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
    images = _decoded_by_opencv(path)
    first = next(images, None)
    if first is None:  # wheels of OpenCV before 4.14 know no AV1, which lerobot records
        images = _decoded_by_av(path)
        first = next(images, None)
    skipped = round(from_s * fps)  # counted, not sought: a seek lands on another image in some files
    given = 0
    for index, image in enumerate(itertools.chain([] if first is None else [first], images)):
        if index >= skipped:
            yield image
            given += 1
        if given == count:
            return
    raise SourceError(f'{path}: ends after {given} of {count} images of the episode. Copy it again.')


def _decoded_by_opencv(path: Path) -> Iterator[Picture]:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        while True:
            ok, image = capture.read()
            if not ok:
                return
            yield np.asarray(image[:, :, ::-1], np.uint8)
    finally:
        capture.release()


def _decoded_by_av(path: Path) -> Iterator[Picture]:
    try:
        import av
    except ImportError:
        raise SourceError(
            f'{path}: OpenCV {cv2.__version__} decodes no image of it. Install opencv-python-headless 4.14 or newer, '
            'or PyAV (pip install av), or convert it to H.264.'
        ) from None
    try:
        with av.open(str(path)) as file:
            for frame in file.decode(video=0):
                yield np.asarray(frame.to_ndarray(format='rgb24'), np.uint8)
    except (av.FFmpegError, IndexError) as error:
        raise SourceError(f'{path}: no readable video ({error}). Copy it again.') from None
