# SPDX-License-Identifier: Apache-2.0
"""gym-pusht behind topics, in lockstep or at its own pace.

In lockstep each observation waits for the command that answers it. At a pace of so many steps a second nobody is waited
for, as on a robot: what was commanded last is done.

`python -m waymark_ros.pusht_topics FIRST_SEED EPISODES MAX_STEPS IMAGE_PX PACE_HZ` publishes `pusht/image` and
`pusht/state` (JointState: disc_x, disc_y, tee_x, tee_y, tee_sin, tee_cos, disc_in_tee_x, disc_in_tee_y, in px, and the
number of the episode), and hears `pusht/command` (JointTrajectory for disc_x and disc_y). `/clock` goes on with each
step, so that a node with `use_sim_time` can answer.
"""

from __future__ import annotations

import json
import math
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rclpy.node import Node

    from waymark_sim.pusht import Seen

JOINTS = ('disc_x', 'disc_y')
STATES = (*JOINTS, 'tee_x', 'tee_y', 'tee_sin', 'tee_cos', 'disc_in_tee_x', 'disc_in_tee_y', 'episode')
STEP_NS = 100_000_000
FIRST_NS = 1_000_000_000
BETWEEN_NS = 10_000_000_000


class PushTopics:
    """Runs episodes one after another."""

    def __init__(self, node: Node, seeds: list[int], max_steps: int, image_px: int = 96, pace_hz: float = 0.0) -> None:
        """Publish the first observation as soon as `run` is called.

        Args:
            node: Who publishes and subscribes.
            seeds: One episode each.
            max_steps: After which an episode has failed.
            image_px: Side of the images; 0: none are published.
            pace_hz: Steps in a second of the wall's clock; 0: lockstep, a step for each command that carries the stamp
                of the newest observation.
        """
        from rosgraph_msgs.msg import Clock
        from sensor_msgs.msg import Image, JointState
        from trajectory_msgs.msg import JointTrajectory

        from waymark_ros.qos import CLOCK, IMAGES_OUT, RESULTS
        from waymark_sim.pusht import PushWorld

        self._node, self._seeds, self._max_steps, self._image_px = node, seeds, max_steps, image_px
        self._pace_hz, self._began_ns = pace_hz, 0
        self._world = PushWorld()
        self._clock = node.create_publisher(Clock, '/clock', CLOCK)
        self._images = node.create_publisher(Image, 'pusht/image', IMAGES_OUT)
        self._states = node.create_publisher(JointState, 'pusht/state', RESULTS)
        node.create_subscription(JointTrajectory, 'pusht/command', self._command, RESULTS)
        self._stamp_ns = FIRST_NS
        self._answer: tuple[float, float] | None = None
        self._answered = threading.Event()
        self.refused = self.kept_inside = 0

    def run(self, is_over: threading.Event) -> list[dict[str, Any]]:
        """Go through all episodes; for each its seed, steps, whether it succeeded and the best coverage."""
        results = []
        for number, seed in enumerate(self._seeds):
            self._stamp_ns += BETWEEN_NS  # far enough for a policy that looks back not to see the last episode
            self._began_ns, self._answer = self._stamp_ns + STEP_NS, None
            seen, best, steps = self._world.reset(seed), 0.0, 0
            while steps < self._max_steps and not seen.is_success and not is_over.is_set():
                goal = (self._pass if self._pace_hz else self._ask)(seen, number, is_over)
                if goal is None:
                    return results
                seen = self._world.step(goal)  # type: ignore[arg-type]
                steps, best = steps + 1, max(best, seen.coverage)
            results.append({'seed': seed, 'steps': steps, 'is_success': bool(seen.is_success), 'coverage': best})
        return results

    def _ask(self, seen: Seen, episode: int, is_over: threading.Event) -> tuple[float, float] | None:
        """Publish until it is answered: a single message is lost while both sides discover each other.

        The clock goes on by a nanosecond then: who answers may rightly not trust one that stands still.
        """
        self._answered.clear()
        self._answer = None
        self._stamp_ns += STEP_NS
        waited_ns = 0
        while not is_over.is_set():
            self._publish(seen, episode, waited_ns)
            if self._answered.wait(1.0):
                return self._answer
            waited_ns += 1
        return None

    def _pass(self, seen: Seen, episode: int, is_over: threading.Event) -> tuple[float, float] | None:
        """Publish, and a period later give what was commanded last; an episode's first command is waited for."""
        if self._answer is None:
            return self._ask(seen, episode, is_over)
        self._stamp_ns += STEP_NS
        self._publish(seen, episode, 0)
        return None if is_over.wait(1.0 / self._pace_hz) else self._answer

    def _publish(self, seen: Seen, episode: int, waited_ns: int) -> None:
        from rosgraph_msgs.msg import Clock
        from sensor_msgs.msg import JointState

        from waymark.types import Frame, Header
        from waymark_ros.conversions import frame_to_image, header_to_msg, ns_to_time

        header = Header(self._stamp_ns, 'pusht')
        self._clock.publish(Clock(clock=ns_to_time(self._stamp_ns + waited_ns)))
        if self._image_px:
            self._images.publish(frame_to_image(Frame(header, self._world.image(self._image_px), 'rgb')))
        position = [*observed(seen), float(episode)]
        self._states.publish(JointState(header=header_to_msg(header), name=list(STATES), position=position))

    def _command(self, message: Any) -> None:
        from waymark_ros.conversions import time_to_ns

        stamp_ns = time_to_ns(message.header.stamp)
        if self._pace_hz and self._answer is not None:
            is_due = self._began_ns <= stamp_ns <= self._stamp_ns
        else:
            is_due = stamp_ns == self._stamp_ns and not self._answered.is_set()
        if not is_due:
            return  # of an observation that was answered already, or of another episode
        places = dict(zip(message.joint_names, message.points[0].positions if message.points else (), strict=False))
        goal = tuple(float(places.get(name, float('nan'))) for name in JOINTS)
        if not all(math.isfinite(v) for v in goal):
            self.refused += 1
            self._node.get_logger().warning(f'a command to {goal} is refused: say disc_x and disc_y, 0 to 512 px.')
            return
        self.kept_inside += any(not 0.0 <= v <= 512.0 for v in goal)  # the world does, as gym-pusht has it
        self._answer = (goal[0], goal[1])
        self._answered.set()


