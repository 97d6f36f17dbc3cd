# SPDX-License-Identifier: Apache-2.0
"""The gate that every command passes: arbitration, e-stop, limits, fences, safe action. All times are given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from waymark.safety.arm import ArmMotion
from waymark.safety.config import SafetyConfig
from waymark.safety.intervention import Intervention
from waymark.safety.limits import Array
from waymark.safety.loosening import fixed
from waymark.safety.pose import Pose, PoseTracker
from waymark.safety.rules import ages_of, arm_rules, twist_rules
from waymark.safety.sources import Arbiter, Command, Source
from waymark.safety.twist import TwistMotion
from waymark.types import NANOSECONDS

SAFE_ACTION = 'safe_action'


class State(Enum):
    """What the filter does; the values are those of waymark_msgs/SafetyState."""

    RUNNING = 0
    WAITING = 1
    STOPPED = 2
    BLIND = 3


@dataclass(frozen=True, eq=False)
class Output:
    """The outcome of one tick.

    Attributes:
        values: (6,) twist, or (n,) joint positions; None while an arm's positions are not known: send nothing.
        velocity: (6,) or (n,), m/s or rad/s: what moves.
        state: What the filter does.
        command: Whose command this follows, or None.
        interventions: What was changed about it.
        reason: Why it is not RUNNING, a sentence; '' when it is.
        hand_over: True when the autopilot should take a drone.
    """

    values: Array | None
    velocity: Array
    state: State
    command: Command | None
    interventions: tuple[Intervention, ...]
    reason: str
    hand_over: bool


class SafetyFilter:
    """One vehicle's gate. Not thread-safe: who calls from several threads holds a lock."""

    def __init__(self, config: SafetyConfig) -> None:
        """Start, latched when the configuration says so.

        Raises:
            ConfigError: The configuration is inconsistent.
        """
        self.config = config
        self._ages = ages_of(config)
        self.motion: TwistMotion | ArmMotion = (
            ArmMotion(arm_rules(config)) if config.vehicle == 'arm' else TwistMotion(twist_rules(config))
        )
        self.arbiter = Arbiter(len(config.max_velocity), config.joints if config.vehicle == 'arm' else ())
        self._pose = PoseTracker(config.max_position_age_s)
        self._here: Pose | None = None
        self._measured: tuple[Array, int] | None = None  # joints, steady time
        self._idle_since_ns: int | None = None
        self._goal_of: tuple[Command, Array, float] | None = None
        self._is_retired = False
        self.is_pressed = False
        self.e_stop = 'started latched' if config.latched_at_start else ''
        self._owed = ''  # an e-stop that no tick has answered yet: a release in the same period does not undo it
        self._is_arm_known = True

    # What comes in.

    def receive(self, command: Command, now_ns: int, steady_ns: int) -> Intervention | None:
        """Take a source's command; returns what is to be said when it is refused.

        Args:
            command: As it came.
            now_ns: Node clock.
            steady_ns: Steady clock.
        """
        return self.arbiter.receive(command, self._ages, now_ns, steady_ns)

    def set_pose(self, pose: Pose, stamp_ns: int, now_ns: int, steady_ns: int) -> str:
        """Take the vehicle's position; returns why it was refused, '' when it was not."""
        age_s = (now_ns - stamp_ns) / NANOSECONDS
        if not pose.is_finite:
            self._pose.measure(pose, steady_ns)
            return 'the odometry is not finite'
        if stamp_ns <= 0 or age_s > self.config.max_position_age_s or age_s < -self.config.max_ahead_s:
            return f'the odometry is {age_s:.2f} s old; max_position_age_s is {self.config.max_position_age_s:g}'
        self._pose.measure(pose, steady_ns - max(0, now_ns - stamp_ns))
        return ''

    def set_joints(self, positions: Array, steady_ns: int) -> str:
        """Take the joints' measured positions (n,); returns why they were refused, '' when they were not."""
        if positions.shape != (len(self.config.joints),) or not np.isfinite(positions).all():
            self._measured = None
            return 'the joint states are not finite or do not name every joint'
        self._measured = (positions, steady_ns)
        return ''

    def engage(self, reason: str) -> None:
        """Stop with the next tick, and stay stopped until `release`."""
        self.e_stop = self._owed = self.e_stop or reason or 'e-stop'

    def press(self, is_pressed: bool, reason: str) -> None:
        """Follow a switch: pressed engages; let go does not release, but `release` is refused while it is pressed."""
        self.is_pressed = is_pressed
        if is_pressed:
            self.engage(reason)

    def release(self, now_ns: int) -> str:
        """End an e-stop; nothing commanded before counts. Returns why it was refused, '' when it was not."""
        if self.is_pressed:
            return 'the e-stop is still pressed (topic e_stop says true): let it go, then release'
        if self.e_stop:
            self.e_stop = ''
            self.arbiter.forget(now_ns)
            self._idle_since_ns = None
            self._goal_of = None
            self._is_arm_known = False
        return ''

    def retire(self) -> None:
        """Follow nobody any more: what is left is to come to rest within the limits."""
        self._is_retired = True

    def change(self, config: SafetyConfig) -> None:
        """Follow another configuration from the next tick on; whether it may be looser is the caller's question.

        Raises:
            ConfigError: It is inconsistent, or changes what can't change while the filter runs.
        """
        fixed(self.config, config)
        if isinstance(self.motion, ArmMotion):
            self.motion.change(arm_rules(config))
        else:
            self.motion.change(twist_rules(config))
        self.config, self._ages = config, ages_of(config)
        self._pose.set_max_age(config.max_position_age_s)

    @property
    def is_stopped(self) -> bool:
        """True when the next tick is an e-stop."""
        return bool(self.e_stop or self._owed)

    @property
    def _needs_pose(self) -> bool:
        return isinstance(self.motion, TwistMotion) and self.motion.needs_pose

    # What goes out.

    def tick(self, now_ns: int, steady_ns: int) -> Output:
        """One control period.

        Args:
            now_ns: Node clock.
            steady_ns: Steady clock; ages and watchdogs follow it, the motion always takes one period.
        """
        if self.is_stopped:
            reason, self._owed = self.e_stop or self._owed, ''
            self.motion.stop_now()
            return self._done(State.STOPPED, None, (), f'e-stop: {reason}', steady_ns)
        self._here = self._pose.now(steady_ns) if self._needs_pose else None
        blind = self._why_blind(steady_ns)
        if self._is_retired:
            blind = blind or 'the filter is being ended'
        source = None if blind else self.arbiter.choose(self._ages, now_ns, steady_ns)
        if source is None:
            self._brake()
            why = blind or 'no valid command: ' + self._silence(now_ns, steady_ns)
            return self._done(State.BLIND if blind else State.WAITING, None, (), why, steady_ns)
        assert source.command is not None
        said = self._follow(source, source.command, steady_ns)
        return self._done(State.RUNNING, source.command, tuple(said), '', steady_ns)

    def _why_blind(self, steady_ns: int) -> str:
        """Why the safe action is all that can be answered for, '' when it is not."""
        if isinstance(self.motion, ArmMotion):
            return self._why_arm_is_blind(self.motion, steady_ns)
        if self._needs_pose and self._here is None:
            return (
                f'no odometry younger than {self.config.max_position_age_s:g} s, which the fence needs: '
                'check the topic `odometry`, its stamps and its frame'
            )
        return ''

    def _why_arm_is_blind(self, arm: ArmMotion, steady_ns: int) -> str:
        if not self._is_arm_known:
            arm.position = None  # whatever moved it during the e-stop: start from where it is
        measured = self._measured
        if measured is None or steady_ns - measured[1] > self.config.max_position_age_s * NANOSECONDS:
            return f'no joint states younger than {self.config.max_position_age_s:g} s: check the topic `joint_states`'
        if arm.position is None:
            arm.start_at(measured[0])
            self._is_arm_known = True
        return ''

    def _brake(self) -> None:
        """The safe action: come to rest as the limits and the fence allow."""
        self._goal_of = None
        if isinstance(self.motion, TwistMotion):
            self.motion.tick(np.zeros(6), self._here)
        elif self.motion.position is not None:
            self.motion.hold()

    def _follow(self, source: Source, command: Command, steady_ns: int) -> list[Intervention]:
        if isinstance(self.motion, TwistMotion):
            return self.motion.tick(command.values, self._here)
        return self.motion.tick(self._sample(source, command, self.motion, steady_ns))

    def _sample(self, source: Source, command: Command, arm: ArmMotion, steady_ns: int) -> Array:
        """Joint positions that a command asks for now: between its points straight on, from where the arm is."""
        if command.times_s is None:
            return command.values
        elapsed_s = source.elapsed_s(steady_ns)
        if self._goal_of is None or self._goal_of[0] is not command:
            assert arm.position is not None
            # The period that this tick commands has already to be on the way.
            self._goal_of = (command, arm.position, elapsed_s - arm.limits.period_s)
        _, start, start_s = self._goal_of
        ahead = command.times_s > start_s
        times = np.concatenate([[start_s], command.times_s[ahead]])
        if len(times) == 1:
            return command.values[-1]  # type: ignore[no-any-return]
        points = np.concatenate([start[None], command.values[ahead]])
        return np.array([np.interp(elapsed_s, times, column) for column in points.T])

    def _silence(self, now_ns: int, steady_ns: int) -> str:
        """In a few words, why none of the sources is followed."""
        for name, source in self.arbiter.sources.items():
            heard = source.heard_ns
            if heard is not None and steady_ns - heard < self._ages.handover_s * NANOSECONDS:
                if source.is_fresh(self._ages, now_ns, steady_ns):
                    continue
                return f'{name} was there less than {self._ages.handover_s:g} s ago, but nothing of it counts now'
        return 'operator, navigation and policy are silent'

    def _done(
        self, state: State, command: Command | None, said: tuple[Intervention, ...], reason: str, steady_ns: int
    ) -> Output:
        """Make the output, and remember what was sent."""
        if state is State.RUNNING or self._idle_since_ns is None:
            self._idle_since_ns = steady_ns
        idle_s = (steady_ns - self._idle_since_ns) / NANOSECONDS
        hand_over = self.config.vehicle == 'drone' and idle_s >= self.config.handover_after_s
        motion = self.motion
        if isinstance(motion, ArmMotion):
            return Output(motion.position, motion.velocity, state, command, said, reason, hand_over)
        if self._needs_pose:
            self._pose.command(motion.velocity, steady_ns)
        return Output(motion.velocity, motion.velocity, state, command, said, reason, hand_over)
