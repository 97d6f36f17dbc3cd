# SPDX-License-Identifier: Apache-2.0
"""What the core says by Python's logging, said in a node's own log."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

CORE = logging.getLogger('waymark')


class _ToNode(logging.Handler):
    def __init__(self, logger: Any) -> None:
        super().__init__(logging.INFO)
        self._logger = logger
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread != self._thread:  # another node's work
            return
        if record.levelno >= logging.WARNING:
            self._logger.warning(record.getMessage())
        else:
            self._logger.info(record.getMessage())


@contextmanager
def core_log(logger: Any) -> Iterator[None]:
    """While inside, what the core logs in this thread goes to the node's logger, and from there to /rosout."""
    handler, level = _ToNode(logger), CORE.level
    CORE.addHandler(handler)
    CORE.setLevel(logging.INFO)
    try:
        yield
    finally:
        CORE.removeHandler(handler)
        CORE.setLevel(level)
