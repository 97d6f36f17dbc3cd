# SPDX-License-Identifier: Apache-2.0
"""Reading and writing a ModelManifest: JSON beside the model file, checked against the file's bytes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waymark.errors import ModelError
from waymark.types import ModelManifest, ReferencePair

_MODEL_KEY = 'model'  # the model file's path, relative to the manifest: where it lies, not what it is


@dataclass(frozen=True)
class StoredModel:
    """A manifest and the model file that it describes."""

    manifest: ModelManifest
    model_path: Path


def write_manifest(manifest: ModelManifest, model_path: Path, path: Path) -> None:
    """Write a manifest beside its model.

    Args:
        manifest: Its sha256 is taken as it is.
        model_path: The model file, in the manifest's folder or below.
        path: The JSON file to write.

    Raises:
        ModelError: The model file lies outside the manifest's folder.
    """
    inside = _inside(path.parent, model_path, path)
    fields = {
        _MODEL_KEY: inside.relative_to(path.parent.resolve()).as_posix(),
        **dataclasses.asdict(manifest),
    }
    path.write_text(json.dumps(fields, indent=2) + '\n', encoding='utf-8')


def read_manifest(path: Path) -> StoredModel:
    """Read a manifest and check the model file against it.

    Args:
        path: The JSON file.

    Raises:
        ModelError: The manifest can't be read, lacks or misstates a field, points outside its folder, or its
            checksum is not the model file's.
    """
    fields = _read_fields(path)
    try:
        model_path = _inside(path.parent, path.parent / str(fields.pop(_MODEL_KEY)), path)
    except KeyError:
        raise ModelError(f'manifest {str(path)!r} does not say which file is the model: add "model".') from None
    manifest = _manifest(fields, path)
    for reference in manifest.references:
        _inside(path.parent, path.parent / reference.image, path)
    found = file_sha256(model_path)
    if found != manifest.sha256:
        raise ModelError(
            f'model {str(model_path)!r} is not the one that manifest {path.name!r} describes: its sha256 is '
            f'{found[:16]}…, expected {manifest.sha256[:16]}…. Copy the model again, or export both together.'
        )
    return StoredModel(manifest, model_path)


def file_sha256(path: Path) -> str:
    """Hash a model file.

    Raises:
        ModelError: It can't be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open('rb') as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except OSError as error:
        raise ModelError(
            f'model {str(path)!r} can not be read: {error.strerror or error}. Put it beside its manifest.'
        ) from error
    return digest.hexdigest()


def _read_fields(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise ModelError(
            f"encoder {str(path)!r} can not be read: {error.strerror or error}. Give 'hog' or a manifest's path."
        ) from error
    except ValueError as error:
        raise ModelError(f'manifest {str(path)!r} is not JSON ({error}). Give the manifest, not the model.') from error
    if not isinstance(fields, dict):
        raise ModelError(f'manifest {str(path)!r} holds {type(fields).__name__}, expected an object with fields.')
    return fields


def _manifest(fields: Mapping[str, Any], path: Path) -> ModelManifest:
    known = {f.name: f for f in dataclasses.fields(ModelManifest)}
    unknown = sorted(set(fields) - set(known))
    missing = [n for n, f in known.items() if f.default is dataclasses.MISSING and n not in fields]
    if unknown or missing:
        raise ModelError(f'manifest {str(path)!r}: unknown fields {unknown}, missing fields {missing}.')
    for name, check in _CHECKS.items():
        if name in fields and not check(fields[name]):
            raise ModelError(f'manifest {str(path)!r}: {name} can not be {fields[name]!r}.')
    values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in fields.items()}
    values['references'] = _references(fields.get('references', ()), path)
    return ModelManifest(**values)


def _references(items: Any, path: Path) -> tuple[ReferencePair, ...]:
    try:
        return tuple(ReferencePair(str(r['image']), tuple(float(v) for v in r['output'])) for r in items)
    except (TypeError, KeyError, ValueError) as error:
        raise ModelError(f'manifest {str(path)!r}: a reference is an image and its output, not {error!r}.') from None


def _numbers(value: Any, above: float = -math.inf) -> bool:
    return isinstance(value, list) and all(
        isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) and v > above for v in value
    )


_CHECKS: dict[str, Callable[[Any], bool]] = {
    'name': lambda v: isinstance(v, str) and v != '',
    'sha256': lambda v: isinstance(v, str) and len(v) == 64,
    'input_wh': lambda v: _numbers(v, 0) and len(v) == 2 and all(isinstance(s, int) for s in v),
    'mean': lambda v: _numbers(v) and len(v) in (1, 3),
    'std': lambda v: _numbers(v, 0) and len(v) in (1, 3),
    'resize': lambda v: v in ('stretch', 'crop', 'letterbox'),
    'channels': lambda v: v in ('rgb', 'bgr', 'gray'),
    'pooling': lambda v: v in ('none', 'cls', 'mean', 'gem'),
    'output_dim': lambda v: isinstance(v, int) and v >= 0,
}


def _inside(folder: Path, path: Path, manifest: Path) -> Path:
    """Resolve `path`; refuse one that leaves the manifest's folder ('..', an absolute path, a link)."""
    resolved, root = path.resolve(), folder.resolve()
    if not resolved.is_relative_to(root):
        raise ModelError(
            f"manifest {str(manifest)!r}: {str(path)!r} lies outside the manifest's folder. "
            "Keep the model's files together."
        )
    return resolved
