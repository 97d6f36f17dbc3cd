# SPDX-License-Identifier: Apache-2.0
"""A vehicle, an e-stop button and processes that command: what the safety filter's node is measured with over DDS.

As a program it is one of those processes: `python benchmarks/safety_probe.py cmd/policy 0.4 20` publishes that speed
at that rate (Hz), `odometry 0 20` a position, `joint_states 0 20` that of an arm's joints a and b; until it is ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from waymark.environment import prepare_ros

START_S = 30.0


@contextlib.contextmanager
def running(*arguments: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process of its own session; killed at the end, by its PID, if it still runs."""
    process = subprocess.Popen([sys.executable, *arguments], start_new_session=True, env={**os.environ, **environ})
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def load(count: int) -> Iterator[None]:
    """Processes that do nothing but keep a core busy each."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(running('-c', 'while True: pass'))
        yield


def filter_process(*parameters: str, **environ: str) -> Any:
    """The node; `parameters` as 'name:=value'."""
    ros = [text for parameter in parameters for text in ('-p', parameter)]
    return running('-m', 'waymark_ros.nodes.safety_filter', '--ros-args', *ros, **environ)


def source_process(topic: str, speed: float, rate_hz: float) -> Any:
    """Somebody who publishes."""
    return running(str(Path(__file__).resolve()), topic, str(speed), str(rate_hz))


class Vehicle:
    """Hears `cmd_vel`, presses the button, calls services. `commands` are (steady s, forward m/s)."""

    def __init__(self) -> None:
        prepare_ros()
        import rclpy
        from geometry_msgs.msg import Twist
        from std_msgs.msg import Bool
        from waymark_msgs.msg import Intervention, SafetyState

        from waymark_ros.qos import RESULTS, STATE
        from waymark_ros.spinning import Spinner

        self.changed = threading.Condition()
        self.commands: list[tuple[float, float]] = []
        self.states: list[Any] = []
        self.interventions: list[Any] = []
        self._clients: dict[str, Any] = {}
        self.context = rclpy.Context()
        self.context.init(args=[])
        self.node = rclpy.create_node('vehicle', context=self.context)
        self.node.create_subscription(Twist, 'cmd_vel', self._on_command, RESULTS)
        self.node.create_subscription(SafetyState, 'safety_state', self._keep(self.states), STATE)
        self.node.create_subscription(Intervention, 'interventions', self._keep(self.interventions), RESULTS)
        self.button = self.node.create_publisher(Bool, 'e_stop', STATE)
        self._spinner = Spinner(context=self.context)
        self._spinner.add(self.node)
        self._spinner.start()

    def __enter__(self) -> Vehicle:
        return self

    def __exit__(self, *exception: object) -> None:
        self._spinner.stop()
        self.context.try_shutdown()

    @property
    def speed(self) -> float:
        """The last commanded one; NaN before any."""
        return self.commands[-1][1] if self.commands else float('nan')

    def wait(self, condition: Callable[[], bool], timeout_s: float = START_S) -> bool:
        """Wait until something that came in makes it true."""
        with self.changed:
            return self.changed.wait_for(condition, timeout_s)

    def press(self, is_pressed: bool) -> float:
        """Press or let go the e-stop; returns the steady time before, s."""
        from std_msgs.msg import Bool

        began = time.monotonic()
        self.button.publish(Bool(data=is_pressed))
        return began

    def call(self, name: str, timeout_s: float = START_S) -> Any:
        """Call ~/NAME of the filter."""
        from std_srvs.srv import Trigger

        return self.request(Trigger, name, Trigger.Request(), timeout_s)

    def request(self, kind: Any, name: str, request: Any, timeout_s: float = START_S) -> Any:
        """Call any service of the filter and wait for its answer."""
        # Kept: a client that is destroyed while the executor waits on it ends the executor.
        client = self._clients.get(name) or self.node.create_client(kind, f'/safety_filter/{name}')
        self._clients[name] = client
        assert client.wait_for_service(timeout_sec=timeout_s), f'{name} is not there'
        answer = client.call_async(request)
        answer.add_done_callback(self._wake)
        assert self.wait(answer.done, timeout_s), f'{name} did not answer'
        return answer.result()

    def release(self, timeout_s: float = START_S) -> None:
        """Release the e-stop; asks again while the filter is still starting or the button on its way."""
        deadline = time.monotonic() + timeout_s
        while not (answer := self.call('release')).success:
            assert time.monotonic() < deadline, answer.message
            self.wait(lambda: False, 0.02)

    def stop_once(self) -> float:
        """From driving to the first zero: seconds from before the button's message is sent."""
        assert self.wait(lambda: self.speed > 0), 'it does not drive'
        began = self.press(True)
        heard = len(self.commands)
        assert self.wait(lambda: any(v == 0 for _, v in self.commands[heard:]), 5.0), 'it does not stop'
        seconds = next(t for t, v in self.commands[heard:] if v == 0) - began
        self.press(False)
        self.release()
        return seconds

    def _on_command(self, msg: Any) -> None:
        with self.changed:
            self.commands.append((time.monotonic(), msg.linear.x))
            self.changed.notify_all()

    def _keep(self, kept: list[Any]) -> Callable[[Any], None]:
        def take(msg: Any) -> None:
            with self.changed:
                kept.append(msg)
                self.changed.notify_all()

        return take

    def _wake(self, answer: Any) -> None:
        with self.changed:
            self.changed.notify_all()


def publish(topic: str, value: float, rate_hz: float) -> None:
    """Publish until the process is ended."""
    prepare_ros()
    import rclpy
    from geometry_msgs.msg import TwistStamped
    from nav_msgs.msg import Odometry
    from sensor_msgs.msg import JointState

    rclpy.init(args=[])
    node = rclpy.create_node(f'source_{os.getpid()}')
    kind = {'odometry': Odometry, 'joint_states': JointState}.get(topic, TwistStamped)
    publisher = node.create_publisher(kind, topic, 1)
    while True:
        msg = kind()
        msg.header.stamp = node.get_clock().now().to_msg()
        if topic == 'odometry':
            msg.header.frame_id = 'odom'
            msg.pose.pose.position.x, msg.pose.pose.orientation.w = value, 1.0
        elif topic == 'joint_states':
            msg.name, msg.position = ['a', 'b'], [value, value]
        else:
            msg.twist.linear.x = value
        publisher.publish(msg)
        time.sleep(1.0 / rate_hz)


if __name__ == '__main__':
    publish(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