def observed(seen: Seen) -> list[float]:
    """Where the disc and the T are, and the disc in the T's own frame: `STATES` without the episode."""
    disc_x, disc_y = (float(v) for v in seen.disc_px)
    x, y, angle = (float(v) for v in seen.tee)
    sin, cos, dx, dy = math.sin(angle), math.cos(angle), disc_x - x, disc_y - y
    return [disc_x, disc_y, x, y, sin, cos, cos * dx + sin * dy, cos * dy - sin * dx]


def main(first_seed: int, episodes: int, max_steps: int, image_px: int, pace_hz: float = 0.0) -> None:
    """Run episodes and print what became of them as JSON."""
    from waymark.environment import prepare_ros

    prepare_ros()
    import rclpy

    from waymark_ros.spinning import Spinner

    rclpy.init(args=[])
    node = rclpy.create_node('pusht')
    topics = PushTopics(node, list(range(first_seed, first_seed + episodes)), max_steps, image_px, pace_hz)
    spinner, is_over = Spinner(), threading.Event()
    spinner.add(node)
    spinner.start()
    try:
        results = topics.run(is_over)
        print(
            json.dumps({'episodes': results, 'refused': topics.refused, 'kept_inside': topics.kept_inside}), flush=True
        )
    except KeyboardInterrupt:
        is_over.set()
    finally:
        spinner.stop()
        rclpy.try_shutdown()


if __name__ == '__main__':
    main(*map(int, sys.argv[1:5]), *map(float, sys.argv[5:6]))
