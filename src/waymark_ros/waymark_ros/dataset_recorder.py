# SPDX-License-Identifier: Apache-2.0
"""`waymark policy record` without a bag: the plan's topics, live, until Ctrl-C; a gap begins another episode."""

from __future__ import annotations

import argparse
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from waymark.datasets.plan import RecordingPlan, read_plan
from waymark.datasets.recording import EpisodeRecorder, Recorded
from waymark.datasets.writing import DatasetWriter
from waymark.environment import prepare_ros
from waymark.errors import SourceError, WaymarkError
from waymark.types import NANOSECONDS

DEPTH = 100
Message = tuple[str, str, float, bytes]


class LiveTopics:
    """Subscribes to the plan's topics as they appear, and hands their messages on as they are, serialized."""

    def __init__(self, node: Any, plan: RecordingPlan, deposit: Callable[[Message], None]) -> None:
        """Prepare; `discover` subscribes.

        Args:
            node: Who subscribes.
            plan: Which topics.
            deposit: Gets each message in the ROS thread.
        """
        self._node, self._deposit = node, deposit
        self._wanted = set(plan.topics)

    @property
    def missing(self) -> tuple[str, ...]:
        """Topics that nobody publishes yet."""
        return tuple(sorted(self._wanted))

    def discover(self) -> None:
        """Subscribe to what has appeared."""
        from waymark_ros.messages import message_class
        from waymark_ros.qos import like_publisher

        for topic in tuple(self._wanted):
            publishers = self._node.get_publishers_info_by_topic(topic)
            if not publishers:
                continue
            kind = publishers[0].topic_type
            qos = like_publisher(publishers[0].qos_profile, DEPTH)
            self._node.create_subscription(message_class(kind), topic, self._taker(topic, kind), qos, raw=True)
            self._wanted.remove(topic)

    def _taker(self, topic: str, kind: str) -> Callable[[bytes], None]:
        clock = self._node.get_clock()
        return lambda cdr: self._deposit((topic, kind, clock.now().nanoseconds / NANOSECONDS, bytes(cdr)))


def record_live(
    node: Any, plan: RecordingPlan, writer: DatasetWriter, is_over: threading.Event, tell: Callable[[str], None]
) -> Recorded:
    """Record until told to end; the node is spun by the caller.

    Args:
        node: Who subscribes.
        plan: What to make of the topics.
        writer: Where the steps go.
        is_over: Set to end.
        tell: Told what is waited for and how far it is, about once a second.

    Raises:
        SourceError: Nothing of what came made a step.
        RecordingError: The disk refused it.
    """
    waiting: queue.SimpleQueue[Message] = queue.SimpleQueue()
    topics, recorder = LiveTopics(node, plan, waiting.put), EpisodeRecorder(plan, writer)
    next_s = 0.0
    while not is_over.is_set() or not waiting.empty():
        if time.monotonic() >= next_s:
            topics.discover()
            next_s = time.monotonic() + 0.5
            missing = f'waiting for {", ".join(topics.missing)}' if topics.missing else ''
            tell(missing or f'{writer.total_episodes} episodes, {writer.steps} steps in this one')
        try:
            recorder.add(*waiting.get(timeout=0.1))
        except queue.Empty:
            continue
    recorder.end()
    done = recorder.result()
    if not done.frames:
        why = f'nobody published {", ".join(topics.missing)}' if topics.missing else done.why or 'too little came'
        raise SourceError(f'nothing was recorded: {why}.')
    return done


def main() -> int:
    """Record, and print what `waymark policy record` prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument('plan', type=Path)
    parser.add_argument('out', type=Path)
    parser.add_argument('images')
    parser.add_argument('seconds', type=float)
    arguments = parser.parse_args()
    try:
        plan = read_plan(arguments.plan)
        prepare_ros()
        return _run(plan, arguments)
    except WaymarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1


def _run(plan: RecordingPlan, arguments: argparse.Namespace) -> int:
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    from waymark.cli.policy_data import show_recorded
    from waymark_ros.spinning import Spinner

    is_over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: is_over.set())
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    node, spinner = rclpy.create_node('dataset_recorder'), Spinner()
    spinner.add(node)
    spinner.start()
    if arguments.seconds:
        threading.Timer(arguments.seconds, is_over.set).start()
    said = ['']

    def tell(text: str) -> None:
        if text != said[0] and (sys.stderr.isatty() or not text[:1].isdigit()) and text:
            said[0] = text
            print(text, file=sys.stderr, flush=True)

    try:
        with DatasetWriter(arguments.out, plan.fps, plan.features(arguments.images), plan.robot_type) as writer:
            done = record_live(node, plan, writer, is_over, tell)
    finally:
        spinner.stop()
        rclpy.try_shutdown()
    show_recorded(arguments.out, done, plan)
    return 0


if __name__ == '__main__':
    sys.exit(main())
