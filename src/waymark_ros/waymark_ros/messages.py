# SPDX-License-Identifier: Apache-2.0
"""Message classes by name."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from waymark.errors import BackendUnavailable
from waymark.report.definitions import FEEDBACK


@cache
def message_class(type_name: str) -> Any:
    """Class of 'pkg/msg/Name', or of what an action publishes: 'pkg/action/Name_FeedbackMessage'.

    Raises:
        BackendUnavailable: The package is not installed for this Python.
    """
    package, kind, name = type_name.split('/')
    try:
        module = importlib.import_module(f'{package}.{kind}')
        if kind == 'action':
            return getattr(module, name.removesuffix(FEEDBACK)).Impl.FeedbackMessage
        return getattr(module, name)
    except (ImportError, AttributeError):
        raise BackendUnavailable(
            f'message type {type_name} is not installed: source the workspace or install the package that defines it.'
        ) from None
