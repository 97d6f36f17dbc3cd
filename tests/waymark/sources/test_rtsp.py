# SPDX-License-Identifier: Apache-2.0
"""Streams that don't answer are given up in time, and passwords are never shown."""

from __future__ import annotations

import socket
import time

import pytest

from waymark.errors import SourceError
from waymark.sources import ImageSourceConfig, open_source
from waymark.sources.rtsp import without_password


def test_a_closed_port_is_named_at_once():
    with socket.socket() as unused:
        unused.bind(('127.0.0.1', 0))
        port = unused.getsockname()[1]

        with pytest.raises(SourceError, match=rf'rtsp://me:\*\*\*@127.0.0.1:{port}/cam: no stream'):
            open_source(ImageSourceConfig(input=f'rtsp://me:secret@127.0.0.1:{port}/cam', stream_timeout_s=2.0))


def test_a_host_that_never_answers_is_given_up_after_the_timeout():
    with socket.socket() as silent:
        silent.bind(('127.0.0.1', 0))
        silent.listen()
        began = time.monotonic()

        with pytest.raises(SourceError, match=r'no stream \(waited up to 0.5 s\). Check address, port'):
            open_source(ImageSourceConfig(input=f'rtsp://127.0.0.1:{silent.getsockname()[1]}/x', stream_timeout_s=0.5))

    assert time.monotonic() - began < 5.0


@pytest.mark.parametrize(
    ('uri', 'shown'),
    [
        ('rtsp://host/x', 'rtsp://host/x'),
        ('rtsp://u:p@host:554/x', 'rtsp://u:***@host:554/x'),
        ('rtsp://u@host/x', 'rtsp://u@host/x'),
        ('rtsp://u:p@ss@host/x', 'rtsp://u:***@host/x'),
        ('rtsp://host/a:b@c', 'rtsp://host/a:b@c'),
    ],
)
def test_passwords_are_hidden(uri, shown):
    assert without_password(uri) == shown
