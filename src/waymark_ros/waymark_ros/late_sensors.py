# SPDX-License-Identifier: Apache-2.0
"""Images may outrun the sensors on a busy machine: what was measured with an image is read after it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

LATE_S = 0.25
POLL_S = 0.002


def wait_while_late(node: Any, is_late: Callable[[], bool]) -> None:
    """Give the thread that reads sensors a moment to catch up with the image; never longer than LATE_S.

    Args:
        node: A ManagedNode; its end ends the wait.
        is_late: Whether a sensor that is alive says nothing yet of the image.
    """
    deadline = time.monotonic() + LATE_S
    while is_late() and time.monotonic() < deadline and not node.wait(POLL_S):
        pass
