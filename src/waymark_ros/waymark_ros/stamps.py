# SPDX-License-Identifier: Apache-2.0
"""Which image stamps a node takes."""

from __future__ import annotations

from waymark.errors import MessageError
from waymark.types import NANOSECONDS

RESET_NS = NANOSECONDS  # this far back is a new beginning (a bag played again), not a late image


class StampGate:
    """Lets stamps pass that increase, and notices when time starts anew."""

    def __init__(self) -> None:
        self._last_ns: int | None = None

    def accept(self, stamp_ns: int, ahead_s: float, tolerance_s: float) -> bool:
        """Take a stamp.

        Args:
            stamp_ns: Of the image.
            ahead_s: How far it is ahead of the node's clock, s.
            tolerance_s: How far it may be.

        Returns:
            True when time went back by a second or more: what is ordered by stamps must be forgotten.

        Raises:
            MessageError: The stamp is in the future, or not newer than the one before.
        """
        if ahead_s > tolerance_s:
            raise MessageError(
                f'its stamp is {ahead_s:.1f} s ahead of the clock; check use_sim_time and the camera driver.'
            )
        back_ns = -1 if self._last_ns is None else self._last_ns - stamp_ns
        if 0 <= back_ns < RESET_NS:
            raise MessageError(f'its stamp is {back_ns / 1e6:.0f} ms behind the one before; images must come in order.')
        self._last_ns = stamp_ns
        return back_ns >= RESET_NS
