# SPDX-License-Identifier: Apache-2.0
"""The live line of `waymark run`: frame rate, latency and state, read from /diagnostics like any other tool would."""

from __future__ import annotations

import threading
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rich.console import Console
from rich.live import Live
from rich.table import Table

from waymark_ros.qos import RESULTS

PLAIN_PERIOD_S = 5.0  # without a terminal: one plain line this often


class Monitor:
    """Keeps the last status of each node and draws them."""

    def __init__(self, console: Console, names: list[str]) -> None:
        """Watch the nodes of these names."""
        self._console = console
        self._names = names
        self._lock = threading.Lock()
        self._values: dict[str, dict[str, str]] = {}
        self._warnings: dict[str, str] = {}
        self._started_s = time.monotonic()
        self._last_plain_s = time.monotonic()
        self._live: Live | None = None
        self.last_heard_s = time.monotonic()

    def __enter__(self) -> Monitor:
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=4, get_renderable=self.table)
            self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.stop()
        elif self._values:
            self._console.print(self.table())

    def subscribe(self, node: Any) -> None:
        """Listen to /diagnostics with that node."""
        node.create_subscription(DiagnosticArray, '/diagnostics', self.on_diagnostics, RESULTS)

    def on_diagnostics(self, msg: DiagnosticArray) -> None:
        """Keep what our nodes say."""
        with self._lock:
            for status in msg.status:
                name = status.name.rpartition('/')[2]
                if status.hardware_id == 'waymark' and name in self._names:
                    self.last_heard_s = time.monotonic()
                    self._values[name] = {v.key: v.value for v in status.values}
                    self._warnings[name] = '' if status.level == DiagnosticStatus.OK else status.message

    def tick(self) -> None:
        """Without a terminal, print a plain line now and then."""
        now = time.monotonic()
        if self._live is None and now - self._last_plain_s >= PLAIN_PERIOD_S:
            self._last_plain_s = now
            self._console.print(self.line(), soft_wrap=True, highlight=False, markup=False)

    def line(self) -> str:
        """One line: time, progress and the state of each node."""
        with self._lock:
            parts = [f'{name} {self._brief(values)}' for name, values in self._values.items()]
            warnings = [f'{name}: {text}' for name, text in self._warnings.items() if text]
        head = f'{time.monotonic() - self._started_s:5.1f} s'
        return '  '.join([head, *parts, *(f'! {w}' for w in warnings)])

    def table(self) -> Table:
        """The live picture."""
        table = Table(box=None, pad_edge=False, title_justify='left')
        for heading, justify in (
            ('node', 'left'),
            ('frames', 'right'),
            ('Hz', 'right'),
            ('p50 ms', 'right'),
            ('p95 ms', 'right'),
        ):
            table.add_column(heading, justify=justify)  # type: ignore[arg-type]
        table.add_column('state')
        with self._lock:
            for name in self._names:
                v = self._values.get(name, {})
                state = self._warnings.get(name) or v.get('state') or ('running' if v else 'starting')
                total = f' / {v["total"]}' if v.get('total', '0') != '0' else ''
                style = 'yellow' if self._warnings.get(name) else ''
                table.add_row(
                    name, v.get('frames', '') + total, v.get('rate_hz', ''), v.get('latency_p50_ms', ''),
                    v.get('latency_p95_ms', ''), state, style=style,
                )  # fmt: skip
        return table

    @staticmethod
    def _brief(values: dict[str, str]) -> str:
        total = f'/{values["total"]}' if values.get('total', '0') != '0' else ''
        pace = f'{values.get("rate_hz", "0")} Hz, p95 {values.get("latency_p95_ms", "?")} ms'
        brief = f'{values.get("frames", "0")}{total} at {pace}'
        return f'{brief}, {values["state"]}' if values.get('state') else brief
