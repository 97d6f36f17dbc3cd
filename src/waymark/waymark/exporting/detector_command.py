# SPDX-License-Identifier: Apache-2.0
"""`waymark export detector` with a progress line, in whichever environment it runs."""

from __future__ import annotations

import json

from waymark.exporting.detector import export_detector
from waymark.exporting.detector_report import DetectorReport, detector_table
from waymark.exporting.request import DetectorRequest


def export(request: DetectorRequest) -> DetectorReport:
    """Export, and print the report.

    Raises:
        WaymarkError: As `export_detector`.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn('{task.description}'), BarColumn(), TimeElapsedColumn())
    terminal = Console(stderr=True)
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
        task = bar.add_task('starting', total=1.0)
        report = export_detector(request, lambda stage, part: bar.update(task, description=stage, completed=part))
    if request.json:
        print(json.dumps(report.as_json(), indent=2))
        return report
    console = Console()
    console.print(detector_table(report))
    for line in (f'Written to {report.folder}: {report.method}.', *report.notes):
        console.print(line, highlight=False, soft_wrap=True)
    return report
