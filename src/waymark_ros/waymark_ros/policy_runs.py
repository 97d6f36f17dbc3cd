# SPDX-License-Identifier: Apache-2.0
"""What smolvla_policy is to do: a goal, else the instruction of parameter or topic; and only while it is enabled."""

from __future__ import annotations

import time
from typing import Any

from waymark_msgs.action import RunPolicy

from waymark.pipeline.smolvla_policy import SmolvlaPolicyConfig
from waymark.policy.pilot import Pilot
from waymark.types import NANOSECONDS
from waymark_ros.route_actions import RouteActions, Run

FEEDBACK_S = 0.2


class PolicyRuns:
    """Decides in each control period; `look` belongs to the worker, the rest to anybody.

    Attributes:
        enabled: Whether the policy may act.
        is_busy: Whether it is to act.
    """

    def __init__(self, actions: RouteActions, pilot: Pilot, config: SmolvlaPolicyConfig) -> None:
        """Prepare."""
        self._actions, self._pilot, self._config = actions, pilot, config
        self.reset()

    def reset(self) -> None:
        """As at the start."""
        self.enabled, self._instruction = self._config.enabled, self._config.instruction
        self.is_busy = False
        self._task = ''
        self._fed_s = 0.0
        self._unwanted: Run | None = None

    def hear(self, instruction: str) -> None:
        """Another instruction, from the topic; '' ends what is done, a goal too: it may be a spoken stop."""
        self._instruction = instruction.strip()
        if not self._instruction:
            self._unwanted = self._actions.current

    def mode(self, acts: bool) -> str:
        """disabled, idle, acting or holding."""
        if not self.enabled:
            return 'disabled'
        return ('acting' if acts else 'holding') if self.is_busy else 'idle'

    def look(self) -> None:
        """Begin, go on with or end what is to be done."""
        run = self._actions.current
        if run is not None:
            self._look_at(run)
            run = self._actions.current
        wanted = self._instruction if run is None else run.goal.request.instruction.strip()
        wanted = wanted if self.enabled else ''
        if wanted == self._task:
            return
        self._task, self.is_busy = wanted, bool(wanted)
        if wanted:
            self._pilot.begin(wanted)
        else:
            self._pilot.stop()

    def fail(self, problem: str) -> None:
        """End a goal, if there is one, because of a problem."""
        if self._actions.current is not None:
            self._end(self._actions.current, 'abort', problem)
        self.is_busy = False

    def _look_at(self, run: Run) -> None:
        now_s = time.monotonic()
        if run.wants_cancel:
            return self._end(run, 'canceled', 'cancelled')
        if run is self._unwanted:
            return self._end(run, 'abort', 'an empty instruction ended it.')
        if not self.enabled:
            return self._end(run, 'abort', 'the node is disabled: call ~/enable with true first.')
        if not run.goal.request.instruction.strip():
            return self._end(run, 'abort', 'instruction: say what is to be done.')
        if run.session is None:
            run.session = now_s
            self._task = ''  # a goal begins anew, also with the words of the last one
        asked = run.goal.request.duration
        duration_s = asked.sec + asked.nanosec / NANOSECONDS
        if 0 < duration_s <= now_s - run.session:
            return self._end(run, 'succeed', f'acted for {duration_s:g} s', success=True)
        if now_s - self._fed_s >= FEEDBACK_S:
            self._fed_s = now_s
            run.goal.publish_feedback(self._feedback(now_s - run.session))
        return None

    def _feedback(self, elapsed_s: float) -> Any:
        state = self._pilot.state()
        return RunPolicy.Feedback(
            elapsed=elapsed_s, chunks=state.chunks, latency=state.latencies_s[2], queue_length=state.queue_length
        )

    def _end(self, run: Run, outcome: str, message: str, success: bool = False) -> None:
        self._actions.end(run, outcome, RunPolicy.Result(success=success, message=message))
