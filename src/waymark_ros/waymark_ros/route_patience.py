# SPDX-License-Identifier: Apache-2.0
"""What becomes of a goal while no image comes that it can use: it says so, and is given up in time."""

from __future__ import annotations

import time
from typing import Any

from rclpy.clock import Clock, ClockType

from waymark_ros.route_actions import RouteActions, Run

LOOK_S = 1.0
SILENT_S = 2.0  # less is a pause between images


class RoutePatience:
    """Looks each second, by steady time: it counts also where /clock never comes."""

    def __init__(self, node: Any, limit_s: float, actions: RouteActions) -> None:
        """Begin to look.

        Args:
            node: A VisionNode that is being activated.
            limit_s: Time without an image after which a goal is given up; 0: never.
            actions: Whose goal the node's worker is made to look at, also while no image comes.
        """
        self._node, self._limit_s, self._actions, self._problem = node, limit_s, actions, ''
        self._timer = node.create_timer(LOOK_S, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def fed(self, run: Run) -> None:
        """A goal got an image that it can use."""
        run.fed_s = time.monotonic()
        self._node.statistics.set('state', run.session.state)

    def doubt(self, problem: str) -> None:
        """An image came that can't be used."""
        self._problem = problem
        self._node.guard.count(f'route: {problem}')

    def why_no_more(self, run: Run) -> str:
        """Tell the client and the diagnostics where a goal gets no image.

        Returns:
            Why it must be given up, '' where it goes on.
        """
        waited_s = time.monotonic() - run.fed_s
        if waited_s < SILENT_S:
            return ''
        why = self._node.why_no_view(SILENT_S) or self._problem or 'the image is still being worked on'
        if self._limit_s and waited_s > self._limit_s and not run.session.may_wait:
            said = why.rstrip('.')
            return (
                f'given up after {waited_s:.0f} s without an image to go by (patience_s): {said}. Send the goal again.'
            )
        self._node.statistics.set('state', f'waits for an image to go by, {waited_s:.0f} s so far: {why}')
        run.goal.publish_feedback(run.session.feedback())
        return ''

    def _look(self) -> None:
        run = self._actions.current
        if run is not None:
            self._node.inbox.deposit('route', run)

    def destroy(self) -> None:
        """Look no more."""
        self._node.destroy_timer(self._timer)
