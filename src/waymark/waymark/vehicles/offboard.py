# SPDX-License-Identifier: Apache-2.0
"""Who may fly: offboard only after a person has armed, and never again against that person's will."""

from __future__ import annotations

import math

from waymark.vehicles.autopilots import Heartbeat

SILENT_S = 3.0  # without a heartbeat the autopilot is gone
STREAM_S = 1.0  # PX4 wants to have heard setpoints for a second before it takes the mode
RETRY_S, TRIES = 1.0, 3


class OffboardGate:
    """Follows arming and modes; decides when a mode is asked for. It never arms. Times are steady, s.

    Attributes:
        heartbeat: The last one; None before any, and after SILENT_S without.
        has_handed_over: Whether the vehicle is the autopilot's, until a person leaves offboard mode or arms again.
    """

    def __init__(self, requests_offboard: bool, on_hand_over: str) -> None:
        """Begin, knowing nothing.

        Args:
            requests_offboard: Whether offboard mode is asked for at all.
            on_hand_over: 'silence', or the mode that is asked for then.
        """
        self._requests, self._on_hand_over = requests_offboard, on_hand_over
        self.heartbeat: Heartbeat | None = None
        self.has_handed_over = False
        self._nobody_drives = False
        self._heard_s = -math.inf
        self._may_ask = False  # armed by a person while we were looking, and not yet flown
        self._wanted = ''
        self._tries, self._asked_s = 0, -math.inf
        self._stream_from_s, self._stream_last_s = math.inf, -math.inf

    @property
    def is_silent(self) -> bool:
        """Whether no setpoint may be sent, so that the autopilot notices."""
        return self.has_handed_over or self._nobody_drives

    @property
    def may_move(self) -> bool:
        """Whether setpoints may ask for motion: armed, and not handed over."""
        return self.heartbeat is not None and self.heartbeat.is_armed and not self.is_silent

    def heard(self, heartbeat: Heartbeat, now_s: float) -> None:
        """Take a heartbeat of the autopilot."""
        before = self.heartbeat
        self.heartbeat, self._heard_s = heartbeat, now_s
        if before is not None and heartbeat.is_armed and not before.is_armed:
            self._may_ask, self.has_handed_over = self._requests, False
            self._want('')
        if not heartbeat.is_armed:
            self._may_ask = False
        if heartbeat.mode == 'offboard':
            self._may_ask = False  # who leaves it now wants to
        if heartbeat.mode == self._wanted:
            self._want('')
        self._look()

    def streams(self, now_s: float) -> None:
        """Note that a setpoint was sent."""
        if now_s - self._stream_last_s > 0.5:
            self._stream_from_s = now_s
        self._stream_last_s = now_s

    def hand_over(self, wanted: bool) -> None:
        """Take what the safety filter says: whether nobody has commanded for so long that the autopilot should."""
        self._nobody_drives = wanted
        self._look()

    def request(self, now_s: float) -> str:
        """The mode to ask for now, '' for none."""
        if self.heartbeat is not None and now_s - self._heard_s > SILENT_S:
            self.heartbeat, self._may_ask = None, False
            self._want('')
        streams = now_s - self._stream_last_s < 0.5 and now_s - self._stream_from_s >= STREAM_S
        if self._may_ask and not self._wanted and streams:
            self._may_ask = False
            self._want('offboard')
        if not self._wanted or not self._tries or now_s - self._asked_s < RETRY_S:
            return ''
        if self.heartbeat is None or not self.heartbeat.autopilot or not self.heartbeat.is_armed:
            return ''
        self._tries, self._asked_s = self._tries - 1, now_s
        return self._wanted

    def _look(self) -> None:
        flies = self.heartbeat is not None and self.heartbeat.mode == 'offboard'
        if self._nobody_drives and flies and not self.has_handed_over:
            self.has_handed_over, self._may_ask = True, False
            self._want('' if self._on_hand_over == 'silence' else self._on_hand_over)
        if self.has_handed_over and not self._nobody_drives and not flies:
            self.has_handed_over = False  # whoever chooses offboard mode again means it

    def _want(self, mode: str) -> None:
        self._wanted, self._tries, self._asked_s = mode, TRIES, -math.inf
