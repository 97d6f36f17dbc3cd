# SPDX-License-Identifier: Apache-2.0
"""Run the nodes of a pipeline YAML in one process: `container --config FILE [--input URI] [--record FILE]`."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waymark.environment import prepare_ros
from waymark.pipeline.change import (
    input_of,
    only,
    with_facts,
    with_input,
    with_recording,
    with_settings,
    without_recording,
)
from waymark.pipeline.load import NodeEntry, Pipeline, load_pipeline
from waymark_ros.runner import Process, main_guard

if TYPE_CHECKING:
    from waymark_ros.lifecycle import ManagedNode


def parse_arguments(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Split the command line into ours and, behind --ros-args, that of ROS."""
    own, separator, ros = _partition(list(arguments), '--ros-args')
    parser = argparse.ArgumentParser('container', description=__doc__)
    parser.add_argument('--config', required=True, type=Path, help='pipeline YAML')
    parser.add_argument('--input', default='', help='what image_source reads instead, or topic:/camera/image_raw')
    parser.add_argument('--record', default='', help='write this .mcap file')
    parser.add_argument('--no-record', action='store_true', help="leave the pipeline's recorder out")
    parser.add_argument('--set', action='append', default=[], metavar='NODE.PARAMETER=VALUE')
    parser.add_argument('--only', default='', help='run just the node of this name')
    return parser.parse_args(own), [separator, *ros] if separator else []


def pipeline_of(options: argparse.Namespace) -> Pipeline:
    """Read the pipeline and apply the command line to it.

    Raises:
        ConfigError: Whatever is wrong, by name.
    """
    pipeline = load_pipeline(options.config)
    if options.input:
        pipeline = with_input(pipeline, options.input)
    if options.record:
        pipeline = with_recording(pipeline, Path(options.record))
    elif options.no_record:
        pipeline = without_recording(pipeline)
    return with_facts(with_settings(pipeline, options.set), options.set)


def uses_sim_time(pipeline: Pipeline) -> bool:
    """Whether nodes follow /clock: as the YAML says, else when the input is recorded or simulated."""
    from waymark.sources.open import is_live

    if pipeline.use_sim_time is not None:
        return pipeline.use_sim_time
    source = input_of(pipeline)
    return bool(source) and not is_live(str(source))


def create_nodes(pipeline: Pipeline, entries: Sequence[NodeEntry], process: Process) -> list[ManagedNode]:
    """Create the nodes of a process, sharing one frame hub."""
    from rclpy.parameter import Parameter

    from waymark_ros.frames import FrameHub

    hub = FrameHub()
    sim_time = uses_sim_time(pipeline)
    nodes = []
    for entry in entries:
        remaps = [arg for old, new in entry.remaps.items() for arg in ('-r', f'{old}:={new}')]
        overrides = [Parameter(k, value=_ros_value(v)) for k, v in entry.parameters.items()]
        nodes.append(
            node_class(entry.node)(
                hub=hub,
                process=process,
                node_name=entry.name,
                namespace=entry.namespace or None,
                cli_args=['--ros-args', *remaps] if remaps else None,
                parameter_overrides=[*overrides, Parameter('use_sim_time', value=sim_time)],
            )
        )
    return nodes


def node_class(node_type: str) -> Any:
    """The node class of a node type: the one class that waymark_ros/nodes/<type>.py defines."""
    from waymark_ros.lifecycle import ManagedNode

    module = importlib.import_module(f'waymark_ros.nodes.{node_type}')
    return next(
        c
        for c in vars(module).values()
        if isinstance(c, type) and issubclass(c, ManagedNode) and c.__module__ == module.__name__
    )


def _ros_value(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _partition(items: list[str], separator: str) -> tuple[list[str], str, list[str]]:
    if separator not in items:
        return items, '', []
    at = items.index(separator)
    return items[:at], separator, items[at + 1 :]


def main() -> None:
    """Run a container until a signal, the end of its input, or an error."""

    def body() -> int:
        options, ros_args = parse_arguments(sys.argv[1:])
        pipeline = pipeline_of(options)
        prepare_ros()
        entries = only(pipeline, options.only).nodes if options.only else pipeline.nodes
        return Process().run(lambda process: create_nodes(pipeline, entries, process), ros_args)

    main_guard(body)


if __name__ == '__main__':
    main()
