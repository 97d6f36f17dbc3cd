# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from waymark.errors import ConfigError
from waymark.pipeline.change import (
    input_of,
    only,
    with_facts,
    with_input,
    with_recording,
    with_settings,
    without_recording,
)
from waymark.pipeline.load import Pipeline, load_pipeline


@pytest.fixture
def write(tmp_path: Path):
    def _write(text: str) -> Path:
        path = tmp_path / 'pipeline.yaml'
        path.write_text(text)
        return path

    return _write


@pytest.fixture
def pipeline(write) -> Pipeline:
    return load_pipeline(write('nodes:\n- node: image_source\n- {node: image_encoder, name: front}\n'))


def test_reads_nodes_with_names_parameters_and_remaps(write):
    text = 'nodes:\n- {node: image_source, name: cam, parameters: {rate_hz: 5}, remaps: {image: /cam}}\n'
    entry = load_pipeline(write(text)).nodes[0]
    assert (entry.node, entry.name, entry.remaps) == ('image_source', 'cam', {'image': '/cam'})
    assert entry.parameters == {'rate_hz': 5.0}


def test_relative_paths_are_relative_to_the_yaml(write, tmp_path):
    text = 'nodes:\n- {node: homography_tracker, parameters: {target_images: [pads/a.png, /abs/b.png]}}\n'
    entry = load_pipeline(write(text)).nodes[0]
    assert entry.parameters['target_images'] == (str(tmp_path / 'pads/a.png'), '/abs/b.png')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('nodes: []', '`nodes` is empty'),
        ('node: x', 'expected a key `nodes`'),
        ('', 'expected a key `nodes`'),
        ('nodes: [', 'not valid YAML'),
        ('nodes: []\nnodes: []', "the key 'nodes' stands twice"),
        ('nodes: []\nextra: 1', "unknown key 'extra'"),
        ('nodes: [{name: x}]', 'expected a mapping with the key `node`'),
        ('nodes: [{node: cam}]', "unknown node 'cam'. Known: ego_motion, flight_simulator"),
        ('nodes: [{node: recorder, colour: red}]', "unknown key 'colour'"),
        ('nodes: [{node: recorder, parameters: [1]}]', '`parameters` must be a mapping'),
        ('nodes: [{node: recorder, remaps: {image: 3}}]', '`remaps.image` must be a text, got 3'),
        ('nodes: [{node: recorder, name: my node}]', "`name` 'my node' is not a ROS name"),
        ('nodes: [{node: recorder, namespace: a//b}]', "`namespace` 'a//b' is not a ROS name"),
        ('nodes: [{node: recorder, remaps: {image: /1st}}]', "`remaps.image` '/1st' is not a ROS name"),
        ('nodes: [{node: recorder}, {node: recorder}]', "two nodes are called '/recorder'"),
        ('nodes: [{node: recorder}]\nuse_sim_time: 3', '`use_sim_time` must be true, false or auto'),
        ('nodes: [{node: recorder, parameters: {jpeg_qualty: 3}}]', "'jpeg_qualty'. Did you mean 'jpeg_quality'?"),
        ('nodes: [{node: recorder, parameters: {jpeg_quality: 300}}]', 'jpeg_quality: must be at most 100, got 300'),
        ('nodes: [{node: recorder, parameters: {jpeg_quality: high}}]', "expected a whole number, got 'high'"),
        ('nodes: [{node: recorder, parameters: {jpeg_quality: true}}]', 'expected a whole number, got True'),
        ('nodes: [{node: image_source, parameters: {pace: slow}}]', 'must be one of realtime, fast, lockstep'),
        ('nodes: [{node: image_source, parameters: {rate_hz: .nan}}]', 'must be a finite number'),
        ('nodes: [{node: image_source, parameters: {wait_for: targets}}]', "expected a list of str, got 'targets'"),
    ],
)  # fmt: skip
def test_whatever_is_wrong_is_refused_by_name(write, text, message):
    with pytest.raises(ConfigError) as refused:
        load_pipeline(write(text))
    assert message in str(refused.value)
    assert '\n' not in str(refused.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match='nowhere.yaml: no such file'):
        load_pipeline(tmp_path / 'nowhere.yaml')


