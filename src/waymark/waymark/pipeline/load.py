# SPDX-License-Identifier: Apache-2.0
"""Read a pipeline YAML: which nodes run, with which parameters and remaps. Every key is checked here, by name.

use_sim_time: auto               # optional: true, false, or auto (true when the input is a file or a simulator)
nodes:
- node: image_encoder          # a type of pipeline/registry.py
name: front_encoder          # optional: the ROS name, default the type
namespace: /front            # optional
parameters: {encoder: hog}   # only what differs from the defaults
remaps: {image: /camera/image_raw}
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from waymark.config import Config, specs
from waymark.errors import ConfigError
from waymark.pipeline.common import CommonConfig
from waymark.pipeline.registry import config_class_of

# Source: design.ros2.org/articles/topic_and_service_names.html
NODE_NAME = re.compile(r'[A-Za-z_]\w*', re.ASCII)
NAMESPACE = re.compile(r'(/?[A-Za-z_]\w*(/[A-Za-z_]\w*)*)?', re.ASCII)
TOPIC_NAME = re.compile(r'(~?/)?[A-Za-z_]\w*(/[A-Za-z_]\w*)*', re.ASCII)


@dataclass(frozen=True)
class NodeEntry:
    """One node of a pipeline.

    Attributes:
        node: Type, a key of NODE_CONFIGS.
        name: ROS name, unique together with the namespace.
        namespace: ROS namespace, '' for none.
        parameters: Checked values that differ from the defaults; relative paths made absolute.
        remaps: Topic name to topic name.
    """

    node: str
    name: str
    namespace: str = ''
    parameters: Mapping[str, Any] = field(default_factory=dict)
    remaps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pipeline:
    """A checked pipeline file.

    Attributes:
        path: Where it was read.
        nodes: At least one.
        use_sim_time: Whether nodes follow /clock; None decides by the input (files and simulators: yes).
    """

    path: Path
    nodes: tuple[NodeEntry, ...]
    use_sim_time: bool | None = None


def load_pipeline(path: Path) -> Pipeline:
    """Read and check a pipeline YAML.

    Raises:
        ConfigError: No such file, not YAML, unknown or doubled key, wrong type, value out of range; each by name.
    """
    document = read_yaml(path)
    if not isinstance(document, dict) or not isinstance(document.get('nodes'), list):
        raise ConfigError(f'{path}: expected a key `nodes` with a list of nodes.')
    _refuse_unknown(document, ('nodes', 'use_sim_time'), str(path))
    nodes = tuple(_node_entry(item, path, i) for i, item in enumerate(document['nodes']))
    if not nodes:
        raise ConfigError(f'{path}: `nodes` is empty; name at least one node.')
    doubled = [n for n, count in Counter(f'{e.namespace}/{e.name}' for e in nodes).items() if count > 1]
    if doubled:
        raise ConfigError(f'{path}: two nodes are called {doubled[0]!r}; give one of them another `name`.')
    return Pipeline(path, nodes, _sim_time(document.get('use_sim_time', 'auto'), path))


def read_yaml(path: Path) -> Any:
    """Read a YAML file that has no doubled keys.

    Raises:
        ConfigError: It can't be read, or isn't YAML; with line and column.
    """
    try:
        return yaml.load(path.read_text(encoding='utf-8'), Loader=_UniqueKeyLoader)
    except OSError as error:
        raise ConfigError(
            f'{path}: {(error.strerror or "unreadable").lower()}. Give the path of a pipeline YAML.'
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f'{path}: not valid YAML: {" ".join(str(error).split())}') from None


def check_parameters(entry: NodeEntry, where: str) -> Mapping[str, Any]:
    """Return the entry's parameters in their declared types.

    Raises:
        ConfigError: Naming node, key, value and what was expected.
    """
    own, common = config_class_of(entry.node), CommonConfig
    values = dict(entry.parameters)
    shared = {s.name for s in specs(common)}
    common.from_mapping({k: v for k, v in values.items() if k in shared}, where)
    own.from_mapping({k: v for k, v in values.items() if k not in shared}, where)
    declared = {s.name: s for s in [*specs(common), *specs(own)]}
    return {name: declared[name].coerce(value) for name, value in values.items()}


def _node_entry(item: Any, path: Path, index: int) -> NodeEntry:
    where = f'{path}: nodes[{index}]'
    if not isinstance(item, dict) or not isinstance(item.get('node'), str):
        raise ConfigError(f'{where}: expected a mapping with the key `node`, got {item!r}.')
    _refuse_unknown(item, ('node', 'name', 'namespace', 'parameters', 'remaps'), where)
    node = item['node']
    where = f'{path}: node {item.get("name", node)!r}'
    try:
        config_class = config_class_of(node)
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from None
    parameters = _mapping(item, 'parameters', where)
    entry = NodeEntry(
        node,
        _ros_name(item.get('name', node), 'name', where, NODE_NAME),
        _ros_name(item.get('namespace', ''), 'namespace', where, NAMESPACE),
        parameters,
        {str(k): _ros_name(v, f'remaps.{k}', where, TOPIC_NAME) for k, v in _mapping(item, 'remaps', where).items()},
    )
    checked = check_parameters(entry, where)
    return NodeEntry(node, entry.name, entry.namespace, _absolute(checked, config_class, path.parent), entry.remaps)


def _refuse_unknown(item: dict[Any, Any], known: tuple[str, ...], where: str) -> None:
    unknown = [str(key) for key in item if key not in known]
    if unknown:
        raise ConfigError(f'{where}: unknown key {unknown[0]!r}. Known: {", ".join(known)}.')


def _sim_time(value: Any, path: Path) -> bool | None:
    if value == 'auto':
        return None
    if not isinstance(value, bool):
        raise ConfigError(f'{path}: `use_sim_time` must be true, false or auto, got {value!r}.')
    return value


def _mapping(item: dict[str, Any], key: str, where: str) -> dict[str, Any]:
    value = item.get(key) or {}
    if not isinstance(value, dict):
        raise ConfigError(f'{where}: `{key}` must be a mapping, got {value!r}.')
    return value


def _ros_name(value: Any, key: str, where: str, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str):
        raise ConfigError(f'{where}: `{key}` must be a text, got {value!r}.')
    if not pattern.fullmatch(value):
        raise ConfigError(f'{where}: `{key}` {value!r} is not a ROS name (letters, digits, _ and / between them).')
    return value


def _absolute(values: Mapping[str, Any], config_class: type[Config], base: Path) -> dict[str, Any]:
    """Make relative paths relative to the YAML, so that a pipeline works from any working directory."""
    result = dict(values)
    for spec in specs(config_class):
        if spec.is_path and result.get(spec.name):
            value = result[spec.name]
            result[spec.name] = tuple(_under(base, v) for v in value) if spec.is_sequence else _under(base, value)
    return result


def _under(base: Path, value: str) -> str:
    return str((base / value).resolve()) if value else value


class _UniqueKeyLoader(yaml.SafeLoader):
    """SafeLoader that refuses a key written twice: the second would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(k, deep=True) for k, _ in node.value]
        for key, (key_node, _) in zip(keys, node.value, strict=True):
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f'the key {key!r} stands twice', key_node.start_mark
                )
        return super().construct_mapping(node, deep)
