# SPDX-License-Identifier: Apache-2.0
"""The images of a rosbag2 with the stamps of their headers: sqlite3 or MCAP, raw or compressed images."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

from waymark.errors import ConfigError, MessageError, SourceError
from waymark.image.camera import CameraModel
from waymark.sources.bag_files import BagFile, BagTopic, open_bag_file
from waymark.sources.bag_images import CAMERA_INFO, COMPRESSED, RAW, decode_camera_info, decode_image
from waymark.sources.base import SourceFrame, SourceInfo
from waymark.sources.config import ImageSourceConfig
from waymark.sources.paths import existing_path
from waymark.types import Frame

log = logging.getLogger(__name__)


class BagSource:
    """One image topic of a recording, with its camera_info where that was recorded beside it."""

    def __init__(self, bag: BagFile, topic: str, config: ImageSourceConfig) -> None:
        """Take an opened recording and one of its image topics."""
        self._bag = bag
        self._topic = topic
        self._config = config
        self._closed = False
        self._skipped: list[str] = []
        self._camera: CameraModel | None = None
        self._info_topic = _camera_info_topic(bag, topic)
        self.info = SourceInfo(config.input, False, None, bag.topics[topic].count)

    def frames(self) -> Iterator[SourceFrame]:
        """Yield the images whose stamps increase; others are skipped, counted and named in one warning.

        Raises:
            SourceError: The recording is cut off (after all readable images), or no image of it can be used.
        """
        self._camera = self._first_camera()
        previous_ns = 0
        try:
            for frame in self._until_closed():
                stamp_ns = frame.header.stamp_ns
                if stamp_ns <= previous_ns:
                    self._skip('its stamp is 0' if stamp_ns == 0 else 'its stamp is not after the one before')
                    continue
                previous_ns = stamp_ns
                yield SourceFrame(frame, self._camera)
        finally:
            self._report_skipped()
        if previous_ns == 0 and not self._closed:
            why = f' ({self._skipped[0]})' if self._skipped else ''
            raise SourceError(f'{self._config.input}: no image on {self._topic} can be used{why}. Record it again.')

    def close(self) -> None:
        """Release the recording; frames() ends before its next image."""
        self._closed = True
        self._bag.close()

    def _until_closed(self) -> Iterator[Frame]:
        try:
            yield from self._decoded()
        except SourceError:
            if not self._closed:  # a file closed by another thread looks broken
                raise

    def _decoded(self) -> Iterator[Frame]:
        type_name = self._bag.topics[self._topic].type_name
        names = [self._topic] + ([self._info_topic] if self._info_topic else [])
        for message in self._bag.messages(names):
            if self._closed:
                return
            try:
                if message.topic == self._info_topic:
                    self._camera = decode_camera_info(message.cdr)
                else:
                    yield decode_image(message.cdr, type_name, self._config.frame_id)
            except MessageError as error:
                self._skip(str(error))

    def _first_camera(self) -> CameraModel | None:
        """Read the calibration before the first image: some recorders write it after."""
        if not self._info_topic:
            return None
        try:
            first = next(self._bag.messages([self._info_topic]), None)
            return decode_camera_info(first.cdr) if first else None
        except ConfigError as error:
            log.warning('%s: %s goes unused: %s', self._config.input, self._info_topic, error)
            self._info_topic = None
        except (MessageError, SourceError):
            pass  # met again, and counted, in its place in the recording
        return None

    def _skip(self, why: str) -> None:
        self._skipped.append(why)

    def _report_skipped(self) -> None:
        if self._skipped:
            log.warning(
                '%s: %d messages skipped, the first because %s',
                self._config.input,
                len(self._skipped),
                self._skipped[0],
            )


def open_bag(config: ImageSourceConfig) -> BagSource:
    """Open a recording.

    Args:
        config: `input` is a path, or bag:PATH?topic=NAME.

    Raises:
        SourceError: It can't be read, holds no images, or several image topics of which none was chosen.
    """
    path, topic = parse_bag_uri(config.input)
    bag = open_bag_file(path)
    try:
        return BagSource(bag, choose_topic(path, bag.topics, topic), config)
    except SourceError:
        bag.close()
        raise


def parse_bag_uri(uri: str) -> tuple[Path, str]:
    """Split `bag:PATH?topic=NAME` or a plain path into path and topic ('' where none is named).

    Raises:
        SourceError: The path does not exist, or the query has another key than topic.
    """
    if not uri.startswith('bag:'):
        return existing_path(uri), ''
    rest, has_query, query = uri[len('bag:') :].partition('?')
    pairs = parse_qsl(query, keep_blank_values=True)
    for key, _ in pairs:
        if key != 'topic':
            raise SourceError(f'{uri}: unknown key {key!r}. Only topic can be given: bag:PATH?topic=/camera/image.')
    if has_query and not pairs:
        raise SourceError(f'{uri}: nothing after the question mark. Give ?topic=/camera/image.')
    topic = dict(pairs).get('topic', '')
    return existing_path(rest), topic


def choose_topic(path: Path, topics: dict[str, BagTopic], wanted: str) -> str:
    """Pick the image topic of a recording.

    Args:
        path: For the error.
        topics: All topics of the recording.
        wanted: The one asked for, '' for the only one.

    Returns:
        A topic with images. X/compressed is left out where X itself was recorded: they are the same images.

    Raises:
        SourceError: None, or several; the text lists them.
    """
    images = {name for name, topic in topics.items() if topic.type_name in (RAW, COMPRESSED) and topic.count}
    listed = ', '.join(f'{name} ({topic.type_name})' for name, topic in sorted(topics.items())) or 'none'
    if wanted and wanted not in images and '/' + wanted in images:
        wanted = '/' + wanted
    if wanted and wanted not in images:
        raise SourceError(f'{path}: no images on {wanted}. Topics: {listed}.')
    if not images:
        raise SourceError(f'{path}: the bag holds no images. Topics: {listed}.')
    if wanted:
        return wanted
    distinct = sorted(name for name in images if name.removesuffix('/compressed') not in images - {name})
    if len(distinct) > 1:
        raise SourceError(
            f'{path}: {len(distinct)} topics with images: {", ".join(distinct)}. '
            f'Choose one: bag:{path}?topic={distinct[0]}.'
        )
    return distinct[0]


def _camera_info_topic(bag: BagFile, topic: str) -> str | None:
    """Find the camera_info beside an image topic, as image_transport names it."""
    is_compressed = bag.topics[topic].type_name == COMPRESSED
    image = topic.removesuffix('/compressed') if is_compressed else topic
    name = image.rpartition('/')[0] + '/camera_info'
    found = bag.topics.get(name)
    return name if found and found.type_name == CAMERA_INFO and found.count else None
