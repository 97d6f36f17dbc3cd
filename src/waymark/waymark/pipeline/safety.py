# SPDX-License-Identifier: Apache-2.0
"""`waymark safety check`: read the safety filters of a pipeline YAML and print what their limits mean."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from waymark.config import specs
from waymark.errors import ConfigError
from waymark.pipeline.load import load_pipeline
from waymark.safety import SafetyConfig
from waymark.safety.explain import Explanation, Stop, explain

NODE = 'safety_filter'


def filters_of(path: Path) -> dict[str, SafetyConfig]:
    """Configurations of the safety filters in a pipeline YAML, by node name.

    Raises:
        ConfigError: It can't be read, is inconsistent, or has no safety_filter.
    """
    own = {spec.name for spec in specs(SafetyConfig)}
    found = {
        f'{entry.namespace}/{entry.name}'.lstrip('/'): SafetyConfig.from_mapping(
            {k: v for k, v in entry.parameters.items() if k in own}, f'{path}: node {entry.name!r}'
        )
        for entry in load_pipeline(path).nodes
        if entry.node == NODE
    }
    if not found:
        raise ConfigError(f'{path}: no node {NODE} in it; nothing would limit what its nodes command.')
    return found


def show_check(path: Path, as_json: bool) -> None:
    """Print what the limits mean.

    Raises:
        ConfigError: They are inconsistent, or there are none.
    """
    explained = {name: (config, explain(config)) for name, config in filters_of(path).items()}
    if as_json:
        print(json.dumps({name: asdict(meaning) for name, (_, meaning) in explained.items()}, indent=1))
        return
    console = Console(highlight=False)
    for name, (config, meaning) in explained.items():
        console.print(f'{name}: {config.vehicle}, {config.rate_hz:g} Hz', style='bold')
        console.print(_stops_table(config, meaning))
        for axis, (silent, image) in meaning.blind.items():
            unit = _unit(config, axis)
            console.print(
                f'{axis}: at rest {silent:.2f} {unit} after the last message (watchdog_s {config.watchdog_s:g}), '
                f'{image:.2f} {unit} after the last image (max_command_age_s {config.max_command_age_s:g}).',
                soft_wrap=True,
            )
        for note in meaning.notes:
            console.print(note, soft_wrap=True)


def _stops_table(config: SafetyConfig, meaning: Explanation) -> Table:
    """A row per axis and speed, a column per rate: time and distance of a stop."""
    rates = sorted({s.rate_hz for s in meaning.stops})
    table = Table(box=None, pad_edge=False)
    table.add_column('to stop from')
    for rate in rates:
        table.add_column(f'{rate:g} Hz{" (set)" if rate == config.rate_hz else ""}', justify='right')
    rows: dict[tuple[str, float], dict[float, Stop]] = {}
    for stop in meaning.stops:
        rows.setdefault((stop.axis, stop.speed), {})[stop.rate_hz] = stop
    for (axis, speed), by_rate in rows.items():
        unit = _unit(config, axis)
        cells: list[Any] = [f'{by_rate[r].seconds:.2f} s, {by_rate[r].distance:.3f} {unit}' for r in rates]
        table.add_row(f'{axis} {speed:g} {unit}/s', *cells)
    return table


def _unit(config: SafetyConfig, axis: str) -> str:
    return 'm' if axis.startswith('linear') else 'rad' if not config.is_arm else 'rad or m'
