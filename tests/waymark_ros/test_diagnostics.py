# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging
import threading

from waymark_ros.core_log import core_log
from waymark_ros.diagnostics import PERIOD_S, PROGRESS_LINE_S, Progress

BUILDING = 'building engine for orin'


def test_progress_is_published_each_second_and_said_now_and_then():
    said: list[str] = []
    shown: list[str] = []
    now = [100.0]
    progress = Progress(said.append, lambda: shown.append(progress.text), lambda: now[0])
    for percent in range(0, 100, 10):
        progress(BUILDING, percent / 100)
        now[0] += PERIOD_S / 2
    assert shown == [BUILDING] + [f'{BUILDING}: {p} %' for p in (20, 40, 60, 80)]
    assert said == [BUILDING]
    now[0] += PROGRESS_LINE_S
    progress(BUILDING, 0.37)
    progress('comparing with the references', 0)
    assert said[1:] == [f'{BUILDING}: 37 %', 'comparing with the references']
    assert shown[-1] == said[-1]
    progress.end()
    assert progress.text == ''


class Log:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def info(self, text: str) -> None:
        self.lines.append(('info', text))

    def warning(self, text: str) -> None:
        self.lines.append(('warning', text))


def test_what_the_core_logs_in_this_thread_goes_to_the_nodes_log():
    log, core = Log(), logging.getLogger('waymark.encoding.model')
    with core_log(log):
        core.info('parity of %s', 'means')
        core.warning('not checked')
        core.debug('nothing')
        other = threading.Thread(target=core.warning, args=['of another node'])
        other.start()
        other.join()
    core.warning('later')
    assert log.lines == [('info', 'parity of means'), ('warning', 'not checked')]
