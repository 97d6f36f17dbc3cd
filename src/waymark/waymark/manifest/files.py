# SPDX-License-Identifier: Apache-2.0
"""Reading and writing a ModelManifest: JSON beside the model file, checked against the file's bytes."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waymark.backends.files import file_sha256, inside
from waymark.errors import ModelError
from waymark.manifest.fields import parse_manifest
from waymark.types import ModelManifest

MANIFEST_NAME = 'manifest.json'  # of a model folder
_MODEL_KEY = 'model'  # the model file's path, relative to the manifest: where it lies, not what it is


@dataclass(frozen=True)
class StoredModel:
    """A manifest and the files that it describes.

    Attributes:
        manifest: As read.
        model_path: The model file.
        folder: The manifest's; paths inside the manifest are relative to it.
    """

    manifest: ModelManifest
    model_path: Path
    folder: Path


def write_manifest(manifest: ModelManifest, model_path: Path, path: Path) -> None:
    """Write a manifest beside its model.

    Args:
        manifest: Its checksums are taken as they are.
        model_path: The model file, in the manifest's folder or below.
        path: The JSON file to write.

    Raises:
        ModelError: The model file lies outside the manifest's folder, or the manifest contradicts itself.
    """
    found = inside(path.parent, model_path, _called(path))
    values = json.loads(json.dumps(dataclasses.asdict(manifest)))
    parse_manifest(values, _called(path))
    fields = {_MODEL_KEY: found.relative_to(path.parent.resolve()).as_posix(), **values}
    path.write_text(json.dumps(fields, indent=2) + '\n', encoding='utf-8')


def read_manifest(path: Path) -> StoredModel:
    """Read a manifest and check its files against it.

    Args:
        path: The JSON file, or a model folder with a manifest.json.

    Raises:
        ModelError: The manifest can't be read, lacks or misstates a field, points outside its folder, or a
            checksum is not its file's.
    """
    path = path / MANIFEST_NAME if path.is_dir() else path
    fields, folder = _read_fields(path), path.parent
    if _MODEL_KEY not in fields:
        raise ModelError(f'manifest {str(path)!r} does not say which file is the model: add "model".')
    model_path = inside(folder, folder / str(fields.pop(_MODEL_KEY)), _called(path))
    manifest = parse_manifest(fields, _called(path))
    for reference in manifest.references:
        inside(folder, folder / reference.image, _called(path))
    _require_sha256(model_path, manifest.sha256, path)
    if manifest.text is not None:
        inside(folder, folder / manifest.text.tokenizer, _called(path))
        _require_sha256(inside(folder, folder / manifest.text.model, _called(path)), manifest.text.sha256, path)
    return StoredModel(manifest, model_path, folder)


def _called(path: Path) -> str:
    return f'manifest {str(path)!r}'


def _require_sha256(model_path: Path, expected: str, path: Path) -> None:
    found = file_sha256(model_path)
    if found != expected:
        raise ModelError(
            f'model {str(model_path)!r} is not the one that manifest {path.name!r} describes: its sha256 is '
            f'{found[:16]}…, expected {expected[:16]}…. Copy the model again, or export both together.'
        )


def _read_fields(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise ModelError(
            f'model {str(path)!r} can not be read: {error.strerror or error}. '
            "Give an embedded model's name (of encoders also 'hog'), a model folder or a manifest's path."
        ) from error
    except ValueError as error:
        raise ModelError(f'manifest {str(path)!r} is not JSON ({error}). Give the manifest, not the model.') from error
    if not isinstance(fields, dict):
        raise ModelError(f'manifest {str(path)!r} holds {type(fields).__name__}, expected an object with fields.')
    return fields
