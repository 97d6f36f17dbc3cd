# SPDX-License-Identifier: Apache-2.0
"""What our launch files would start, where the `launch` library is not installed.

Recording stand-ins for the classes of launch 3.4 and launch_ros 0.26 (Jazzy) that our files use, no more: a
check of our files, not of the library. test_real_launch.py runs the same files with the library.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any


@dataclass
class Context:
    """State while a launch file is carried out."""

    share: Path
    environ: dict[str, str]
    arguments: dict[str, str]
    file: Path
    declared: dict[str, Any] = field(default_factory=dict)
    namespace: str = ''
    nodes: list[dict[str, Any]] = field(default_factory=list)


def perform(value: Any, context: Context) -> str:
    """Text of a substitution, or of a list of them put together."""
    if isinstance(value, list | tuple):
        return ''.join(perform(v, context) for v in value)
    return value if isinstance(value, str) else value.perform(context)


class LaunchConfiguration:
    def __init__(self, name: str) -> None:
        self.name = name

    def perform(self, context: Context) -> str:
        return context.arguments[self.name]


class EnvironmentVariable:
    def __init__(self, name: Any, *, default_value: Any = None) -> None:
        self.name, self.default_value = name, default_value

    def perform(self, context: Context) -> str:
        if self.name in context.environ:
            return context.environ[self.name]
        assert self.default_value is not None, f'{self.name} is not set and has no default'
        return perform(self.default_value, context)


class PathJoinSubstitution:
    def __init__(self, substitutions: list[Any]) -> None:
        assert not any(isinstance(s, list | tuple) for s in substitutions), 'Jazzy takes no nested lists'
        self.parts = substitutions

    def perform(self, context: Context) -> str:
        return '/'.join(perform(p, context) for p in self.parts)


class ThisLaunchFileDir:
    def perform(self, context: Context) -> str:
        return str(context.file.parent)


class FindPackageShare:
    def __init__(self, package: str) -> None:
        assert package == 'waymark_bringup'

    def perform(self, context: Context) -> str:
        return str(context.share)


class NotEqualsSubstitution:
    def __init__(self, left: Any, right: Any) -> None:
        self.left, self.right = left, right

    def perform(self, context: Context) -> str:
        return str(perform(self.left, context) != perform(self.right, context)).lower()


class IfCondition:
    def __init__(self, predicate: Any) -> None:
        self.predicate = predicate

    def holds(self, context: Context) -> bool:
        return perform(self.predicate, context) == 'true'


class LaunchDescription:
    def __init__(self, entities: list[Any]) -> None:
        self.entities = entities

    def execute(self, context: Context) -> None:
        for entity in self.entities:
            entity.execute(context)


class GroupAction(LaunchDescription):
    def execute(self, context: Context) -> None:
        before = context.namespace
        super().execute(context)
        context.namespace = before


class DeclareLaunchArgument:
    def __init__(self, name: str, *, default_value: Any = None, description: str, choices: Any = None) -> None:
        self.name, self.default_value, self.choices = name, default_value, choices
        assert description.endswith('.')

    def execute(self, context: Context) -> None:
        context.declared[self.name] = self
        if self.name not in context.arguments:
            assert self.default_value is not None, f'argument {self.name} is required'
            context.arguments[self.name] = perform(self.default_value, context)
        assert self.choices is None or context.arguments[self.name] in self.choices


class SetEnvironmentVariable:
    def __init__(self, name: str, value: Any) -> None:
        self.name, self.value = name, value

    def execute(self, context: Context) -> None:
        context.environ[self.name] = perform(self.value, context)


class PythonLaunchDescriptionSource:
    def __init__(self, path: Any) -> None:
        self.path = path


class IncludeLaunchDescription:
    def __init__(self, source: PythonLaunchDescriptionSource, *, launch_arguments: Any = ()) -> None:
        self.source, self.launch_arguments = source, launch_arguments

    def execute(self, context: Context) -> None:
        for name, value in self.launch_arguments:
            context.arguments[name] = perform(value, context)
        carry_out(Path(perform(self.source.path, context)), context)


class PushROSNamespace:
    def __init__(self, namespace: Any, *, condition: IfCondition) -> None:
        self.namespace, self.condition = namespace, condition

    def execute(self, context: Context) -> None:
        if self.condition.holds(context):
            context.namespace = perform(self.namespace, context)


class Shutdown:
    pass


class Node:
    def __init__(self, *, package: str, executable: str, arguments: list[Any], **others: Any) -> None:
        known = {'exec_name', 'ros_arguments', 'output', 'respawn', 'respawn_delay', 'prefix', 'on_exit'}
        assert set(others) <= known | {'sigterm_timeout', 'sigkill_timeout'}
        self.package, self.executable, self.arguments, self.others = package, executable, arguments, others

    def execute(self, context: Context) -> None:
        context.nodes.append(
            {
                'package': self.package,
                'executable': self.executable,
                'arguments': [perform(a, context) for a in self.arguments],
                'ros_arguments': [perform(a, context) for a in self.others.pop('ros_arguments', [])],
                'namespace': context.namespace,
                **self.others,
            }
        )


MODULES = {
    'launch': [LaunchDescription],
    'launch.actions': [
        DeclareLaunchArgument,
        GroupAction,
        IncludeLaunchDescription,
        SetEnvironmentVariable,
        Shutdown,
    ],
    'launch.conditions': [IfCondition],
    'launch.launch_description_sources': [PythonLaunchDescriptionSource],
    'launch.substitutions': [
        EnvironmentVariable,
        LaunchConfiguration,
        NotEqualsSubstitution,
        PathJoinSubstitution,
        ThisLaunchFileDir,
    ],
    'launch_ros': [],
    'launch_ros.actions': [Node, PushROSNamespace],
    'launch_ros.substitutions': [FindPackageShare],
}


def carry_out(file: Path, context: Context) -> None:
    """Carry out a launch file, included ones too."""
    before, context.file = context.file, file
    runpy.run_path(str(file))['generate_launch_description']().execute(context)
    context.file = before


def launched(file: Path, arguments: Mapping[str, str], environ: Mapping[str, str]) -> Context:
    """What `ros2 launch FILE name:=value ...` would set and start.

    Args:
        file: In the launch/ folder, beside config/ as in share/waymark_bringup.
        arguments: Launch arguments.
        environ: Environment variables of ros2 launch.
    """
    saved = {name: sys.modules.get(name) for name in MODULES}
    for name, classes in MODULES.items():
        module = ModuleType(name)
        module.__dict__.update({c.__name__: c for c in classes})
        sys.modules[name] = module
    try:
        context = Context(file.parent.parent, dict(environ), dict(arguments), file)
        carry_out(file, context)
    finally:
        for name, module in saved.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    return context
