# SPDX-License-Identifier: Apache-2.0
"""The files that make up one model: hashed as one thing, and none of them outside its folder."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from waymark.backends.onnx_files import external_files
from waymark.errors import ModelError


def read_model(path: Path) -> bytes:
    """Read a model file.

    Raises:
        ModelError: It is missing, empty or not readable.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f'model {str(path)!r} can not be read: {error.strerror or error}. Check the path.') from error
    if not data:
        raise ModelError(f'model {str(path)!r} is empty. Copy or export it again.')
    return data


def file_sha256(path: Path) -> str:
    """Hash a model: its file, followed by the files that it can't do without (see `model_parts`).

    For a model of one file this is what `sha256sum` prints.

    Raises:
        ModelError: One of them can't be read, or lies outside the model's folder.
    """
    digest = hashlib.sha256()
    for part in model_parts(path):
        try:
            with part.open('rb') as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
        except OSError as error:
            raise ModelError(
                f'model {str(part)!r} can not be read: {error.strerror or error}. Put it beside its manifest.'
            ) from error
    return digest.hexdigest()


def model_parts(path: Path) -> tuple[Path, ...]:
    """List a model's files: itself, then an .xml's .bin, a .safetensors' config.json, an .onnx's external data.

    Raises:
        ModelError: A part lies outside the model's folder, or the file can't be read.
    """
    others: tuple[str, ...] = ()
    if path.suffix == '.xml':
        others = (path.with_suffix('.bin').name,)
    elif path.suffix == '.safetensors':
        others = ('config.json',)
    elif path.suffix == '.onnx':
        with contextlib.suppress(ValueError):  # not an ONNX model: for the backend to refuse, not for who hashes it
            others = external_files(read_model(path))
    return (path, *(inside(path.parent, path.parent / name, f'model {str(path)!r}') for name in others))


def read_onnx(path: Path) -> tuple[bytes, bool]:
    """Read an ONNX file, having checked that its weights lie where they may.

    Returns:
        The file, and whether more files hold weights (then a runtime must be given the path, not the bytes).

    Raises:
        ModelError: It can't be read, is not an ONNX model, or keeps weights outside its folder or in a missing file.
    """
    data = read_model(path)
    try:
        names = external_files(data)
    except ValueError as error:
        raise ModelError(
            f'model {str(path)!r} is not an ONNX model or is damaged ({error}). Export it again.'
        ) from None
    for name in names:
        part = inside(path.parent, path.parent / name, f'model {str(path)!r}')
        if not part.is_file():
            raise ModelError(f'model {str(path)!r} keeps weights in {name!r}, which is missing. Copy all its files.')
    return data, bool(names)


def inside(folder: Path, path: Path, owner: str) -> Path:
    """Resolve `path`; refuse one that leaves `folder` ('..', an absolute path, a link).

    Args:
        folder: What must hold it.
        path: The file.
        owner: What names the file, for the error.

    Raises:
        ModelError: It lies outside.
    """
    resolved, root = path.resolve(), folder.resolve()
    if not resolved.is_relative_to(root):
        raise ModelError(f"{owner}: {str(path)!r} lies outside its folder. Keep the model's files together.")
    return resolved
