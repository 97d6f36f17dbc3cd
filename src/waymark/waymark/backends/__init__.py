# SPDX-License-Identifier: Apache-2.0
"""Runtimes that run a model file, behind one Protocol."""

from waymark.backends.base import Backend, BackendOptions, backend_names, load_backend

__all__ = ['Backend', 'BackendOptions', 'backend_names', 'load_backend']
