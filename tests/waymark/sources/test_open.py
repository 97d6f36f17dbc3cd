# SPDX-License-Identifier: Apache-2.0
"""What the user typed leads to the right kind of input, or to one sentence."""

from __future__ import annotations

import subprocess
import sys

import pytest

from waymark.errors import ConfigError, SourceError
from waymark.sources import ImageSourceConfig, is_live, kind_of, open_source
from waymark.sources.open import PLUGINS


@pytest.mark.parametrize(
    ('uri', 'kind'),
    [
        ('/dev/video0', 'camera'),
        ('/dev/v4l/by-id/usb-cam', 'camera'),
        ('rtsp://host/stream', 'rtsp'),
        ('rtsps://u:p@host:8554/a?b=c', 'rtsp'),
        ('videotestsrc ! videoconvert ! appsink', 'gstreamer'),
        ('v4l2src device=/dev/video0\n ! appsink', 'gstreamer'),
        ('sim:ground?seed=1', 'sim'),
        ('bag:/tmp/x?topic=/cam', 'bag'),
    ],
)
def test_the_form_tells_the_kind_without_looking_at_files(uri, kind):
    assert kind_of(uri) == kind
    assert is_live(uri) == (kind in ('camera', 'rtsp', 'gstreamer'))


def test_files_and_folders_are_told_apart(tmp_path, write_images, write_video, small_bag):
    assert kind_of(str(write_images(['1.png']))) == 'folder'
    assert kind_of(str(write_video())) == 'video'
    bag = small_bag()
    assert kind_of(str(bag)) == 'bag'
    assert kind_of(str(next(bag.glob('*.db3')))) == 'bag'
    assert not is_live(str(bag))


def test_every_plug_in_is_there():
    import importlib

    for target in PLUGINS.values():
        module, _, name = target.partition(':')
        assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize(
    ('uri', 'error', 'sentence'),
    [
        ('', ConfigError, 'input is empty. Give a video file'),
        ('   ', ConfigError, 'input is empty'),
        ('http://host/x.mp4', SourceError, "no kind of input is called 'http:'"),
        ('topic:/cam', SourceError, "no kind of input is called 'topic:'"),
        ('no_such_file.mp4', SourceError, 'no such file or folder'),
    ],
)
def test_inputs_of_no_kind_are_refused(uri, error, sentence):
    with pytest.raises(error) as raised:
        open_source(ImageSourceConfig(input=uri))

    assert sentence in str(raised.value)


def test_a_ros_1_bag_is_told_apart(tmp_path):
    (tmp_path / 'old.bag').write_bytes(b'#ROSBAG V2.0\n')

    with pytest.raises(SourceError, match='ROS 1 bag. Convert it with rosbags-convert'):
        open_source(ImageSourceConfig(input=str(tmp_path / 'old.bag')))


@pytest.mark.parametrize(
    ('uri', 'options', 'sentence'),
    [
        ('/dev/video0', {'loop': True}, 'loop does not go with a live input'),
        ('rtsp://x', {'start_s': 1.0}, 'start_s does not go with a live input'),
        ('rtsp://x', {'rate_hz': 5.0}, 'rate_hz does not go with rtsp inputs'),
        ('bag:/x', {'rate_hz': 5.0}, 'rate_hz does not go with bag inputs'),
    ],
)
def test_options_that_do_not_fit_the_input_are_refused(uri, options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        open_source(ImageSourceConfig(input=uri, **options))


def test_importing_sources_loads_no_plug_in():
    code = (
        'import sys, waymark.sources\n'
        "heavy = [m for m in sys.modules if m.startswith(('rosbags', 'mcap', 'waymark_sim'))]\n"
        "sys.exit(', '.join(heavy + [m for m in sys.modules if m.startswith('waymark.sources.bag')]) or 0)"
    )

    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
