# SPDX-License-Identifier: Apache-2.0
"""An arm moved by a policy of lerobot, as a user starts it: `waymark run`, policy and safety filter in a container."""

from __future__ import annotations

import math
import os
import signal
import subprocess

import numpy as np
import psutil
import pytest
import tiny_policies as tiny
import yaml
from diagnostic_msgs.msg import DiagnosticStatus
from ros_camera import TestCamera
from sensor_msgs.msg import JointState
from std_msgs.msg import Header as HeaderMsg
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory
from waymark_msgs.msg import Intervention

from waymark.types import Frame, Header
from waymark_ros.conversions import frame_to_image, ns_to_time
from waymark_ros.qos import COMMANDS_IN, RESULTS, STATE

pytestmark = [pytest.mark.ros, pytest.mark.models, pytest.mark.slow, pytest.mark.timeout(600)]
LOAD_S = 300.0
SEEN = ('p', 'q', 'r')  # joints that only look; 'a' and 'b' are moved, 'lift' is another arm's
START, HIGHEST_A = (0.0, -0.3), 0.1  # rad
SPEED = 0.5  # rad/s
MAPPING = {
    'fps': 20,
    'images': {tiny.FRONT: {'topic': 'image'}},
    'state': {tiny.STATE: [{'name': n, 'joint': n} for n in SEEN]},
    'action': {
        'output': 'joint_trajectory',
        'values': [{'name': 'a', 'to': 'a', 'unit': 'deg'}, {'name': 'b', 'to': 'b', 'scale': 0.02, 'offset': 0.1}],
    },
}
LIMITS = {'max_velocity': [SPEED] * 2, 'max_acceleration': [4.0] * 2, 'min_position': [-1.0, -1.0]}


class Arm(TestCamera):
    """Says what `tiny_policies.observation(0)` says, and goes where `joint_trajectory` tells it."""

    def __init__(self) -> None:
        super().__init__(name='arm')
        self.seen, self.at = tiny.observation(0), START
        self.joints = self.create_publisher(JointState, 'joint_states', RESULTS)
        self.instruction = self.create_publisher(String, 'instruction', STATE)
        self.listen(JointTrajectory, 'cmd/policy', COMMANDS_IN)
        self.listen(JointTrajectory, 'joint_trajectory', COMMANDS_IN)
        self.listen(Intervention, 'interventions')
        self.listen(DiagnosticStatus, 'smolvla_policy/status')
        self.create_timer(0.05, self.send_all)

    def send_all(self) -> None:
        now_ns = self.get_clock().now().nanoseconds
        header = HeaderMsg(stamp=ns_to_time(now_ns))
        if self.told:
            self.at = tuple(self.told[-1].points[0].positions)
        positions = [9.0, *self.seen[tiny.STATE].tolist(), *self.at]
        self.joints.publish(JointState(header=header, name=['lift', *SEEN, 'a', 'b'], position=positions))
        self.image.publish(frame_to_image(Frame(Header(now_ns, 'cam'), self.seen[tiny.FRONT])))

    @property
    def asked(self) -> list[JointTrajectory]:
        return self.heard['cmd/policy']

    @property
    def told(self) -> list[JointTrajectory]:
        return self.heard['joint_trajectory']

    def fact(self, key: str) -> str:
        beats = self.heard['smolvla_policy/status']
        return '' if not beats else next((v.value for v in beats[-1].values if v.key == key), '')

    def say(self, instruction: str) -> None:
        self.instruction.publish(String(data=instruction))

    def stands(self, ticks: int) -> bool:
        """Whether it is told the same place as often."""
        last = [tuple(m.points[0].positions) for m in self.told[-ticks:]]
        return len(last) == ticks and len(set(last)) == 1


