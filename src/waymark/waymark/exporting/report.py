# SPDX-License-Identifier: Apache-2.0
"""What an export did to a model, in numbers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waymark.encoding.parity import Parity
from waymark.types import ModelManifest

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class ExportReport:
    """Before and after.

    Attributes:
        folder: The model folder.
        manifest: Of the exported model.
        backend: What ran it for this report ('onnx (cpu)'); '' where it can't run here.
        method: How the precision was reached ('int8: static, 32 calibration images').
        parity: Of the image tower; None where it can't run here.
        text_parity: Of the text tower; None where there is none.
        own_preprocessing: Cosine between vectors after the model's own preprocessing and after the manifest's, the
            worst of the reference images; None where they can't be compared.
        latency_ms: Image to vector, torch fp32 and exported; None where it can't run here.
        size_bytes: Weights of the image tower in fp32, and its files.
        notes: What the user should know.
    """

    folder: Path
    manifest: ModelManifest
    backend: str
    method: str
    parity: Parity | None
    text_parity: Parity | None
    own_preprocessing: float | None
    latency_ms: tuple[float, float | None]
    size_bytes: tuple[int, int]
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values, for other programs."""
        return {
            'model': self.manifest.name,
            'precision': self.manifest.precision,
            'fingerprint': self.manifest.fingerprint,
            'backend': self.backend,
            'method': self.method,
            'parity': vars(self.parity) if self.parity else None,
            'text_parity': vars(self.text_parity) if self.text_parity else None,
            'own_preprocessing_cosine': self.own_preprocessing,
            'latency_ms': {'torch_fp32': self.latency_ms[0], 'exported': self.latency_ms[1]},
            'size_bytes': {'torch_fp32': self.size_bytes[0], 'exported': self.size_bytes[1]},
            'notes': list(self.notes),
        }


def median_ms(call: Callable[[], object], seconds: float = 0.6, most: int = 30) -> float:
    """Median time of a call, ms, over at most `most` calls or `seconds`, after two that do not count."""
    call()
    call()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or (len(times) < most and time.perf_counter() < end):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def report_table(report: ExportReport) -> Table:
    """Lay out a report for the terminal."""
    from rich.table import Table

    manifest = report.manifest
    table = Table(title=f'{manifest.name}, {manifest.precision}, {report.backend or "not run here"}', title_justify='left')
    for column in ('', 'torch fp32', 'exported', 'limit'):
        table.add_column(column, justify='left' if not column else 'right')
    for name, parity in (('image', report.parity), ('text', report.text_parity)):
        if parity is not None:
            table.add_row(f'{name}: worst cosine of {parity.count}', '1', f'{parity.cosine:.7f}', f'>= {parity.limit:g}')
            table.add_row(f'{name}: max abs difference', '0', f'{parity.max_abs_difference:.3g}', '')
    if report.own_preprocessing is not None:
        table.add_row('own preprocessing: worst cosine', '1', f'{report.own_preprocessing:.5f}', '')
    before, after = report.latency_ms
    table.add_row('image to vector, ms', f'{before:.1f}', '-' if after is None else f'{after:.1f}', '')
    table.add_row('size, MB', *(f'{size / 1e6:.2f}' for size in report.size_bytes), '')
    return table
