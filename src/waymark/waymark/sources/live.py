# SPDX-License-Identifier: Apache-2.0
"""What cameras and streams share: the newest image, stamped when it came, and an end within no time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any, Protocol

from waymark.errors import SourceError
from waymark.sources.base import SourceFrame, SourceInfo
from waymark.sources.capture import frame_from


class Capture(Protocol):
    """The part of cv2.VideoCapture that a live source uses."""

    def read(self) -> tuple[bool, Any]:
        """Wait for the next image."""
        ...

    def release(self) -> None:
        """Give the device back."""
        ...


class LiveSource:
    """Reads in a thread of its own, so that a busy consumer sees the newest image and close() never waits."""

    def __init__(self, capture: Capture, info: SourceInfo, frame_id: str, ended: str | None) -> None:
        """Start reading.

        Args:
            capture: An opened camera or stream.
            info: What is known of it.
            frame_id: For the header.
            ended: The sentence to raise when images stop coming; None where an end is no error.
        """
        self.info = info
        self.skipped = 0
        self._capture = capture
        self._frame_id = frame_id
        self._ended = ended
        self._changed = threading.Condition()
        self._newest: tuple[Any, int] | None = None
        self._over = False
        self._closed = False
        # A daemon: a driver that never returns must not keep the process alive.
        threading.Thread(target=self._read_on, name='waymark-capture', daemon=True).start()

    def frames(self) -> Iterator[SourceFrame]:
        """Yield each newest image, stamped with the system clock at its arrival.

        Raises:
            SourceError: Images stopped coming.
        """
        while (taken := self._take()) is not None:
            image, stamp_ns = taken
            yield SourceFrame(frame_from(image, stamp_ns, self._frame_id))
        if not self._closed and self._ended:
            raise SourceError(self._ended)

    def close(self) -> None:
        """End frames() at once; the device is released when its pending read returns."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _take(self) -> tuple[Any, int] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._over or self._closed)
            taken, self._newest = self._newest, None
            return None if self._closed else taken

    def _read_on(self) -> None:
        stamp_ns = 0
        while not self._closed:
            ok, image = self._capture.read()
            if not ok:
                break
            stamp_ns = max(time.time_ns(), stamp_ns + 1)  # the clock may be set back; stamps may not
            with self._changed:
                self.skipped += self._newest is not None
                self._newest = image, stamp_ns
                self._changed.notify_all()
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._capture.release()
