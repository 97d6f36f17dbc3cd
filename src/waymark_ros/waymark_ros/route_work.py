# SPDX-License-Identifier: Apache-2.0
"""What route_follower does with a goal: sessions of the core, feedback and results of the actions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from geometry_msgs.msg import TwistStamped
from std_msgs.msg import Header as HeaderMsg
from waymark_msgs.action import RepeatRoute, TeachRoute
from waymark_msgs.msg import Localization

from waymark.encoding import Encoder
from waymark.errors import RouteError
from waymark.image.camera import CameraModel
from waymark.navigation.sessions import RepeatSession, TeachSession
from waymark.pipeline.route_follower import RouteFollowerConfig
from waymark.routes import Command, FollowState, Guidance
from waymark.routes.teaching import Passed
from waymark.types import Frame
from waymark_ros.conversions import ns_to_time

KINDS = {'teach_route': TeachRoute, 'repeat_route': RepeatRoute}
_STATES = {
    FollowState.FOLLOWING: Localization.LOCALIZED,
    FollowState.DONE: Localization.LOCALIZED,
    FollowState.SEARCHING: Localization.CANDIDATE,
}


class TeachWork:
    """A route that is being taught."""

    state = 'TEACHING'

    def __init__(self, config: RouteFollowerConfig, encoder: Encoder, goal: Any) -> None:
        """Begin.

        Raises:
            RouteError: The goal can't be done.
        """
        if goal.min_keyframe_distance:
            raise RouteError(
                f'min_keyframe_distance {goal.min_keyframe_distance:g}: keyframes are kept by what they show '
                '(parameter keyframe_overlap). Send 0.'
            )
        self._session = TeachSession(config, encoder, Path(config.routes), goal.route_id)
        self.is_done = False
        self.command: Command | None = None

    def observe(self, frame: Frame, camera: CameraModel, passed: Passed) -> Any:
        """Take the next image; returns the feedback."""
        self._session.observe(frame, camera, passed)
        return self.feedback()

    @property
    def may_wait(self) -> bool:
        """Whether it is kept, however long no image comes: what was taught would be lost."""
        return self._session.lesson is not None

    def feedback(self) -> Any:
        """How far it is."""
        lesson = self._session.lesson
        if lesson is None:
            return TeachRoute.Feedback()
        return TeachRoute.Feedback(keyframe_count=lesson.keyframe_count, length=float(lesson.length_m))

    def result(self) -> Any:
        """Save, at the end."""
        count = self._session.finish()
        return TeachRoute.Result(success=True, message=f'{count} keyframes', keyframe_count=count)

    def close(self) -> None:
        """Nothing is open."""


class RepeatWork:
    """A route that is being repeated."""

    def __init__(self, config: RouteFollowerConfig, encoder: Encoder, goal: Any) -> None:
        """Begin.

        Raises:
            RouteError, MapError: The goal can't be done.
        """
        folder = Path(config.routes)
        self._session = RepeatSession(config, encoder, folder, goal.route_id, goal.backwards, float(goal.max_speed))
        self.is_done, self.may_wait = False, False
        self.command: Command | None = Command()
        self.guidance: Guidance | None = None

    def observe(self, frame: Frame, camera: CameraModel, passed: Passed) -> Any:
        """Take the next image; returns the feedback, and leaves the command."""
        said = self._session.observe(frame, camera, passed)
        self.guidance, self.command = said, said.command
        self.is_done = said.state is FollowState.DONE
        return self._feedback(_STATES.get(said.state, Localization.LOST))

    @property
    def state(self) -> str:
        """What the follower does, for the diagnostics."""
        return 'GLOBAL_START' if self.guidance is None else self.guidance.state.name

    def feedback(self) -> Any:
        """How far it was when it saw something: now it is lost."""
        return self._feedback(Localization.LOST)

    def _feedback(self, state: int) -> Any:
        if self.guidance is None:
            return RepeatRoute.Feedback(localization_state=state)
        return RepeatRoute.Feedback(
            progress=float(self.guidance.progress),
            lateral_error=float(self.guidance.lateral_error_m or 0.0),
            localization_state=state,
        )

    def result(self) -> Any:
        """What to say at the end."""
        progress = 0.0 if self.guidance is None else self.guidance.progress
        text = 'the end is reached' if self.is_done else f'cancelled at {100 * progress:.0f} % of the route'
        return RepeatRoute.Result(success=self.is_done, message=text)

    def close(self) -> None:
        """Close the map."""
        self._session.close()


def work_of(kind: Any, config: RouteFollowerConfig, encoder: Encoder, goal: Any) -> TeachWork | RepeatWork:
    """The work that a goal of an action asks for.

    Raises:
        RouteError, MapError: It can't be done.
    """
    return (TeachWork if kind is TeachRoute else RepeatWork)(config, encoder, goal)


def command_to_msg(command: Command, stamp_ns: int, frame_id: str) -> TwistStamped:
    """A velocity in the vehicle's frame (FLU), with the stamp of the image behind it."""
    msg = TwistStamped(header=HeaderMsg(stamp=ns_to_time(stamp_ns), frame_id=frame_id))
    msg.twist.linear.x, msg.twist.linear.y, msg.twist.linear.z = command.forward, command.left, command.up
    msg.twist.angular.z = command.yaw_rate
    return msg
