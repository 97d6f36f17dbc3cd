# SPDX-License-Identifier: Apache-2.0
"""What an export did to a detector, in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waymark.detection.parity import BoxParity
from waymark.types import ModelManifest

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class DetectorReport:
    """Before and after.

    Attributes:
        folder: The model folder.
        manifest: Of the exported model.
        backend: What ran it for this report ('onnx (cpu)').
        method: How the precision was reached.
        parity: Against the boxes that the ONNX file in fp32 found in the reference images.
        latency_ms: Image to boxes, before and exported; None where a simulator's time says nothing.
        size_bytes: Of the files, before and exported.
        notes: What the user should know.
    """

    folder: Path
    manifest: ModelManifest
    backend: str
    method: str
    parity: BoxParity
    latency_ms: tuple[float, float | None]
    size_bytes: tuple[int, int]
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values, for other programs."""
        return {
            'model': self.manifest.name,
            'precision': self.manifest.precision,
            'decoder': self.manifest.decoder,
            'classes': list(self.manifest.class_names),
            'backend': self.backend,
            'method': self.method,
            'parity': vars(self.parity),
            'latency_ms': {'before': self.latency_ms[0], 'exported': self.latency_ms[1]},
            'size_bytes': {'before': self.size_bytes[0], 'exported': self.size_bytes[1]},
            'notes': list(self.notes),
        }


def detector_table(report: DetectorReport) -> Table:
    """Lay out a report for the terminal."""
    from rich.table import Table

    manifest, parity = report.manifest, report.parity
    title = f'{manifest.name} ({manifest.decoder}), {manifest.precision}, {report.backend}'
    table = Table(title=title, title_justify='left')
    for column in ('', 'before, fp32', 'exported', 'limit'):
        table.add_column(column, justify='left' if not column else 'right')
    share = f'share of {parity.boxes} boxes at IoU .9'
    table.add_row(share, '1', f'{parity.share:.3f}', f'>= {parity.limit:g}')
    before, after = report.latency_ms
    table.add_row('image to boxes, ms', f'{before:.1f}', '-' if after is None else f'{after:.1f}', '')
    table.add_row('size, MB', *(f'{size / 1e6:.2f}' for size in report.size_bytes), '')
    return table
