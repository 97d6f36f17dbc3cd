# SPDX-License-Identifier: Apache-2.0
"""Run the evaluation of shots on a recording: print a table, write the numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from waymark.cli.reading import read_frames, short_name
from waymark.errors import ConfigError
from waymark.evaluation.shots import evaluation_of, read_truth
from waymark.shot_list import list_shots
from waymark.shots import ShotsConfig


def show_evaluation(video: str, truth: Path, json_path: Path | None) -> dict[str, Any]:
    """Measure, print, write.

    Args:
        video: Video, folder of images or rosbag2.
        truth: Truth file, see waymark.evaluation.shots.
        json_path: Where the numbers go; None: nowhere.

    Returns:
        The numbers.

    Raises:
        SourceError: The recording can't be read.
        ConfigError: The truth does not fit, or a file can't be written.
    """
    with read_frames(video, 'finding shots') as (frames, each):
        found = list_shots(frames, ShotsConfig(), each)
    values = evaluation_of(found, read_truth(truth, found.frames))
    console = Console(highlight=False)
    console.print(_table(values, short_name(video)))
    console.print(_notes(values))
    if json_path is not None:
        try:
            json_path.parent.mkdir(parents=True, exist_ok=True)
            json_path.write_text(json.dumps(values, indent=2) + '\n', encoding='utf-8')
        except OSError as error:
            raise ConfigError(f'{json_path}: {error.strerror or error}. Give another --json.') from error
    return values


def _table(values: dict[str, Any], name: str) -> Table:
    table = Table(title=f'{name}: {values["frames"]} frames', title_justify='left')
    for column in ('tolerance', 'precision', 'recall', 'f1', 'false positives'):
        table.add_column(column, justify='right')
    for tolerance in (0, 1):
        shares = [f'{values[f"{n}_tolerance_{tolerance}"]:.3f}' for n in ('precision', 'recall', 'f1')]
        table.add_row(str(tolerance), *shares, str(values[f'false_positives_tolerance_{tolerance}']))
    return table


def _notes(values: dict[str, Any]) -> str:
    cuts, true = values['cuts'], values['true_cuts']
    lines = [f'{values["ms_per_frame"]:.3f} ms per frame, reading aside.']
    if extra := sorted(set(cuts) - set(true)):
        lines.append(f'cuts found that the truth has not at that frame: {extra}')
    if lost := sorted(set(true) - set(cuts) - {end for _, end in values['gradual']}):
        lines.append(f'true cuts not found at their frame: {lost}')
    if values['true_gradual'] is None and values['gradual']:
        lines.append(f'gradual changes found, not counted where the truth does not list them: {values["gradual"]}')
    return '\n'.join(lines)
