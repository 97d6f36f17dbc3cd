# SPDX-License-Identifier: Apache-2.0
"""From what the user typed to an opened source. What a kind needs is imported when that kind is opened."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

from waymark.errors import ConfigError, SourceError
from waymark.sources.base import Source
from waymark.sources.config import ImageSourceConfig
from waymark.sources.options import WithOptions
from waymark.sources.paths import existing_path

# Each plug-in is one function: opener(config) -> Source.
PLUGINS = {
    'video': 'waymark.sources.video:open_video',
    'folder': 'waymark.sources.folder:open_folder',
    'bag': 'waymark.sources.bag:open_bag',
    'camera': 'waymark.sources.camera:open_camera',
    'rtsp': 'waymark.sources.rtsp:open_rtsp',
    'gstreamer': 'waymark.sources.gstreamer:open_gstreamer',
    'sim': 'waymark_sim.source:open_simulator',
}
LIVE_KINDS = frozenset({'camera', 'rtsp', 'gstreamer'})
BAG_SUFFIXES = ('.mcap', '.db3')
_KNOWN = 'a video file, a folder of images, a rosbag2, /dev/videoN, rtsp://..., a GStreamer pipeline or sim:ground'


def open_source(config: ImageSourceConfig) -> Source:
    """Open the input that a configuration names, with its options applied.

    Args:
        config: `input` says which; see kind_of.

    Returns:
        An opened source; close it.

    Raises:
        SourceError: The input is missing, empty, broken or not permitted; the text says what to do.
        ConfigError: No input is named, or an option does not go with it.
    """
    kind = kind_of(config.input)
    _require_options_fit(config, kind)
    return WithOptions(_opener(kind), config)


def is_live(uri: str) -> bool:
    """Tell whether an input gives frames when they come (cameras, streams), without opening it."""
    return _kind_by_form(uri) in LIVE_KINDS


def kind_of(uri: str) -> str:
    """Tell which plug-in reads an input: a key of PLUGINS. Files are looked at, not opened.

    Raises:
        SourceError: There is no such file or no such kind of input.
        ConfigError: `uri` is empty.
    """
    kind = _kind_by_form(uri)
    if kind:
        return kind
    if not uri.strip():
        raise ConfigError(f'input is empty. Give {_KNOWN}.')
    if re.match(r'[A-Za-z][A-Za-z0-9+.-]*:', uri):
        raise SourceError(f'no kind of input is called {uri.split(":")[0] + ":"!r}. Give {_KNOWN}.')
    return _kind_of_path(existing_path(uri))


def _kind_by_form(uri: str) -> str | None:
    forms = {
        'gstreamer': r'.*\s!\s.*',
        'sim': r'sim:.*',
        'bag': r'bag:.*',
        'rtsp': r'rtsps?://.*',
        'camera': r'/dev/(video\d+|v4l/.+)',
    }
    return next((kind for kind, form in forms.items() if re.fullmatch(form, uri.strip(), re.DOTALL)), None)


def _kind_of_path(path: Path) -> str:
    if path.is_dir():
        try:
            is_bag = any(p.name == 'metadata.yaml' or p.suffix in BAG_SUFFIXES for p in path.iterdir())
        except PermissionError:
            raise SourceError(f'{path}: no permission to read this folder. Allow it with chmod +rx.') from None
        return 'bag' if is_bag else 'folder'
    if path.suffix == '.bag':
        raise SourceError(f'{path}: this is a ROS 1 bag. Convert it with rosbags-convert and give the result.')
    return 'bag' if path.suffix in BAG_SUFFIXES else 'video'


def _require_options_fit(config: ImageSourceConfig, kind: str) -> None:
    live_only_wrong = {'loop': config.loop, 'start_s': config.start_s > 0}
    if kind in LIVE_KINDS:
        for name, is_set in live_only_wrong.items():
            if is_set:
                raise ConfigError(f'{name} does not go with a live input such as {config.input!r}. Leave it out.')
    if config.rate_hz and kind in ('bag', 'rtsp', 'gstreamer'):
        raise ConfigError(f'rate_hz does not go with {kind} inputs: they have their own time. Leave it out.')


def _opener(kind: str) -> Callable[[ImageSourceConfig], Source]:
    module, _, name = PLUGINS[kind].partition(':')
    try:
        return cast('Callable[[ImageSourceConfig], Source]', getattr(importlib.import_module(module), name))
    except ModuleNotFoundError as error:
        raise SourceError(
            f'{kind} inputs need the Python package {error.name!r}. Install it and start again.'
        ) from None
