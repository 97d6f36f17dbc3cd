# SPDX-License-Identifier: Apache-2.0
"""Engines that a device's compiler built, kept on disk: built once for a model, a device and a runtime."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TypeVar

from waymark.backends.base import BackendOptions
from waymark.errors import ModelError

log = logging.getLogger(__name__)
EngineT = TypeVar('EngineT')


@dataclass(frozen=True)
class EngineKey:
    """Everything that an engine depends on; another one of these is another engine.

    Attributes:
        backend: Its name.
        model_sha256: Of the model's files.
        device: The device by its full name, as its driver gives it.
        runtime: Version of the library that builds.
        precision: As BackendOptions'.
    """

    backend: str
    model_sha256: str
    device: str
    runtime: str
    precision: str

    @property
    def digest(self) -> str:
        """64 hexadecimal digits."""
        return hashlib.sha256(json.dumps(astuple(self)).encode()).hexdigest()


def cache_folder(options: BackendOptions) -> Path:
    """Where engines are kept: as the options say, else `waymark/engines` in the user's cache."""
    if options.cache_dir is not None:
        return options.cache_dir
    return Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'waymark' / 'engines'


def cached_engine(
    key: EngineKey, options: BackendOptions, build: Callable[[], bytes], load: Callable[[bytes], EngineT]
) -> EngineT:
    """Load an engine from the cache, or build it and keep it.

    An entry that is damaged, or that the runtime refuses, is built again and the log says so. A cache that can not be
    written is said too, and costs the building at every start.

    Args:
        key: What the engine depends on.
        options: Cache folder and progress.
        build: Makes the engine's bytes; takes seconds to minutes.
        load: Makes a running engine of them.

    Raises:
        ModelError: The model can't be built, or what was just built can't be loaded.
    """
    path = cache_folder(options) / f'{key.backend}-{key.digest[:32]}.engine'
    try:
        return load(_read(path))
    except FileNotFoundError:
        log.info('%s builds an engine for %s; it is kept in %s.', key.backend, key.device, path)
    except (OSError, ModelError) as error:
        log.warning('the cached engine %s can not be used (%s): it is built again.', path, error)
    data = build()
    try:
        write_atomically(path, hashlib.sha256(data).digest() + data)
    except OSError as error:
        log.warning('the engine can not be kept in %s (%s): it will be built again at the next start.', path, error)
    return load(data)


def _read(path: Path) -> bytes:
    data = path.read_bytes()
    digest, engine = data[:32], data[32:]
    if hashlib.sha256(engine).digest() != digest:
        raise ModelError('it is damaged')
    return engine


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file that is either whole or not there, whoever else writes it at the same time.

    Raises:
        OSError: It can't be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    try:
        with os.fdopen(handle, 'wb') as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
