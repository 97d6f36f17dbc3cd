# SPDX-License-Identifier: Apache-2.0
"""What becomes of a goal while no image comes that it can use: it says so, and is given up in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType

from waymark_ros.route_actions import Run

LOOK_S = 1.0
SILENT_S = 2.0  # less is a pause between images


class RoutePatience:
    """Looks each second, by steady time: it counts also where /clock never comes.

    Attributes:
        problem: Why the last image could not be used.
    """

    def __init__(self, node: Any, limit_s: float, look: Callable[[], None]) -> None:
        """Begin to look.

        Args:
            node: A VisionNode that is being activated.
            limit_s: Time without an image after which a goal is given up; 0: never.
            look: Called each second in the ROS thread.
        """
        self._node, self._limit_s = node, limit_s
        self._timer = node.create_timer(LOOK_S, look, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.problem = ''

    def why_no_more(self, run: Run) -> str:
        """Tell the client and the diagnostics where a goal gets no image.

        Returns:
            Why it must be given up, '' where it goes on.
        """
        waited_s = time.monotonic() - run.fed_s
        if waited_s < SILENT_S:
            return ''
        why = self._node.why_no_view(SILENT_S) or self.problem or 'the image is still being worked on'
        if self._limit_s and waited_s > self._limit_s and not run.session.may_wait:
            said = why.rstrip('.')
            return (
                f'given up after {waited_s:.0f} s without an image to go by (patience_s): {said}. Send the goal again.'
            )
        self._node.statistics.set('state', f'waits for an image to go by, {waited_s:.0f} s so far: {why}')
        run.goal.publish_feedback(run.session.feedback())
        return ''

    def destroy(self) -> None:
        """Look no more."""
        self._node.destroy_timer(self._timer)
