# SPDX-License-Identifier: Apache-2.0
"""Parquet through pyarrow, which is an extra."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from waymark.errors import BackendUnavailable, SourceError


def parquet() -> tuple[Any, Any]:
    """The modules pyarrow and pyarrow.parquet.

    Raises:
        BackendUnavailable: pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise BackendUnavailable(
            f'lerobot datasets are Parquet files, which need pyarrow ({error}): pip install "waymark[datasets]".'
        ) from None
    return pyarrow, pyarrow.parquet


def read_table(path: Path, columns: list[str] | None = None) -> Any:
    """Read a Parquet file.

    Args:
        path: The file.
        columns: Which to read; None for all.

    Raises:
        SourceError: It is missing, cut off, or lacks a column.
    """
    arrow, pq = parquet()
    try:
        with pq.ParquetFile(path) as file:
            lacking = [c for c in columns or [] if c not in file.schema_arrow.names]
            if lacking:
                raise SourceError(
                    f'{path}: no column {", ".join(lacking)}. It has {", ".join(file.schema_arrow.names)}.'
                )
            return file.read(columns=columns)
    except (OSError, arrow.ArrowException) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SourceError(f'{path}: not a readable Parquet file ({why}). Copy or record the dataset again.') from None


def write_table(path: Path, table: Any) -> None:
    """Write a Parquet file whole or not at all."""
    _, pq = parquet()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + '.part')
    pq.write_table(table, part, compression='snappy')
    part.replace(path)
