# SPDX-License-Identifier: Apache-2.0
"""gym-pusht: success of the scripted expert and of a policy, asked directly and through ROS topics.

.venv/bin/python benchmarks/pusht.py --episodes 50 [--policy FOLDER] [--ros]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from waymark_sim.pusht import PushExpert, PushWorld, Seen

MAX_STEPS = 300
STATE = 'observation.state'
Act = Callable[[Seen], np.ndarray]


class ExpertRunner:
    """The scripted expert, anew for each episode."""

    def __init__(self, tries: int) -> None:
        self._tries, self._mark = tries, PushWorld().mark

    def begin(self, seed: int) -> Act:
        """What acts in the episode of that seed."""
        return PushExpert(self._mark, seed, self._tries).act


class PolicyRunner:
    """A policy that answers with chunks; each is carried out up to `horizon` steps before it is asked again."""

    def __init__(self, client: Any, horizon: int) -> None:
        self._client, self._horizon = client, horizon
        self.asked, self.seconds = 0, 0.0

    def begin(self, seed: int) -> Act:
        """What acts in the episode of that seed."""
        queue: list[np.ndarray] = []

        def act(seen: Seen) -> np.ndarray:
            if not queue:
                began = time.perf_counter()
                queue.extend(self._client.predict(self._observation(seen), seed=seed)[: self._horizon])
                self.asked, self.seconds = self.asked + 1, self.seconds + time.perf_counter() - began
            return np.clip(queue.pop(0), 0.0, 512.0)

        return act

    def _observation(self, seen: Seen) -> dict[str, Any]:
        state = [*seen.disc_px, *seen.tee[:2], math.sin(seen.tee[2]), math.cos(seen.tee[2])]
        keys = [s.key for s in self._client.contract.states]
        return {key: np.array(state, np.float32) for key in keys} | {'task': 'push the T onto its mark'}


def directly(runner: Any, seeds: list[int]) -> list[dict[str, Any]]:
    world, results = PushWorld(), []
    for seed in seeds:
        act, seen, best, steps = runner.begin(seed), world.reset(seed), 0.0, 0
        while steps < MAX_STEPS and not seen.is_success:
            seen = world.step(act(seen))
            steps, best = steps + 1, max(best, seen.coverage)
        results.append({'seed': seed, 'steps': steps, 'is_success': bool(seen.is_success), 'coverage': best})
    return results


def through_ros(runner: Any, seeds: list[int], image_px: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The world in a process of its own; observations and commands are topics."""
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randrange(1, 101)))
    from waymark.environment import prepare_ros

    prepare_ros()
    import rclpy
    from sensor_msgs.msg import JointState
    from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

    from waymark_ros.pusht_topics import JOINTS
    from waymark_ros.qos import RESULTS

    rclpy.init(args=[])
    node = rclpy.create_node('pusht_policy')
    commands = node.create_publisher(JointTrajectory, 'pusht/command', RESULTS)
    now: dict[str, Any] = {'stamp': 0, 'episode': -1, 'act': None, 'goal': None, 'steps': 0}

    def on_state(message: JointState) -> None:
        stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        if stamp != now['stamp']:  # otherwise a repetition: the answer was lost
            *numbers, episode = message.position
            if episode != now['episode']:
                now['episode'], now['act'] = episode, runner.begin(seeds[int(episode)])
            now['stamp'], now['goal'], now['steps'] = stamp, now['act'](_seen(numbers)), now['steps'] + 1
        point = JointTrajectoryPoint(positions=[float(v) for v in now['goal']])
        commands.publish(JointTrajectory(header=message.header, joint_names=list(JOINTS), points=[point]))

    node.create_subscription(JointState, 'pusht/state', on_state, RESULTS)
    began = time.perf_counter()
    with _world(seeds, image_px) as child:
        while child.poll() is None:
            rclpy.spin_once(node, timeout_sec=0.05)
        results = json.loads(child.stdout.read())['episodes']
    seconds = time.perf_counter() - began
    node.destroy_node()
    rclpy.try_shutdown()
    return results, {'seconds': round(seconds, 1), 'steps': now['steps']}


@contextlib.contextmanager
def _world(seeds: list[int], image_px: int) -> Iterator[Any]:
    numbers = map(str, (seeds[0], len(seeds), MAX_STEPS, image_px))
    child = subprocess.Popen(
        [sys.executable, '-m', 'waymark_ros.pusht_topics', *numbers], stdout=subprocess.PIPE, text=True
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()


def _seen(numbers: list[float]) -> Seen:
    x, y, tee_x, tee_y, sin, cos = numbers
    return Seen(np.array([x, y]), np.array([tee_x, tee_y, math.atan2(sin, cos)]), 0.0, False)


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Success with a 95 % interval (Wilson's), mean of the best coverage, and steps of those that succeeded."""
    n, good = len(results), sum(r['is_success'] for r in results)
    p, z = good / n, 1.96
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    bounds = [round((middle + s * half) / (1 + z * z / n), 3) for s in (-1, 1)]
    steps = [r['steps'] for r in results if r['is_success']]
    return {
        'episodes': n,
        'success': round(p, 3),
        'success_95': bounds,
        'coverage_mean': round(float(np.mean([r['coverage'] for r in results])), 3),
        'steps_to_success': round(float(np.mean(steps)), 1) if steps else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--episodes', type=int, default=50)
    parser.add_argument('--first-seed', type=int, default=0, help='the expert taught with seeds from 1000 on')
    parser.add_argument('--tries', type=int, default=40, help='pushes the expert tries before it makes one')
    parser.add_argument('--policy', default='', help='folder of a policy on observation.state')
    parser.add_argument('--horizon', type=int, default=8, help='steps of a chunk that are carried out')
    parser.add_argument('--ros', action='store_true', help='through topics too')
    parser.add_argument('--image', type=int, default=96, help='side of the published images, px; 0: none')
    arguments = parser.parse_args()
    seeds = list(range(arguments.first_seed, arguments.first_seed + arguments.episodes))
    with contextlib.ExitStack() as kept:
        runners: dict[str, Any] = {'expert': ExpertRunner(arguments.tries)}
        if arguments.policy:
            from waymark.datasets.replay_run import served
            from waymark.policy.serving import ServeConfig

            client = kept.enter_context(served(ServeConfig(policy=arguments.policy), ''))
            runners['policy'] = PolicyRunner(client, arguments.horizon)
        figures: dict[str, Any] = {}
        for name, runner in runners.items():
            figures[name] = {'directly': summary(straight := directly(runner, seeds))}
            if arguments.ros:
                there, times = through_ros(runner, seeds, arguments.image)
                same = sum(
                    a['steps'] == b['steps'] and a['is_success'] == b['is_success']
                    for a, b in zip(straight, there, strict=True)
                )
                figures[name]['through_ros'] = summary(there) | times | {'same_as_directly': same}
        if arguments.policy:
            policy = runners['policy']
            figures['policy']['ms_per_answer'] = round(1000 * policy.seconds / max(policy.asked, 1), 1)
    print(json.dumps(figures, indent=2))


if __name__ == '__main__':
    main()
