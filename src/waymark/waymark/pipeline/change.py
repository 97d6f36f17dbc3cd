# SPDX-License-Identifier: Apache-2.0
"""Pipelines changed from the command line: another input, a recorder, single parameters. All give a new Pipeline."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import yaml

from waymark.config import specs
from waymark.errors import ConfigError
from waymark.pipeline.load import TOPIC_NAME, NodeEntry, Pipeline, check_parameters
from waymark.pipeline.registry import config_class_of

TOPIC_PREFIX = 'topic:'


def with_input(pipeline: Pipeline, uri: str) -> Pipeline:
    """Feed the pipeline from another input.

    Args:
        pipeline: Any pipeline.
        uri: Whatever `image_source.input` takes, or `topic:/camera/image_raw[/compressed]` for a live ROS camera:
            then the image source is left out and every node listens there.

    Raises:
        ConfigError: The topic's name is empty, or the pipeline has no image source to feed.
    """
    if uri.startswith(TOPIC_PREFIX):
        return _from_topic(pipeline, uri[len(TOPIC_PREFIX) :])
    if not any(entry.node == 'image_source' for entry in pipeline.nodes):
        raise ConfigError(
            f'{pipeline.path}: has no image_source, so --input has nothing to feed. Use --input topic:/NAME.'
        )
    if '://' not in uri and not uri.startswith(('sim:', 'bag:')) and ' ! ' not in uri:
        uri = str(Path(uri).expanduser().absolute())
    return _with_parameters(pipeline, 'image_source', {'input': uri})


def with_recording(pipeline: Pipeline, path: Path) -> Pipeline:
    """Record to `path`, with the pipeline's own recorder or, where it has none, one with default parameters."""
    if not any(entry.node == 'recorder' for entry in pipeline.nodes):
        remaps = {k: v for e in pipeline.nodes for k, v in e.remaps.items() if k == 'image'}
        recorder = NodeEntry('recorder', 'recorder', '', {}, remaps)
        pipeline = dataclasses.replace(pipeline, nodes=(*pipeline.nodes, recorder))
    return _with_parameters(pipeline, 'recorder', {'path': str(path)})


def without_recording(pipeline: Pipeline) -> Pipeline:
    """Leave the recorder out."""
    return dataclasses.replace(pipeline, nodes=tuple(e for e in pipeline.nodes if e.node != 'recorder'))


def with_settings(pipeline: Pipeline, settings: list[str]) -> Pipeline:
    """Apply `NODE.PARAMETER=VALUE` texts; VALUE is YAML.

    Raises:
        ConfigError: Naming the text, the node or the parameter that is wrong.
    """
    for text in settings:
        target, equals, value = text.partition('=')
        name, dot, key = target.strip().partition('.')
        if not equals or not dot:
            raise ConfigError(f'--set {text!r}: expected NODE.PARAMETER=VALUE, for example image_source.rate_hz=5.')
        try:
            parsed = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ConfigError(f'--set {text!r}: {value!r} is not a YAML value.') from None
        pipeline = _with_parameters(pipeline, name, {key: parsed}, f'--set {text!r}')
    return pipeline


def with_facts(pipeline: Pipeline, settings: list[str]) -> Pipeline:
    """Let its recorders note what runs: input, file and settings. Facts that the pipeline itself gives win.

    Args:
        pipeline: With all changes applied.
        settings: The `NODE.PARAMETER=VALUE` texts among them.
    """
    from waymark.sources.rtsp import without_password  # reports are shown to others

    facts = {
        'input': without_password(input_of(pipeline) or _topic_of(pipeline)),
        'pipeline': str(pipeline.path),
        'settings': without_password(', '.join(settings)),
    }
    known = tuple(f'{key}={value}' for key, value in facts.items() if value)
    nodes = tuple(
        dataclasses.replace(e, parameters={**e.parameters, 'facts': known + tuple(e.parameters.get('facts', ()))})
        if e.node == 'recorder'
        else e
        for e in pipeline.nodes
    )
    return dataclasses.replace(pipeline, nodes=nodes)


def only(pipeline: Pipeline, name: str) -> Pipeline:
    """Keep one node: how a pipeline is spread over processes.

    Raises:
        ConfigError: No node is called `name`.
    """
    kept = tuple(entry for entry in pipeline.nodes if entry.name == name)
    if not kept:
        raise ConfigError(f'{pipeline.path}: no node {name!r}. It has {", ".join(e.name for e in pipeline.nodes)}.')
    return dataclasses.replace(pipeline, nodes=kept)


def input_of(pipeline: Pipeline) -> str | None:
    """What the image source reads, or None where images come over ROS."""
    for entry in pipeline.nodes:
        if entry.node == 'image_source':
            default = next(s.default for s in specs(config_class_of('image_source')) if s.name == 'input')
            return str(entry.parameters.get('input', default))
    return None


def _topic_of(pipeline: Pipeline) -> str:
    topics = {e.remaps['image'] for e in pipeline.nodes if 'image' in e.remaps}
    return ', '.join(f'{TOPIC_PREFIX}{topic}' for topic in sorted(topics))


def _from_topic(pipeline: Pipeline, topic: str) -> Pipeline:
    if not TOPIC_NAME.fullmatch(topic):
        raise ConfigError(f'--input topic: {topic!r} is not a topic name, as /camera/image_raw is one.')
    transport = 'raw'
    if topic.endswith('/compressed'):
        topic, transport = topic.removesuffix('/compressed'), 'compressed'
    remaps = {'image': topic, 'camera_info': topic.rpartition('/')[0] + '/camera_info'}
    nodes = tuple(
        dataclasses.replace(e, remaps={**e.remaps, **remaps}, parameters={**e.parameters, 'image_transport': transport})
        for e in pipeline.nodes
        if e.node != 'image_source'
    )
    return dataclasses.replace(pipeline, nodes=nodes)


def _with_parameters(pipeline: Pipeline, name: str, values: dict[str, Any], where: str = '') -> Pipeline:
    if name not in {e.name for e in pipeline.nodes} | {e.node for e in pipeline.nodes}:
        raise ConfigError(f'{where}: no node {name!r} in {pipeline.path}.')
    nodes = []
    for entry in pipeline.nodes:
        if name in (entry.name, entry.node):
            changed = dataclasses.replace(entry, parameters={**entry.parameters, **values})
            checked = check_parameters(changed, where or f'{pipeline.path}: node {entry.name!r}')
            entry = dataclasses.replace(changed, parameters=checked)
        nodes.append(entry)
    return dataclasses.replace(pipeline, nodes=tuple(nodes))
