# SPDX-License-Identifier: Apache-2.0
"""Message classes by name."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from waymark.errors import BackendUnavailable


@cache
def message_class(type_name: str) -> Any:
    """Class of 'pkg/msg/Name'.

    Raises:
        BackendUnavailable: The package is not installed for this Python.
    """
    package, kind, name = type_name.split('/')
    try:
        return getattr(importlib.import_module(f'{package}.{kind}'), name)
    except (ImportError, AttributeError):
        raise BackendUnavailable(
            f'message type {type_name} is not installed: source the workspace or install the package that defines it.'
        ) from None
