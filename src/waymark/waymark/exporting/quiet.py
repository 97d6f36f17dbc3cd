# SPDX-License-Identifier: Apache-2.0
"""Exporters and quantisers talk a lot; what matters comes back as a value or an exception."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Keep what libraries print and warn of off the terminal, where the progress line is."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)
