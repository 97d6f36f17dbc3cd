# SPDX-License-Identifier: Apache-2.0
"""Where the manifests of encoders lie; what is in them is read by waymark.manifest."""

from __future__ import annotations

from pathlib import Path

from waymark.manifest import MANIFEST_NAME, StoredModel, file_sha256, read_manifest, write_manifest

__all__ = ['MANIFEST_NAME', 'StoredModel', 'file_sha256', 'find_manifest', 'read_manifest', 'write_manifest']

_EMBEDDED = Path(__file__).parent / 'models'


def find_manifest(encoder: str | Path) -> Path:
    """Find the manifest of an embedded model's name, a model folder, or a manifest's own path."""
    embedded = _EMBEDDED / str(encoder) / MANIFEST_NAME
    if len(Path(encoder).parts) == 1 and embedded.is_file():
        return embedded
    path = Path(encoder)
    return path / MANIFEST_NAME if path.is_dir() else path
