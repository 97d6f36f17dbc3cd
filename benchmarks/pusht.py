# SPDX-License-Identifier: Apache-2.0
"""gym-pusht: success of the scripted expert and of a policy, asked directly and through ROS.

.venv/bin/python benchmarks/pusht.py --episodes 50 [--policy FOLDER] [--ros]

Through ROS the expert answers by topics; the policy does in the node smolvla_policy (config/policies/pusht.yaml).
A policy to judge is taught by pusht_lessons.py and pusht_training.py.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from waymark_ros.pusht_topics import observed
from waymark_sim.pusht import PushExpert, PushWorld, Seen

MAX_STEPS = 300
STEP_S = 0.1  # of the world's clock
DISC, TEE = 'observation.state', 'observation.environment_state'
TASK = 'push the T onto its mark'
SEED = 7  # of a policy that answers by chance: the same at each question, here and in the node
MAPPING = Path(__file__).parents[1] / 'config' / 'policies' / 'pusht.yaml'
TOPICS = {'joint_states': 'pusht/state', 'cmd/policy': 'pusht/command'}
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
        self._past: list[list[float]] = []

        def act(seen: Seen) -> np.ndarray:
            observation = self._observation(seen)
            if not queue:
                began = time.perf_counter()
                queue.extend(self._client.predict(observation, seed=SEED)[: self._horizon])
                self.asked, self.seconds = self.asked + 1, self.seconds + time.perf_counter() - began
            return np.clip(queue.pop(0), 0.0, 512.0)

        return act

    def _observation(self, seen: Seen) -> dict[str, Any]:
        """What the node's mapping (config/policies/pusht.yaml) makes of `pusht/state`, with what was seen before."""
        steps = self._client.contract.observation_steps
        self._past = [*self._past, observed(seen)]
        past = np.array([*[self._past[0]] * (steps - len(self._past)), *self._past[-steps:]], np.float32)
        past = past if steps > 1 else past[0]
        return {DISC: past[..., :2], TEE: past[..., 2:], 'task': TASK}


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
        while child.is_busy():
            rclpy.spin_once(node, timeout_sec=0.05)
        results = child.results()
    seconds = time.perf_counter() - began
    node.destroy_node()
    rclpy.try_shutdown()
    return results, {'seconds': round(seconds, 1), 'steps': now['steps']}


def through_node(
    policy: str, python: str, seeds: list[int], horizon: int, pace_hz: float
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The world and the node smolvla_policy, each in a process of its own: nothing of this file is between them.

    A world without a pace waits for the command that answers its newest observation, so the node asks the policy at
    each step. With one it waits for nobody, and the node asks again when so many steps of a chunk are carried out.
    """
    if horizon != 1 and not pace_hz:
        raise SystemExit(f'--horizon {horizon}: a world in lockstep wants an answer to each step. Give --pace too.')
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randrange(1, 101)))
    replan_s = (horizon - 0.5) * STEP_S if pace_hz else 0.0
    values = {
        'policy': policy, 'python': python, 'mapping': str(MAPPING), 'use_sim_time': 'true', 'enabled': 'true',
        'instruction': TASK, 'replan_s': str(replan_s), 'blend_s': '0.0', 'watchdog_s': '10.0', 'timeout_s': '60.0',
        'rate_hz': str(max(50.0, 5 * pace_hz)), 'seed': str(SEED), 'threads': '1',
    }  # fmt: skip
    told = [t for k, v in values.items() if v for t in ('-p', f'{k}:={v}')]
    names = [t for a, b in TOPICS.items() for t in ('-r', f'{a}:={b}')]
    command = [sys.executable, '-m', 'waymark_ros.nodes.smolvla_policy', '--ros-args', *told, *names]
    began = time.perf_counter()
    node = subprocess.Popen(command, stdout=sys.stderr)
    try:
        with _world(seeds, 0, pace_hz) as world:
            while world.is_busy() and node.poll() is None:
                time.sleep(0.2)
            if world.is_busy():
                raise SystemExit(f'the node ended with {node.returncode}; it said why above')
            results = world.results()
    finally:
        node.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            node.wait(10)
        node.kill()
    return results, {'seconds': round(time.perf_counter() - began, 1)}


class WorldProcess:
    """The world behind topics, in a process of its own. Its one line of results counts, not how it ends."""

    def __init__(self, seeds: list[int], image_px: int, pace_hz: float) -> None:
        numbers = map(str, (seeds[0], len(seeds), MAX_STEPS, image_px, pace_hz))
        command = [sys.executable, '-m', 'waymark_ros.pusht_topics', *numbers]
        self._child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._line = ''
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def is_busy(self) -> bool:
        """Whether its results are still to come."""
        return self._reading.is_alive()

    def results(self) -> list[dict[str, Any]]:
        """Of each episode."""
        if not self._line:
            raise SystemExit(f'the world ended with {self._child.wait()} and no results; it said why above')
        return list(json.loads(self._line)['episodes'])

    def end(self) -> None:
        """End the process: one that has said its results may still hang in the shutdown of ROS."""
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()

    def _read(self) -> None:
        assert self._child.stdout is not None
        self._line = self._child.stdout.readline()


@contextlib.contextmanager
def _world(seeds: list[int], image_px: int, pace_hz: float = 0.0) -> Iterator[WorldProcess]:
    world = WorldProcess(seeds, image_px, pace_hz)
    try:
        yield world
    finally:
        world.end()


def _seen(numbers: list[float]) -> Seen:
    x, y, tee_x, tee_y, sin, cos = numbers[:6]
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


def asked() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--episodes', type=int, default=50)
    parser.add_argument('--first-seed', type=int, default=0, help='the expert taught with seeds from 1000 on')
    parser.add_argument('--tries', type=int, default=40, help='pushes the expert tries before it makes one')
    parser.add_argument('--policy', default='', help='folder of a policy on observation.state')
    parser.add_argument('--python', default='', help="interpreter with lerobot; empty: .venv-models'")
    parser.add_argument('--horizon', type=int, default=1, help='steps of a chunk that are carried out')
    parser.add_argument(
        '--pace', type=float, default=0.0, help='steps in a second of the wall, for the policy through ROS; 0: lockstep'
    )
    parser.add_argument('--only-policy', action='store_true', help='the expert was measured already')
    parser.add_argument('--ros', action='store_true', help='through topics too')
    parser.add_argument('--image', type=int, default=96, help='side of the published images, px; 0: none')
    return parser.parse_args()


def main() -> None:
    """Print figures of each as JSON."""
    arguments = asked()
    seeds = list(range(arguments.first_seed, arguments.first_seed + arguments.episodes))
    with contextlib.ExitStack() as kept:
        runners: dict[str, Any] = {} if arguments.only_policy else {'expert': ExpertRunner(arguments.tries)}
        if arguments.policy:
            from waymark.datasets.replay_run import served
            from waymark.policy.serving import ServeConfig

            serve = ServeConfig(policy=arguments.policy, threads=1)
            runners['policy'] = PolicyRunner(kept.enter_context(served(serve, arguments.python)), arguments.horizon)
        figures: dict[str, Any] = {}
        for name, runner in runners.items():
            figures[name] = {'directly': summary(straight := directly(runner, seeds))}
            print(name, figures[name], file=sys.stderr, flush=True)
            if arguments.ros:
                if name == 'policy':
                    there, times = through_node(
                        arguments.policy, arguments.python, seeds, arguments.horizon, arguments.pace
                    )
                else:
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