def pipeline(folder, policy) -> str:
    (folder / 'mapping.yaml').write_text(yaml.safe_dump(MAPPING))
    told = {'policy': str(policy), 'mapping': 'mapping.yaml', 'threads': 1, 'watchdog_s': 2.0}
    limits = LIMITS | {'vehicle': 'arm', 'joints': ['a', 'b'], 'max_position': [HIGHEST_A, 1.0]}
    nodes = {
        'smolvla_policy': told | {'max_observation_age_s': 1.0},
        'safety_filter': limits | {'max_command_age_s': 2.5, 'watchdog_s': 1.0},
    }
    path = folder / 'arm.yaml'
    path.write_text(yaml.safe_dump({'nodes': [{'node': n, 'parameters': p} for n, p in nodes.items()]}))
    return str(path)


def descendants(pid: int, word: str = '') -> list[psutil.Process]:
    return [p for p in psutil.Process(pid).children(recursive=True) if not word or word in p.cmdline()]


def check_way(arm: Arm, wanted: np.ndarray) -> None:
    """What was asked lies within the policy's answers, what was told within the limits, from where the arm was."""
    for msg in arm.asked:
        assert msg.joint_names == ['a', 'b']
        place = np.array(msg.points[0].positions)
        assert (wanted.min(0) - 1e-5 <= place).all() and (place <= wanted.max(0) + 1e-5).all()
    way = np.array([m.points[0].positions for m in arm.told])
    np.testing.assert_allclose(way[0], START, atol=0.01)
    assert np.abs(np.diff(way, axis=0)).max() <= SPEED / 50 * 3 + 1e-9  # two messages may be lost
    assert way[:, 0].max() <= HIGHEST_A + 1e-9


def check_end(run: subprocess.Popen[str]) -> None:
    """Ctrl-C ends it and all that it started."""
    children = descendants(run.pid)
    assert len(children) >= 2  # the container and the policy's process
    os.kill(run.pid, signal.SIGINT)
    output, _ = run.communicate(timeout=30)
    assert run.returncode in (0, 130), output
    assert not [p for p in children if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def test_a_policy_moves_an_arm_within_its_limits_from_enable_to_stop(run_with_lerobot, spinning, start, tmp_path):
    run_with_lerobot('tiny_policies.py', tmp_path, 'act')
    answer = np.load(tmp_path / 'act' / 'truth.npz')['actions'].astype(float)  # lerobot's own, (10, 2)
    wanted = np.column_stack([np.radians(answer[:, 0]), 0.1 + 0.02 * answer[:, 1]])
    assert wanted[:, 0].min() > HIGHEST_A  # the policy asks for more than the arm may
    arm = spinning(Arm())
    run = start('waymark.cli', 'run', pipeline(tmp_path, tmp_path / 'act'), HF_HUB_OFFLINE='1', XDG_STATE_HOME='state')
    assert arm.wait_for(lambda: run.poll() is not None or arm.fact('connected') == 'true', LOAD_S)
    assert run.poll() is None, run.communicate()[0]

    arm.say('reach for the barn')
    assert arm.press(arm.create_client(Trigger, 'safety_filter/release'), Trigger.Request()).success
    assert arm.fact('state') == 'disabled'
    assert (arm.asked, arm.at) == ([], START)
    assert arm.press(arm.create_client(SetBool, 'smolvla_policy/enable'), SetBool.Request(data=True)).success
    goal_b = wanted[:, 1].min() - 1e-6
    assert arm.wait_for(lambda: arm.told and arm.at[0] > HIGHEST_A - 1e-3 and arm.at[1] >= goal_b, 60.0), arm.at

    check_way(arm, wanted)
    assert arm.wait_for(lambda: any(math.isclose(i.allowed, HIGHEST_A) for i in arm.heard['interventions']), 10.0)

    descendants(run.pid, 'waymark.policy')[0].kill()
    assert arm.wait_for(lambda: arm.fact('state') == 'holding', 30.0)
    asked = len(arm.asked)
    assert arm.wait_for(lambda: arm.fact('state') == 'acting' and len(arm.asked) > asked, LOAD_S)

    arm.say('')
    assert arm.wait_for(lambda: arm.fact('state') == 'idle', 30.0)
    asked = len(arm.asked)
    arm.told.clear()
    assert arm.wait_for(lambda: len(arm.told) > 100, 30.0)
    assert arm.stands(50)
    assert len(arm.asked) == asked

    check_end(run)
