# SPDX-License-Identifier: Apache-2.0
"""Run the evaluation of a detector: print a table, write the numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from waymark.evaluation.detections import DetectionsRequest, evaluate_detections, require_model
from waymark.evaluation.show import progress_bar, require_writable, write_figures


def show_detections(request: DetectionsRequest, out: Path) -> dict[str, Any]:
    """Measure, print, write.

    Returns:
        The figures.

    Raises:
        SourceError: Images, labels or names can't be read.
        ConfigError: No model is named, or `out` can't be written.
        ModelError: The model is not what it should be.
        BackendUnavailable: Its library or device is missing.
    """
    require_model(request.config)
    require_writable(out)
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False, soft_wrap=True)
    with progress_bar() as tell:
        figures = evaluate_detections(request, tell, errors.print)
    write_figures(out, figures)
    console.print(_table(figures))
    console.print(
        f'class-agnostic: AP50 {_shown(figures["class_agnostic_map50"])}, '
        f'AP50-95 {_shown(figures["class_agnostic_map50_95"])}; {figures["ms_per_image"]:.1f} ms per image'
    )
    if figures['images_without_label_file']:
        console.print(f'{figures["images_without_label_file"]} images have no label file: taken for empty.')
    if figures['label_files_without_image']:
        console.print(f'{figures["label_files_without_image"]} label files have no image: left out.')
    return figures


def _table(figures: dict[str, Any]) -> Table:
    title = f'{figures["model"]}: {figures["images"]} images, {figures["labels"]} labelled boxes'
    table = Table(title=title, title_justify='left')
    table.add_column('class')
    for column in ('labels', 'found', 'AP50', 'AP50-95'):
        table.add_column(column, justify='right')
    for name, one in figures['per_class'].items():
        row = (str(one['labels']), str(one['detections']), _shown(one['ap50']), _shown(one['ap50_95']))
        table.add_row(name, *row)
    table.add_row('mean', '', '', _shown(figures['map50']), _shown(figures['map50_95']))
    return table


def _shown(value: float | None) -> str:
    return '' if value is None else f'{value:.3f}'