def test_another_input_feeds_the_image_source(pipeline, tmp_path):
    assert input_of(with_input(pipeline, 'sim:ground')) == 'sim:ground'
    assert input_of(with_input(pipeline, str(tmp_path))) == str(tmp_path)
    assert input_of(with_input(pipeline, 'video.mp4')) == str(Path('video.mp4').absolute())


@pytest.mark.parametrize(
    ('uri', 'transport'),
    [('topic:/camera/image_raw', 'raw'), ('topic:/camera/image_raw/compressed', 'compressed')],
)
def test_a_live_topic_replaces_the_image_source(pipeline, uri, transport):
    changed = with_input(pipeline, uri)
    assert [e.node for e in changed.nodes] == ['image_encoder']
    assert changed.nodes[0].remaps == {'image': '/camera/image_raw', 'camera_info': '/camera/camera_info'}
    assert changed.nodes[0].parameters['image_transport'] == transport


def test_a_pipeline_without_an_image_source_refuses_an_input_with_the_remedy(pipeline):
    with pytest.raises(ConfigError, match='no image_source.*topic:/NAME'):
        with_input(only(pipeline, 'front'), 'video.mp4')
    with pytest.raises(ConfigError, match="'' is not a topic name"):
        with_input(pipeline, 'topic:')


def test_recording_adds_a_recorder_where_there_is_none_and_can_leave_it_out(pipeline, tmp_path):
    recorded = with_recording(pipeline, tmp_path / 'run.mcap')
    assert recorded.nodes[-1].parameters == {'path': str(tmp_path / 'run.mcap')}
    assert len(with_recording(recorded, tmp_path / 'run.mcap').nodes) == 3
    assert without_recording(recorded) == pipeline


def facts(pipeline: Pipeline) -> tuple[str, ...]:
    return next(e.parameters['facts'] for e in pipeline.nodes if e.node == 'recorder')


def test_the_recorder_notes_input_file_and_settings_but_no_password(pipeline, tmp_path):
    recorded = with_recording(with_input(pipeline, 'rtsp://me:secret@cam/1'), tmp_path)
    own = with_settings(recorded, ['recorder.facts=[place=field]'])
    assert facts(with_facts(own, ['front.threads=2'])) == (
        'input=rtsp://me:***@cam/1',
        f'pipeline={pipeline.path}',
        'settings=front.threads=2',
        'place=field',
    )
    live = with_recording(with_input(pipeline, 'topic:/cam/image'), tmp_path)
    assert facts(with_facts(live, [])) == ('input=topic:/cam/image', f'pipeline={pipeline.path}')
    assert with_facts(pipeline, []) == pipeline


def test_single_parameters_can_be_set_by_node_name_or_type(pipeline):
    changed = with_settings(pipeline, ['image_source.rate_hz=5', 'front.threads=2'])
    assert changed.nodes[0].parameters == {'rate_hz': 5.0}
    assert changed.nodes[1].parameters == {'threads': 2}


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('rate_hz=5', 'expected NODE.PARAMETER=VALUE'),
        ('image_source.rate_hz', 'expected NODE.PARAMETER=VALUE'),
        ('nobody.rate_hz=5', "no node 'nobody'"),
        ('image_source.rate=5', "unknown parameter 'rate'. Did you mean 'rate_hz'?"),
        ('image_source.rate_hz=[', 'is not a YAML value'),
    ],
)
def test_a_wrong_setting_is_refused_by_name(pipeline, text, message):
    with pytest.raises(ConfigError) as refused:
        with_settings(pipeline, [text])
    assert message in str(refused.value)


def test_one_node_can_be_taken_out_for_a_process_of_its_own(pipeline):
    assert [e.name for e in only(pipeline, 'front').nodes] == ['front']
    with pytest.raises(ConfigError, match="no node 'back'. It has image_source, front"):
        only(pipeline, 'back')
