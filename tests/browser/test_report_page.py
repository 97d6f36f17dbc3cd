# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from waymark.report.html import write_report

pytestmark = pytest.mark.browser

HEADINGS = [
    'Flown path',
    'Localization over time',
    'Matched places',
    'Planar targets',
    'Similarity of keyframes',
]
HEADINGS += ['Rates and latencies', 'Warnings', 'Recording']
DESKTOP, PHONE = (1280, 4200), (390, 7000)


@pytest.fixture(scope='session')
def page(runs, tmp_path_factory) -> Path:
    """The report of a recording as long as the demo's: 120 s at 10 Hz, 640x480."""
    path = tmp_path_factory.mktemp('demo') / 'run.mcap'
    plan = runs.RunPlan(lap_s=60.0, rate_hz=10.0, size_wh=(640, 480))
    return write_report(runs.write_run(path, runs.make_types(), plan))


def test_the_page_of_the_demo_is_at_most_three_megabytes(page):
    assert page.stat().st_size <= 3_000_000


@pytest.mark.parametrize('is_dark', [False, True], ids=['light', 'dark'])
@pytest.mark.parametrize('size_wh', [DESKTOP, PHONE], ids=['desktop', 'phone'])
def test_the_page_is_not_blank_and_its_console_is_silent(page, show, size_wh, is_dark):
    shown = show(page, size_wh, is_dark)
    assert shown.console == []
    assert shown.pixels.shape[:2] == (size_wh[1], size_wh[0])
    assert shown.pixels.std() > 20
    # Every quarter of the page shows something, on a page of the scheme's brightness.
    assert all(part.std() > 10 for part in np.array_split(shown.pixels, 4))
    assert (np.median(shown.pixels[:, :4]) < 60) == is_dark


def test_every_section_stands_in_the_opened_page(page, run_chromium):
    dom = run_chromium('--dump-dom', page.as_uri()).stdout
    assert re.findall('<h2>(.*?)</h2>', dom) == HEADINGS
    assert re.search(r'<h1>Localized in \d+ of \d+ frames of lap&nbsp;2; pad tracked in \d+ frames\.</h1>', dom)


def test_nothing_is_wider_than_a_phone(page, run_chromium, tmp_path):
    inside, probe = tmp_path / 'inside.html', tmp_path / 'probe.html'
    tell = 'addEventListener("load", () => parent.postMessage(document.documentElement.scrollWidth, "*"))'
    inside.write_text(page.read_text().replace('</body>', f'<script>{tell}</script></body>'))
    probe.write_text(
        '<output></output>'
        '<script>onmessage = (e) => { document.querySelector("output").textContent = e.data; }</script>'
        '<iframe width=360 height=4000 src="inside.html"></iframe>'
    )
    dom = run_chromium('--virtual-time-budget=5000', '--dump-dom', probe.as_uri()).stdout
    assert '<output>360</output>' in dom


def test_pointing_at_the_matrix_reads_its_cell(page, run_chromium, tmp_path):
    probe = tmp_path / 'probe.html'
    point = (
        'addEventListener("load", () => { const m = document.getElementById("matrix"); '
        'const b = m.getBoundingClientRect(); m.dispatchEvent(new PointerEvent("pointermove", '
        '{clientX: b.left + b.width * 0.001, clientY: b.top + b.height * 0.001})); })'
    )
    probe.write_text(page.read_text().replace('</body>', f'<script>{point}</script></body>'))
    dom = run_chromium('--dump-dom', probe.as_uri()).stdout
    assert 'keyframes 0 (0:00.0) and 0 (0:00.0): 1.00</output>' in dom
