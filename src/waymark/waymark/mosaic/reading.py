# SPDX-License-Identifier: Apache-2.0
"""The input, read twice: once for features, once for paint. A photo that can't be read is named, not fatal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from waymark.errors import SourceError
from waymark.mosaic.config import MosaicConfig
from waymark.mosaic.geotags import Geotags
from waymark.mosaic.selection import FrameSelector
from waymark.mosaic.view import View, view_of
from waymark.sources.base import SourceFrame
from waymark.sources.camera_info import read_camera_info
from waymark.sources.config import ImageSourceConfig
from waymark.sources.folder import image_files, read_image
from waymark.sources.open import is_live, kind_of, open_source
from waymark.sources.stamps import stamp_of
from waymark.types import Frame, Header


class Recording:
    """A video, bag, folder of photos or simulated flight that can be gone through more than once.

    Attributes:
        is_photos: Whether it is a folder of images.
        is_bag: Whether it is a rosbag2.
        unread: Why frames could not be read, by name; filled while frames() runs.
    """

    def __init__(self, uri: str, camera_info_file: str = '', own: tuple[Path, ...] = ()) -> None:
        """Look at the input.

        Args:
            uri: As ImageSourceConfig.input.
            camera_info_file: ROS camera calibration YAML; '': the input's own, or none.
            own: Files that are no photos although they may lie among them: the mosaic of the last run.

        Raises:
            SourceError: There is no such input, or it is live.
            ConfigError: The calibration can't be read.
        """
        if is_live(uri):
            raise SourceError(f'{uri}: a live input has no end. Record it with waymark run --record first.')
        self.is_photos, self.is_bag = kind_of(uri) == 'folder', kind_of(uri) == 'bag'
        self.unread: dict[str, str] = {}
        self._config = ImageSourceConfig(input=uri, pace='fast', camera_info_file=camera_info_file)
        self._camera = read_camera_info(camera_info_file) if camera_info_file else None
        not_photos = {p.resolve() for p in own}
        files = image_files(Path(uri).expanduser()) if self.is_photos else []
        self._files = [f for f in files if f.resolve() not in not_photos]
        self.count = len(self._files) or self._frame_count()

    @property
    def files(self) -> list[Path]:
        """The photos, in natural order; empty for other inputs."""
        return list(self._files)

    def frames(self, wanted: set[int] | None = None) -> Iterator[tuple[int, SourceFrame]]:
        """Yield frames with their number in the input.

        Args:
            wanted: Numbers; None: all that can be read.

        Raises:
            SourceError: Nothing at all can be read.
        """
        some = False
        for number, frame in self._photos(wanted) if self.is_photos else self._stream(wanted):
            some = True
            yield number, frame
        if not some and not wanted:
            raise SourceError(f'{self._config.input}: {next(iter(self.unread.values()), "no frame can be read.")}')

    def _photos(self, wanted: set[int] | None) -> Iterator[tuple[int, SourceFrame]]:
        for number, file in enumerate(self._files):
            if wanted is not None and number not in wanted:
                continue
            try:
                pixels, layout = read_image(file)
            except SourceError as error:
                self.unread[file.name] = str(error)
                continue
            header = Header(stamp_of(number, 1.0), self._config.frame_id)
            yield number, SourceFrame(Frame(header, pixels, layout), self._camera, name=file.name)

    def _stream(self, wanted: set[int] | None) -> Iterator[tuple[int, SourceFrame]]:
        source = open_source(self._config)
        number = -1
        try:
            for number, item in enumerate(source.frames()):
                if wanted is None or number in wanted:
                    yield number, item
        except SourceError as error:  # all that came before it were given
            self.unread[f'after frame {number}'] = str(error)
        finally:
            source.close()

    def _frame_count(self) -> int | None:
        source = open_source(self._config)
        source.close()
        return source.info.frame_count


def survey(
    recording: Recording, config: MosaicConfig, geotags: Geotags, advance: Callable[[int, int], None]
) -> tuple[list[View], int]:
    """Go through the input once.

    Args:
        recording: The input.
        config: Features, and how much of a frame must be new.
        geotags: Where frames were taken.
        advance: Told how many of how many frames were read (0: unknown).

    Returns:
        The views, and how many frames of a video or bag were left out because the ones beside them show the same.

    Raises:
        SourceError: Nothing can be read, or more frames than `max_frames` are needed.
    """
    selector = FrameSelector(config, keep_all=recording.is_photos)
    seen = 0
    for seen, (number, item) in enumerate(recording.frames(), start=1):
        selector.offer(view_of(item, number, config, geotags.of(item)))
        if len(selector.views) > config.max_frames:
            raise SourceError(
                f'{recording.count or seen} frames: more than {config.max_frames} are needed to cover the ground. '
                'Raise max_frames, lower overlap, or give a part of the recording.'
            )
        advance(seen, recording.count or 0)
    views = selector.finished()
    return views, seen - len(views)
