# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from waymark.image.features import Features
from waymark.mapping.page import write_page
from waymark.maps import Keyframe, MapInfo, MapPose, PlaceMap, encode_thumbnail
from waymark.types import Header

pytestmark = pytest.mark.browser

DESKTOP, PHONE = (1280, 2400), (390, 5200)


@pytest.fixture(scope='session')
def page(tmp_path_factory) -> Path:
    """Sixty keyframes around a circle, twice; half of them linked, one route, long names."""
    rng = np.random.default_rng(0)
    place_map = PlaceMap(MapInfo('0' * 64, 'waymark-place-1'))
    nothing = Features(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), (640, 480))
    for i in range(60):
        coarse = rng.integers(0, 256, (6, 8, 3), np.uint8)
        rgb = cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC)
        pose = MapPose((40 * np.cos(i / 5), 25 * np.sin(i / 5), 0.0))
        labels = ('AVeryLongLabelWithoutAnySpaceInItThatWouldBeWiderThanACard',) if i == 3 else ()
        vector = np.eye(60, dtype=np.float32)[i]
        view = Keyframe(i, Header((i + 1) * 10**9), vector, nothing, i, encode_thumbnail(rgb), pose, labels=labels)
        place_map.add(view)
    for i in range(31, 60, 2):
        place_map.link(i, i - 31, 20 + i)
    place_map.add_route('from the door to the stairs', range(12))
    path = tmp_path_factory.mktemp('map') / 'map.html'
    write_page(place_map, 'a-map-with-quite-a-long-name-of-its-own.map', path)
    return path


@pytest.mark.parametrize('is_dark', [False, True], ids=['light', 'dark'])
@pytest.mark.parametrize('size_wh', [DESKTOP, PHONE], ids=['desktop', 'phone'])
def test_the_page_is_not_blank_and_its_console_is_silent(page, show, size_wh, is_dark):
    shown = show(page, size_wh, is_dark)
    assert shown.console == []
    assert all(part.std() > 10 for part in np.array_split(shown.pixels, 4))
    assert (np.median(shown.pixels[:, :4]) < 60) == is_dark


def test_nothing_is_wider_than_a_phone(page, run_chromium, tmp_path):
    inside, probe = tmp_path / 'inside.html', tmp_path / 'probe.html'
    tell = 'addEventListener("load", () => parent.postMessage(document.documentElement.scrollWidth, "*"))'
    text = page.read_text().replace(
        "style-src 'unsafe-inline'", "style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    )
    inside.write_text(text.replace('</body>', f'<script>{tell}</script></body>'))
    probe.write_text(
        '<output></output>'
        '<script>onmessage = (e) => { document.querySelector("output").textContent = e.data; }</script>'
        '<iframe width=360 height=4000 src="inside.html"></iframe>'
    )
    dom = run_chromium('--virtual-time-budget=5000', '--dump-dom', probe.as_uri()).stdout
    assert '<output>360</output>' in dom
