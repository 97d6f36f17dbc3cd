# SPDX-License-Identifier: Apache-2.0
"""What `waymark eval homography` shows: a line per pair, the figures, and both as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from waymark.errors import ConfigError
from waymark.evaluation.homography import PairResult, evaluate_homography, figures_of
from waymark.evaluation.pairs import read_pairs
from waymark.evaluation.show import progress_bar, require_writable
from waymark.image.registration import RegistrationConfig


def show_homography(pairs_file: Path, config: RegistrationConfig, out: Path) -> None:
    """Judge registration, print tables, write the figures and one entry per pair (`results`).

    Raises:
        ConfigError: The pairs are not what they should be, or `out` can't be written.
        SourceError: An image can't be read.
    """
    require_writable(out)
    pairs = read_pairs(pairs_file)
    with progress_bar() as tell:
        results = evaluate_homography(pairs, config, lambda count: tell('registering pairs', count, len(pairs)))
    figures = figures_of(results)
    _write(out, {**figures, 'results': [_entry(r) for r in results]})
    console = Console(highlight=False)
    console.print(_pair_table(results))
    console.print(_figure_table(figures))


def _entry(result: PairResult) -> dict[str, Any]:
    found = result.found
    return {
        'reference': result.pair.reference.name,
        'current': result.pair.current.name,
        'verdict': result.verdict,
        'corner_error_px': result.error_px,
        'H': None if found is None else found.H_cur_ref.tolist(),
        'method': None if found is None else found.method,
        'inliers': None if found is None else found.inliers,
        'agreement': None if found is None else found.agreement,
        'support': None if found is None else found.support,
        'spread_px': None if found is None else found.spread_px,
        'ms': result.ms,
    }


def _write(out: Path, values: dict[str, Any]) -> None:
    try:
        out.write_text(json.dumps(values, indent=2) + '\n', encoding='utf-8')
    except OSError as error:
        raise ConfigError(f'--json {out}: can not be written ({error.strerror}). Give another file.') from None


def _pair_table(results: Sequence[PairResult]) -> Table:
    table = Table()
    for name in ('pair', 'verdict', 'px', 'inliers', 'agrees', 'support', 'by', 'ms'):
        table.add_column(name, justify='left' if name in ('pair', 'verdict', 'by') else 'right', no_wrap=True)
    for r in results:
        error = '-' if r.error_px is None else f'{r.error_px:.2f}'
        found = ['-'] * 4
        if r.found is not None:
            found = [str(r.found.inliers), f'{r.found.agreement:.2f}', f'{r.found.support:.2f}', r.found.method]
        reference, current = r.pair.reference, r.pair.current
        name = f'{reference.parent.name}/{reference.stem}-{current.stem}'
        table.add_row(name, r.verdict, error, *found, f'{r.ms:.0f}')
    return table


def _figure_table(figures: dict[str, Any]) -> Table:
    table = Table('figure', 'value')
    for name, value in figures.items():
        table.add_row(name, '-' if value is None else str(value) if isinstance(value, int) else f'{value:.3f}')
    return table
