# SPDX-License-Identifier: Apache-2.0
"""Behind `waymark run`: start a pipeline in one container or one process per node, show how it goes, end all of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from rich.console import Console

from waymark.environment import prepare_ros
from waymark.pipeline.load import Pipeline
from waymark_ros.container import parse_arguments, pipeline_of
from waymark_ros.runner import EXIT_ERROR, main_guard

STOP_S = 2.8  # a child that has not ended by itself by then is killed
POLL_S = 0.1
LAST_WORDS_S = 0.3  # the final diagnostics may still be on their way


def start(pipeline: Pipeline, arguments: Sequence[str], separate: bool) -> dict[str, subprocess.Popen[bytes]]:
    """Start the processes; the last in the dict ends last (the recorder)."""
    command = [sys.executable, '-m', 'waymark_ros.container', *arguments]
    # Own process group: a Ctrl-C in the terminal reaches us alone, and we end the children in order.
    if not separate:
        return {'container': subprocess.Popen(command, start_new_session=True)}
    entries = sorted(pipeline.nodes, key=lambda e: (e.node != 'image_source', e.node == 'recorder'))
    return {e.name: subprocess.Popen([*command, '--only', e.name], start_new_session=True) for e in entries}


def stop(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    """End the processes in order: source first, recorder last; kill what does not end in time."""
    deadline = time.monotonic() + STOP_S
    *first, last = processes.values()
    for group in (first, [last]):
        for process in group:
            if process.poll() is None:
                process.terminate()  # SIGINT would be a traceback where Python is still starting
        for process in group:
            share = 0.6 if group is first else 1.0
            try:
                process.wait(max(0.1, deadline - (1 - share) * STOP_S - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def supervise(pipeline: Pipeline, arguments: Sequence[str], separate: bool, console: Console) -> int:
    """Run until the input ends, a process fails, or a signal comes. Returns the exit code."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    prepare_ros()
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.signals import SignalHandlerOptions

    from waymark_ros.monitor import Monitor

    processes = start(pipeline, arguments, separate)
    try:
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        node = rclpy.create_node(f'waymark_run_{os.getpid()}', enable_rosout=False, start_parameter_services=False)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        with Monitor(console, [e.name for e in pipeline.nodes]) as monitor:
            monitor.subscribe(node)
            while not stopping.is_set() and all(p.poll() is None for p in processes.values()):
                executor.spin_once(timeout_sec=POLL_S)
                monitor.tick()
            ended = [name for name, p in processes.items() if p.poll() is not None]
            stop(processes)
            stopped_s = time.monotonic()
            while time.monotonic() < max(stopped_s, monitor.last_heard_s) + LAST_WORDS_S:
                executor.spin_once(timeout_sec=POLL_S)
    finally:
        for process in processes.values():
            if process.poll() is None:
                process.kill()
        rclpy.try_shutdown()
    return _verdict(processes, ended, console)


def _verdict(processes: dict[str, subprocess.Popen[bytes]], ended: list[str], console: Console) -> int:
    """Say which process failed, if one did; its own sentence stands above."""
    codes = {name: p.returncode for name, p in processes.items()}
    for name in ended:
        if codes[name] < 0:
            console.print(f'{name} was ended by signal {signal.Signals(-codes[name]).name}', style='red')
    return EXIT_ERROR if any(code != 0 for code in codes.values()) else 0


def main() -> None:
    """Run a pipeline: `python -m waymark_ros.supervisor [--separate] <container arguments>`."""

    def body() -> int:
        arguments = sys.argv[1:]
        separate = '--separate' in arguments
        arguments = [a for a in arguments if a != '--separate']
        options, _ = parse_arguments(arguments)
        return supervise(pipeline_of(options), arguments, separate, Console(stderr=True))

    main_guard(body)


if __name__ == '__main__':
    main()
