# SPDX-License-Identifier: Apache-2.0
"""Runtimes that run a model file, behind one Protocol."""

from waymark.backends.base import (
    MAX_BATCH,
    Backend,
    BackendOptions,
    backend_for,
    backend_names,
    load_backend,
    require_backend,
    takes_pixels,
)

__all__ = [
    'MAX_BATCH',
    'Backend',
    'BackendOptions',
    'backend_for',
    'backend_names',
    'load_backend',
    'require_backend',
    'takes_pixels',
]
