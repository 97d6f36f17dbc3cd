# SPDX-License-Identifier: Apache-2.0
"""Models with their checksums, and room for recordings."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import waymark
from waymark.doctor.finding import Finding
from waymark.errors import ModelError

# A drone's 720p JPEG stream writes about 2 MB/s: 2 GB are a flight, 200 MB are not.
SHORT_BYTES, TOO_SHORT_BYTES = 2_000_000_000, 200_000_000


def models_folder() -> Path:
    """Where packaged models would lie."""
    return Path(waymark.__file__).parent / 'encoding' / 'models'


def check_models(folder: Path) -> list[Finding]:
    """Whether every model below `folder` is the one that its manifest describes."""
    manifests = [p for p in sorted(folder.rglob('*.json')) if _is_manifest(p)]
    if not manifests:
        lost = f'none in {folder}: the default encoder is not there.'
        return [Finding('models', 'FAIL', lost, 'Install waymark again, or set encoder: hog, which needs no model.')]
    return [_check_model(path, str(path.relative_to(folder))) for path in manifests]


def check_disk(folder: Path, free: int | None = None) -> Finding:
    """Whether recordings have room.

    Args:
        folder: Where they go; it may not exist yet.
        free: Bytes there; None measures.
    """
    existing = next((p for p in [folder.absolute(), *folder.absolute().parents] if p.exists()), Path('/'))
    free = shutil.disk_usage(existing).free if free is None else free
    text = f'{free / 1e9:.1f} GB free for {folder.absolute()}'
    if free < TOO_SHORT_BYTES:
        return Finding('disk', 'FAIL', text, 'Free some space: a recording needs about 2 MB per second.')
    if free < SHORT_BYTES:
        return Finding('disk', 'WARN', text, 'Enough for some minutes of recording; free some space.')
    return Finding('disk', 'OK', text)


def _is_manifest(path: Path) -> bool:
    """A JSON object with a checksum; what is not JSON is judged too, since it was meant to be one."""
    try:
        fields = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return True
    return isinstance(fields, dict) and 'sha256' in fields


def _check_model(path: Path, name: str) -> Finding:
    from waymark.encoding.manifest import read_manifest

    try:
        stored = read_manifest(path)
    except ModelError as error:
        return Finding(f'model {name}', 'FAIL', str(error))
    text = f'{stored.model_path.name}, checksum agrees'
    if stored.model_path.suffix == '.onnx' and importlib.util.find_spec('onnxruntime') is None:
        return Finding(f'model {name}', 'FAIL', f'{text}, but onnxruntime is missing.', 'pip install onnxruntime')
    return Finding(f'model {name}', 'OK', text)
