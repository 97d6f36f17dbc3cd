# SPDX-License-Identifier: Apache-2.0
"""Where a detector lies: an embedded one by its name, a model folder, a manifest, or an ONNX file of its own."""

from __future__ import annotations

from pathlib import Path

from waymark.detection.bare import bare_manifest
from waymark.errors import ModelError
from waymark.manifest import MANIFEST_NAME, StoredModel, read_manifest

_EMBEDDED = Path(__file__).parent / 'models'


def read_detector(model: str) -> tuple[StoredModel, str]:
    """Read what a detector is.

    Args:
        model: An embedded model's name, a model folder, the path of a manifest, or an ONNX file.

    Returns:
        Manifest and files, and in words where the manifest came from.

    Raises:
        ModelError: There is none, it says of itself what makes no sense, or another manifest lies beside it.
    """
    path = Path(model)
    embedded = _EMBEDDED / model
    if len(path.parts) == 1 and (embedded / MANIFEST_NAME).is_file():
        return read_manifest(embedded), 'embedded'
    if path.suffix != '.onnx':
        return read_manifest(path), 'manifest'
    if not (path.parent / MANIFEST_NAME).is_file():
        manifest = bare_manifest(path)
        return StoredModel(manifest, path, path.parent), f'no manifest, {manifest.source}'
    stored = read_manifest(path.parent)
    if stored.model_path.resolve() != path.resolve():
        raise ModelError(f'model {str(path)!r} is not the one that the manifest beside it describes. Move it apart.')
    return stored, 'manifest'
