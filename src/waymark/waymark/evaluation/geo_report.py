# SPDX-License-Identifier: Apache-2.0
"""What `waymark eval geo` shows: a line per photo, the figures, and both as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from waymark.errors import ConfigError
from waymark.evaluation.geo import GeoRequest, GeoResult, evaluate_geo, figures_of, outside_map
from waymark.evaluation.show import progress_bar, require_writable
from waymark.geo import GeoFix


def show_geo(request: GeoRequest, out: Path) -> None:
    """Judge, print tables, write the figures and one entry per photo (`results`).

    Raises:
        WaymarkError: What evaluate_geo raises, or `out` can't be written.
    """
    require_writable(out)
    with progress_bar() as tell:
        frame, results = evaluate_geo(request, tell)
    figures = figures_of(results)
    width = frame.size_wh[0] * frame.metres_per_pixel
    outside = outside_map(frame, results)
    values = {**figures, 'outside_map': len(outside), 'map_width_m': width, 'results': [_entry(r) for r in results]}
    try:
        out.write_text(json.dumps(values, indent=2) + '\n', encoding='utf-8')
    except OSError as error:
        raise ConfigError(f'--json {out}: can not be written ({error.strerror}). Give another file.') from None
    console = Console(highlight=False)
    console.print(_photo_table(results))
    console.print(_figure_table(figures))
    for result in results:
        if result.unusable_because is not None:
            console.print(f'{result.truth.file} is left out: {result.unusable_because}', markup=False)
    if outside:
        console.print(
            f'The truth of {len(outside)} photos lies outside the map ({outside[0]} is the first) and counts as it is '
            'said. Is x_px, y_px the pixel of this map? Leave both empty where a photo is not on it.',
            markup=False,
        )


def _entry(result: GeoResult) -> dict[str, Any]:
    found = result.found
    entry: dict[str, Any] = {'file': result.truth.file, 'error_m': result.error_m, 'ms': result.ms}
    if not isinstance(found, GeoFix):
        return {**entry, 'accepted': False, 'gate': found.gate, 'reason': found.reason}
    return {
        **entry,
        'accepted': True,
        'x_px': found.x_px,
        'y_px': found.y_px,
        'middle_px': list(found.middle_px),
        'yaw_deg': found.yaw_deg,
        'altitude_m': found.altitude_m,
        'tilt_deg': found.tilt_deg,
        'metres_per_photo_px': found.metres_per_pixel,
        'covariance_m2': found.covariance_m2.tolist(),
        'inliers': found.inliers,
        'agreement': found.agreement,
        'support': found.support,
        'H_map_photo': found.H_map_photo.tolist(),
    }


def _photo_table(results: Sequence[GeoResult]) -> Table:
    table = Table()
    for name in ('photo', 'map px', 'yaw deg', 'height m', 'sigma m', 'error m', 'refused'):
        table.add_column(name, justify='left' if name in ('photo', 'refused') else 'right', no_wrap=True)
    for r in results:
        found = r.found
        if not isinstance(found, GeoFix):
            table.add_row(r.truth.file, *['-'] * 5, found.gate)
            continue
        height, error = ('-' if v is None else f'{v:.1f}' for v in (found.altitude_m, r.error_m))
        where = f'{found.x_px:.0f}, {found.y_px:.0f}', f'{found.yaw_deg:.1f}'
        table.add_row(r.truth.file, *where, height, f'{found.sigma_m:.1f}', error, '')
    return table


def _figure_table(figures: dict[str, Any]) -> Table:
    table = Table('figure', 'value')
    for name, value in figures.items():
        if isinstance(value, dict):
            said = ', '.join(f'{gate} {count}' for gate, count in value.items()) or '-'
        else:
            said = '-' if value is None else str(value) if isinstance(value, int) else f'{value:.3f}'
        table.add_row(name, said)
    return table
