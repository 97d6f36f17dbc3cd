# SPDX-License-Identifier: Apache-2.0
"""A window that shows pictures as they come, in a process of its own: OpenCV without a head has none.

As a program it is that process: it reads pictures (a width and a height as two 32 bit numbers, then RGB) until the end.
"""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from waymark.errors import BackendUnavailable

_HEADER = struct.Struct('<II')


@contextlib.contextmanager
def open_window(title: str) -> Iterator[Callable[[NDArray[np.uint8]], None]]:
    """Open a window.

    Args:
        title: Of the window.

    Yields:
        A function that shows a picture (H, W, 3) uint8 RGB; who has closed the window sees no more of them.

    Raises:
        BackendUnavailable: There is no display, or Python has no tkinter.
    """
    if not (os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY')):
        raise BackendUnavailable(
            'no window: there is no display (DISPLAY is not set). Ask for a film instead: `video`.'
        )
    try:
        import tkinter  # noqa: F401
    except ImportError:
        raise BackendUnavailable('no window: this Python has no tkinter. Install python3-tk.') from None
    process = subprocess.Popen([sys.executable, '-m', 'waymark_sim.window', title], stdin=subprocess.PIPE)
    pipe = process.stdin
    assert pipe is not None

    def show(picture: NDArray[np.uint8]) -> None:
        with contextlib.suppress(BrokenPipeError):
            pipe.write(_HEADER.pack(picture.shape[1], picture.shape[0]) + picture.tobytes())
            pipe.flush()

    try:
        yield show
    finally:
        with contextlib.suppress(BrokenPipeError):
            pipe.close()
        process.wait()


def _show_all(title: str) -> None:
    import tkinter

    window = tkinter.Tk()
    window.title(title)
    label = tkinter.Label(window)
    label.pack()
    while len(header := sys.stdin.buffer.read(_HEADER.size)) == _HEADER.size:
        width, height = _HEADER.unpack(header)
        data = sys.stdin.buffer.read(width * height * 3)
        picture = tkinter.PhotoImage(data=b'P6 %d %d 255 ' % (width, height) + data, format='PPM')
        label.configure(image=picture)
        label.image = picture  # type: ignore[attr-defined]  # Tk keeps no reference
        window.update()


if __name__ == '__main__':
    with contextlib.suppress(Exception):  # a window that was closed
        _show_all(sys.argv[1])
